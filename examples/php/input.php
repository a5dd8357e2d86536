<?php
// What comes in is looked at here; whether it makes sense, the ledger says.

declare(strict_types=1);

/** A request that is refused, with its HTTP status. PT and the status is the code where the ledger has none. */
final class Refusal extends Exception
{
    public function __construct(
        public readonly int $status,
        public readonly string $sqlState,
        string $message,
        public readonly ?string $hint = null,
    ) {
        parent::__construct($message);
    }
}

function header_of_request(string $name): string
{
    return array_change_key_case(getallheaders())[strtolower($name)] ?? '';
}

function tenant(): int
{
    $given = header_of_request('X-Tenant-Id');
    // What is too large for an integer would be cut to the largest one, which is a tenant, too.
    if (!preg_match('/^[1-9][0-9]{0,18}\z/', $given) || (string) (int) $given !== $given) {
        $what = $given === '' ? 'Missing X-Tenant-Id header' : 'Invalid X-Tenant-Id format';
        throw new Refusal(400, 'PT400', $what, 'Send a whole number from 1 to 9223372036854775807.');
    }
    return (int) $given;
}

function key_of_request(): string
{
    $given = header_of_request('Idempotency-Key');
    if (!preg_match('/^[!-~]{1,200}\z/', $given)) {
        $what = $given === '' ? 'Missing Idempotency-Key header' : 'Invalid Idempotency-Key format';
        throw new Refusal(400, 'PT400', $what, 'Send a key of 1 to 200 visible ASCII characters, new for each new operation.');
    }
    return $given;
}

/** What a field has to match, and what to send in its place. */
const CHECKS = [
    // libpq would end a string at a zero byte: "anna\0x" would be anna.
    'text' => ['/^[^\0]*\z/u', 'a string'],
    // Money and odds. A JSON number would have been rounded to a float before we see it.
    'amount' => ['/^[0-9]{1,40}(\.[0-9]{1,40})?\z/', 'a decimal string, as in "10.50"'],
    'ms' => ['/^[0-9]{1,18}\z/', 'milliseconds since 1970'],
    'limit' => ['/^([1-9][0-9]{0,2}|1000)\z/', '1 to 1000'],
];

/**
 * The fields of a body or a query string: these, and no others. One with a ? may be left out, and is null then.
 *
 * @param array<string, string> $shape the check of each
 * @return array<string, mixed>
 */
function read(mixed $given, array $shape): array
{
    if (!is_array($given) || ($given !== [] && array_is_list($given))) {
        throw new Refusal(400, 'BL001', 'the body is no JSON object');
    }
    $found = [];
    foreach ($shape + array_fill_keys(array_keys($given), null) as $field => $kind) {
        $check = ltrim($kind ?? '', '?');
        $value = $given[$field] ?? null;
        $fits = match (true) {
            $kind === null => false,
            !array_key_exists($field, $given) => $kind !== $check,
            $check === 'flag' => is_bool($value),
            default => is_string($value) && preg_match(CHECKS[$check][0], $value) === 1,
        };
        if (!$fits) {
            $shown = array_key_exists($field, $given) ? substr((string) json_encode($value), 0, 100) : 'missing';
            $hint = $kind === null ? 'There is no such field.' : 'Send ' . (CHECKS[$check][1] ?? 'true or false') . '.';
            throw new Refusal(400, 'BL001', "$field is $shown", $hint);
        }
        $found[$field] = $value;
    }
    return $found;
}

function body(): mixed
{
    $text = (string) file_get_contents('php://input', length: 65_537);
    if (strlen($text) > 65_536) {
        throw new Refusal(413, 'PT413', 'the body is longer than 65536 bytes');
    }
    try {
        return $text === '' ? [] : json_decode($text, true, 16, JSON_THROW_ON_ERROR | JSON_BIGINT_AS_STRING);
    } catch (JsonException $error) {
        throw new Refusal(400, 'PT400', "the body is no JSON: {$error->getMessage()}");
    }
}
