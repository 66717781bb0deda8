"""``evals export``: a finished run in the formats of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, get_args

from ..errors import SpecError
from ..finished import Finished, open_finished
from ..writing import replacing
from .latex import write_latex
from .rows import Rows, ranking_rows, result_rows, user_rows
from .tables import write_csv, write_json, write_parquet
from .trec import write_qrels, write_run

Format = Literal["trec", "qrels", "csv", "parquet", "json", "latex"]
What = Literal["results", "users", "rankings"]

__all__ = ["Format", "What", "export"]


def export(folder: Path, *, format: Format, out: Path, what: What | None = None, system: str | None = None) -> None:  # noqa: A002
    """Writes a run, or a part of it, into a file.

    Args:
        folder: A finished run folder.
        format: ``trec`` is a system's run and ``qrels`` the targets, as trec_eval reads them; ``latex`` is the table
            for a paper; ``csv``, ``parquet`` and ``json`` hold what ``what`` says.
        out: The file; it is replaced.
        what: ``results``: a row for each system and metric; ``users``: for each system and user, with the values of the
            metrics; ``rankings``: for each system, user and place.
        system: The system of a ``trec`` run; may be left out where there is one.

    Raises:
        RunError: If the folder holds no finished run.
        SpecError: If the arguments do not go together.
        backends.StorageError: If the file cannot be written.
    """
    if format not in get_args(Format):
        raise SpecError(f"There is no format {format!r}; known: {', '.join(get_args(Format))}.")
    tables: Mapping[str, Callable[[Path, Rows], None]] = {
        "csv": write_csv,
        "parquet": write_parquet,
        "json": write_json,
    }
    if what is not None and format not in tables:
        raise SpecError(f"`what` goes with csv, parquet and json; {format} holds one thing alone.")
    with open_finished(folder) as run, replacing(out) as part:
        match format:
            case "trec":
                write_run(part, run, _one(run, system))
            case "qrels":
                write_qrels(part, run)
            case "latex":
                write_latex(part, run.document)
            case _:
                tables[format](part, _rows(run, what or "results"))


def _rows(run: Finished, what: What) -> Rows:
    kinds: Mapping[str, Callable[[Finished], Rows]] = {
        "results": result_rows,
        "users": user_rows,
        "rankings": ranking_rows,
    }
    if what not in kinds:
        raise SpecError(f"There is no table {what!r}; known: {', '.join(kinds)}.")
    return kinds[what](run)


def _one(run: Finished, system: str | None) -> str:
    if system is None and len(run.systems) == 1:
        return run.systems[0]
    if system not in run.systems:
        said = f"There is no system {system!r}. " if system is not None else ""
        raise SpecError(f"{said}Say which system with --system: {', '.join(run.systems)}.")
    return system
