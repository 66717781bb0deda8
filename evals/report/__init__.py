"""The HTML page of a run."""

from __future__ import annotations

from .page import write_report

__all__ = ["write_report"]
