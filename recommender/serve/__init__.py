"""The recommender over HTTP."""

from .app import create_app
from .settings import ServeSettings

__all__ = ["ServeSettings", "create_app"]
