"""A picture of one run: bars of each workload beside each other, as an SVG that is legible on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from results import Results

WIDTH, LEFT, RIGHT = 860, 16, 132
BAR, GAP, HEAD, TOP = 15, 3, 24, 54
# Okabe and Ito's colours, which people who see fewer colours tell apart.
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 14px } .head { font-weight: 600 } .small { fill: #59636e }
  .floor { fill: #b0b7bf } .textbook { fill: #e69f00 } .betledger { fill: #0072b2 } .message-db { fill: #009e73 } .pgledger { fill: #cc79a7 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9da7b1 } .floor { fill: #6e7781 } .betledger { fill: #56b4e9 }
  }
"""


def draw(results: Results, workloads: Sequence[str], says: Mapping[str, str], targets: Sequence[str]) -> str | None:
    """The picture, or None when no workload was measured by two targets or more. Bars are as long as the share of the longest."""
    groups = {}
    for workload in workloads:
        values = {t: v for t in targets if (v := results.value(workload, t)) is not None}
        if len(values) > 1:
            groups[workload] = values
    if not groups:
        return None
    about = results.about
    shapes = [
        _text(
            LEFT,
            22,
            f"betledger {about['betledger']} beside others, PostgreSQL {about['postgresql']}, {about['measured']}",
            "title",
        ),
        _text(
            LEFT, 40, f"{about['cpu']}, {about['cores']} cores; medians of one run, a second; longer is better", "small"
        ),
    ]
    y = TOP
    for workload, values in groups.items():
        y += HEAD
        shapes.append(_text(LEFT, y - 6, says[workload].replace("`", ""), "head"))
        longest = max(values.values())
        for target, value in values.items():
            width = max((WIDTH - LEFT - RIGHT) * value / longest, 1)
            shapes.append(f'<rect class="{target}" x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>')
            shapes.append(_text(LEFT + width + 6, y + BAR - 3, f"{target} {value:,.0f}"))
            y += BAR + GAP
    height = y + 14
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
            f"<title>Throughput of betledger and of others on {len(groups)} workloads</title>",
            f"<style>{STYLE}</style>",
            *shapes,
            "</svg>\n",
        ]
    )


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x:.1f}" y="{y}">{escape(words)}</text>'
