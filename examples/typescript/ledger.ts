// Made by `betledger api --format ts`: what is changed here is lost.

/** A 64-bit integer, as a string of digits: a number of JavaScript would round it. */
export type Int64 = string;
/** An exact number, as a string: money is never a float. */
export type Decimal = string;
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** A client or a pool of node-postgres, or what answers as they do. */
export interface Queryable {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>;
}

async function call(
  db: Queryable, name: string, known: Record<string, [string, string]>, args: Record<string, unknown>,
): Promise<unknown[]> {
  const given = Object.entries(known).filter(([argument]) => args[argument] !== undefined);
  const list = given.map(([, [name, type]], n) => `${name} => $${n + 1}::${type}`);
  const values = given.map(([argument, [, type]]) =>
    type === "jsonb" && args[argument] !== null ? JSON.stringify(args[argument]) : args[argument]);
  return (await db.query(`SELECT * FROM ${name}(${list.join(", ")})`, values)).rows;
}

export type SqlState = "40001" | "42501" | "BL001" | "BL002" | "BL003" | "BL004" | "BL005" | "BL006" | "BL007" | "BL008" | "BL032";

/** A row of public.bet_item_result. */
export interface BetItemResult {
  item: number;
  tenant_id: Int64 | null;
  bet_id: string | null;
  user_id: string | null;
  stake: Decimal | null;
  odds: Decimal | null;
  fixture_id: string | null;
  status: string | null;
  result: string | null;
  payout: Decimal | null;
  idempotency_key: string | null;
  created_at: Date | null;
  last_updated_at: Date | null;
  duplicate: boolean | null;
  sqlstate: string | null;
  message: string | null;
  hint: string | null;
}

/** A row of public.bet_result. */
export interface BetResult {
  tenant_id: Int64;
  bet_id: string;
  user_id: string;
  stake: Decimal;
  odds: Decimal;
  fixture_id: string;
  status: string;
  result: string | null;
  payout: Decimal | null;
  idempotency_key: string | null;
  created_at: Date;
  last_updated_at: Date;
  duplicate: boolean;
}

/** A row of public.payment_item_result. */
export interface PaymentItemResult {
  item: number;
  tenant_id: Int64 | null;
  payment_id: string | null;
  user_id: string | null;
  type: string | null;
  amount: Decimal | null;
  status: string | null;
  idempotency_key: string | null;
  created_at: Date | null;
  last_updated_at: Date | null;
  balance: Decimal | null;
  duplicate: boolean | null;
  sqlstate: string | null;
  message: string | null;
  hint: string | null;
}

/** A row of public.payment_result. */
export interface PaymentResult {
  tenant_id: Int64;
  payment_id: string;
  user_id: string;
  type: string;
  amount: Decimal;
  status: string;
  idempotency_key: string | null;
  created_at: Date;
  last_updated_at: Date;
  balance: Decimal;
  duplicate: boolean;
}

/** A row of public.balance_events. */
export interface BalanceEvents {
  id: string;
  tenant_id: Int64;
  aggregate_id: string;
  event_type: string;
  event_data: Json;
  timestamp: Int64;
  version: number;
  metadata: Json | null;
  created_at: Date;
  stored_at: Date | null;
  feed_position: Int64 | null;
  feed_number: Int64 | null;
}

/** A row of public.bet_events. */
export interface BetEvents {
  id: string;
  tenant_id: Int64;
  aggregate_id: string;
  event_type: string;
  event_data: Json;
  timestamp: Int64;
  version: number;
  metadata: Json | null;
  created_at: Date;
  stored_at: Date | null;
  feed_position: Int64 | null;
  feed_number: Int64 | null;
}

/** A row of public.bets_view. */
export interface BetsView {
  tenant_id: Int64;
  bet_id: string;
  user_id: string | null;
  stake: Decimal | null;
  odds: Decimal | null;
  fixture_id: string | null;
  status: string;
  result: string | null;
  payout: Decimal | null;
  idempotency_key: string | null;
  created_at: Date;
  last_updated_at: Date;
}

/** A row of public.consumers. */
export interface Consumers {
  tenant_id: Int64;
  name: string;
  feed_cursor: string | null;
  advanced_at: Date;
}

/** A row of public.payment_events. */
export interface PaymentEvents {
  id: string;
  tenant_id: Int64;
  aggregate_id: string;
  event_type: string;
  event_data: Json;
  timestamp: Int64;
  version: number;
  metadata: Json | null;
  created_at: Date;
  stored_at: Date | null;
  feed_position: Int64 | null;
  feed_number: Int64 | null;
}

/** A row of public.payments_view. */
export interface PaymentsView {
  tenant_id: Int64;
  payment_id: string;
  user_id: string | null;
  type: string;
  amount: Decimal | null;
  status: string;
  idempotency_key: string | null;
  created_at: Date;
  last_updated_at: Date;
}

/** A row of public.personal_keys. */
export interface PersonalKeys {
  tenant_id: Int64;
  user_id: string;
  key: Uint8Array | null;
  created_at: Date;
  erased_at: Date | null;
}

/** A row of public.tenants. */
export interface Tenants {
  tenant_id: Int64;
  name: string;
  currency: string;
  scale: number;
  status: string;
  created_at: Date;
  changed_at: Date;
  limits: Json;
}

