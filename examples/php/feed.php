<?php
// A consumer of the feed: what each user of a tenant has staked. Kill it at any time, it goes on where it was.

declare(strict_types=1);

use Betledger\Ledger;

require __DIR__ . '/database.php';

const CONSUMER = 'user_stakes';
const TYPES = ['V1_BETS_BET_PLACED'];

$tenant = (int) ($argv[1] ?? 10001);
$db = connect();

/** Reads some events, and keeps what they say and the place behind them: both or, if it dies, neither. */
$step = function (PDO $db, Ledger $ledger) use ($tenant): int {
    $place = $db->prepare('SELECT feed_cursor FROM consumers WHERE tenant_id = ? AND name = ?');
    $place->execute([$tenant, CONSUMER]);
    $from = $place->fetchColumn() ?: null;
    $events = $ledger->feed($tenant, $from, 100, TYPES);
    $count = $db->prepare(
        'INSERT INTO user_stakes AS s (tenant_id, user_id, bets, staked) VALUES (?, ?, 1, ?)
        ON CONFLICT (tenant_id, user_id) DO UPDATE SET bets = s.bets + 1, staked = s.staked + excluded.staked'
    );
    foreach ($events as $event) {
        // The last row has the place, and may have no event.
        if ($event->eventData !== null) {
            $count->execute([$tenant, $event->eventData['user_id'], $event->eventData['stake']]);
        }
    }
    if ($events !== []) {
        $ledger->advanceConsumer($tenant, CONSUMER, $from, end($events)->feedCursor);
    }
    return count($events);
};

echo "reading the feed of tenant $tenant\n";
while (true) {
    if (transaction($db, $tenant, $step) === 0) {
        usleep(200_000);
    }
}
