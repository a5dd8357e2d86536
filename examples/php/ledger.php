<?php
// Made by `betledger api --format php`: what is changed here is lost.

declare(strict_types=1);

namespace Betledger;

/** What PDO gives, as what it is. Numbers with decimals stay strings: money is never a float. */
final class Value
{
    public static function read(string $type, mixed $value): mixed
    {
        if ($value === null) {
            return null;
        }
        return match ($type) {
            'timestamp with time zone' => new \DateTimeImmutable($value),
            'jsonb' => json_decode(self::exact($value), true, 512, JSON_THROW_ON_ERROR | JSON_BIGINT_AS_STRING),
            'bytea' => is_resource($value) ? stream_get_contents($value) : $value,
            'bigint', 'integer' => (int) $value,
            'boolean' => (bool) $value,
            default => $value,
        };
    }

    /** JSON whose numbers with decimals are strings: json_decode() would make floats of them. */
    private static function exact(string $json): string
    {
        return (string) preg_replace('/"(?:[^"\\\\]++|\\\\.)*+"(*SKIP)(*FAIL)|-?[0-9]+\.[0-9]+/', '"$0"', $json);
    }

    public static function sent(string $type, mixed $value): mixed
    {
        return match (true) {
            $value === null => null,
            $type === 'jsonb' => json_encode($value, JSON_THROW_ON_ERROR),
            is_bool($value) => $value ? 'true' : 'false',
            $value instanceof \DateTimeInterface => $value->format('Y-m-d H:i:s.uP'),
            is_array($value) => '{' . implode(',', array_map(
                fn ($v) => '"' . addcslashes((string) $v, '"\\') . '"', $value
            )) . '}',
            default => $value,
        };
    }
}

/** A row of public.bet_item_result. */
final readonly class BetItemResult
{
    public function __construct(
        public int $item,
        public ?int $tenantId,
        public ?string $betId,
        public ?string $userId,
        public ?string $stake,
        public ?string $odds,
        public ?string $fixtureId,
        public ?string $status,
        public ?string $result,
        public ?string $payout,
        public ?string $idempotencyKey,
        public ?\DateTimeImmutable $createdAt,
        public ?\DateTimeImmutable $lastUpdatedAt,
        public ?bool $duplicate,
        public ?string $sqlstate,
        public ?string $message,
        public ?string $hint,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('integer', $row['item']),
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['bet_id']),
            Value::read('text', $row['user_id']),
            Value::read('numeric', $row['stake']),
            Value::read('numeric', $row['odds']),
            Value::read('text', $row['fixture_id']),
            Value::read('text', $row['status']),
            Value::read('text', $row['result']),
            Value::read('numeric', $row['payout']),
            Value::read('text', $row['idempotency_key']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('timestamp with time zone', $row['last_updated_at']),
            Value::read('boolean', $row['duplicate']),
            Value::read('text', $row['sqlstate']),
            Value::read('text', $row['message']),
            Value::read('text', $row['hint']),
        );
    }
}

/** A row of public.bet_result. */
final readonly class BetResult
{
    public function __construct(
        public int $tenantId,
        public string $betId,
        public string $userId,
        public string $stake,
        public string $odds,
        public string $fixtureId,
        public string $status,
        public ?string $result,
        public ?string $payout,
        public ?string $idempotencyKey,
        public \DateTimeImmutable $createdAt,
        public \DateTimeImmutable $lastUpdatedAt,
        public bool $duplicate,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['bet_id']),
            Value::read('text', $row['user_id']),
            Value::read('numeric', $row['stake']),
            Value::read('numeric', $row['odds']),
            Value::read('text', $row['fixture_id']),
            Value::read('text', $row['status']),
            Value::read('text', $row['result']),
            Value::read('numeric', $row['payout']),
            Value::read('text', $row['idempotency_key']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('timestamp with time zone', $row['last_updated_at']),
            Value::read('boolean', $row['duplicate']),
        );
    }
}

/** A row of public.payment_item_result. */
final readonly class PaymentItemResult
{
    public function __construct(
        public int $item,
        public ?int $tenantId,
        public ?string $paymentId,
        public ?string $userId,
        public ?string $type,
        public ?string $amount,
        public ?string $status,
        public ?string $idempotencyKey,
        public ?\DateTimeImmutable $createdAt,
        public ?\DateTimeImmutable $lastUpdatedAt,
        public ?string $balance,
        public ?bool $duplicate,
        public ?string $sqlstate,
        public ?string $message,
        public ?string $hint,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('integer', $row['item']),
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['payment_id']),
            Value::read('text', $row['user_id']),
            Value::read('text', $row['type']),
            Value::read('numeric', $row['amount']),
            Value::read('text', $row['status']),
            Value::read('text', $row['idempotency_key']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('timestamp with time zone', $row['last_updated_at']),
            Value::read('numeric', $row['balance']),
            Value::read('boolean', $row['duplicate']),
            Value::read('text', $row['sqlstate']),
            Value::read('text', $row['message']),
            Value::read('text', $row['hint']),
        );
    }
}

/** A row of public.payment_result. */
final readonly class PaymentResult
{
    public function __construct(
        public int $tenantId,
        public string $paymentId,
        public string $userId,
        public string $type,
        public string $amount,
        public string $status,
        public ?string $idempotencyKey,
        public \DateTimeImmutable $createdAt,
        public \DateTimeImmutable $lastUpdatedAt,
        public string $balance,
        public bool $duplicate,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['payment_id']),
            Value::read('text', $row['user_id']),
            Value::read('text', $row['type']),
            Value::read('numeric', $row['amount']),
            Value::read('text', $row['status']),
            Value::read('text', $row['idempotency_key']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('timestamp with time zone', $row['last_updated_at']),
            Value::read('numeric', $row['balance']),
            Value::read('boolean', $row['duplicate']),
        );
    }
}

/** A row of public.balance_events. */
final readonly class BalanceEvents
{
    public function __construct(
        public string $id,
        public int $tenantId,
        public string $aggregateId,
        public string $eventType,
        public mixed $eventData,
        public int $timestamp,
        public int $version,
        public mixed $metadata,
        public \DateTimeImmutable $createdAt,
        public ?\DateTimeImmutable $storedAt,
        public ?int $feedPosition,
        public ?int $feedNumber,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('uuid', $row['id']),
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['aggregate_id']),
            Value::read('text', $row['event_type']),
            Value::read('jsonb', $row['event_data']),
            Value::read('bigint', $row['timestamp']),
            Value::read('integer', $row['version']),
            Value::read('jsonb', $row['metadata']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('timestamp with time zone', $row['stored_at']),
            Value::read('bigint', $row['feed_position']),
            Value::read('bigint', $row['feed_number']),
        );
    }
}

/** A row of public.bet_events. */
final readonly class BetEvents
{
    public function __construct(
        public string $id,
        public int $tenantId,
        public string $aggregateId,
        public string $eventType,
        public mixed $eventData,
        public int $timestamp,
        public int $version,
        public mixed $metadata,
        public \DateTimeImmutable $createdAt,
        public ?\DateTimeImmutable $storedAt,
        public ?int $feedPosition,
        public ?int $feedNumber,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('uuid', $row['id']),
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['aggregate_id']),
            Value::read('text', $row['event_type']),
            Value::read('jsonb', $row['event_data']),
            Value::read('bigint', $row['timestamp']),
            Value::read('integer', $row['version']),
            Value::read('jsonb', $row['metadata']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('timestamp with time zone', $row['stored_at']),
            Value::read('bigint', $row['feed_position']),
            Value::read('bigint', $row['feed_number']),
        );
    }
}

