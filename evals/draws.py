"""Random numbers that depend on what they are for and on nothing else."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt


def draws(count: int, *what: object) -> npt.NDArray[np.uint64]:
    """Returns independent uniform 64-bit numbers, (count,), that depend on nothing but ``what``.

    PCG64's raw stream is used, which numpy keeps the same across versions.
    """
    entropy = hashlib.blake2b(repr(what).encode(), digest_size=16).digest()
    bits = np.random.PCG64(int.from_bytes(entropy, "big"))
    return np.asarray(bits.random_raw(count), dtype=np.uint64)


def shuffled(count: int, *what: object) -> npt.NDArray[np.intp]:
    """Returns a uniformly random order of ``count`` places that depends on nothing but ``what``."""
    return np.argsort(draws(count, *what), kind="stable")


def uniforms(count: int, *what: object) -> npt.NDArray[np.float64]:
    """Returns numbers in (0, 1), (count,), that depend on nothing but ``what``."""
    return ((draws(count, *what) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
