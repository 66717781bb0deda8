"""Everything that can be wrong with what a caller gives.

::

    RecommenderError
    ├── ConfigError      the config file: file, line and what to do
    ├── CatalogError     the catalogue file: file, line and what to do
    └── InputError       a history, candidate, filter or k

What a backend or a template does wrong keeps its own type: :class:`backends.BackendError` and
:class:`prompts.PromptError`.
"""

from __future__ import annotations


class RecommenderError(Exception):
    """Base of this layer."""


class ConfigError(RecommenderError):
    """The config cannot be used."""


class CatalogError(RecommenderError):
    """The catalogue cannot be used."""


class InputError(RecommenderError):
    """A history, candidate, filter or number of recommendations cannot be used."""