/** A row of public.bets_view. */
final readonly class BetsView
{
    public function __construct(
        public int $tenantId,
        public string $betId,
        public ?string $userId,
        public ?string $stake,
        public ?string $odds,
        public ?string $fixtureId,
        public string $status,
        public ?string $result,
        public ?string $payout,
        public ?string $idempotencyKey,
        public \DateTimeImmutable $createdAt,
        public \DateTimeImmutable $lastUpdatedAt,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['bet_id']),
            Value::read('text', $row['user_id']),
            Value::read('numeric', $row['stake']),
            Value::read('numeric', $row['odds']),
            Value::read('text', $row['fixture_id']),
            Value::read('text', $row['status']),
            Value::read('text', $row['result']),
            Value::read('numeric', $row['payout']),
            Value::read('text', $row['idempotency_key']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('timestamp with time zone', $row['last_updated_at']),
        );
    }
}

/** A row of public.consumers. */
final readonly class Consumers
{
    public function __construct(
        public int $tenantId,
        public string $name,
        public ?string $feedCursor,
        public \DateTimeImmutable $advancedAt,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['name']),
            Value::read('text', $row['feed_cursor']),
            Value::read('timestamp with time zone', $row['advanced_at']),
        );
    }
}

/** A row of public.payment_events. */
final readonly class PaymentEvents
{
    public function __construct(
        public string $id,
        public int $tenantId,
        public string $aggregateId,
        public string $eventType,
        public mixed $eventData,
        public int $timestamp,
        public int $version,
        public mixed $metadata,
        public \DateTimeImmutable $createdAt,
        public ?\DateTimeImmutable $storedAt,
        public ?int $feedPosition,
        public ?int $feedNumber,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('uuid', $row['id']),
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['aggregate_id']),
            Value::read('text', $row['event_type']),
            Value::read('jsonb', $row['event_data']),
            Value::read('bigint', $row['timestamp']),
            Value::read('integer', $row['version']),
            Value::read('jsonb', $row['metadata']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('timestamp with time zone', $row['stored_at']),
            Value::read('bigint', $row['feed_position']),
            Value::read('bigint', $row['feed_number']),
        );
    }
}

/** A row of public.payments_view. */
final readonly class PaymentsView
{
    public function __construct(
        public int $tenantId,
        public string $paymentId,
        public ?string $userId,
        public string $type,
        public ?string $amount,
        public string $status,
        public ?string $idempotencyKey,
        public \DateTimeImmutable $createdAt,
        public \DateTimeImmutable $lastUpdatedAt,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['payment_id']),
            Value::read('text', $row['user_id']),
            Value::read('text', $row['type']),
            Value::read('numeric', $row['amount']),
            Value::read('text', $row['status']),
            Value::read('text', $row['idempotency_key']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('timestamp with time zone', $row['last_updated_at']),
        );
    }
}

/** A row of public.personal_keys. */
final readonly class PersonalKeys
{
    public function __construct(
        public int $tenantId,
        public string $userId,
        public ?string $key,
        public \DateTimeImmutable $createdAt,
        public ?\DateTimeImmutable $erasedAt,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['user_id']),
            Value::read('bytea', $row['key']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('timestamp with time zone', $row['erased_at']),
        );
    }
}

/** A row of public.tenants. */
final readonly class Tenants
{
    public function __construct(
        public int $tenantId,
        public string $name,
        public string $currency,
        public int $scale,
        public string $status,
        public \DateTimeImmutable $createdAt,
        public \DateTimeImmutable $changedAt,
        public mixed $limits,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['name']),
            Value::read('text', $row['currency']),
            Value::read('integer', $row['scale']),
            Value::read('text', $row['status']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('timestamp with time zone', $row['changed_at']),
            Value::read('jsonb', $row['limits']),
        );
    }
}

/** A row of public.tenants_summary_view. */
final readonly class TenantsSummaryView
{
    public function __construct(
        public int $tenantId,
        public ?string $currency,
        public int $users,
        public int $bets,
        public int $betsPlaced,
        public int $betsConfirmed,
        public int $betsSettled,
        public int $betsCancelled,
        public string $staked,
        public string $paidOut,
        public string $grossGamingRevenue,
        public string $deposits,
        public string $withdrawals,
        public string $balances,
        public \DateTimeImmutable $lastActivityAt,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['currency']),
            Value::read('bigint', $row['users']),
            Value::read('bigint', $row['bets']),
            Value::read('bigint', $row['bets_placed']),
            Value::read('bigint', $row['bets_confirmed']),
            Value::read('bigint', $row['bets_settled']),
            Value::read('bigint', $row['bets_cancelled']),
            Value::read('numeric', $row['staked']),
            Value::read('numeric', $row['paid_out']),
            Value::read('numeric', $row['gross_gaming_revenue']),
            Value::read('numeric', $row['deposits']),
            Value::read('numeric', $row['withdrawals']),
            Value::read('numeric', $row['balances']),
            Value::read('timestamp with time zone', $row['last_activity_at']),
        );
    }
}

/** A row of public.user_activity_view. */
final readonly class UserActivityView
{
    public function __construct(
        public int $tenantId,
        public string $userId,
        public int $bets,
        public int $openBets,
        public string $staked,
        public string $paidOut,
        public string $netResult,
        public string $deposits,
        public string $withdrawals,
        public \DateTimeImmutable $firstActivityAt,
        public \DateTimeImmutable $lastActivityAt,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['user_id']),
            Value::read('integer', $row['bets']),
            Value::read('integer', $row['open_bets']),
            Value::read('numeric', $row['staked']),
            Value::read('numeric', $row['paid_out']),
            Value::read('numeric', $row['net_result']),
            Value::read('numeric', $row['deposits']),
            Value::read('numeric', $row['withdrawals']),
            Value::read('timestamp with time zone', $row['first_activity_at']),
            Value::read('timestamp with time zone', $row['last_activity_at']),
        );
    }
}

/** A row of public.user_balances_view. */
final readonly class UserBalancesView
{
    public function __construct(
        public int $tenantId,
        public string $userId,
        public string $balance,
        public int $transactionCount,
        public \DateTimeImmutable $lastTransactionAt,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['user_id']),
            Value::read('numeric', $row['balance']),
            Value::read('integer', $row['transaction_count']),
            Value::read('timestamp with time zone', $row['last_transaction_at']),
        );
    }
}

/** A row of public.balance_events_between(). */
final readonly class BalanceEventsBetweenRow
{
    public function __construct(
        public string $id,
        public string $aggregateId,
        public string $eventType,
        public mixed $eventData,
        public int $timestamp,
        public int $version,
        public mixed $metadata,
        public \DateTimeImmutable $createdAt,
        public ?string $nextPage,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('uuid', $row['id']),
            Value::read('text', $row['aggregate_id']),
            Value::read('text', $row['event_type']),
            Value::read('jsonb', $row['event_data']),
            Value::read('bigint', $row['timestamp']),
            Value::read('integer', $row['version']),
            Value::read('jsonb', $row['metadata']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('text', $row['next_page']),
        );
    }
}

/** A row of public.balance_history(). */
final readonly class BalanceHistoryRow
{
    public function __construct(
        public string $id,
        public string $aggregateId,
        public string $eventType,
        public mixed $eventData,
        public int $timestamp,
        public int $version,
        public mixed $metadata,
        public \DateTimeImmutable $createdAt,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('uuid', $row['id']),
            Value::read('text', $row['aggregate_id']),
            Value::read('text', $row['event_type']),
            Value::read('jsonb', $row['event_data']),
            Value::read('bigint', $row['timestamp']),
            Value::read('integer', $row['version']),
            Value::read('jsonb', $row['metadata']),
            Value::read('timestamp with time zone', $row['created_at']),
        );
    }
}

