"""Runs and relevance judgements as trec_eval reads them.

trec_eval leaves users out that a run has no line of: call it with ``-c``, or the mean is over fewer users than ours.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import RunError
from ..finished import Finished


def write_run(path: Path, run: Finished, system: str) -> None:
    """Writes ``user Q0 item rank score tag``: what the system itself ranked.

    Scores fall by one from place to place, so that no tie is left to trec_eval's own rule.

    Raises:
        RunError: If an id holds a blank, which the format cannot say.
    """
    tag = "-".join(system.split())
    with path.open("w", encoding="utf-8") as file:
        for row in run.rankings.rows(system, run.tasks.user_ids):
            user = _plain(row.user_id)
            for rank, item_id in enumerate(row.own if row.status != "failed" else (), start=1):
                file.write(f"{user} Q0 {_plain(item_id)} {rank} {-rank} {tag}\n")


def write_qrels(path: Path, run: Finished) -> None:
    """Writes ``user 0 item grade``: the targets, with grade 1 where they have none.

    Raises:
        RunError: If an id holds a blank, or a grade is no whole number.
    """
    with path.open("w", encoding="utf-8") as file:
        for one in run.tasks:
            for target in sorted(one.targets):
                grade = one.gains.get(target, 1.0)
                if grade != int(grade):
                    raise RunError(f"The grade {grade} of user {one.user_id!r} is no whole number, as qrels need it.")
                file.write(f"{_plain(one.user_id)} 0 {_plain(target)} {int(grade)}\n")


def _plain(name: str) -> str:
    if not name or any(mark.isspace() for mark in name):
        raise RunError(f"The id {name!r} holds a blank, which TREC files cannot say; export csv instead.")
    return name
