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
