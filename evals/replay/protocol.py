"""How the authors of a recorded run counted: the keys under ``protocol`` in ``published.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import DataError

_KNOWN: dict[str, tuple[object, ...]] = {
    "reader": ("digit-line", "whole-text"),
    "drop_ineligible": (True, False),
    "drop_seen": (True, False),
    "duplicates": ("keep", "drop"),
    "users": ("in-truth-and-grounded", "all-responses"),
    "gain": ("2^(rating+1)-1",),
    "ideal": ("truth",),
    "metric": ("substring_hits",),
}
_READERS = {"difflib": "digit-line", "substring": "whole-text"}
"""What each matcher is given."""
_MATCHER_KEYS = {"difflib": {"kind", "cutoff"}, "substring": {"kind", "case"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """The authors' rules.

    Attributes:
        matcher: ``difflib`` takes lines that start with a digit to the nearest title; ``substring`` looks for the
            target anywhere in the answer, as the pair runs do.
        cutoff: Ratio from which on difflib takes a title.
        exact_case: Whether a substring must have the same case.
        k: Cut-off of the metrics, where the run says it.
        grounded_users_only: Only users with a target and at least one item are counted; else all responses are.
        pairs: The answers are lists of pairs; hits are counted too.
        warnings: Keys that mean nothing here.
    """

    matcher: str
    cutoff: float
    exact_case: bool
    drop_ineligible: bool
    drop_seen: bool
    duplicates: str | None
    k: int | None
    grounded_users_only: bool
    pairs: bool
    warnings: tuple[str, ...]


def parse_protocol(raw: Mapping[str, Any]) -> Protocol:
    """Checks the keys and values.

    Raises:
        DataError: If a value is not known, since another count than the authors' would come out.
    """
    if not isinstance(raw, Mapping) or not isinstance(raw.get("matcher"), Mapping):
        raise DataError(
            "published.json: protocol must be an object with a matcher, such as {'kind': 'difflib', 'cutoff': 0.6}."
        )
    for key, known in _KNOWN.items():
        if key in raw and raw[key] not in known:
            raise DataError(f"published.json: protocol.{key} is {raw[key]!r}; known are {known}.")
    matcher = raw["matcher"]
    kind = matcher.get("kind")
    if not isinstance(kind, str) or kind not in _READERS:
        raise DataError(f"published.json: protocol.matcher.kind is {kind!r}; known are {tuple(_READERS)}.")
    if raw.get("reader", _READERS[kind]) != _READERS[kind]:
        raise DataError(f"published.json: the matcher {kind} goes with protocol.reader {_READERS[kind]!r}.")
    cutoff, k, case = matcher.get("cutoff"), raw.get("k"), matcher.get("case", "exact")
    if kind == "difflib" and not (_is_number(cutoff) and 0 <= cutoff <= 1):
        raise DataError(f"published.json: protocol.matcher.cutoff is {cutoff!r}; difflib needs a number from 0 to 1.")
    if k is not None and not (_is_number(k) and float(k).is_integer() and k >= 1):
        raise DataError(f"published.json: protocol.k is {k!r}; it must be a whole number of at least 1.")
    if case not in ("exact", "ignore"):
        raise DataError(f"published.json: protocol.matcher.case is {case!r}; known are ('exact', 'ignore').")
    unknown = [key for key in raw if key not in {*_KNOWN, "matcher", "k"}]
    unknown += [f"matcher.{key}" for key in matcher if key not in _MATCHER_KEYS[kind]]
    return Protocol(
        matcher=kind,
        cutoff=float(cutoff) if kind == "difflib" else 0.0,
        exact_case=case == "exact",
        drop_ineligible=bool(raw.get("drop_ineligible", False)),
        drop_seen=bool(raw.get("drop_seen", False)),
        duplicates=raw.get("duplicates"),
        k=None if k is None else int(k),
        grounded_users_only=raw.get("users") == "in-truth-and-grounded",
        pairs="metric" in raw,
        warnings=tuple(f"published.json: protocol.{key} is not known; it is not followed." for key in unknown),
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
