"""The contract in PHP: classes of rows, and a class with a method for each function of the ledger, on PDO."""

from __future__ import annotations

import re
from typing import Any

from betledger.contract.comparing import Contract
from betledger.contract.names import bare, called, camel, errors, head, row_of, rows

# What a row has of each type, and what a method takes. Integers of PHP have 64 bits.
TYPES = {
    "bigint": "int",
    "integer": "int",
    "double precision": "float",
    "boolean": "bool",
    "timestamp with time zone": "\\DateTimeImmutable",
    "jsonb": "mixed",
}
LEDGER = """
/** The functions of the ledger. Errors are \\PDOException, whose errorInfo[0] is the SQLSTATE: {errors}. */
final class Ledger
{{
    /** @param \\PDO $db with PDO::ATTR_ERRMODE as PDO::ERRMODE_EXCEPTION */
    public function __construct(private readonly \\PDO $db)
    {{
    }}

    /**
     * @param array<string, string> $types
     * @param array<string, mixed> $arguments those that are given
     * @return list<array<string, mixed>>
     */
    private function call(string $name, array $types, array $arguments): array
    {{
        $marks = array_map(fn (string $a): string => "$a => CAST(:$a AS $types[$a])", array_keys($arguments));
        $statement = $this->db->prepare("SELECT * FROM $name(" . implode(', ', $marks) . ')');
        foreach ($arguments as $a => $value) {{
            $statement->bindValue($a, Value::sent($types[$a], $value));
        }}
        $statement->execute();
        return $statement->fetchAll(\\PDO::FETCH_ASSOC);
    }}
{methods}}}
"""


def php(contract: Contract) -> str:
    """A file of classes."""
    classes = "".join(_row(row.name, row.source, row.columns) for row in rows(contract))
    methods = "".join(_method(name, function) for name, function in called(contract))
    return head("php") + classes + LEDGER.format(errors=", ".join(errors(contract)), methods=methods)


def _type(sql: str, nullable: bool) -> str:
    found = "array" if sql.endswith("[]") else TYPES.get(sql, "string")
    return ("?" if nullable and found != "mixed" else "") + found


def _row(name: str, source: str, columns: list[dict[str, Any]]) -> str:
    fields = "".join(f"        public {_type(c['type'], c['nullable'])} ${camel(c['name'])},\n" for c in columns)
    values = "".join(f"            Value::read('{c['type']}', $row['{c['name']}']),\n" for c in columns)
    return (
        f"\n/** A row of {source}. */\nfinal readonly class {name}\n{{\n    public function __construct(\n{fields}"
        "    ) {\n    }\n\n    /** @param array<string, mixed> $row */\n"
        "    public static function of(array $row): self\n    {\n"
        f"        return new self(\n{values}        );\n    }}\n}}\n"
    )


def _default(argument: dict[str, Any]) -> str:
    default = argument.get("default")
    if default is None:
        return ""
    return f" = {default}" if re.fullmatch(r"-?\d+|true|false", default) else " = null"


def _method(name: str, function: dict[str, Any]) -> str:
    returns, row = function.get("returns"), row_of(name, function)
    listed, given = "", ""
    for a in function["arguments"]:
        # A default that PHP cannot say is that of the ledger: the argument is left out.
        default = _default(a)
        left_out = default == " = null" and not a["default"].startswith("NULL::")
        variable = f"${camel(bare(a['name']))}"
        listed += f"        {_type(a['type'], a['nullable'] or left_out)} {variable}{default},\n"
        value = f"['{a['name']}' => {variable}]"
        given += f"            + ({variable} === null ? [] : {value})\n" if left_out else f"            + {value}\n"
    types = ", ".join(f"'{a['name']}' => '{a['type']}'" for a in function["arguments"])
    said = f"$this->call('{name}', [{types}], []\n{given}        )"
    if returns is None:
        gives, note, body = "void", "", f"{said};"
    elif row is None:
        one, read = _type(returns["type"], False), f"Value::read('{returns['type']}', $row['{bare(name)}'])"
        values = f"array_map(fn (array $row): {one} => {read}, {said})"
        if returns["set"]:
            gives, note, body = "array", f"\n     * @return list<{one}>", f"return {values};"
        else:
            gives, note, body = one, "", f"return {values}[0];"
    elif returns["set"]:
        gives, note, body = "array", f"\n     * @return list<{row}>", f"return array_map({row}::of(...), {said});"
    else:
        gives, note, body = row, "", f"return {row}::of({said}[0]);"
    comment = function["comment"].replace("*/", "* /")
    return (
        f"\n    /**\n     * {comment}{note}\n     */\n    public function {camel(name)}(\n{listed}    ): {gives} {{\n"
        f"        {body}\n    }}\n"
    )