/** A row of public.tenants_summary_view. */
export interface TenantsSummaryView {
  tenant_id: Int64;
  currency: string | null;
  users: Int64;
  bets: Int64;
  bets_placed: Int64;
  bets_confirmed: Int64;
  bets_settled: Int64;
  bets_cancelled: Int64;
  staked: Decimal;
  paid_out: Decimal;
  gross_gaming_revenue: Decimal;
  deposits: Decimal;
  withdrawals: Decimal;
  balances: Decimal;
  last_activity_at: Date;
}

/** A row of public.user_activity_view. */
export interface UserActivityView {
  tenant_id: Int64;
  user_id: string;
  bets: number;
  open_bets: number;
  staked: Decimal;
  paid_out: Decimal;
  net_result: Decimal;
  deposits: Decimal;
  withdrawals: Decimal;
  first_activity_at: Date;
  last_activity_at: Date;
}

/** A row of public.user_balances_view. */
export interface UserBalancesView {
  tenant_id: Int64;
  user_id: string;
  balance: Decimal;
  transaction_count: number;
  last_transaction_at: Date;
}

/** A row of public.balance_events_between(). */
export interface BalanceEventsBetweenRow {
  id: string;
  aggregate_id: string;
  event_type: string;
  event_data: Json;
  timestamp: Int64;
  version: number;
  metadata: Json | null;
  created_at: Date;
  next_page: string | null;
}

/** A row of public.balance_history(). */
export interface BalanceHistoryRow {
  id: string;
  aggregate_id: string;
  event_type: string;
  event_data: Json;
  timestamp: Int64;
  version: number;
  metadata: Json | null;
  created_at: Date;
}

/** A row of public.balance_statement(). */
export interface BalanceStatementRow {
  entry: string;
  timestamp: Int64 | null;
  amount: Decimal | null;
  balance: Decimal;
  currency: string | null;
  cause: string | null;
  cause_id: string | null;
  event_type: string | null;
  event_id: string | null;
  next_page: string | null;
}

/** A row of public.bet_events_between(). */
export interface BetEventsBetweenRow {
  id: string;
  aggregate_id: string;
  event_type: string;
  event_data: Json;
  timestamp: Int64;
  version: number;
  metadata: Json | null;
  created_at: Date;
  next_page: string | null;
}

/** A row of public.bet_history(). */
export interface BetHistoryRow {
  id: string;
  aggregate_id: string;
  event_type: string;
  event_data: Json;
  timestamp: Int64;
  version: number;
  metadata: Json | null;
  created_at: Date;
}

/** A row of public.bets_of(). */
export interface BetsOfRow {
  bet_id: string;
  user_id: string;
  stake: Decimal;
  odds: Decimal;
  fixture_id: string;
  status: string;
  result: string | null;
  payout: Decimal | null;
  idempotency_key: string | null;
  created_at: Date;
  last_updated_at: Date;
  next_page: string | null;
}

/** A row of public.erase_person(). */
export interface ErasePersonRow {
  tenant_id: Int64;
  user_id: string;
  erased_at: Date;
  duplicate: boolean;
}

/** A row of public.feed(). */
export interface FeedRow {
  event_table: string | null;
  id: string | null;
  aggregate_id: string | null;
  event_type: string | null;
  event_data: Json | null;
  timestamp: Int64 | null;
  version: number | null;
  metadata: Json | null;
  created_at: Date | null;
  stored_at: Date | null;
  feed_cursor: string;
}

/** A row of public.ledger_feed(). */
export interface LedgerFeedRow {
  event_table: string | null;
  tenant_id: Int64 | null;
  id: string | null;
  aggregate_id: string | null;
  event_type: string | null;
  event_data: Json | null;
  timestamp: Int64 | null;
  version: number | null;
  metadata: Json | null;
  created_at: Date | null;
  stored_at: Date | null;
  feed_cursor: string | null;
}

/** A row of public.payment_events_between(). */
export interface PaymentEventsBetweenRow {
  id: string;
  aggregate_id: string;
  event_type: string;
  event_data: Json;
  timestamp: Int64;
  version: number;
  metadata: Json | null;
  created_at: Date;
  next_page: string | null;
}

/** A row of public.payment_history(). */
export interface PaymentHistoryRow {
  id: string;
  aggregate_id: string;
  event_type: string;
  event_data: Json;
  timestamp: Int64;
  version: number;
  metadata: Json | null;
  created_at: Date;
}

/** A row of public.payments_of(). */
export interface PaymentsOfRow {
  payment_id: string;
  user_id: string;
  type: string;
  amount: Decimal;
  status: string;
  idempotency_key: string | null;
  created_at: Date;
  last_updated_at: Date;
  next_page: string | null;
}

/** A row of public.personal_key(). */
export interface PersonalKeyRow {
  tenant_id: Int64;
  user_id: string;
  key: Uint8Array;
  created_at: Date;
}

/** A row of public.tenant_as_of(). */
export interface TenantAsOfRow {
  tenant_id: Int64;
  currency: string | null;
  users: Int64;
  bets: Int64;
  bets_placed: Int64;
  bets_confirmed: Int64;
  bets_settled: Int64;
  bets_cancelled: Int64;
  staked: Decimal;
  paid_out: Decimal;
  gross_gaming_revenue: Decimal;
  deposits: Decimal;
  withdrawals: Decimal;
  balances: Decimal;
  last_activity_at: Date;
}

