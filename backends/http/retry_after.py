"""When a server wants to be asked again."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Returns the seconds to wait, or None where the server says nothing that can be understood.

    ``retry-after-ms`` (milliseconds) is finer than ``Retry-After`` (seconds or an HTTP date) and wins.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    return seconds if seconds is not None else _date(value)


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _date(value: str | None) -> float | None:
    try:
        moment = parsedate_to_datetime(value) if value else None
        return max(0.0, moment.timestamp() - time.time()) if moment is not None else None
    except (ValueError, TypeError, OverflowError, OSError):
        return None
