<?php
// One transaction of one tenant: what the service and the consumer of the feed share.

declare(strict_types=1);

require __DIR__ . '/ledger.php';

const ATTEMPTS = 6;

function connect(): PDO
{
    $url = parse_url(getenv('DATABASE_URL') ?: '');
    if (!isset($url['host'], $url['user'], $url['path'])) {
        throw new RuntimeException('DATABASE_URL is not set to postgresql://login:password@host:port/database');
    }
    $port = $url['port'] ?? 5432;
    $database = rawurldecode(ltrim($url['path'], '/'));
    return new PDO(
        "pgsql:host={$url['host']};port=$port;dbname=$database;options='-c statement_timeout=10s'",
        rawurldecode($url['user']),
        rawurldecode($url['pass'] ?? ''),
        [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC],
    );
}

/**
 * Does the work in a transaction, and all of it again when another transaction came in between.
 *
 * @template T
 * @param callable(PDO, Betledger\Ledger): T $work
 * @return T
 */
function transaction(PDO $db, int $tenant, callable $work): mixed
{
    for ($attempt = 1;; $attempt++) {
        try {
            $db->beginTransaction();
            // The wall: row-level security shows and takes rows of this tenant only, whatever the work asks for. A
            // statement, since what set_config() sets does not reach the nodes of a Citus cluster.
            $db->exec("SET LOCAL app.tenant_id = '$tenant'");
            $result = $work($db, new Betledger\Ledger($db));
            $db->commit();
            return $result;
        } catch (PDOException $error) {
            if ($db->inTransaction()) {
                $db->rollBack();
            }
            if (!in_array($error->getCode(), ['40001', '40P01'], true) || $attempt === ATTEMPTS) {
                throw $error;
            }
        }
        usleep(random_int(0, 10_000 * 2 ** $attempt));
    }
}
