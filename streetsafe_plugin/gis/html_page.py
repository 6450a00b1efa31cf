# SPDX-License-Identifier: GPL-2.0-or-later
"""A page of text and tables in HTML: everything escaped, nothing fetched, readable in print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
@media print { body { margin: 0; } h2 { break-after: avoid; } tr { break-inside: avoid; } }
"""


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

    def html(self) -> str:
        """Return the whole page."""
        body = "\n".join(self._parts)
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f"<title>{self._title}</title>\n<style>{_STYLE}</style>\n</head>\n"
            f"<body>\n<h1>{self._title}</h1>\n{body}\n</body>\n</html>\n"
        )
