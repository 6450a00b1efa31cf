# SPDX-License-Identifier: GPL-2.0-or-later
"""A page of text and tables in HTML: everything escaped, nothing fetched, readable in print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from streetsafe_plugin.gis.text_gate import as_html

_STYLE = """
body { font: 15px/1.45 "Segoe UI", "Noto Sans", sans-serif; color: #1b1b1b; max-width: 62em;
       margin: 2em auto; padding: 0 1.5em; }
h1 { font-size: 1.6em; margin-bottom: .2em; } h2 { font-size: 1.15em; margin-top: 1.8em; }
p.lead { font-size: 1.1em; } p.small { color: #555; font-size: .85em; margin: .3em 0; }
p.caution { border-left: 4px solid #b35900; padding-left: .8em; }
table { border-collapse: collapse; margin: .8em 0; font-size: .92em; }
th, td { padding: .3em .8em; border-bottom: 1px solid #d5d5d5; text-align: right; }
th { vertical-align: bottom; border-bottom: 2px solid #444; }
th:first-child, td:first-child { text-align: left; }
tr.total td { font-weight: 600; border-top: 2px solid #444; }
table.bars { width: 48em; } table.bars td:last-child { width: 260px; }
table.bars th { white-space: nowrap; } table.bars td:first-child { width: 11em; }
table.bars td { padding-top: .15em; padding-bottom: .15em; white-space: nowrap; }
table.bars svg { display: block; } .bar { fill: #2f6690; }
.mark { stroke: #b35900; stroke-width: 2; } .halo { stroke: #fff; stroke-width: 4; }
table.heat { font-size: .8em; border-spacing: 1px; border-collapse: separate; }
table.heat th { padding: .2em .35em; border: 0; text-align: center; font-weight: 600; }
table.heat td { padding: .25em .35em; border: 0; text-align: center; min-width: 1.7em; }
table.heat th:first-child { text-align: left; }
table.heat td { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
@media print { body { margin: 0; } h2 { break-after: avoid; } tr { break-inside: avoid; } }
"""

_BAR_WIDTH, _BAR_HEIGHT = 260, 14
#: The lightest and darkest ground of a cell, and from which share of the highest its text is white.
_PALE, _DEEP = (0xF4, 0xF6, 0xF8), (0x1D, 0x3F, 0x5E)
_WHITE_TEXT_FROM = 0.66


@dataclass(frozen=True)
class Bar:
    """A row of a table that ends in a bar: its texts, the bar's length, and where a mark stands."""

    cells: Sequence[str]
    length: float
    mark: float


class Page:
    """A page that is put together from top to bottom."""

    def __init__(self, title: str) -> None:
        """Begin with the title."""
        self._title = as_html(title)
        self._parts: list[str] = []

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._parts.append(f"<h2>{as_html(text)}</h2>")

    def paragraph(self, text: str, kind: str = "") -> None:
        """Add a paragraph; `kind` may be lead, small or caution."""
        look = f' class="{kind}"' if kind else ""
        self._parts.append(f"<p{look}>{as_html(text)}</p>")

    def table(
        self, head: Sequence[str], rows: Iterable[Sequence[str]], last_is_total: bool = False
    ) -> None:
        """Add a table of texts."""
        body = list(rows)
        lines = [f"<tr>{''.join(f'<th>{as_html(cell)}</th>' for cell in head)}</tr>"]
        for number, row in enumerate(body, start=1):
            look = ' class="total"' if last_is_total and number == len(body) else ""
            cells = "".join(f"<td>{as_html(cell)}</td>" for cell in row)
            lines.append(f"<tr{look}>{cells}</tr>")
        self._parts.append("<table>\n" + "\n".join(lines) + "\n</table>")

    def bars(self, head: Sequence[str], rows: Sequence[Bar]) -> None:
        """Add a table whose last column, for which `head` has a text too, is a bar in each row.

        The longest bar or furthest mark fills the column. What a bar shows should stand in a cell
        as well, since not everybody sees it.
        """
        furthest = max((max(row.length, row.mark) for row in rows), default=0.0) or 1.0
        lines = [_head(head)]
        for row in rows:
            cells = "".join(f"<td>{as_html(cell)}</td>" for cell in row.cells)
            lines.append(f"<tr>{cells}<td>{_bar(row, furthest)}</td></tr>")
        self._parts.append('<table class="bars">\n' + "\n".join(lines) + "\n</table>")

    def heat(
        self, head: Sequence[str], names: Sequence[str], counts: Sequence[Sequence[int]]
    ) -> None:
        """Add a table of counts, a row a name, on a ground that is darker the more there are."""
        highest = max((max(row, default=0) for row in counts), default=0) or 1
        lines = [_head(head)]
        for name, row in zip(names, counts):
            cells = "".join(_heat_cell(count, count / highest) for count in row)
            lines.append(f'<tr><th scope="row">{as_html(name)}</th>{cells}</tr>')
        self._parts.append('<table class="heat">\n' + "\n".join(lines) + "\n</table>")

    def html(self) -> str:
        """Return the whole page."""
        body = "\n".join(self._parts)
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f"<title>{self._title}</title>\n<style>{_STYLE}</style>\n</head>\n"
            f"<body>\n<h1>{self._title}</h1>\n{body}\n</body>\n</html>\n"
        )


def _head(cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f'<th scope="col">{as_html(cell)}</th>' for cell in cells) + "</tr>"


def _bar(row: Bar, furthest: float) -> str:
    scale = (_BAR_WIDTH - 2) / furthest
    length, mark = row.length * scale, row.mark * scale + 1
    line = f"M{mark:.1f} 0V{_BAR_HEIGHT}"
    return (
        f'<svg width="{_BAR_WIDTH}" height="{_BAR_HEIGHT}" aria-hidden="true">'
        f'<rect class="bar" y="2" width="{length:.1f}" height="{_BAR_HEIGHT - 4}"/>'
        f'<path class="halo" d="{line}"/><path class="mark" d="{line}"/></svg>'
    )


def _heat_cell(count: int, share: float) -> str:
    ground = "".join(
        f"{round(pale + (deep - pale) * share):02x}" for pale, deep in zip(_PALE, _DEEP)
    )
    text = "#fff" if share >= _WHITE_TEXT_FROM else "#1b1b1b"
    return f'<td style="background:#{ground};color:{text}">{count:,}</td>'
