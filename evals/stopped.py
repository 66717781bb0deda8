"""Systems that a fatal error stopped while the others of the run went on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from backends import BackendError, Usage

from .rankings import Rankings
from .systems import Trial


def stopped_rows(
    errors: Mapping[str, BackendError],
    trials: Mapping[str, Sequence[Trial]],
    rankings: Rankings,
    lost: Mapping[str, Usage],
    users: int,
) -> dict[str, Any]:
    """How far each system came, by its name: ``reason, message, rankings, of, usage``.

    The usage is that of the rankings and of the requests that ended in a fatal error.  Other answers to a user who has
    no ranking yet are kept in the journal, and count when the run goes on.

    Args:
        errors: What stopped each system.
        trials: Those that each system was to be asked.
        rankings: Of the run folder.
        lost: What each system spent on requests that ended in a fatal error.
        users: Of the run.
    """
    return {
        name: {
            "reason": error.reason,
            "message": str(error),
            "rankings": sum(len(rankings.done(name, trial.name)) for trial in trials[name]),
            "of": users * len(trials[name]),
            "usage": asdict(rankings.spent_by(name) + lost.get(name, Usage())),
        }
        for name, error in errors.items()
    }


def notices(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What should be said beside the table, a sentence for each system."""
    return [
        f"{name} was stopped after {row['rankings']:,} of {row['of']:,} rankings and has no row: "
        f"{_sentence(row['message'])} Start the same run again and it goes on."
        for name, row in rows.items()
    ]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."