/** Moves a consumer of public.feed() from one cursor (null: it begins) to another, in the transaction in which it keeps what it made of the events between: then each event counts once, however often the consumer dies. Of two sessions that go on from the same place one is refused. With tenant 0 a consumer of public.ledger_feed(). Null may be: p_from. Errors: 40001 it is not at p_from: read again; BL001 bad name or cursor; BL006 foreign tenant. */
export async function advanceConsumer(db: Queryable, args: {
  tenant_id: Int64;
  name: string;
  from: string | null;
  to: string;
}): Promise<void> {
  await call(db, "public.advance_consumer", { tenant_id: ["p_tenant_id", "bigint"], name: ["p_name", "text"], from: ["p_from", "text"], to: ["p_to", "text"] }, { ...args });
}

/** The row of user_balances_view as of a moment, in milliseconds since 1970-01-01 UTC: the fold of the events up to it, the moment included; no row when there were none. With p_known_at, of the events that had been stored by then, by the clock of the server. Errors: BL001 bad tenant, BL006 foreign tenant. */
export async function balanceAsOf(db: Queryable, args: {
  tenant_id: Int64;
  user_id: string;
  at_ms: Int64;
  known_at?: Date | null;
}): Promise<UserBalancesView[]> {
  return (await call(db, "public.balance_as_of", { tenant_id: ["p_tenant_id", "bigint"], user_id: ["p_user_id", "text"], at_ms: ["p_at_ms", "bigint"], known_at: ["p_known_at", "timestamp with time zone"] }, { ...args })) as UserBalancesView[];
}

/** The balance events of a tenant from one time to another, both included, in milliseconds since 1970-01-01 UTC; from the beginning and to the end where they are null. Pages of p_limit events in the order of timestamp, then id: where there are more, next_page of the last row is p_after of the next call. Null may be: metadata, next_page. Errors: BL001 bad tenant, limit or cursor, BL006 foreign tenant. */
export async function balanceEventsBetween(db: Queryable, args: {
  tenant_id: Int64;
  from_ms?: Int64 | null;
  to_ms?: Int64 | null;
  after?: string | null;
  limit?: number;
}): Promise<BalanceEventsBetweenRow[]> {
  return (await call(db, "public.balance_events_between", { tenant_id: ["p_tenant_id", "bigint"], from_ms: ["p_from_ms", "bigint"], to_ms: ["p_to_ms", "bigint"], after: ["p_after", "text"], limit: ["p_limit", "integer"] }, { ...args })) as BalanceEventsBetweenRow[];
}

/** The balance events of a user in the order of time; none when there are none. Null may be: metadata. Errors: BL001 bad tenant, BL006 foreign tenant. */
export async function balanceHistory(db: Queryable, args: {
  tenant_id: Int64;
  user_id: string;
}): Promise<BalanceHistoryRow[]> {
  return (await call(db, "public.balance_history", { tenant_id: ["p_tenant_id", "bigint"], user_id: ["p_user_id", "text"] }, { ...args })) as BalanceHistoryRow[];
}

/** The statement of an account from one time to another, both included, in milliseconds since 1970-01-01 UTC; from the beginning and to the end where they are null. Entries: opening (balance before), movement (amount with its sign, balance after it, the cause: payment, bet, payment reversal or bet correction, and the payment or bet that it was of; null for what names none), closing (balance at the end). currency says what of, by public.tenants, null where the tenant has no row. Pages of p_limit movements in the order of time: where there are more, next_page of the last row is p_after of the next call. Null may be: timestamp, amount, currency, cause, cause_id, event_type, event_id, next_page. Errors: BL001 bad tenant, limit or cursor, BL006 foreign tenant. */
export async function balanceStatement(db: Queryable, args: {
  tenant_id: Int64;
  user_id: string;
  from_ms?: Int64 | null;
  to_ms?: Int64 | null;
  after?: string | null;
  limit?: number;
}): Promise<BalanceStatementRow[]> {
  return (await call(db, "public.balance_statement", { tenant_id: ["p_tenant_id", "bigint"], user_id: ["p_user_id", "text"], from_ms: ["p_from_ms", "bigint"], to_ms: ["p_to_ms", "bigint"], after: ["p_after", "text"], limit: ["p_limit", "integer"] }, { ...args })) as BalanceStatementRow[];
}

/** The row of bets_view as of a moment, in milliseconds since 1970-01-01 UTC: the fold of the events up to it, the moment included; no row when there were none. With p_known_at, of the events that had been stored by then, by the clock of the server. Errors: BL001 bad tenant, BL006 foreign tenant. */
export async function betAsOf(db: Queryable, args: {
  tenant_id: Int64;
  bet_id: string;
  at_ms: Int64;
  known_at?: Date | null;
}): Promise<BetsView[]> {
  return (await call(db, "public.bet_as_of", { tenant_id: ["p_tenant_id", "bigint"], bet_id: ["p_bet_id", "text"], at_ms: ["p_at_ms", "bigint"], known_at: ["p_known_at", "timestamp with time zone"] }, { ...args })) as BetsView[];
}

