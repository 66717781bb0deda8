"""Replays recorded answers of real models and counts them as their authors did, or by this project's own reading."""

from .replay import replay

__all__ = ["replay"]
