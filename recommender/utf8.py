"""JSON that anybody can read, whatever a model wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

_HALF = re.compile("[\ud800-\udfff]")


def utf8_json(value: Any) -> bytes:
    """Returns compact JSON in UTF-8, with U+FFFD for half a surrogate pair.

    An answer can hold one, as where a server cuts it within a character; it is no character, and UTF-8 cannot say it.
    """
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_whole(msgspec.to_builtins(value)))


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {_whole(name): _whole(inner) for name, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list | tuple) else value
