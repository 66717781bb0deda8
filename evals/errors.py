"""Everything that can be wrong with what an evaluation is given.

::

    EvalError
    ├── SpecError       an eval spec or a command's arguments
    ├── DataError       a dataset or task file: file, line and what to do
    └── RunError        a run folder: another run is in it, or it cannot be read
"""

from __future__ import annotations


class EvalError(Exception):
    """Base of this layer."""


class SpecError(EvalError):
    """The spec or the arguments cannot be used."""


class DataError(EvalError):
    """A dataset or a task file cannot be used."""


class RunError(EvalError):
    """A run folder cannot be used."""
