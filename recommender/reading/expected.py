"""What a prompt asked a model to write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the prompt asked the model to write.

    Attributes:
        shape: ``labels`` in text, ``titles`` in text, a ``json`` list of labels or titles, or ``pairs`` of an item of
            the history and a candidate.
        labels: Label to item id, where labels were offered.
        count: How many items were asked for.
    """

    shape: Literal["labels", "titles", "json", "pairs"]
    labels: Mapping[str, str] | None
    count: int
