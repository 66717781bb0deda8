"""Loads Keras on JAX, at the first use and not before."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import SpecError

Rows = npt.NDArray[np.int32]


def load_keras(seed: int) -> Any:
    """Returns the module ``keras``, seeded.  ``KERAS_BACKEND`` chooses another backend than JAX.

    Raises:
        SpecError: If it is missing.
    """
    os.environ.setdefault("KERAS_BACKEND", "jax")  # Keras reads it when it is imported
    try:
        import keras
    except ImportError:
        raise SpecError("The neural baselines need Keras and JAX; run pip install 'promptrec[neural]'.") from None
    keras.utils.set_random_seed(seed % 2**32)
    return keras


def padded(rows: Sequence[Sequence[int]], length: int, *, left: bool) -> Rows:
    """Returns the last ``length`` numbers of each row, (rows, length), with zeros on one side."""
    found = np.zeros((len(rows), length), dtype=np.int32)
    for at, row in enumerate(rows):
        kept = row[-length:]
        start = length - len(kept) if left else 0
        found[at, start : start + len(kept)] = kept
    return found


def batches(rows: Rows, size: int) -> Iterator[tuple[Rows, int]]:
    """Yields batches of exactly ``size`` rows, so that nothing is compiled twice, and how many of them count."""
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        filled = np.zeros((size, rows.shape[1]), dtype=rows.dtype)
        filled[: len(part)] = part
        yield filled, len(part)