/** The bet events of a tenant from one time to another, both included, in milliseconds since 1970-01-01 UTC; from the beginning and to the end where they are null. Pages of p_limit events in the order of timestamp, then id: where there are more, next_page of the last row is p_after of the next call. Null may be: metadata, next_page. Errors: BL001 bad tenant, limit or cursor, BL006 foreign tenant. */
export async function betEventsBetween(db: Queryable, args: {
  tenant_id: Int64;
  from_ms?: Int64 | null;
  to_ms?: Int64 | null;
  after?: string | null;
  limit?: number;
}): Promise<BetEventsBetweenRow[]> {
  return (await call(db, "public.bet_events_between", { tenant_id: ["p_tenant_id", "bigint"], from_ms: ["p_from_ms", "bigint"], to_ms: ["p_to_ms", "bigint"], after: ["p_after", "text"], limit: ["p_limit", "integer"] }, { ...args })) as BetEventsBetweenRow[];
}

/** The events of a bet in the order in which they fold; none when there is no such bet. Null may be: metadata. Errors: BL001 bad tenant, BL006 foreign tenant. */
export async function betHistory(db: Queryable, args: {
  tenant_id: Int64;
  bet_id: string;
}): Promise<BetHistoryRow[]> {
  return (await call(db, "public.bet_history", { tenant_id: ["p_tenant_id", "bigint"], bet_id: ["p_bet_id", "text"] }, { ...args })) as BetHistoryRow[];
}

/** The bets of a user, newest first: by the time of their first event, then by id. Of one status or of all; of one time to another, both included, in milliseconds since 1970-01-01 UTC, and open where they are null. Pages of p_limit bets: where there are more, next_page of the last row is p_after of the next call. What happens to bets meanwhile moves none of them, but for an event that is stored late and dated before the first one of its bet: that bet is then where it belongs, and may come once more. With a status, all bets of that time are looked at. Null may be: result, payout, idempotency_key, next_page. Errors: BL001 bad tenant, status, limit or cursor, BL006 foreign tenant. */
export async function betsOf(db: Queryable, args: {
  tenant_id: Int64;
  user_id: string;
  status?: string | null;
  from_ms?: Int64 | null;
  to_ms?: Int64 | null;
  after?: string | null;
  limit?: number;
}): Promise<BetsOfRow[]> {
  return (await call(db, "public.bets_of", { tenant_id: ["p_tenant_id", "bigint"], user_id: ["p_user_id", "text"], status: ["p_status", "text"], from_ms: ["p_from_ms", "bigint"], to_ms: ["p_to_ms", "bigint"], after: ["p_after", "text"], limit: ["p_limit", "integer"] }, { ...args })) as BetsOfRow[];
}

/** Cancels a placed or confirmed bet. What a balance event of the bet has taken is given back. Gives the row of bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant. */
export async function cancelBet(db: Queryable, args: {
  tenant_id: Int64;
  bet_id: string;
  reason?: string | null;
  idempotency_key?: string | null;
}): Promise<BetResult> {
  const [row] = await call(db, "public.cancel_bet", { tenant_id: ["p_tenant_id", "bigint"], bet_id: ["p_bet_id", "text"], reason: ["p_reason", "text"], idempotency_key: ["p_idempotency_key", "text"] }, { ...args });
  return row as BetResult;
}

/** Cancels many bets, as cancel_bet() would one after the other. p_items is a JSON array of {"bet_id", "reason", "idempotency_key"}, of which the last two may be left out. Gives a row for each item in their order: item, its number from 1 on, the row of bets_view, duplicate, and where it was refused sqlstate, message and hint. With p_all_or_nothing, which is the default, the first refusal undoes all and is the error; without it, refused items store nothing and the others are done. The key of an item is idempotency_key, or made from that of the batch: a batch that is sent again answers as repeated calls do. Null may be: p_idempotency_key. Errors: those of cancel_bet(), with the number of the item; BL001 also no array, more than 50000 items, or a key of the batch of more than 190 characters; BL005 also a key that was used for a batch of other items. */
export async function cancelBets(db: Queryable, args: {
  tenant_id: Int64;
  items: Json;
  idempotency_key: string | null;
  all_or_nothing?: boolean;
}): Promise<BetItemResult[]> {
  return (await call(db, "public.cancel_bets", { tenant_id: ["p_tenant_id", "bigint"], items: ["p_items", "jsonb"], idempotency_key: ["p_idempotency_key", "text"], all_or_nothing: ["p_all_or_nothing", "boolean"] }, { ...args })) as BetItemResult[];
}

/** Marks a created deposit or withdrawal as completed; the balance has changed already when it was created. Gives the row of payments_view and the balance; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such payment, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant. */
export async function completePayment(db: Queryable, args: {
  tenant_id: Int64;
  payment_id: string;
  idempotency_key?: string | null;
}): Promise<PaymentResult> {
  const [row] = await call(db, "public.complete_payment", { tenant_id: ["p_tenant_id", "bigint"], payment_id: ["p_payment_id", "text"], idempotency_key: ["p_idempotency_key", "text"] }, { ...args });
  return row as PaymentResult;
}

/** Confirms a placed bet. Gives the row of bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant. */
export async function confirmBet(db: Queryable, args: {
  tenant_id: Int64;
  bet_id: string;
  idempotency_key?: string | null;
}): Promise<BetResult> {
  const [row] = await call(db, "public.confirm_bet", { tenant_id: ["p_tenant_id", "bigint"], bet_id: ["p_bet_id", "text"], idempotency_key: ["p_idempotency_key", "text"] }, { ...args });
  return row as BetResult;
}

