"""The HTML page of a run, and that of several.

What it reads of a run folder (anything missing is said on the page):

- ``manifest.json``: any object; short values become facts, ``config`` and long ones unfold.
- ``metrics.json``: as the interfaces note fixes it.
- ``catalog.jsonl`` or ``catalog.csv``, else ``items.jsonl`` or ``items.csv``: a catalogue.
- ``tasks.jsonl``: the task file's lines; an interaction may also be an object with ``item_id, kind, rating, time`` and
  ``text``.
- ``rankings.jsonl``, a line for each system and user: ``system, user_id, status, outcome``; ``trial``, if it is not the
  first time that the system was asked; ``items``, best first, each
  with ``item_id, score, by_model``; ``matches``, each with ``text`` or ``mention.text`` and ``item_id, score, reason``;
  ``warnings, seconds, usage``; ``requests``, keys of the journal; and, if wanted, that user's ``metrics`` by name.
- ``requests.jsonl``: the journal.
"""

from __future__ import annotations

from .page import write_report
from .several import write_comparison

__all__ = ["write_comparison", "write_report"]
