<?php
// The API of the guide over HTTP. Each request is one transaction of its tenant, and one call of the ledger.

declare(strict_types=1);

use Betledger\Ledger;

require __DIR__ . '/database.php';
require __DIR__ . '/input.php';

/** What each SQLSTATE is in HTTP. What is not here is a fault of ours: 500. */
const STATUS = [
    'BL001' => 400, // a bad argument
    'BL002' => 404, // no such bet
    'BL003' => 409, // a forbidden transition
    'BL004' => 402, // too little money: well formed, unlike what 400 and 422 are for, and payment is what is required
    'BL005' => 422, // the key was used for something else: as the draft of the Idempotency-Key header has it
    'BL006' => 403, // another tenant
    'BL007' => 410, // the person was erased
    'BL008' => 403, // the tenant is suspended or closed
    'BL032' => 503, // a node of the cluster failed
    '23505' => 409, // an id or a key that was used
    '40001' => 503, // others came in between, each time that it was tried
    '40P01' => 503,
    '42501' => 403, // the login lacks the right
];

function refusal(Throwable $error): Refusal
{
    if ($error instanceof Refusal) {
        return $error;
    }
    $code = $error instanceof PDOException ? (string) ($error->errorInfo[0] ?? $error->getCode()) : 'PT500';
    // Class 22 is PostgreSQL's own of what cannot be read.
    $status = STATUS[$code] ?? (str_starts_with($code, '22') ? 400 : 500);
    if ($status < 500) {
        // ERROR, message, then lines of DETAIL, HINT and CONTEXT.
        preg_match('/ERROR: +(.*?)(?:\n[A-Z]+: |\z)/s', $error->getMessage(), $message);
        preg_match('/\nHINT: +(.*?)(?:\n[A-Z]+: |\z)/s', $error->getMessage(), $hint);
        return new Refusal($status, $code, $message[1] ?? 'refused', $hint[1] ?? null);
    }
    // Connections, resources, locks, operators; else a fault of ours.
    if ($status === 503 || preg_match('/^(08|53|55|57)/', $code)) {
        return new Refusal(503, $code, 'the ledger is busy', 'Send the same request again, with the same key.');
    }
    return new Refusal(500, $code, 'internal error');
}

/** A row as JSON has it: names as in the ledger, times in UTC, whole numbers of 64 bits as strings. */
function shown(object $row): array
{
    $found = [];
    foreach (get_object_vars($row) as $name => $value) {
        $name = strtolower((string) preg_replace('/[A-Z]/', '_$0', $name));
        if (is_array($value)) {
            array_walk_recursive($value, fn (mixed &$v) => $v = is_int($v) ? (string) $v : $v);
        }
        $found[$name] = match (true) {
            $value instanceof DateTimeImmutable => $value->setTimezone(new DateTimeZone('UTC'))->format('Y-m-d\TH:i:s.v\Z'),
            is_int($value) && in_array($name, ['tenant_id', 'timestamp'], true) => (string) $value,
            default => $value,
        };
    }
    return $found;
}

/** @param list<object> $rows */
function page(string $name, array $rows): array
{
    $next = $rows === [] ? null : end($rows)->nextPage;
    return [$name => array_map(fn (object $row) => array_diff_key(shown($row), ['next_page' => 0]), $rows), 'next_page' => $next];
}

/** A row of a read table; null where there is none. @param class-string $class */
function one(PDO $db, string $class, string $query, Request $r): ?object
{
    $statement = $db->prepare($query);
    $statement->execute([$r->tenant, $r->id]);
    $row = $statement->fetch();
    return $row ? $class::of($row) : null;
}

final readonly class Request
{
    /** @param array<string, mixed> $fields of the body or, where nothing is written, of the query string */
    public function __construct(public int $tenant, public string $key, public string $id, public array $fields)
    {
    }

    /** @return array<string, mixed> arguments of a function that gives pages */
    public function period(): array
    {
        ['from' => $from, 'to' => $to, 'after' => $after, 'limit' => $limit] = $this->fields;
        $ms = fn (?string $given): ?int => $given === null ? null : (int) $given;
        return ['fromMs' => $ms($from), 'toMs' => $ms($to), 'after' => $after, 'limit' => (int) ($limit ?? 50)];
    }
}

const BET = 'SELECT * FROM bets_view WHERE tenant_id = ? AND bet_id = ?';
const BALANCE = 'SELECT * FROM user_balances_view WHERE tenant_id = ? AND user_id = ?';
const PERIOD = ['from' => '?ms', 'to' => '?ms', 'after' => '?text', 'limit' => '?limit'];
const PAYMENT = ['user_id' => 'text', 'amount' => 'amount'];