/** Confirms many bets, as confirm_bet() would one after the other. p_items is a JSON array of {"bet_id", "idempotency_key"}; the key may be left out. Gives a row for each item in their order: item, its number from 1 on, the row of bets_view, duplicate, and where it was refused sqlstate, message and hint. With p_all_or_nothing, which is the default, the first refusal undoes all and is the error; without it, refused items store nothing and the others are done. The key of an item is idempotency_key, or made from that of the batch: a batch that is sent again answers as repeated calls do. Null may be: p_idempotency_key. Errors: those of confirm_bet(), with the number of the item; BL001 also no array, more than 50000 items, or a key of the batch of more than 190 characters; BL005 also a key that was used for a batch of other items. */
export async function confirmBets(db: Queryable, args: {
  tenant_id: Int64;
  items: Json;
  idempotency_key: string | null;
  all_or_nothing?: boolean;
}): Promise<BetItemResult[]> {
  return (await call(db, "public.confirm_bets", { tenant_id: ["p_tenant_id", "bigint"], items: ["p_items", "jsonb"], idempotency_key: ["p_idempotency_key", "text"], all_or_nothing: ["p_all_or_nothing", "boolean"] }, { ...args })) as BetItemResult[];
}

/** Deposits money: the balance of the user is credited at once. Amount in the currency of the tenant, above 0. Gives the row of payments_view and the new balance; duplicate is true when the key was used with the same arguments before: then nothing is stored. Errors: BL001 bad argument, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant. */
export async function deposit(db: Queryable, args: {
  tenant_id: Int64;
  user_id: string;
  amount: Decimal;
  idempotency_key?: string | null;
}): Promise<PaymentResult> {
  const [row] = await call(db, "public.deposit", { tenant_id: ["p_tenant_id", "bigint"], user_id: ["p_user_id", "text"], amount: ["p_amount", "numeric"], idempotency_key: ["p_idempotency_key", "text"] }, { ...args });
  return row as PaymentResult;
}

/** Deposits money many times, as deposit() would one after the other. p_items is a JSON array of {"user_id", "amount", "idempotency_key"}; the key may be left out; amounts in the currency of the tenant. Gives a row for each item in their order: item, its number from 1 on, the row of payments_view and the balance of the user after it, duplicate, and where it was refused sqlstate, message and hint. With p_all_or_nothing, which is the default, the first refusal undoes all and is the error; without it, refused items store nothing and the others are done. The key of an item is idempotency_key, or made from that of the batch: a batch that is sent again answers as repeated calls do. Null may be: p_idempotency_key. Errors: those of deposit(), with the number of the item; BL001 also no array, more than 50000 items, or a key of the batch of more than 190 characters; BL005 also a key that was used for a batch of other items. */
export async function deposits(db: Queryable, args: {
  tenant_id: Int64;
  items: Json;
  idempotency_key: string | null;
  all_or_nothing?: boolean;
}): Promise<PaymentItemResult[]> {
  return (await call(db, "public.deposits", { tenant_id: ["p_tenant_id", "bigint"], items: ["p_items", "jsonb"], idempotency_key: ["p_idempotency_key", "text"], all_or_nothing: ["p_all_or_nothing", "boolean"] }, { ...args })) as PaymentItemResult[];
}

/** Erases a person: destroys the key that personal_key() gave, for good. Events, bets, payments and balances stay as they are, under the opaque user_id; what was encrypted in them cannot be read by anybody any more. duplicate is true when the person was erased before. Backups hold the key until they expire. Errors: BL001 bad argument, BL006 foreign tenant, BL008 suspended or closed tenant: resume it first. */
export async function erasePerson(db: Queryable, args: {
  tenant_id: Int64;
  user_id: string;
}): Promise<ErasePersonRow[]> {
  return (await call(db, "public.erase_person", { tenant_id: ["p_tenant_id", "bigint"], user_id: ["p_user_id", "text"] }, { ...args })) as ErasePersonRow[];
}

/** Marks a created deposit or withdrawal as failed and takes back what it did to the balance. Gives the row of payments_view and the balance; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such payment, BL003 forbidden transition, BL004 the money of a failed deposit is spent, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant. */
export async function failPayment(db: Queryable, args: {
  tenant_id: Int64;
  payment_id: string;
  reason?: string | null;
  idempotency_key?: string | null;
}): Promise<PaymentResult> {
  const [row] = await call(db, "public.fail_payment", { tenant_id: ["p_tenant_id", "bigint"], payment_id: ["p_payment_id", "text"], reason: ["p_reason", "text"], idempotency_key: ["p_idempotency_key", "text"] }, { ...args });
  return row as PaymentResult;
}

/** The events of a tenant, of all event tables, in an order in which none ever comes before one that was shown: the first p_limit (1000) after the cursor p_after, from the beginning on for null. Go on with the feed_cursor of the last row; no rows means that there is nothing new. Events of a stream come in the order in which they were stored; events of a transaction, and all that were stored later, once all older transactions of the server have ended. With p_types, only events of these types of the next p_limit; if the last of them is of another type, the last row has its cursor and no event, so that it is not read again. Null may be: event_table, id, aggregate_id, event_type, event_data, timestamp, version, metadata, created_at, stored_at. Errors: BL001 bad tenant, cursor or limit, BL006 foreign tenant. */
export async function feed(db: Queryable, args: {
  tenant_id: Int64;
  after?: string | null;
  limit?: number;
  types?: string[] | null;
}): Promise<FeedRow[]> {
  return (await call(db, "public.feed", { tenant_id: ["p_tenant_id", "bigint"], after: ["p_after", "text"], limit: ["p_limit", "integer"], types: ["p_types", "text[]"] }, { ...args })) as FeedRow[];
}

