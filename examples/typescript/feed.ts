// A consumer of the feed: what each user of a tenant has staked. Kill it at any time, it goes on where it was.
import { setTimeout as sleep } from "node:timers/promises";
import { transaction } from "./database.js";
import * as ledger from "./ledger.js";

const [tenant_id = "10001"] = process.argv.slice(2);
const NAME = "user_stakes";
const TYPES = ["V1_BETS_BET_PLACED"];

/** Reads some events, and keeps what they say and the place behind them: both or, if it dies, neither. */
async function step(): Promise<number> {
  return transaction(tenant_id, async (db) => {
    const { rows: [place] } = await db.query<Pick<ledger.Consumers, "feed_cursor">>(
      "SELECT feed_cursor FROM consumers WHERE tenant_id = $1 AND name = $2", [tenant_id, NAME],
    );
    const from = place?.feed_cursor ?? null;
    const events = await ledger.feed(db, { tenant_id, after: from, limit: 100, types: TYPES });
    for (const { event_data } of events) {
      // The last row has the place, and may have no event.
      const bet = event_data as { user_id: string; stake: ledger.Decimal } | null;
      if (bet) await db.query(
        `INSERT INTO user_stakes AS s (tenant_id, user_id, bets, staked) VALUES ($1, $2, 1, $3)
        ON CONFLICT (tenant_id, user_id) DO UPDATE SET bets = s.bets + 1, staked = s.staked + excluded.staked`,
        [tenant_id, bet.user_id, bet.stake],
      );
    }
    const last = events.at(-1);
    if (last) await ledger.advanceConsumer(db, { tenant_id, name: NAME, from, to: last.feed_cursor });
    return events.length;
  });
}

console.log(`reading the feed of tenant ${tenant_id}`);
for (;;) if (!await step()) await sleep(200);
