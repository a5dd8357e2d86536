// One transaction of one tenant: what the service and the consumer of the feed share.
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

if (!process.env.DATABASE_URL) {
  console.error("DATABASE_URL is not set: name the ledger, as a login that is a member of betledger_tenant");
  process.exit(2);
}
export const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL, max: 10, connectionTimeoutMillis: 5_000, statement_timeout: 10_000,
});
// One that is not in use: the next request opens another.
pool.on("error", (error) => console.error(`a connection was lost: ${error.message}`));

// Numbers in event_data stay what they are, to the last digit: as strings, since JSON.parse() makes floats of them.
pg.types.setTypeParser(pg.types.builtins.JSONB, (json) => JSON.parse(
  json.replace(/("(?:[^"\\]|\\.)*")|-?[0-9]+(?:\.[0-9]+)?/g, (all, string) => string ?? `"${all}"`),
));

const ATTEMPTS = 6;

/** Does the work in a transaction, and all of it again when another transaction came in between. */
export async function transaction<T>(tenant: string, work: (db: pg.PoolClient) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const db = await pool.connect();
    let broken: Error | undefined;
    try {
      // The wall: row-level security shows and takes rows of this tenant only, whatever the work asks for. A statement,
      // since what set_config() sets does not reach the nodes of a Citus cluster.
      await db.query(`BEGIN; SET LOCAL app.tenant_id = ${db.escapeLiteral(tenant)}`);
      const result = await work(db);
      await db.query("COMMIT");
      return result;
    } catch (error) {
      await db.query("ROLLBACK").catch((lost: Error) => { broken = lost; });
      const again = error instanceof pg.DatabaseError && (error.code === "40001" || error.code === "40P01");
      if (!again || attempt === ATTEMPTS) throw error;
    } finally {
      db.release(broken);
    }
    await sleep(Math.random() * 10 * 2 ** attempt);
  }
}
