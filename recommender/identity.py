"""What makes a recommender the one it is, so that a broken-off run is gone on with by the same one alone."""

from __future__ import annotations

from collections.abc import Mapping
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
    """Strategy, template and config, without what changes no answer: where files lie and how fast is asked."""
    config = {key: value for key, value in public_config(rec).items() if key not in _PLACES}
    config["backend"] = {key: value for key, value in config["backend"].items() if key not in _SPEED}
    return {"strategy": rec.strategy_name, "template": rec.template_id, "config": config}
