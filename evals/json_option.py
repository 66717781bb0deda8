"""The option ``--json`` of the commands that tell figures."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

STANDARD_OUTPUT = Path("-")


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


def write_figures(figures: Mapping[str, Any], target: Path | None) -> bool:
    """Writes figures as JSON where it is asked for; says whether that was the standard output.

    Raises:
        OSError: If the file cannot be written.
    """
    text = json.dumps(figures, ensure_ascii=False, indent=1) + "\n"
    if target == STANDARD_OUTPUT:
        sys.stdout.write(text)
    elif target is not None:
        target.write_text(text, "utf-8")
    return target == STANDARD_OUTPUT