/** The events of all tenants, as public.feed() gives those of one. On Citus those of each shard come in that order, the shards in turns; feed_cursor has a place for each shard, and stands in the last row only. Null may be: event_table, tenant_id, id, aggregate_id, event_type, event_data, timestamp, version, metadata, created_at, stored_at, feed_cursor. Errors: BL001 bad cursor or limit, BL032 a shard failed. */
export async function ledgerFeed(db: Queryable, args: {
  after?: string | null;
  limit?: number;
  types?: string[] | null;
}): Promise<LedgerFeedRow[]> {
  return (await call(db, "public.ledger_feed", { after: ["p_after", "text"], limit: ["p_limit", "integer"], types: ["p_types", "text[]"] }, { ...args })) as LedgerFeedRow[];
}

/** The row of payments_view as of a moment, in milliseconds since 1970-01-01 UTC: the fold of the events up to it, the moment included; no row when there were none. With p_known_at, of the events that had been stored by then, by the clock of the server. Errors: BL001 bad tenant, BL006 foreign tenant. */
export async function paymentAsOf(db: Queryable, args: {
  tenant_id: Int64;
  payment_id: string;
  at_ms: Int64;
  known_at?: Date | null;
}): Promise<PaymentsView[]> {
  return (await call(db, "public.payment_as_of", { tenant_id: ["p_tenant_id", "bigint"], payment_id: ["p_payment_id", "text"], at_ms: ["p_at_ms", "bigint"], known_at: ["p_known_at", "timestamp with time zone"] }, { ...args })) as PaymentsView[];
}

/** The payment events of a tenant from one time to another, both included, in milliseconds since 1970-01-01 UTC; from the beginning and to the end where they are null. Pages of p_limit events in the order of timestamp, then id: where there are more, next_page of the last row is p_after of the next call. Null may be: metadata, next_page. Errors: BL001 bad tenant, limit or cursor, BL006 foreign tenant. */
export async function paymentEventsBetween(db: Queryable, args: {
  tenant_id: Int64;
  from_ms?: Int64 | null;
  to_ms?: Int64 | null;
  after?: string | null;
  limit?: number;
}): Promise<PaymentEventsBetweenRow[]> {
  return (await call(db, "public.payment_events_between", { tenant_id: ["p_tenant_id", "bigint"], from_ms: ["p_from_ms", "bigint"], to_ms: ["p_to_ms", "bigint"], after: ["p_after", "text"], limit: ["p_limit", "integer"] }, { ...args })) as PaymentEventsBetweenRow[];
}

/** The events of a payment in the order in which they fold; none when there is no such payment. Null may be: metadata. Errors: BL001 bad tenant, BL006 foreign tenant. */
export async function paymentHistory(db: Queryable, args: {
  tenant_id: Int64;
  payment_id: string;
}): Promise<PaymentHistoryRow[]> {
  return (await call(db, "public.payment_history", { tenant_id: ["p_tenant_id", "bigint"], payment_id: ["p_payment_id", "text"] }, { ...args })) as PaymentHistoryRow[];
}

/** The payments of a user, newest first: by the time of their first event, then by id. Of one status or of all; of one time to another, both included, in milliseconds since 1970-01-01 UTC, and open where they are null. Pages of p_limit payments: where there are more, next_page of the last row is p_after of the next call. What happens to payments meanwhile moves none of them, but for an event that is stored late and dated before the first one of its payment: that payment is then where it belongs, and may come once more. With a status, all payments of that time are looked at. Null may be: idempotency_key, next_page. Errors: BL001 bad tenant, status, limit or cursor, BL006 foreign tenant. */
export async function paymentsOf(db: Queryable, args: {
  tenant_id: Int64;
  user_id: string;
  status?: string | null;
  from_ms?: Int64 | null;
  to_ms?: Int64 | null;
  after?: string | null;
  limit?: number;
}): Promise<PaymentsOfRow[]> {
  return (await call(db, "public.payments_of", { tenant_id: ["p_tenant_id", "bigint"], user_id: ["p_user_id", "text"], status: ["p_status", "text"], from_ms: ["p_from_ms", "bigint"], to_ms: ["p_to_ms", "bigint"], after: ["p_after", "text"], limit: ["p_limit", "integer"] }, { ...args })) as PaymentsOfRow[];
}

/** The key that encrypts what is personal about a user: 32 random bytes, made at the first call. The application encrypts with it (AES-GCM or the like) whatever is personal in event_data and metadata before it inserts. Errors: BL001 bad argument, BL006 foreign tenant, BL007 the person was erased, BL008 a key would have to be made and the tenant is suspended or closed. */
export async function personalKey(db: Queryable, args: {
  tenant_id: Int64;
  user_id: string;
}): Promise<PersonalKeyRow[]> {
  return (await call(db, "public.personal_key", { tenant_id: ["p_tenant_id", "bigint"], user_id: ["p_user_id", "text"] }, { ...args })) as PersonalKeyRow[];
}

