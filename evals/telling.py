"""How the commands tell what they find: sentences on the standard error, and figures as JSON (``--json``)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from recommender import printable

STANDARD_OUTPUT = Path("-")
FROM_0, FROM_1 = Number(gte=0), Number(gte=1)
"""Validators of seeds and of counts."""


def _named(_: Any, file: Path | None) -> None:
    if file is not None and str(file).startswith("--"):
        raise ValueError("say which file, or - to print")


Figures = Annotated[
    Path | None,
    Parameter(
        name="--json",
        allow_leading_hyphen=True,
        validator=_named,
        help="Write the figures to this file; - prints them.",
    ),
]


def say(text: str) -> None:
    """Writes a line to the standard error, which may hold text from outside."""
    sys.stderr.write(f"{printable(text)}\n")


def write_figures(figures: Mapping[str, Any], target: Path | None) -> bool:
    """Writes figures as JSON where it is asked for; says whether that was the standard output.

    Raises:
        backends.StorageError: If the file cannot be written.
    """
    from .writing import json_text, write_json

    if target == STANDARD_OUTPUT:
        sys.stdout.write(f"{json_text(figures).decode()}\n")
        return True
    if target is not None:
        write_json(target, figures)
    return False
