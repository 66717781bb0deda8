"""Everything that can go wrong with a template.

::

    PromptError
    ├── TemplateNotFound     no template of that name, or none in that language
    ├── TemplateInvalid      front matter, syntax, or something that templates may not do
    └── RenderError          the values do not suit the template
        ├── MissingValue         a value that the template needs was not given
        └── PromptTooLong        more text than allowed, or than the model's context holds

Messages name the file and, where one is known, the line.  They never hold titles, histories or other values.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PromptError(Exception):
    """Base of this layer."""


class TemplateNotFound(PromptError):
    """There is no template of that name, or none in that language."""


class TemplateInvalid(PromptError):
    """A template file cannot be used."""


class RenderError(PromptError):
    """A template and the values that it was given do not suit each other."""


class MissingValue(RenderError):
    """A value that the template needs was not given."""


class PromptTooLong(RenderError):
    """A prompt is longer than allowed."""


def near(name: str, known: Iterable[str]) -> str:
    """Returns `` Did you mean 'x'?`` for the nearest known name, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""