/** Places a bet. Stake in the currency of the tenant, above 0; decimal odds, 1 or more; with p_from_balance the stake is taken from the balance of the user. Gives the row of bets_view; duplicate is true when the key was used with the same arguments before: then nothing is stored. Errors: BL001 bad argument, BL004 insufficient funds, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant. */
export async function placeBet(db: Queryable, args: {
  tenant_id: Int64;
  user_id: string;
  stake: Decimal;
  odds: Decimal;
  fixture_id: string;
  idempotency_key?: string | null;
  from_balance?: boolean;
}): Promise<BetResult> {
  const [row] = await call(db, "public.place_bet", { tenant_id: ["p_tenant_id", "bigint"], user_id: ["p_user_id", "text"], stake: ["p_stake", "numeric"], odds: ["p_odds", "numeric"], fixture_id: ["p_fixture_id", "text"], idempotency_key: ["p_idempotency_key", "text"], from_balance: ["p_from_balance", "boolean"] }, { ...args });
  return row as BetResult;
}

/** Places many bets, as place_bet() would one after the other. p_items is a JSON array of {"user_id", "stake", "odds", "fixture_id", "from_balance", "idempotency_key"}, of which the last two may be left out; stakes in the currency of the tenant. Gives a row for each item in their order: item, its number from 1 on, the row of bets_view, duplicate, and where it was refused sqlstate, message and hint. With p_all_or_nothing, which is the default, the first refusal undoes all and is the error; without it, refused items store nothing and the others are done. The key of an item is idempotency_key, or made from that of the batch: a batch that is sent again answers as repeated calls do. Null may be: p_idempotency_key. Errors: those of place_bet(), with the number of the item; BL001 also no array, more than 50000 items, or a key of the batch of more than 190 characters; BL005 also a key that was used for a batch of other items. */
export async function placeBets(db: Queryable, args: {
  tenant_id: Int64;
  items: Json;
  idempotency_key: string | null;
  all_or_nothing?: boolean;
}): Promise<BetItemResult[]> {
  return (await call(db, "public.place_bets", { tenant_id: ["p_tenant_id", "bigint"], items: ["p_items", "jsonb"], idempotency_key: ["p_idempotency_key", "text"], all_or_nothing: ["p_all_or_nothing", "boolean"] }, { ...args })) as BetItemResult[];
}

/** Sets a consumer to a cursor, or to the beginning, wherever it was. What it makes of the events that it reads again is its own affair. Errors: BL001 bad name or cursor, BL006 foreign tenant, 40001 made at the same moment. */
export async function resetConsumer(db: Queryable, args: {
  tenant_id: Int64;
  name: string;
  to?: string | null;
}): Promise<void> {
  await call(db, "public.reset_consumer", { tenant_id: ["p_tenant_id", "bigint"], name: ["p_name", "text"], to: ["p_to", "text"] }, { ...args });
}

/** Corrects a settled bet: it gets another result and payout, as settle_bet takes them, as often as that is needed. Where balance events name the bet, the difference of the payouts goes to the balance, or is taken from it; with p_allow_negative even below zero, and then nothing else is taken from it until it is covered. Gives the row of bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such bet, BL003 not settled, or settled so, BL004 the payout is spent, BL005 the key was used otherwise, BL006 foreign tenant, 42501 p_allow_negative by neither betledger_app nor betledger_operator. */
export async function resettleBet(db: Queryable, args: {
  tenant_id: Int64;
  bet_id: string;
  result: string;
  payout: Decimal;
  idempotency_key?: string | null;
  allow_negative?: boolean;
  reason?: string | null;
}): Promise<BetResult> {
  const [row] = await call(db, "public.resettle_bet", { tenant_id: ["p_tenant_id", "bigint"], bet_id: ["p_bet_id", "text"], result: ["p_result", "text"], payout: ["p_payout", "numeric"], idempotency_key: ["p_idempotency_key", "text"], allow_negative: ["p_allow_negative", "boolean"], reason: ["p_reason", "text"] }, { ...args });
  return row as BetResult;
}

/** Reverses a completed payment: a deposit that is charged back is taken from the balance, with p_allow_negative even below zero, and then nothing else is taken from it until it is covered; a withdrawal that comes back goes to it. Gives the row of payments_view and the balance; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such payment, BL003 not completed, BL004 the money of the deposit is spent, BL005 the key was used otherwise, BL006 foreign tenant, 42501 p_allow_negative by neither betledger_app nor betledger_operator. */
export async function reversePayment(db: Queryable, args: {
  tenant_id: Int64;
  payment_id: string;
  reason?: string | null;
  idempotency_key?: string | null;
  allow_negative?: boolean;
}): Promise<PaymentResult> {
  const [row] = await call(db, "public.reverse_payment", { tenant_id: ["p_tenant_id", "bigint"], payment_id: ["p_payment_id", "text"], reason: ["p_reason", "text"], idempotency_key: ["p_idempotency_key", "text"], allow_negative: ["p_allow_negative", "boolean"] }, { ...args });
  return row as PaymentResult;
}

/** Settles a placed or confirmed bet. Result and payout, in the currency of the tenant: win, and more than 0; loss, and 0; void, and the stake. A bet that took its stake from the balance, by an event that names it, is paid out to it. Gives the row of bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant. */
export async function settleBet(db: Queryable, args: {
  tenant_id: Int64;
  bet_id: string;
  result: string;
  payout: Decimal;
  idempotency_key?: string | null;
}): Promise<BetResult> {
  const [row] = await call(db, "public.settle_bet", { tenant_id: ["p_tenant_id", "bigint"], bet_id: ["p_bet_id", "text"], result: ["p_result", "text"], payout: ["p_payout", "numeric"], idempotency_key: ["p_idempotency_key", "text"] }, { ...args });
  return row as BetResult;
}

