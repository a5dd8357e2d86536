// What comes in is looked at here; whether it makes sense, the ledger says.
import type { FastifyRequest } from "fastify";

/** A request that is refused, with its HTTP status. PT and the status is the code where the ledger has none. */
export class Refusal extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly hint: string | null = null) {
    super(message);
  }
}

export function tenantOf(request: FastifyRequest): string {
  const given = request.headers["x-tenant-id"];
  const hint = "Send a whole number from 1 to 9223372036854775807.";
  if (!given) throw new Refusal(400, "PT400", "Missing X-Tenant-Id header", hint);
  if (typeof given !== "string" || !/^[1-9][0-9]{0,18}$/.test(given) || BigInt(given) >= 2n ** 63n) {
    throw new Refusal(400, "PT400", "Invalid X-Tenant-Id format", hint);
  }
  return given;
}

export function keyOf(request: FastifyRequest): string {
  const given = request.headers["idempotency-key"];
  const hint = "Send a key of 1 to 200 visible ASCII characters, new for each new operation.";
  if (!given) throw new Refusal(400, "PT400", "Missing Idempotency-Key header", hint);
  if (typeof given !== "string" || !/^[!-~]{1,200}$/.test(given)) {
    throw new Refusal(400, "PT400", "Invalid Idempotency-Key format", hint);
  }
  return given;
}

type Check<T> = ((value: unknown) => value is T) & { wants?: string };
type Checked<S> = { [K in keyof S]: S[K] extends Check<infer T> ? T : never };

function check<T>(wants: string, test: (value: unknown) => boolean): Check<T> {
  return Object.assign((value: unknown): value is T => test(value), { wants });
}
const isText = (value: unknown) => typeof value === "string" && value.isWellFormed() && !value.includes("\0");
const matches = (pattern: RegExp) => (value: unknown) => typeof value === "string" && pattern.test(value);
const orMissing = (test: (value: unknown) => boolean) => (value: unknown) => value === undefined || test(value);

export const text = check<string>("a string", isText);
export const maybeText = check<string | undefined>("a string, or leave it out", orMissing(isText));
export const maybeFlag = check<boolean | undefined>("true or false", orMissing((value) => typeof value === "boolean"));
/** Money and odds. A JSON number would have been rounded to a float before we see it. */
export const amount = check<string>('a decimal string, as in "10.50"', matches(/^[0-9]{1,40}(\.[0-9]{1,40})?$/));
export const maybeMs = check<string | undefined>("milliseconds since 1970", orMissing(matches(/^[0-9]{1,18}$/)));
export const maybeLimit = check<string | undefined>("1 to 1000", orMissing(matches(/^([1-9][0-9]{0,2}|1000)$/)));

/** The fields of a body or a query string: these, and no others. */
export function read<S extends Record<string, Check<unknown>>>(given: unknown, shape: S): Checked<S> {
  if (typeof given !== "object" || given === null) throw new Refusal(400, "BL001", "the body is no JSON object");
  const fields = given as Record<string, unknown>;
  for (const field of new Set([...Object.keys(shape), ...Object.keys(fields)])) {
    const known = Object.hasOwn(shape, field) ? shape[field] : undefined;
    if (!known?.(fields[field])) {
      const value = JSON.stringify(fields[field])?.slice(0, 100) ?? "missing";
      throw new Refusal(400, "BL001", `${field} is ${value}`, known ? `Send ${known.wants}.` : "There is no such field.");
    }
  }
  return fields as Checked<S>;
}
