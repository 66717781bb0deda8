"""Candidate policies: who chooses what has to be ordered.  One file each."""

from backends import Registry

from .base import CandidatePolicy, Ground, Picker

CANDIDATES = Registry(
    noun="candidate policy", package="evals.candidates", attribute="CANDIDATES", group="promptrec.candidates"
)

__all__ = ["CANDIDATES", "CandidatePolicy", "Ground", "Picker"]