/** Settles many bets, as settle_bet() would one after the other. p_items is a JSON array of {"bet_id", "result", "payout", "idempotency_key"}; the key may be left out; payouts in the currency of the tenant. Gives a row for each item in their order: item, its number from 1 on, the row of bets_view, duplicate, and where it was refused sqlstate, message and hint. With p_all_or_nothing, which is the default, the first refusal undoes all and is the error; without it, refused items store nothing and the others are done. The key of an item is idempotency_key, or made from that of the batch: a batch that is sent again answers as repeated calls do. Null may be: p_idempotency_key. Errors: those of settle_bet(), with the number of the item; BL001 also no array, more than 50000 items, or a key of the batch of more than 190 characters; BL005 also a key that was used for a batch of other items. */
export async function settleBets(db: Queryable, args: {
  tenant_id: Int64;
  items: Json;
  idempotency_key: string | null;
  all_or_nothing?: boolean;
}): Promise<BetItemResult[]> {
  return (await call(db, "public.settle_bets", { tenant_id: ["p_tenant_id", "bigint"], items: ["p_items", "jsonb"], idempotency_key: ["p_idempotency_key", "text"], all_or_nothing: ["p_all_or_nothing", "boolean"] }, { ...args })) as BetItemResult[];
}

/** The row of tenants_summary_view as of a moment, in milliseconds since 1970-01-01 UTC: from the events up to it, the moment included; no row when there were none. With p_known_at, from those that had been stored by then, by the clock of the server. It reads all of them: about 80,000 a second. Null may be: currency. Errors: BL001 bad tenant, BL006 foreign tenant. */
export async function tenantAsOf(db: Queryable, args: {
  tenant_id: Int64;
  at_ms: Int64;
  known_at?: Date | null;
}): Promise<TenantAsOfRow[]> {
  return (await call(db, "public.tenant_as_of", { tenant_id: ["p_tenant_id", "bigint"], at_ms: ["p_at_ms", "bigint"], known_at: ["p_known_at", "timestamp with time zone"] }, { ...args })) as TenantAsOfRow[];
}

/** Voids a settled bet: corrects it to the result void and its stake as payout, as resettle_bet would, and by the same event. (One that is not settled: cancel_bet.) Gives the row of bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such bet, BL003 not settled, or void, BL004 the payout is spent, BL005 the key was used otherwise, BL006 foreign tenant, 42501 p_allow_negative by neither betledger_app nor betledger_operator. */
export async function voidBet(db: Queryable, args: {
  tenant_id: Int64;
  bet_id: string;
  reason?: string | null;
  idempotency_key?: string | null;
  allow_negative?: boolean;
}): Promise<BetResult> {
  const [row] = await call(db, "public.void_bet", { tenant_id: ["p_tenant_id", "bigint"], bet_id: ["p_bet_id", "text"], reason: ["p_reason", "text"], idempotency_key: ["p_idempotency_key", "text"], allow_negative: ["p_allow_negative", "boolean"] }, { ...args });
  return row as BetResult;
}

/** Withdraws money: it is taken from the balance of the user at once, and given back by fail_payment. Amount in the currency of the tenant, above 0. Gives the row of payments_view and the new balance; duplicate is true when the key was used with the same arguments before: then nothing is stored. Errors: BL001 bad argument, BL004 insufficient funds, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant. */
export async function withdraw(db: Queryable, args: {
  tenant_id: Int64;
  user_id: string;
  amount: Decimal;
  idempotency_key?: string | null;
}): Promise<PaymentResult> {
  const [row] = await call(db, "public.withdraw", { tenant_id: ["p_tenant_id", "bigint"], user_id: ["p_user_id", "text"], amount: ["p_amount", "numeric"], idempotency_key: ["p_idempotency_key", "text"] }, { ...args });
  return row as PaymentResult;
}

/** Withdraws money many times, as withdraw() would one after the other. p_items is a JSON array of {"user_id", "amount", "idempotency_key"}; the key may be left out; amounts in the currency of the tenant. Gives a row for each item in their order: item, its number from 1 on, the row of payments_view and the balance of the user after it, duplicate, and where it was refused sqlstate, message and hint. With p_all_or_nothing, which is the default, the first refusal undoes all and is the error; without it, refused items store nothing and the others are done. The key of an item is idempotency_key, or made from that of the batch: a batch that is sent again answers as repeated calls do. Null may be: p_idempotency_key. Errors: those of withdraw(), with the number of the item; BL001 also no array, more than 50000 items, or a key of the batch of more than 190 characters; BL005 also a key that was used for a batch of other items. */
export async function withdrawals(db: Queryable, args: {
  tenant_id: Int64;
  items: Json;
  idempotency_key: string | null;
  all_or_nothing?: boolean;
}): Promise<PaymentItemResult[]> {
  return (await call(db, "public.withdrawals", { tenant_id: ["p_tenant_id", "bigint"], items: ["p_items", "jsonb"], idempotency_key: ["p_idempotency_key", "text"], all_or_nothing: ["p_all_or_nothing", "boolean"] }, { ...args })) as PaymentItemResult[];
}
