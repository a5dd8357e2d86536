"""What a run leaves: tables in the terminal, a file of JSON, and the tables and the picture of docs/performance.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import picture
from latency import ALONE, BESIDE, PERCENTILES, SHARE
from measuring import FailedError
from results import Bar, Results
from single_events import LARGE
from workloads import WORKLOADS

TARGETS = ("floor", "textbook", "betledger", "message-db", "pgledger")
SAYS = {workload.name: workload.says for workload in WORKLOADS} | {
    "bulk_spread": "COPY of whole lives of bets, events a second",
    "cost_place": "a new bet",
    "cost_tie": "placed, and confirmed in the same millisecond",
    "cost_life": "placed, confirmed, settled",
}
NOT_MEASURED = "Not measured in this run."


def verdict(results: Results, bar: Bar) -> tuple[str, str]:
    """The ratio of a bar as text, and whether it holds."""
    failed = {(f.workload, f.side) for f in results.failures} & {
        (bar.workload, bar.ours),
        (bar.workload, bar.theirs or ""),
    }
    if failed:
        return "-", "failed"
    ratio = results.ratio(bar.workload, bar.ours, bar.theirs)
    if ratio is None:
        return "-", "not measured"
    return f"{ratio:,.0f}" if bar.theirs is None else f"{ratio:.2f}", "ok" if bar.holds(ratio) else "short"


def print_bars(results: Results, bars: Sequence[Bar]) -> None:
    """The ratios that there are, with their bars."""
    print()
    print(f"{'':6}{'ratio':>8}{'bar':>8}{'goal':>8}")
    for bar in bars:
        ratio, mark = verdict(results, bar)
        if mark != "not measured":
            print(f"{mark.upper() if mark != 'ok' else mark:6}{ratio:>8}{bar.bar:8g}{bar.goal:8g}  {bar.says}")
    for failure in results.failures:
        print(f"FAILED {failure.workload}, {failure.side}: {failure.message}")


def write_json(results: Results, bars: Sequence[Bar], file: Path) -> None:
    """Every figure of every round, and the ratios."""
    ratios = [
        {"says": bar.says, "ratio": results.ratio(bar.workload, bar.ours, bar.theirs), "bar": bar.bar, "goal": bar.goal}
        for bar in bars
    ]
    file.write_text(json.dumps(results.as_json() | {"ratios": ratios}, indent=1) + "\n")


def write_page(results: Results, bars: Sequence[Bar], folder: Path) -> None:
    """Put the tables of this run between the marks of performance.md, and draw the picture beside it.

    A run on a cluster has a part of its own, and leaves those of a server alone; and the other way round.
    """
    page = folder / "performance.md"
    text = page.read_text()
    if "citus" in results.options:
        made = {"cluster": "\n\n".join([machine_table(results), cluster_table(results), bars_table(results, bars)])}
    else:
        made = {
            "machine": machine_table(results),
            "throughput": throughput_table(results),
            "single events": single_table(results),
            "bulk": bulk_table(results),
            "latency": latency_table(results),
            "bars": bars_table(results, bars),
        }
    for name, tables in made.items():
        begin, end = f"<!-- figures: {name} -->", f"<!-- end of {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise FailedError(f"{page} has no place for figures: a line {begin} and a line {end}")
        text = f"{before}{begin}\n\n{tables}\n\n{end}{after}"
    page.write_text(text)
    if drawn := picture.draw(results, [w for w in SAYS if not w.startswith("cost")], SAYS, TARGETS):
        (folder / "performance.svg").write_text(drawn)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown; the first column is text, the others are numbers."""
    if not rows:
        return NOT_MEASURED
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def shown(value: float | None) -> str:
    """A figure with as many digits as it deserves."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def machine_table(results: Results) -> str:
    """What it was measured on."""
    about = results.about
    if not about:
        return NOT_MEASURED
    settings = ", ".join(f"`{name}` {value}" for name, value in about["settings"].items())
    options = ", ".join(
        f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}"
        for name, value in results.options.items()
        if value and name != "citus"
    )
    return "\n".join(
        [
            "| | |",
            "| --- | --- |",
            f"| measured | {about['measured']}, betledger {about['betledger']} |",
            f"| server | PostgreSQL {about['postgresql']} |",
            f"| machine | {about['cpu']}, {about['cores']} cores shared with pgbench, {about['memory']}, {about['system']} |",
            f"| settings | {settings} |",
            f"| run | {options} |",
        ]
    )


def throughput_table(results: Results) -> str:
    """Every workload by every target, a second."""
    names = [name for name in SAYS if not name.startswith("cost") and name not in ("roles", "one_tenant")]
    rows = [
        [f"`{name}`: {SAYS[name]}", *(shown(results.value(name, target)) for target in TARGETS)]
        for name in names
        if results.sides(name)
    ]
    return table(["a second", *TARGETS], rows)


def single_table(results: Results) -> str:
    """Microseconds of one event in the server."""
    sides = ("floor", "textbook", "betledger", LARGE)
    events = results.options.get("events") or 0
    rows = [
        [SAYS[name], *(shown(results.value(name, side)) for side in sides)]
        for name in SAYS
        if name.startswith("cost") and results.sides(name)
    ]
    return table(["microseconds", *sides[:-1], f"betledger with {events:,} events"], rows)


def bulk_table(results: Results) -> str:
    """Statements of many events."""
    rows = []
    for workload, says in (
        ("later_events", "one INSERT ... SELECT"),
        ("purge", "expired keys taken out"),
        ("rebuild", "read tables folded from nothing; the floor is a COPY of the events"),
    ):
        memory = {"later_events": "later_memory", "rebuild": "rebuild_memory"}.get(workload, "")
        rows += [
            [
                f"{says}: {side}",
                f"{shown(results.value(workload, side))} {results.unit(workload)}",
                shown(results.value(memory, side)),
            ]
            for side in results.sides(workload)
        ]
    return table(["", "a second", "memory of the backend, MB"], rows)


def latency_table(results: Results) -> str:
    """Percentiles at 70 % load."""
    rows = [
        [
            f"`place_bet` {side}",
            shown(results.value("latency_sent", side)),
            *(f"{results.value(f'latency_p{share}', side):.2f}" for share in PERCENTILES),
        ]
        for side in (ALONE, *BESIDE)
        if results.value("latency_p99", side) is not None
    ]
    most = results.value("latency_most", "betledger")
    return table(
        [f"at {SHARE:.0%} of {shown(most)} a second", "sent a second", *(f"p{share}, ms" for share in PERCENTILES)],
        rows,
    )


def cluster_table(results: Results) -> str:
    """The figures of a cluster."""
    names = dict.fromkeys(f.workload for f in results.figures if f.workload.startswith("citus"))
    rows = [
        [f"`{name}`, {results.unit(name)}", *(shown(results.value(name, side)) for side in ("floor", "betledger"))]
        for name in names
    ]
    return table(["Citus, three nodes", "bare distributed table", "betledger"], rows)


def bars_table(results: Results, bars: Sequence[Bar]) -> str:
    """The ratios, with what they have to be."""
    rows = []
    for bar in bars:
        ratio, mark = verdict(results, bar)
        if mark != "not measured":
            rows.append([bar.says, ratio, f"{'≤ ' if bar.most else ''}{bar.bar:g}", f"{bar.goal:g}", mark])
    return table(["ratio", "measured", "bar", "goal", ""], rows)
