"""What makes a recommender the one it is, so that a broken-off run is gone on with by the same one alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .recommender import Recommender

_SPEED = ("concurrency", "attempt_timeout", "deadline", "max_attempts", "requests_per_minute", "tokens_per_minute")
_PLACES = ("catalog", "cache", "templates", "budget")


def public_config(rec: Recommender) -> dict[str, Any]:
    """The config as resolved.  Headers may hold keys, so their values are left out."""
    config = rec.config.model_dump(mode="json")
    if "headers" in config["backend"]:
        config["backend"]["headers"] = dict.fromkeys(config["backend"]["headers"], "***")
    return config


def answering_identity(rec: Recommender) -> Mapping[str, Any]:
    """Strategy, template and config, without what changes no answer: where files lie and how fast is asked.

    The file of demonstrations enters by its content.
    """
    config = {key: value for key, value in public_config(rec).items() if key not in _PLACES}
    config["backend"] = {key: value for key, value in config["backend"].items() if key not in _SPEED}
    config["strategy"] = _by_content(config["strategy"], rec.config.folder)
    return {"strategy": rec.strategy_name, "template": rec.template_id, "config": config}


def _by_content(options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A strategy's options, and those of its parts, with the hash of the file of other people for its place."""
    found: dict[str, Any] = {}
    for key, value in options.items():
        if key == "demonstrations" and value and value.get("file"):
            content = (folder / value["file"]).read_bytes()
            found[key] = {**value, "file": f"sha256:{hashlib.sha256(content).hexdigest()}"}
        else:
            found[key] = _by_content(value, folder) if isinstance(value, Mapping) else value
    return found
