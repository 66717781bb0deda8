"""Rows that every table has: what one gets without a model.  They see candidates and popularity, never targets."""

from .control import candidate_order, popularity

__all__ = ["candidate_order", "popularity"]
