"""JSON as the backends read and write it: quick where msgspec can, complete where only the standard library can."""

from __future__ import annotations

import json
import zlib
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
_CHECKSUM = b',"crc":"%08x"}'
_CHECKSUM_LENGTH = len(_CHECKSUM % 0)


def encode(value: Any) -> bytes:
    """Returns compact JSON.  Half a surrogate pair, which a cut title can hold, is written as an escape."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        plain = msgspec.to_builtins(value)
        return json.dumps(plain, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()


def decode(data: bytes, kind: type[T]) -> T:
    """Reads JSON into a type; NaN and Infinity, which some servers send, are read as numbers.

    Raises:
        ValueError: If the bytes are not JSON, or not of that shape.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError:
        raise
    except (ValueError, RecursionError) as error:
        return _decode_slowly(data, kind, error)


def _decode_slowly(data: bytes, kind: type[T], first: Exception) -> T:
    try:
        return msgspec.convert(json.loads(data), type=kind, str_keys=True)
    except msgspec.ValidationError:
        raise
    except (ValueError, RecursionError):
        raise ValueError(str(first)) from None


def seal(line: bytes) -> bytes:
    """Returns a JSON object (not empty) with a ``crc`` over all that stands before it."""
    body = line[:-1]
    return body + _CHECKSUM % zlib.crc32(body)


def sealed(line: bytes) -> bool:
    """Tells whether a line is whole: what its ``crc`` says is what stands before it."""
    body = line[:-_CHECKSUM_LENGTH]
    return bool(body) and line[-_CHECKSUM_LENGTH:] == _CHECKSUM % zlib.crc32(body)