/** A row of public.balance_statement(). */
final readonly class BalanceStatementRow
{
    public function __construct(
        public string $entry,
        public ?int $timestamp,
        public ?string $amount,
        public string $balance,
        public ?string $currency,
        public ?string $cause,
        public ?string $causeId,
        public ?string $eventType,
        public ?string $eventId,
        public ?string $nextPage,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('text', $row['entry']),
            Value::read('bigint', $row['timestamp']),
            Value::read('numeric', $row['amount']),
            Value::read('numeric', $row['balance']),
            Value::read('text', $row['currency']),
            Value::read('text', $row['cause']),
            Value::read('text', $row['cause_id']),
            Value::read('text', $row['event_type']),
            Value::read('uuid', $row['event_id']),
            Value::read('text', $row['next_page']),
        );
    }
}

/** A row of public.bet_events_between(). */
final readonly class BetEventsBetweenRow
{
    public function __construct(
        public string $id,
        public string $aggregateId,
        public string $eventType,
        public mixed $eventData,
        public int $timestamp,
        public int $version,
        public mixed $metadata,
        public \DateTimeImmutable $createdAt,
        public ?string $nextPage,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('uuid', $row['id']),
            Value::read('text', $row['aggregate_id']),
            Value::read('text', $row['event_type']),
            Value::read('jsonb', $row['event_data']),
            Value::read('bigint', $row['timestamp']),
            Value::read('integer', $row['version']),
            Value::read('jsonb', $row['metadata']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('text', $row['next_page']),
        );
    }
}

/** A row of public.bet_history(). */
final readonly class BetHistoryRow
{
    public function __construct(
        public string $id,
        public string $aggregateId,
        public string $eventType,
        public mixed $eventData,
        public int $timestamp,
        public int $version,
        public mixed $metadata,
        public \DateTimeImmutable $createdAt,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('uuid', $row['id']),
            Value::read('text', $row['aggregate_id']),
            Value::read('text', $row['event_type']),
            Value::read('jsonb', $row['event_data']),
            Value::read('bigint', $row['timestamp']),
            Value::read('integer', $row['version']),
            Value::read('jsonb', $row['metadata']),
            Value::read('timestamp with time zone', $row['created_at']),
        );
    }
}

/** A row of public.bets_of(). */
final readonly class BetsOfRow
{
    public function __construct(
        public string $betId,
        public string $userId,
        public string $stake,
        public string $odds,
        public string $fixtureId,
        public string $status,
        public ?string $result,
        public ?string $payout,
        public ?string $idempotencyKey,
        public \DateTimeImmutable $createdAt,
        public \DateTimeImmutable $lastUpdatedAt,
        public ?string $nextPage,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('text', $row['bet_id']),
            Value::read('text', $row['user_id']),
            Value::read('numeric', $row['stake']),
            Value::read('numeric', $row['odds']),
            Value::read('text', $row['fixture_id']),
            Value::read('text', $row['status']),
            Value::read('text', $row['result']),
            Value::read('numeric', $row['payout']),
            Value::read('text', $row['idempotency_key']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('timestamp with time zone', $row['last_updated_at']),
            Value::read('text', $row['next_page']),
        );
    }
}

/** A row of public.erase_person(). */
final readonly class ErasePersonRow
{
    public function __construct(
        public int $tenantId,
        public string $userId,
        public \DateTimeImmutable $erasedAt,
        public bool $duplicate,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['user_id']),
            Value::read('timestamp with time zone', $row['erased_at']),
            Value::read('boolean', $row['duplicate']),
        );
    }
}

/** A row of public.feed(). */
final readonly class FeedRow
{
    public function __construct(
        public ?string $eventTable,
        public ?string $id,
        public ?string $aggregateId,
        public ?string $eventType,
        public mixed $eventData,
        public ?int $timestamp,
        public ?int $version,
        public mixed $metadata,
        public ?\DateTimeImmutable $createdAt,
        public ?\DateTimeImmutable $storedAt,
        public string $feedCursor,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('text', $row['event_table']),
            Value::read('uuid', $row['id']),
            Value::read('text', $row['aggregate_id']),
            Value::read('text', $row['event_type']),
            Value::read('jsonb', $row['event_data']),
            Value::read('bigint', $row['timestamp']),
            Value::read('integer', $row['version']),
            Value::read('jsonb', $row['metadata']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('timestamp with time zone', $row['stored_at']),
            Value::read('text', $row['feed_cursor']),
        );
    }
}

/** A row of public.ledger_feed(). */
final readonly class LedgerFeedRow
{
    public function __construct(
        public ?string $eventTable,
        public ?int $tenantId,
        public ?string $id,
        public ?string $aggregateId,
        public ?string $eventType,
        public mixed $eventData,
        public ?int $timestamp,
        public ?int $version,
        public mixed $metadata,
        public ?\DateTimeImmutable $createdAt,
        public ?\DateTimeImmutable $storedAt,
        public ?string $feedCursor,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('text', $row['event_table']),
            Value::read('bigint', $row['tenant_id']),
            Value::read('uuid', $row['id']),
            Value::read('text', $row['aggregate_id']),
            Value::read('text', $row['event_type']),
            Value::read('jsonb', $row['event_data']),
            Value::read('bigint', $row['timestamp']),
            Value::read('integer', $row['version']),
            Value::read('jsonb', $row['metadata']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('timestamp with time zone', $row['stored_at']),
            Value::read('text', $row['feed_cursor']),
        );
    }
}

/** A row of public.payment_events_between(). */
final readonly class PaymentEventsBetweenRow
{
    public function __construct(
        public string $id,
        public string $aggregateId,
        public string $eventType,
        public mixed $eventData,
        public int $timestamp,
        public int $version,
        public mixed $metadata,
        public \DateTimeImmutable $createdAt,
        public ?string $nextPage,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('uuid', $row['id']),
            Value::read('text', $row['aggregate_id']),
            Value::read('text', $row['event_type']),
            Value::read('jsonb', $row['event_data']),
            Value::read('bigint', $row['timestamp']),
            Value::read('integer', $row['version']),
            Value::read('jsonb', $row['metadata']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('text', $row['next_page']),
        );
    }
}

/** A row of public.payment_history(). */
final readonly class PaymentHistoryRow
{
    public function __construct(
        public string $id,
        public string $aggregateId,
        public string $eventType,
        public mixed $eventData,
        public int $timestamp,
        public int $version,
        public mixed $metadata,
        public \DateTimeImmutable $createdAt,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('uuid', $row['id']),
            Value::read('text', $row['aggregate_id']),
            Value::read('text', $row['event_type']),
            Value::read('jsonb', $row['event_data']),
            Value::read('bigint', $row['timestamp']),
            Value::read('integer', $row['version']),
            Value::read('jsonb', $row['metadata']),
            Value::read('timestamp with time zone', $row['created_at']),
        );
    }
}

