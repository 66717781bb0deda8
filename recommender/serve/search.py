"""Items by what somebody has typed so far."""

from __future__ import annotations

from ..catalog import Catalog
from ..types import Item

_MOST = 20


def search(catalog: Catalog | None, typed: str) -> list[Item]:
    """Returns at most 20 items whose title holds the text, those that begin with it first; case is ignored."""
    wanted = typed.strip().casefold()
    begin: list[Item] = []
    within: list[Item] = []
    for item in catalog or ():
        title = item.title.casefold()
        if title.startswith(wanted):
            begin.append(item)
            if len(begin) == _MOST:
                break
        elif len(within) < _MOST and wanted in title:
            within.append(item)
    return [*begin, *within][:_MOST]
