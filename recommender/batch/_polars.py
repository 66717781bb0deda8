"""Polars, or what to install."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import ConfigError


def polars() -> Any:
    """Imports polars.

    Raises:
        ConfigError: If it is not installed.
    """
    try:
        return importlib.import_module("polars")
    except ImportError:
        raise ConfigError("polars is not installed; install it: pip install 'promptrec[batch]'.") from None