/** A row of public.payments_of(). */
final readonly class PaymentsOfRow
{
    public function __construct(
        public string $paymentId,
        public string $userId,
        public string $type,
        public string $amount,
        public string $status,
        public ?string $idempotencyKey,
        public \DateTimeImmutable $createdAt,
        public \DateTimeImmutable $lastUpdatedAt,
        public ?string $nextPage,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('text', $row['payment_id']),
            Value::read('text', $row['user_id']),
            Value::read('text', $row['type']),
            Value::read('numeric', $row['amount']),
            Value::read('text', $row['status']),
            Value::read('text', $row['idempotency_key']),
            Value::read('timestamp with time zone', $row['created_at']),
            Value::read('timestamp with time zone', $row['last_updated_at']),
            Value::read('text', $row['next_page']),
        );
    }
}

/** A row of public.personal_key(). */
final readonly class PersonalKeyRow
{
    public function __construct(
        public int $tenantId,
        public string $userId,
        public string $key,
        public \DateTimeImmutable $createdAt,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['user_id']),
            Value::read('bytea', $row['key']),
            Value::read('timestamp with time zone', $row['created_at']),
        );
    }
}

/** A row of public.tenant_as_of(). */
final readonly class TenantAsOfRow
{
    public function __construct(
        public int $tenantId,
        public ?string $currency,
        public int $users,
        public int $bets,
        public int $betsPlaced,
        public int $betsConfirmed,
        public int $betsSettled,
        public int $betsCancelled,
        public string $staked,
        public string $paidOut,
        public string $grossGamingRevenue,
        public string $deposits,
        public string $withdrawals,
        public string $balances,
        public \DateTimeImmutable $lastActivityAt,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function of(array $row): self
    {
        return new self(
            Value::read('bigint', $row['tenant_id']),
            Value::read('text', $row['currency']),
            Value::read('bigint', $row['users']),
            Value::read('bigint', $row['bets']),
            Value::read('bigint', $row['bets_placed']),
            Value::read('bigint', $row['bets_confirmed']),
            Value::read('bigint', $row['bets_settled']),
            Value::read('bigint', $row['bets_cancelled']),
            Value::read('numeric', $row['staked']),
            Value::read('numeric', $row['paid_out']),
            Value::read('numeric', $row['gross_gaming_revenue']),
            Value::read('numeric', $row['deposits']),
            Value::read('numeric', $row['withdrawals']),
            Value::read('numeric', $row['balances']),
            Value::read('timestamp with time zone', $row['last_activity_at']),
        );
    }
}

/** The functions of the ledger. Errors are \PDOException, whose errorInfo[0] is the SQLSTATE: 40001, 42501, BL001, BL002, BL003, BL004, BL005, BL006, BL007, BL008, BL032. */
final class Ledger
{
    /** @param \PDO $db with PDO::ATTR_ERRMODE as PDO::ERRMODE_EXCEPTION */
    public function __construct(private readonly \PDO $db)
    {
    }

    /**
     * @param array<string, string> $types
     * @param array<string, mixed> $arguments those that are given
     * @return list<array<string, mixed>>
     */
    private function call(string $name, array $types, array $arguments): array
    {
        $marks = array_map(fn (string $a): string => "$a => CAST(:$a AS $types[$a])", array_keys($arguments));
        $statement = $this->db->prepare("SELECT * FROM $name(" . implode(', ', $marks) . ')');
        foreach ($arguments as $a => $value) {
            $statement->bindValue($a, Value::sent($types[$a], $value));
        }
        $statement->execute();
        return $statement->fetchAll(\PDO::FETCH_ASSOC);
    }

    /**
     * Moves a consumer of public.feed() from one cursor (null: it begins) to another, in the transaction in which it keeps what it made of the events between: then each event counts once, however often the consumer dies. Of two sessions that go on from the same place one is refused. With tenant 0 a consumer of public.ledger_feed(). Null may be: p_from. Errors: 40001 it is not at p_from: read again; BL001 bad name or cursor; BL006 foreign tenant.
     */
    public function advanceConsumer(
        int $tenantId,
        string $name,
        ?string $from,
        string $to,
    ): void {
        $this->call('public.advance_consumer', ['p_tenant_id' => 'bigint', 'p_name' => 'text', 'p_from' => 'text', 'p_to' => 'text'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_name' => $name]
            + ['p_from' => $from]
            + ['p_to' => $to]
        );
    }

    /**
     * The row of user_balances_view as of a moment, in milliseconds since 1970-01-01 UTC: the fold of the events up to it, the moment included; no row when there were none. With p_known_at, of the events that had been stored by then, by the clock of the server. Errors: BL001 bad tenant, BL006 foreign tenant.
     * @return list<UserBalancesView>
     */
    public function balanceAsOf(
        int $tenantId,
        string $userId,
        int $atMs,
        ?\DateTimeImmutable $knownAt = null,
    ): array {
        return array_map(UserBalancesView::of(...), $this->call('public.balance_as_of', ['p_tenant_id' => 'bigint', 'p_user_id' => 'text', 'p_at_ms' => 'bigint', 'p_known_at' => 'timestamp with time zone'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_user_id' => $userId]
            + ['p_at_ms' => $atMs]
            + ['p_known_at' => $knownAt]
        ));
    }

    /**
     * The balance events of a tenant from one time to another, both included, in milliseconds since 1970-01-01 UTC; from the beginning and to the end where they are null. Pages of p_limit events in the order of timestamp, then id: where there are more, next_page of the last row is p_after of the next call. Null may be: metadata, next_page. Errors: BL001 bad tenant, limit or cursor, BL006 foreign tenant.
     * @return list<BalanceEventsBetweenRow>
     */
    public function balanceEventsBetween(
        int $tenantId,
        ?int $fromMs = null,
        ?int $toMs = null,
        ?string $after = null,
        int $limit = 1000,
    ): array {
        return array_map(BalanceEventsBetweenRow::of(...), $this->call('public.balance_events_between', ['p_tenant_id' => 'bigint', 'p_from_ms' => 'bigint', 'p_to_ms' => 'bigint', 'p_after' => 'text', 'p_limit' => 'integer'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_from_ms' => $fromMs]
            + ['p_to_ms' => $toMs]
            + ['p_after' => $after]
            + ['p_limit' => $limit]
        ));
    }

    /**
     * The balance events of a user in the order of time; none when there are none. Null may be: metadata. Errors: BL001 bad tenant, BL006 foreign tenant.
     * @return list<BalanceHistoryRow>
     */
    public function balanceHistory(
        int $tenantId,
        string $userId,
    ): array {
        return array_map(BalanceHistoryRow::of(...), $this->call('public.balance_history', ['p_tenant_id' => 'bigint', 'p_user_id' => 'text'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_user_id' => $userId]
        ));
    }

    /**
     * The statement of an account from one time to another, both included, in milliseconds since 1970-01-01 UTC; from the beginning and to the end where they are null. Entries: opening (balance before), movement (amount with its sign, balance after it, the cause: payment, bet, payment reversal or bet correction, and the payment or bet that it was of; null for what names none), closing (balance at the end). currency says what of, by public.tenants, null where the tenant has no row. Pages of p_limit movements in the order of time: where there are more, next_page of the last row is p_after of the next call. Null may be: timestamp, amount, currency, cause, cause_id, event_type, event_id, next_page. Errors: BL001 bad tenant, limit or cursor, BL006 foreign tenant.
     * @return list<BalanceStatementRow>
     */
    public function balanceStatement(
        int $tenantId,
        string $userId,
        ?int $fromMs = null,
        ?int $toMs = null,
        ?string $after = null,
        int $limit = 1000,
    ): array {
        return array_map(BalanceStatementRow::of(...), $this->call('public.balance_statement', ['p_tenant_id' => 'bigint', 'p_user_id' => 'text', 'p_from_ms' => 'bigint', 'p_to_ms' => 'bigint', 'p_after' => 'text', 'p_limit' => 'integer'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_user_id' => $userId]
            + ['p_from_ms' => $fromMs]
            + ['p_to_ms' => $toMs]
            + ['p_after' => $after]
            + ['p_limit' => $limit]
        ));
    }

    /**
     * The row of bets_view as of a moment, in milliseconds since 1970-01-01 UTC: the fold of the events up to it, the moment included; no row when there were none. With p_known_at, of the events that had been stored by then, by the clock of the server. Errors: BL001 bad tenant, BL006 foreign tenant.
     * @return list<BetsView>
     */
    public function betAsOf(
        int $tenantId,
        string $betId,
        int $atMs,
        ?\DateTimeImmutable $knownAt = null,
    ): array {
        return array_map(BetsView::of(...), $this->call('public.bet_as_of', ['p_tenant_id' => 'bigint', 'p_bet_id' => 'text', 'p_at_ms' => 'bigint', 'p_known_at' => 'timestamp with time zone'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_bet_id' => $betId]
            + ['p_at_ms' => $atMs]
            + ['p_known_at' => $knownAt]
        ));
    }

    /**
     * The bet events of a tenant from one time to another, both included, in milliseconds since 1970-01-01 UTC; from the beginning and to the end where they are null. Pages of p_limit events in the order of timestamp, then id: where there are more, next_page of the last row is p_after of the next call. Null may be: metadata, next_page. Errors: BL001 bad tenant, limit or cursor, BL006 foreign tenant.
     * @return list<BetEventsBetweenRow>
     */
    public function betEventsBetween(
        int $tenantId,
        ?int $fromMs = null,
        ?int $toMs = null,
        ?string $after = null,
        int $limit = 1000,
    ): array {
        return array_map(BetEventsBetweenRow::of(...), $this->call('public.bet_events_between', ['p_tenant_id' => 'bigint', 'p_from_ms' => 'bigint', 'p_to_ms' => 'bigint', 'p_after' => 'text', 'p_limit' => 'integer'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_from_ms' => $fromMs]
            + ['p_to_ms' => $toMs]
            + ['p_after' => $after]
            + ['p_limit' => $limit]
        ));
    }

    /**
     * The events of a bet in the order in which they fold; none when there is no such bet. Null may be: metadata. Errors: BL001 bad tenant, BL006 foreign tenant.
     * @return list<BetHistoryRow>
     */
    public function betHistory(
        int $tenantId,
        string $betId,
    ): array {
        return array_map(BetHistoryRow::of(...), $this->call('public.bet_history', ['p_tenant_id' => 'bigint', 'p_bet_id' => 'text'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_bet_id' => $betId]
        ));
    }

    /**
     * The bets of a user, newest first: by the time of their first event, then by id. Of one status or of all; of one time to another, both included, in milliseconds since 1970-01-01 UTC, and open where they are null. Pages of p_limit bets: where there are more, next_page of the last row is p_after of the next call. What happens to bets meanwhile moves none of them, but for an event that is stored late and dated before the first one of its bet: that bet is then where it belongs, and may come once more. With a status, all bets of that time are looked at. Null may be: result, payout, idempotency_key, next_page. Errors: BL001 bad tenant, status, limit or cursor, BL006 foreign tenant.
     * @return list<BetsOfRow>
     */
    public function betsOf(
        int $tenantId,
        string $userId,
        ?string $status = null,
        ?int $fromMs = null,
        ?int $toMs = null,
        ?string $after = null,
        int $limit = 1000,
    ): array {
        return array_map(BetsOfRow::of(...), $this->call('public.bets_of', ['p_tenant_id' => 'bigint', 'p_user_id' => 'text', 'p_status' => 'text', 'p_from_ms' => 'bigint', 'p_to_ms' => 'bigint', 'p_after' => 'text', 'p_limit' => 'integer'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_user_id' => $userId]
            + ['p_status' => $status]
            + ['p_from_ms' => $fromMs]
            + ['p_to_ms' => $toMs]
            + ['p_after' => $after]
            + ['p_limit' => $limit]
        ));
    }

    /**
     * Cancels a placed or confirmed bet. What a balance event of the bet has taken is given back. Gives the row of bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant.
     */
    public function cancelBet(
        int $tenantId,
        string $betId,
        ?string $reason = null,
        ?string $idempotencyKey = null,
    ): BetResult {
        return BetResult::of($this->call('public.cancel_bet', ['p_tenant_id' => 'bigint', 'p_bet_id' => 'text', 'p_reason' => 'text', 'p_idempotency_key' => 'text'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_bet_id' => $betId]
            + ['p_reason' => $reason]
            + ['p_idempotency_key' => $idempotencyKey]
        )[0]);
    }

    /**
     * Cancels many bets, as cancel_bet() would one after the other. p_items is a JSON array of {"bet_id", "reason", "idempotency_key"}, of which the last two may be left out. Gives a row for each item in their order: item, its number from 1 on, the row of bets_view, duplicate, and where it was refused sqlstate, message and hint. With p_all_or_nothing, which is the default, the first refusal undoes all and is the error; without it, refused items store nothing and the others are done. The key of an item is idempotency_key, or made from that of the batch: a batch that is sent again answers as repeated calls do. Null may be: p_idempotency_key. Errors: those of cancel_bet(), with the number of the item; BL001 also no array, more than 50000 items, or a key of the batch of more than 190 characters; BL005 also a key that was used for a batch of other items.
     * @return list<BetItemResult>
     */
    public function cancelBets(
        int $tenantId,
        mixed $items,
        ?string $idempotencyKey,
        bool $allOrNothing = true,
    ): array {
        return array_map(BetItemResult::of(...), $this->call('public.cancel_bets', ['p_tenant_id' => 'bigint', 'p_items' => 'jsonb', 'p_idempotency_key' => 'text', 'p_all_or_nothing' => 'boolean'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_items' => $items]
            + ['p_idempotency_key' => $idempotencyKey]
            + ['p_all_or_nothing' => $allOrNothing]
        ));
    }

    /**
     * Marks a created deposit or withdrawal as completed; the balance has changed already when it was created. Gives the row of payments_view and the balance; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such payment, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant.
     */
    public function completePayment(
        int $tenantId,
        string $paymentId,
        ?string $idempotencyKey = null,
    ): PaymentResult {
        return PaymentResult::of($this->call('public.complete_payment', ['p_tenant_id' => 'bigint', 'p_payment_id' => 'text', 'p_idempotency_key' => 'text'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_payment_id' => $paymentId]
            + ['p_idempotency_key' => $idempotencyKey]
        )[0]);
    }

    /**
     * Confirms a placed bet. Gives the row of bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant.
     */
    public function confirmBet(
        int $tenantId,
        string $betId,
        ?string $idempotencyKey = null,
    ): BetResult {
        return BetResult::of($this->call('public.confirm_bet', ['p_tenant_id' => 'bigint', 'p_bet_id' => 'text', 'p_idempotency_key' => 'text'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_bet_id' => $betId]
            + ['p_idempotency_key' => $idempotencyKey]
        )[0]);
    }

    /**
     * Confirms many bets, as confirm_bet() would one after the other. p_items is a JSON array of {"bet_id", "idempotency_key"}; the key may be left out. Gives a row for each item in their order: item, its number from 1 on, the row of bets_view, duplicate, and where it was refused sqlstate, message and hint. With p_all_or_nothing, which is the default, the first refusal undoes all and is the error; without it, refused items store nothing and the others are done. The key of an item is idempotency_key, or made from that of the batch: a batch that is sent again answers as repeated calls do. Null may be: p_idempotency_key. Errors: those of confirm_bet(), with the number of the item; BL001 also no array, more than 50000 items, or a key of the batch of more than 190 characters; BL005 also a key that was used for a batch of other items.
     * @return list<BetItemResult>
     */
    public function confirmBets(
        int $tenantId,
        mixed $items,
        ?string $idempotencyKey,
        bool $allOrNothing = true,
    ): array {
        return array_map(BetItemResult::of(...), $this->call('public.confirm_bets', ['p_tenant_id' => 'bigint', 'p_items' => 'jsonb', 'p_idempotency_key' => 'text', 'p_all_or_nothing' => 'boolean'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_items' => $items]
            + ['p_idempotency_key' => $idempotencyKey]
            + ['p_all_or_nothing' => $allOrNothing]
        ));
    }

    /**
     * Deposits money: the balance of the user is credited at once. Amount in the currency of the tenant, above 0. Gives the row of payments_view and the new balance; duplicate is true when the key was used with the same arguments before: then nothing is stored. Errors: BL001 bad argument, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant.
     */
    public function deposit(
        int $tenantId,
        string $userId,
        string $amount,
        ?string $idempotencyKey = null,
    ): PaymentResult {
        return PaymentResult::of($this->call('public.deposit', ['p_tenant_id' => 'bigint', 'p_user_id' => 'text', 'p_amount' => 'numeric', 'p_idempotency_key' => 'text'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_user_id' => $userId]
            + ['p_amount' => $amount]
            + ['p_idempotency_key' => $idempotencyKey]
        )[0]);
    }

    /**
     * Deposits money many times, as deposit() would one after the other. p_items is a JSON array of {"user_id", "amount", "idempotency_key"}; the key may be left out; amounts in the currency of the tenant. Gives a row for each item in their order: item, its number from 1 on, the row of payments_view and the balance of the user after it, duplicate, and where it was refused sqlstate, message and hint. With p_all_or_nothing, which is the default, the first refusal undoes all and is the error; without it, refused items store nothing and the others are done. The key of an item is idempotency_key, or made from that of the batch: a batch that is sent again answers as repeated calls do. Null may be: p_idempotency_key. Errors: those of deposit(), with the number of the item; BL001 also no array, more than 50000 items, or a key of the batch of more than 190 characters; BL005 also a key that was used for a batch of other items.
     * @return list<PaymentItemResult>
     */
    public function deposits(
        int $tenantId,
        mixed $items,
        ?string $idempotencyKey,
        bool $allOrNothing = true,
    ): array {
        return array_map(PaymentItemResult::of(...), $this->call('public.deposits', ['p_tenant_id' => 'bigint', 'p_items' => 'jsonb', 'p_idempotency_key' => 'text', 'p_all_or_nothing' => 'boolean'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_items' => $items]
            + ['p_idempotency_key' => $idempotencyKey]
            + ['p_all_or_nothing' => $allOrNothing]
        ));
    }

    /**
     * Erases a person: destroys the key that personal_key() gave, for good. Events, bets, payments and balances stay as they are, under the opaque user_id; what was encrypted in them cannot be read by anybody any more. duplicate is true when the person was erased before. Backups hold the key until they expire. Errors: BL001 bad argument, BL006 foreign tenant, BL008 suspended or closed tenant: resume it first.
     * @return list<ErasePersonRow>
     */
    public function erasePerson(
        int $tenantId,
        string $userId,
    ): array {
        return array_map(ErasePersonRow::of(...), $this->call('public.erase_person', ['p_tenant_id' => 'bigint', 'p_user_id' => 'text'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_user_id' => $userId]
        ));
    }

    /**
     * Marks a created deposit or withdrawal as failed and takes back what it did to the balance. Gives the row of payments_view and the balance; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such payment, BL003 forbidden transition, BL004 the money of a failed deposit is spent, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant.
     */
    public function failPayment(
        int $tenantId,
        string $paymentId,
        ?string $reason = null,
        ?string $idempotencyKey = null,
    ): PaymentResult {
        return PaymentResult::of($this->call('public.fail_payment', ['p_tenant_id' => 'bigint', 'p_payment_id' => 'text', 'p_reason' => 'text', 'p_idempotency_key' => 'text'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_payment_id' => $paymentId]
            + ['p_reason' => $reason]
            + ['p_idempotency_key' => $idempotencyKey]
        )[0]);
    }

    /**
     * The events of a tenant, of all event tables, in an order in which none ever comes before one that was shown: the first p_limit (1000) after the cursor p_after, from the beginning on for null. Go on with the feed_cursor of the last row; no rows means that there is nothing new. Events of a stream come in the order in which they were stored; events of a transaction, and all that were stored later, once all older transactions of the server have ended. With p_types, only events of these types of the next p_limit; if the last of them is of another type, the last row has its cursor and no event, so that it is not read again. Null may be: event_table, id, aggregate_id, event_type, event_data, timestamp, version, metadata, created_at, stored_at. Errors: BL001 bad tenant, cursor or limit, BL006 foreign tenant.
     * @return list<FeedRow>
     */
    public function feed(
        int $tenantId,
        ?string $after = null,
        int $limit = 1000,
        ?array $types = null,
    ): array {
        return array_map(FeedRow::of(...), $this->call('public.feed', ['p_tenant_id' => 'bigint', 'p_after' => 'text', 'p_limit' => 'integer', 'p_types' => 'text[]'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_after' => $after]
            + ['p_limit' => $limit]
            + ['p_types' => $types]
        ));
    }

    /**
     * The events of all tenants, as public.feed() gives those of one. On Citus those of each shard come in that order, the shards in turns; feed_cursor has a place for each shard, and stands in the last row only. Null may be: event_table, tenant_id, id, aggregate_id, event_type, event_data, timestamp, version, metadata, created_at, stored_at, feed_cursor. Errors: BL001 bad cursor or limit, BL032 a shard failed.
     * @return list<LedgerFeedRow>
     */
    public function ledgerFeed(
        ?string $after = null,
        int $limit = 1000,
        ?array $types = null,
    ): array {
        return array_map(LedgerFeedRow::of(...), $this->call('public.ledger_feed', ['p_after' => 'text', 'p_limit' => 'integer', 'p_types' => 'text[]'], []
            + ['p_after' => $after]
            + ['p_limit' => $limit]
            + ['p_types' => $types]
        ));
    }

    /**
     * The row of payments_view as of a moment, in milliseconds since 1970-01-01 UTC: the fold of the events up to it, the moment included; no row when there were none. With p_known_at, of the events that had been stored by then, by the clock of the server. Errors: BL001 bad tenant, BL006 foreign tenant.
     * @return list<PaymentsView>
     */
    public function paymentAsOf(
        int $tenantId,
        string $paymentId,
        int $atMs,
        ?\DateTimeImmutable $knownAt = null,
    ): array {
        return array_map(PaymentsView::of(...), $this->call('public.payment_as_of', ['p_tenant_id' => 'bigint', 'p_payment_id' => 'text', 'p_at_ms' => 'bigint', 'p_known_at' => 'timestamp with time zone'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_payment_id' => $paymentId]
            + ['p_at_ms' => $atMs]
            + ['p_known_at' => $knownAt]
        ));
    }

    /**
     * The payment events of a tenant from one time to another, both included, in milliseconds since 1970-01-01 UTC; from the beginning and to the end where they are null. Pages of p_limit events in the order of timestamp, then id: where there are more, next_page of the last row is p_after of the next call. Null may be: metadata, next_page. Errors: BL001 bad tenant, limit or cursor, BL006 foreign tenant.
     * @return list<PaymentEventsBetweenRow>
     */
    public function paymentEventsBetween(
        int $tenantId,
        ?int $fromMs = null,
        ?int $toMs = null,
        ?string $after = null,
        int $limit = 1000,
    ): array {
        return array_map(PaymentEventsBetweenRow::of(...), $this->call('public.payment_events_between', ['p_tenant_id' => 'bigint', 'p_from_ms' => 'bigint', 'p_to_ms' => 'bigint', 'p_after' => 'text', 'p_limit' => 'integer'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_from_ms' => $fromMs]
            + ['p_to_ms' => $toMs]
            + ['p_after' => $after]
            + ['p_limit' => $limit]
        ));
    }

    /**
     * The events of a payment in the order in which they fold; none when there is no such payment. Null may be: metadata. Errors: BL001 bad tenant, BL006 foreign tenant.
     * @return list<PaymentHistoryRow>
     */
    public function paymentHistory(
        int $tenantId,
        string $paymentId,
    ): array {
        return array_map(PaymentHistoryRow::of(...), $this->call('public.payment_history', ['p_tenant_id' => 'bigint', 'p_payment_id' => 'text'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_payment_id' => $paymentId]
        ));
    }

    /**
     * The payments of a user, newest first: by the time of their first event, then by id. Of one status or of all; of one time to another, both included, in milliseconds since 1970-01-01 UTC, and open where they are null. Pages of p_limit payments: where there are more, next_page of the last row is p_after of the next call. What happens to payments meanwhile moves none of them, but for an event that is stored late and dated before the first one of its payment: that payment is then where it belongs, and may come once more. With a status, all payments of that time are looked at. Null may be: idempotency_key, next_page. Errors: BL001 bad tenant, status, limit or cursor, BL006 foreign tenant.
     * @return list<PaymentsOfRow>
     */
    public function paymentsOf(
        int $tenantId,
        string $userId,
        ?string $status = null,
        ?int $fromMs = null,
        ?int $toMs = null,
        ?string $after = null,
        int $limit = 1000,
    ): array {
        return array_map(PaymentsOfRow::of(...), $this->call('public.payments_of', ['p_tenant_id' => 'bigint', 'p_user_id' => 'text', 'p_status' => 'text', 'p_from_ms' => 'bigint', 'p_to_ms' => 'bigint', 'p_after' => 'text', 'p_limit' => 'integer'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_user_id' => $userId]
            + ['p_status' => $status]
            + ['p_from_ms' => $fromMs]
            + ['p_to_ms' => $toMs]
            + ['p_after' => $after]
            + ['p_limit' => $limit]
        ));
    }

    /**
     * The key that encrypts what is personal about a user: 32 random bytes, made at the first call. The application encrypts with it (AES-GCM or the like) whatever is personal in event_data and metadata before it inserts. Errors: BL001 bad argument, BL006 foreign tenant, BL007 the person was erased, BL008 a key would have to be made and the tenant is suspended or closed.
     * @return list<PersonalKeyRow>
     */
    public function personalKey(
        int $tenantId,
        string $userId,
    ): array {
        return array_map(PersonalKeyRow::of(...), $this->call('public.personal_key', ['p_tenant_id' => 'bigint', 'p_user_id' => 'text'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_user_id' => $userId]
        ));
    }

    /**
     * Places a bet. Stake in the currency of the tenant, above 0; decimal odds, 1 or more; with p_from_balance the stake is taken from the balance of the user. Gives the row of bets_view; duplicate is true when the key was used with the same arguments before: then nothing is stored. Errors: BL001 bad argument, BL004 insufficient funds, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant.
     */
    public function placeBet(
        int $tenantId,
        string $userId,
        string $stake,
        string $odds,
        string $fixtureId,
        ?string $idempotencyKey = null,
        bool $fromBalance = false,
    ): BetResult {
        return BetResult::of($this->call('public.place_bet', ['p_tenant_id' => 'bigint', 'p_user_id' => 'text', 'p_stake' => 'numeric', 'p_odds' => 'numeric', 'p_fixture_id' => 'text', 'p_idempotency_key' => 'text', 'p_from_balance' => 'boolean'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_user_id' => $userId]
            + ['p_stake' => $stake]
            + ['p_odds' => $odds]
            + ['p_fixture_id' => $fixtureId]
            + ['p_idempotency_key' => $idempotencyKey]
            + ['p_from_balance' => $fromBalance]
        )[0]);
    }

    /**
     * Places many bets, as place_bet() would one after the other. p_items is a JSON array of {"user_id", "stake", "odds", "fixture_id", "from_balance", "idempotency_key"}, of which the last two may be left out; stakes in the currency of the tenant. Gives a row for each item in their order: item, its number from 1 on, the row of bets_view, duplicate, and where it was refused sqlstate, message and hint. With p_all_or_nothing, which is the default, the first refusal undoes all and is the error; without it, refused items store nothing and the others are done. The key of an item is idempotency_key, or made from that of the batch: a batch that is sent again answers as repeated calls do. Null may be: p_idempotency_key. Errors: those of place_bet(), with the number of the item; BL001 also no array, more than 50000 items, or a key of the batch of more than 190 characters; BL005 also a key that was used for a batch of other items.
     * @return list<BetItemResult>
     */
    public function placeBets(
        int $tenantId,
        mixed $items,
        ?string $idempotencyKey,
        bool $allOrNothing = true,
    ): array {
        return array_map(BetItemResult::of(...), $this->call('public.place_bets', ['p_tenant_id' => 'bigint', 'p_items' => 'jsonb', 'p_idempotency_key' => 'text', 'p_all_or_nothing' => 'boolean'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_items' => $items]
            + ['p_idempotency_key' => $idempotencyKey]
            + ['p_all_or_nothing' => $allOrNothing]
        ));
    }

    /**
     * Sets a consumer to a cursor, or to the beginning, wherever it was. What it makes of the events that it reads again is its own affair. Errors: BL001 bad name or cursor, BL006 foreign tenant, 40001 made at the same moment.
     */
    public function resetConsumer(
        int $tenantId,
        string $name,
        ?string $to = null,
    ): void {
        $this->call('public.reset_consumer', ['p_tenant_id' => 'bigint', 'p_name' => 'text', 'p_to' => 'text'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_name' => $name]
            + ['p_to' => $to]
        );
    }

    /**
     * Corrects a settled bet: it gets another result and payout, as settle_bet takes them, as often as that is needed. Where balance events name the bet, the difference of the payouts goes to the balance, or is taken from it; with p_allow_negative even below zero, and then nothing else is taken from it until it is covered. Gives the row of bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such bet, BL003 not settled, or settled so, BL004 the payout is spent, BL005 the key was used otherwise, BL006 foreign tenant, 42501 p_allow_negative by neither betledger_app nor betledger_operator.
     */
    public function resettleBet(
        int $tenantId,
        string $betId,
        string $result,
        string $payout,
        ?string $idempotencyKey = null,
        bool $allowNegative = false,
        ?string $reason = null,
    ): BetResult {
        return BetResult::of($this->call('public.resettle_bet', ['p_tenant_id' => 'bigint', 'p_bet_id' => 'text', 'p_result' => 'text', 'p_payout' => 'numeric', 'p_idempotency_key' => 'text', 'p_allow_negative' => 'boolean', 'p_reason' => 'text'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_bet_id' => $betId]
            + ['p_result' => $result]
            + ['p_payout' => $payout]
            + ['p_idempotency_key' => $idempotencyKey]
            + ['p_allow_negative' => $allowNegative]
            + ['p_reason' => $reason]
        )[0]);
    }

    /**
     * Reverses a completed payment: a deposit that is charged back is taken from the balance, with p_allow_negative even below zero, and then nothing else is taken from it until it is covered; a withdrawal that comes back goes to it. Gives the row of payments_view and the balance; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such payment, BL003 not completed, BL004 the money of the deposit is spent, BL005 the key was used otherwise, BL006 foreign tenant, 42501 p_allow_negative by neither betledger_app nor betledger_operator.
     */
    public function reversePayment(
        int $tenantId,
        string $paymentId,
        ?string $reason = null,
        ?string $idempotencyKey = null,
        bool $allowNegative = false,
    ): PaymentResult {
        return PaymentResult::of($this->call('public.reverse_payment', ['p_tenant_id' => 'bigint', 'p_payment_id' => 'text', 'p_reason' => 'text', 'p_idempotency_key' => 'text', 'p_allow_negative' => 'boolean'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_payment_id' => $paymentId]
            + ['p_reason' => $reason]
            + ['p_idempotency_key' => $idempotencyKey]
            + ['p_allow_negative' => $allowNegative]
        )[0]);
    }

    /**
     * Settles a placed or confirmed bet. Result and payout, in the currency of the tenant: win, and more than 0; loss, and 0; void, and the stake. A bet that took its stake from the balance, by an event that names it, is paid out to it. Gives the row of bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant.
     */
    public function settleBet(
        int $tenantId,
        string $betId,
        string $result,
        string $payout,
        ?string $idempotencyKey = null,
    ): BetResult {
        return BetResult::of($this->call('public.settle_bet', ['p_tenant_id' => 'bigint', 'p_bet_id' => 'text', 'p_result' => 'text', 'p_payout' => 'numeric', 'p_idempotency_key' => 'text'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_bet_id' => $betId]
            + ['p_result' => $result]
            + ['p_payout' => $payout]
            + ['p_idempotency_key' => $idempotencyKey]
        )[0]);
    }

    /**
     * Settles many bets, as settle_bet() would one after the other. p_items is a JSON array of {"bet_id", "result", "payout", "idempotency_key"}; the key may be left out; payouts in the currency of the tenant. Gives a row for each item in their order: item, its number from 1 on, the row of bets_view, duplicate, and where it was refused sqlstate, message and hint. With p_all_or_nothing, which is the default, the first refusal undoes all and is the error; without it, refused items store nothing and the others are done. The key of an item is idempotency_key, or made from that of the batch: a batch that is sent again answers as repeated calls do. Null may be: p_idempotency_key. Errors: those of settle_bet(), with the number of the item; BL001 also no array, more than 50000 items, or a key of the batch of more than 190 characters; BL005 also a key that was used for a batch of other items.
     * @return list<BetItemResult>
     */
    public function settleBets(
        int $tenantId,
        mixed $items,
        ?string $idempotencyKey,
        bool $allOrNothing = true,
    ): array {
        return array_map(BetItemResult::of(...), $this->call('public.settle_bets', ['p_tenant_id' => 'bigint', 'p_items' => 'jsonb', 'p_idempotency_key' => 'text', 'p_all_or_nothing' => 'boolean'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_items' => $items]
            + ['p_idempotency_key' => $idempotencyKey]
            + ['p_all_or_nothing' => $allOrNothing]
        ));
    }

    /**
     * The row of tenants_summary_view as of a moment, in milliseconds since 1970-01-01 UTC: from the events up to it, the moment included; no row when there were none. With p_known_at, from those that had been stored by then, by the clock of the server. It reads all of them: about 80,000 a second. Null may be: currency. Errors: BL001 bad tenant, BL006 foreign tenant.
     * @return list<TenantAsOfRow>
     */
    public function tenantAsOf(
        int $tenantId,
        int $atMs,
        ?\DateTimeImmutable $knownAt = null,
    ): array {
        return array_map(TenantAsOfRow::of(...), $this->call('public.tenant_as_of', ['p_tenant_id' => 'bigint', 'p_at_ms' => 'bigint', 'p_known_at' => 'timestamp with time zone'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_at_ms' => $atMs]
            + ['p_known_at' => $knownAt]
        ));
    }

    /**
     * Voids a settled bet: corrects it to the result void and its stake as payout, as resettle_bet would, and by the same event. (One that is not settled: cancel_bet.) Gives the row of bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such bet, BL003 not settled, or void, BL004 the payout is spent, BL005 the key was used otherwise, BL006 foreign tenant, 42501 p_allow_negative by neither betledger_app nor betledger_operator.
     */
    public function voidBet(
        int $tenantId,
        string $betId,
        ?string $reason = null,
        ?string $idempotencyKey = null,
        bool $allowNegative = false,
    ): BetResult {
        return BetResult::of($this->call('public.void_bet', ['p_tenant_id' => 'bigint', 'p_bet_id' => 'text', 'p_reason' => 'text', 'p_idempotency_key' => 'text', 'p_allow_negative' => 'boolean'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_bet_id' => $betId]
            + ['p_reason' => $reason]
            + ['p_idempotency_key' => $idempotencyKey]
            + ['p_allow_negative' => $allowNegative]
        )[0]);
    }

    /**
     * Withdraws money: it is taken from the balance of the user at once, and given back by fail_payment. Amount in the currency of the tenant, above 0. Gives the row of payments_view and the new balance; duplicate is true when the key was used with the same arguments before: then nothing is stored. Errors: BL001 bad argument, BL004 insufficient funds, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant.
     */
    public function withdraw(
        int $tenantId,
        string $userId,
        string $amount,
        ?string $idempotencyKey = null,
    ): PaymentResult {
        return PaymentResult::of($this->call('public.withdraw', ['p_tenant_id' => 'bigint', 'p_user_id' => 'text', 'p_amount' => 'numeric', 'p_idempotency_key' => 'text'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_user_id' => $userId]
            + ['p_amount' => $amount]
            + ['p_idempotency_key' => $idempotencyKey]
        )[0]);
    }

    /**
     * Withdraws money many times, as withdraw() would one after the other. p_items is a JSON array of {"user_id", "amount", "idempotency_key"}; the key may be left out; amounts in the currency of the tenant. Gives a row for each item in their order: item, its number from 1 on, the row of payments_view and the balance of the user after it, duplicate, and where it was refused sqlstate, message and hint. With p_all_or_nothing, which is the default, the first refusal undoes all and is the error; without it, refused items store nothing and the others are done. The key of an item is idempotency_key, or made from that of the batch: a batch that is sent again answers as repeated calls do. Null may be: p_idempotency_key. Errors: those of withdraw(), with the number of the item; BL001 also no array, more than 50000 items, or a key of the batch of more than 190 characters; BL005 also a key that was used for a batch of other items.
     * @return list<PaymentItemResult>
     */
    public function withdrawals(
        int $tenantId,
        mixed $items,
        ?string $idempotencyKey,
        bool $allOrNothing = true,
    ): array {
        return array_map(PaymentItemResult::of(...), $this->call('public.withdrawals', ['p_tenant_id' => 'bigint', 'p_items' => 'jsonb', 'p_idempotency_key' => 'text', 'p_all_or_nothing' => 'boolean'], []
            + ['p_tenant_id' => $tenantId]
            + ['p_items' => $items]
            + ['p_idempotency_key' => $idempotencyKey]
            + ['p_all_or_nothing' => $allOrNothing]
        ));
    }
}
