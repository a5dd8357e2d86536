"""Boxes, arrows and words of an SVG that reads in light and in dark."""

from __future__ import annotations

from html import escape

HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>{title}</title>
<style>
  text {{ font: 13px system-ui, sans-serif; fill: #1f2328 }}
  .name, .key {{ font-weight: 600 }} .key {{ text-decoration: underline }}
  .small {{ font-size: 12px; fill: #59636e }} .middle {{ text-anchor: middle }} .end {{ text-anchor: end }}
  rect {{ stroke: #8c959f; fill: #f6f8fa }} .frame {{ fill: none; stroke-dasharray: 5 4 }}
  .event {{ fill: #fff3d6; stroke: #b08800 }} .table {{ fill: #e1ebff; stroke: #4d6cc1 }}
  .code {{ fill: #ddf4e4; stroke: #2c8a4a }} .wall {{ fill: #ffe3e0; stroke: #c4453a }}
  path {{ fill: none; stroke: #59636e; stroke-width: 1.5 }} marker path {{ fill: #59636e; stroke: none }}
  @media (prefers-color-scheme: dark) {{
    text {{ fill: #e6edf3 }} .small {{ fill: #9da7b1 }} path {{ stroke: #9da7b1 }} marker path {{ fill: #9da7b1 }}
    rect {{ stroke: #6e7781; fill: #24292f }} .frame {{ fill: none }}
    .event {{ fill: #3b2f0b; stroke: #c69026 }} .table {{ fill: #1b2a4a; stroke: #6d8fe0 }}
    .code {{ fill: #14321f; stroke: #4cb06c }} .wall {{ fill: #4a1f1b; stroke: #e5736a }}
  }}
</style>
<defs>
<marker id="end" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">\
<path d="M0 0 10 5 0 10z"/></marker>
</defs>
"""


class Drawing:
    """A picture that grows by what is drawn into it."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self._parts = [HEAD.format(width=width, height=height, title=escape(title))]

    def box(self, x: int, y: int, width: int, height: int, *lines: str, kind: str = "") -> None:
        """A box with lines of words in its middle; the first is its name."""
        self._parts.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="4"/>\n')
        top = y + height / 2 - 8 * (len(lines) - 1) + 4
        for n, line in enumerate(lines):
            self.words(x + width // 2, round(top + 16 * n), line, f"middle {'small' if n else 'name'}")

    def frame(self, x: int, y: int, width: int, height: int, words: str) -> None:
        """What holds other things, with words at its top."""
        self._parts.append(f'<rect class="frame" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>\n')
        self.words(x + 10, y + 17, words, "small")

    def words(self, x: int, y: int, words: str, kind: str = "") -> None:
        """Words that begin at x, or have it in their middle."""
        self._parts.append(f'<text class="{kind}" x="{x}" y="{y}">{escape(words)}</text>\n')

    def arrow(self, *points: int) -> None:
        """From one point over others to the last: x and y of each."""
        pairs = " ".join(str(point) for point in points)
        self._parts.append(f'<path d="M{pairs}" marker-end="url(#end)"/>\n')

    def svg(self) -> str:
        """The text of the picture."""
        return "".join([*self._parts, "</svg>\n"])
