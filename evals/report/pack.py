"""Packs data into the page: JSON, gzip, base64.  Base64 holds no ``<``, so nothing in it can end a script element."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import msgspec

LEVEL = 6


def pack(value: Any) -> str:
    """Returns JSON as base64 of gzip, the same bytes for the same value."""
    data = _plain_json(value)
    return base64.b64encode(gzip.compress(data, compresslevel=LEVEL, mtime=0)).decode()


def _plain_json(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:  # half a surrogate pair, which a cut title can hold
        return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()
