"""Splits: whose interactions are held out, and what may be learned from the rest.  One file each."""

from backends import Registry

from .base import HeldOut, Split, SplitKind, SplitOptions

SPLITS = Registry(noun="split", package="evals.splits", attribute="SPLIT", group="promptrec.splits")

__all__ = ["SPLITS", "HeldOut", "Split", "SplitKind", "SplitOptions"]
