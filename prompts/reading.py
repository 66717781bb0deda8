"""Bounds the time of rendering: all that a template goes through is counted, whether it is printed or not.

The cap on what a template writes does not stop one that writes little: a loop with nothing in it, or a long text cut to
one letter again and again.
"""

from __future__ import annotations

from .errors import PromptTooLong

MOST_READ = 20_000_000
"""Characters and elements that rendering one prompt may go through."""
READING = "_reading"
"""Name of the count among a template's values, and of the filter that counts."""


class Reading:
    """How much one rendering may still go through."""

    __slots__ = ("left",)

    def __init__(self, most: int) -> None:
        self.left = most

    def spend(self, count: int) -> None:
        """Raises PromptTooLong once all is spent."""
        self.left -= count
        if self.left < 0:
            raise PromptTooLong("the template goes through more characters and elements than a prompt may take")