/** @return array<string, array{array<string, string>, Closure(Request, Ledger, PDO): mixed}> fields, and what is done */
function routes(): array
{
    return [
        'POST /bets' => [
            ['user_id' => 'text', 'stake' => 'amount', 'odds' => 'amount', 'fixture_id' => 'text', 'from_balance' => '?flag'],
            fn (Request $r, Ledger $l) => $l->placeBet(
                $r->tenant, $r->fields['user_id'], $r->fields['stake'], $r->fields['odds'], $r->fields['fixture_id'],
                $r->key, $r->fields['from_balance'] ?? false,
            ),
        ],
        'POST /bets/:id/confirm' => [[], fn (Request $r, Ledger $l) => $l->confirmBet($r->tenant, $r->id, $r->key)],
        'POST /bets/:id/settle' => [
            ['result' => 'text', 'payout' => 'amount'],
            fn (Request $r, Ledger $l) => $l->settleBet($r->tenant, $r->id, $r->fields['result'], $r->fields['payout'], $r->key),
        ],
        'POST /bets/:id/cancel' => [
            ['reason' => '?text'],
            fn (Request $r, Ledger $l) => $l->cancelBet($r->tenant, $r->id, $r->fields['reason'], $r->key),
        ],
        'GET /bets/:id' => [[], fn (Request $r, Ledger $l, PDO $db) => one($db, Betledger\BetsView::class, BET, $r)
            ?? throw new Refusal(404, 'BL002', "bet '$r->id' of tenant $r->tenant does not exist")],
        'GET /bets/:id/events' => [[], fn (Request $r, Ledger $l) => $l->betHistory($r->tenant, $r->id)],
        'GET /users/:id/bets' => [
            ['status' => '?text'] + PERIOD,
            fn (Request $r, Ledger $l) => page('bets', $l->betsOf($r->tenant, $r->id, $r->fields['status'], ...$r->period())),
        ],
        'GET /users/:id/balance' => [[], fn (Request $r, Ledger $l, PDO $db) =>
            one($db, Betledger\UserBalancesView::class, BALANCE, $r) ?? (object) [
                'tenant_id' => $r->tenant, 'user_id' => $r->id, 'balance' => '0', 'transaction_count' => 0,
                'last_transaction_at' => null,
            ]],
        'GET /users/:id/statement' => [
            PERIOD,
            fn (Request $r, Ledger $l) => page('entries', $l->balanceStatement($r->tenant, $r->id, ...$r->period())),
        ],
        'GET /events' => [
            PERIOD,
            fn (Request $r, Ledger $l) => page('events', $l->betEventsBetween($r->tenant, ...$r->period())),
        ],
        'POST /payments' => [
            PAYMENT, fn (Request $r, Ledger $l) => $l->deposit($r->tenant, $r->fields['user_id'], $r->fields['amount'], $r->key),
        ],
        'POST /withdrawals' => [
            PAYMENT, fn (Request $r, Ledger $l) => $l->withdraw($r->tenant, $r->fields['user_id'], $r->fields['amount'], $r->key),
        ],
    ];
}

/** @return array{int, mixed} the status, and what to answer */
function answer(string $method, string $url): array
{
    $path = array_map(rawurldecode(...), explode('/', (string) parse_url($url, PHP_URL_PATH)));
    $route = "$method " . implode('/', array_replace($path, isset($path[2]) ? [2 => ':id'] : []));
    [$shape, $work] = routes()[$route] ?? throw new Refusal(404, 'PT404', 'there is no ' . substr("$method $url", 0, 100));
    $reads = $method === 'GET';
    $request = new Request(
        tenant(),
        $reads ? '' : key_of_request(),
        read(['id' => $path[2] ?? ''], ['id' => 'text'])['id'],
        $shape ? read($reads ? $_GET : body(), $shape) : [],
    );
    $found = transaction(connect(), $request->tenant, fn (PDO $db, Ledger $ledger) => $work($request, $ledger, $db));
    if (is_object($found)) {
        $creates = in_array($path[1], ['bets', 'payments', 'withdrawals'], true) && !isset($path[2]);
        return [$creates && !$found->duplicate ? 201 : 200, shown($found)];
    }
    return [200, array_is_list($found) ? array_map(shown(...), $found) : $found];
}

ini_set('display_errors', '0');
try {
    [$status, $answer] = answer($_SERVER['REQUEST_METHOD'], $_SERVER['REQUEST_URI']);
} catch (Throwable $error) {
    $refusal = refusal($error);
    $status = $refusal->status;
    if ($status >= 500) {
        error_log((string) $error);
    }
    $answer = ['error' => ['code' => $refusal->sqlState, 'message' => $refusal->getMessage(), 'hint' => $refusal->hint]];
}
http_response_code($status);
header('Content-Type: application/json');
echo json_encode($answer, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE);
