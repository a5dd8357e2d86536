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
