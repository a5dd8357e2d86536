// The API of the guide over HTTP. Each request is one transaction of its tenant, and one call of the ledger.
import Fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import pg from "pg";
import { pool, transaction } from "./database.js";
import { amount, keyOf, maybeFlag, maybeLimit, maybeMs, maybeText, read, Refusal, tenantOf, text } from "./input.js";
import * as ledger from "./ledger.js";

/** What each SQLSTATE is in HTTP: all that the ledger documents, or this does not compile. */
const STATUS: Record<ledger.SqlState | "23505" | "40P01", number> = {
  BL001: 400, // a bad argument
  BL002: 404, // no such bet
  BL003: 409, // a forbidden transition
  BL004: 402, // too little money: well formed, unlike what 400 and 422 are for, and payment is what is required
  BL005: 422, // the key was used for something else: as the draft of the Idempotency-Key header has it
  BL006: 403, // another tenant
  BL007: 410, // the person was erased
  BL008: 403, // the tenant is suspended or closed
  BL032: 503, // a node of the cluster failed
  "23505": 409, // an id or a key that was used
  "40001": 503, // others came in between, each time that it was tried
  "40P01": 503,
  "42501": 403, // the login lacks the right
};

function refusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof pg.DatabaseError) {
    const { code = "", message, hint = null } = error;
    // Class 22 is PostgreSQL's own of what cannot be read.
    const status = STATUS[code as ledger.SqlState] ?? (code.startsWith("22") ? 400 : undefined);
    if (status && status < 500) return new Refusal(status, code, message, hint);
    // Connections, resources, locks, operators; else a fault of ours.
    if (status === 503 || /^(08|53|55|57)/.test(code)) {
      return new Refusal(503, code, "the ledger is busy", "Send the same request again, with the same key.");
    }
    return new Refusal(500, code, "internal error");
  }
  const { statusCode = 500, message } = error as { statusCode?: number; message: string };
  return new Refusal(statusCode, `PT${statusCode}`, statusCode < 500 ? message : "internal error");
}

const app = Fastify({ bodyLimit: 65_536 });
app.setErrorHandler((error, _request, reply) => {
  const { status, code, message, hint } = refusal(error);
  if (status >= 500) console.error(error);
  return reply.code(status).send({ error: { code, message, hint } });
});
app.setNotFoundHandler((request) => {
  throw new Refusal(404, "PT404", `there is no ${request.method} ${request.url.slice(0, 100)}`);
});

const created = (reply: FastifyReply, row: { duplicate: boolean }) => reply.code(row.duplicate ? 200 : 201).send(row);
const param = (request: FastifyRequest) => read(request.params, { id: text }).id;

function page<R extends { next_page: string | null }>(name: string, rows: R[]) {
  return { [name]: rows.map(({ next_page: _, ...row }) => row), next_page: rows.at(-1)?.next_page ?? null };
}
const PERIOD = { from: maybeMs, to: maybeMs, after: maybeText, limit: maybeLimit };
const period = ({ from, to, after, limit = "50" }: { from?: string; to?: string; after?: string; limit?: string }) =>
  ({ from_ms: from ?? null, to_ms: to ?? null, after: after ?? null, limit: Number(limit) });

app.post("/bets", async (request, reply) => {
  const [tenant_id, idempotency_key] = [tenantOf(request), keyOf(request)];
  const bet = read(request.body, { user_id: text, stake: amount, odds: amount, fixture_id: text, from_balance: maybeFlag });
  return created(reply, await transaction(tenant_id, (db) => ledger.placeBet(db, { tenant_id, idempotency_key, ...bet })));
});

app.post("/bets/:id/confirm", async (request) => {
  const [tenant_id, idempotency_key, bet_id] = [tenantOf(request), keyOf(request), param(request)];
  return transaction(tenant_id, (db) => ledger.confirmBet(db, { tenant_id, bet_id, idempotency_key }));
});

app.post("/bets/:id/settle", async (request) => {
  const [tenant_id, idempotency_key, bet_id] = [tenantOf(request), keyOf(request), param(request)];
  const outcome = read(request.body, { result: text, payout: amount });
  return transaction(tenant_id, (db) => ledger.settleBet(db, { tenant_id, bet_id, idempotency_key, ...outcome }));
});

app.post("/bets/:id/cancel", async (request) => {
  const [tenant_id, idempotency_key, bet_id] = [tenantOf(request), keyOf(request), param(request)];
  const why = read(request.body ?? {}, { reason: maybeText });
  return transaction(tenant_id, (db) => ledger.cancelBet(db, { tenant_id, bet_id, idempotency_key, ...why }));
});

app.get("/bets/:id", async (request) => {
  const [tenant_id, bet_id] = [tenantOf(request), param(request)];
  const { rows: [bet] } = await transaction(tenant_id, (db) => db.query<ledger.BetsView>(
    "SELECT * FROM bets_view WHERE tenant_id = $1 AND bet_id = $2", [tenant_id, bet_id],
  ));
  if (!bet) throw new Refusal(404, "BL002", `bet '${bet_id}' of tenant ${tenant_id} does not exist`);
  return bet;
});

app.get("/bets/:id/events", async (request) => {
  const [tenant_id, bet_id] = [tenantOf(request), param(request)];
  return transaction(tenant_id, (db) => ledger.betHistory(db, { tenant_id, bet_id }));
});

app.get("/users/:id/bets", async (request) => {
  const [tenant_id, user_id] = [tenantOf(request), param(request)];
  const { status = null, ...rest } = read(request.query, { status: maybeText, ...PERIOD });
  return page("bets", await transaction(tenant_id, (db) => ledger.betsOf(db, { tenant_id, user_id, status, ...period(rest) })));
});

app.get("/users/:id/balance", async (request) => {
  const [tenant_id, user_id] = [tenantOf(request), param(request)];
  const { rows: [row] } = await transaction(tenant_id, (db) => db.query<ledger.UserBalancesView>(
    "SELECT * FROM user_balances_view WHERE tenant_id = $1 AND user_id = $2", [tenant_id, user_id],
  ));
  return row ?? { tenant_id, user_id, balance: "0", transaction_count: 0, last_transaction_at: null };
});

app.get("/users/:id/statement", async (request) => {
  const [tenant_id, user_id] = [tenantOf(request), param(request)];
  const when = period(read(request.query, PERIOD));
  return page("entries", await transaction(tenant_id, (db) => ledger.balanceStatement(db, { tenant_id, user_id, ...when })));
});

app.get("/events", async (request) => {
  const tenant_id = tenantOf(request);
  const when = period(read(request.query, PERIOD));
  return page("events", await transaction(tenant_id, (db) => ledger.betEventsBetween(db, { tenant_id, ...when })));
});

for (const [path, move] of [["/payments", ledger.deposit], ["/withdrawals", ledger.withdraw]] as const) {
  app.post(path, async (request, reply) => {
    const [tenant_id, idempotency_key] = [tenantOf(request), keyOf(request)];
    const payment = read(request.body, { user_id: text, amount });
    return created(reply, await transaction(tenant_id, (db) => move(db, { tenant_id, idempotency_key, ...payment })));
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => app.close().then(() => pool.end()));
console.log(`listening on ${await app.listen({ port: Number(process.env.PORT ?? 8080) })}`);
