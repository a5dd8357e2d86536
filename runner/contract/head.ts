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
  db: Queryable, name: string, types: Record<string, string>, args: Record<string, unknown>,
): Promise<unknown[]> {
  const given = Object.entries(args).filter(([, value]) => value !== undefined);
  const list = given.map(([argument], n) => `p_${argument} => $${n + 1}::${types[argument]}`);
  const values = given.map(([argument, value]) =>
    types[argument] === "jsonb" && value !== null ? JSON.stringify(value) : value);
  return (await db.query(`SELECT * FROM ${name}(${list.join(", ")})`, values)).rows;
}
