"""Candidate policies: who chooses what has to be ordered.  One file each."""

from backends import Registry

from ._later import Later
from .base import CandidatePolicy, Ground, Picker

CANDIDATES = Registry(
    noun="candidate policy", package="evals.candidates", attribute="CANDIDATES", group="promptrec.candidates"
)

__all__ = ["CANDIDATES", "CandidatePolicy", "Ground", "Later", "Picker"]
