"""What makes a recommender the one it is, so that a broken-off run is gone on with by the same one alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .recommender import Recommender

_SPEED = ("concurrency", "attempt_timeout", "deadline", "max_attempts", "requests_per_minute", "tokens_per_minute")
_SECRET = re.compile(r"api[_-]?key|secret|password|passwd|authorization|(?:^|[_-])token$", re.IGNORECASE)
_PLACES = ("catalog", "cache", "templates", "budget")


def public_config(rec: Recommender) -> dict[str, Any]:
    """The config as resolved.  Headers may hold keys, so their values are left out, and those of keys in bodies."""
    config = rec.config.model_dump(mode="json")
    if "headers" in config["backend"]:
        config["backend"]["headers"] = dict.fromkeys(config["backend"]["headers"], "***")
    if "extra_body" in config["backend"]:
        config["backend"]["extra_body"] = _without_keys(config["backend"]["extra_body"])
    return config


def _without_keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: "***" if _SECRET.search(str(name)) else _without_keys(inner) for name, inner in value.items()}
    return [_without_keys(inner) for inner in value] if isinstance(value, list) else value


def answering_identity(rec: Recommender) -> Mapping[str, Any]:
    """Strategy, template and config, without what changes no answer: where files lie and how fast is asked.

    Of several equal servers the first one stands for all; a file of demonstrations enters by its content.
    """
    config = {key: value for key, value in public_config(rec).items() if key not in _PLACES}
    config["backend"] = {key: value for key, value in config["backend"].items() if key not in _SPEED}
    if isinstance(config["backend"].get("base_url"), list):
        config["backend"]["base_url"] = config["backend"]["base_url"][0]
    config["strategy"] = _by_content(config["strategy"], rec.config.folder)
    return {"strategy": rec.strategy_name, "template": rec.template_id, "config": config}


def _by_content(options: Any, folder: Path) -> Any:
    """A strategy's options, and those of its parts, with the hash of the file of other people for its place."""
    if isinstance(options, list | tuple):
        return [_by_content(option, folder) for option in options]
    if not isinstance(options, Mapping):
        return options
    found = {key: _by_content(value, folder) for key, value in options.items()}
    shown = found.get("demonstrations")
    if shown and shown.get("file"):
        content = (folder / shown["file"]).read_bytes()
        found["demonstrations"] = {**shown, "file": f"sha256:{hashlib.sha256(content).hexdigest()}"}
    return found
