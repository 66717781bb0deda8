"""Tables of Markdown: the cells of the column that holds the titles."""

from __future__ import annotations

import re

_ROW = re.compile(r"(?m)^[ \t]{0,20}\|(.*)\|[ \t]*$")
_CELL = re.compile(r"[^|]+")
_RULE = re.compile(r"[\s:|-]*")
_HEADING = re.compile(
    r"(?i)\b(?:title|name|item|movie|film|book|game|product|song|album|artist|show|recommend\w*)\b|标题|名"
)
_LETTER = re.compile(r"[^\W\d_]")
Span = tuple[int, int]


def table_cells(text: str) -> list[Span]:
    """Returns the cells of one column of a table: the one whose heading says title, else the first that holds words."""
    rows = [[cell.span() for cell in _CELL.finditer(text, *row.span(1))] for row in _ROW.finditer(text)]
    if len(rows) < 3 or not (rows[0] and rows[1]) or _RULE.fullmatch(text, rows[1][0][0], rows[1][-1][1]) is None:
        return []
    headings = [text[slice(*cell)] for cell in rows[0]]
    named = (at for at, heading in enumerate(headings) if _HEADING.search(heading))
    worded = (at for at, cell in enumerate(rows[2]) if _LETTER.search(text, *cell))
    column = next(named, next(worded, 0))
    return [row[column] for row in rows[2:] if column < len(row)]
