"""Published attacks by name, one file each."""

from backends import Registry

from ._neutral import neutral
from .base import About, Attack

ATTACKS = Registry(noun="attack", package="evals.attacks", attribute="ATTACK", group="promptrec.attacks")

__all__ = ["ATTACKS", "About", "Attack", "neutral"]
