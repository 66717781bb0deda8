"""Data sets: where they come from, their licence, and one table whatever the layout."""

from backends import Registry

from .base import Dataset, Event, Interactions, Log

DATASETS = Registry(noun="dataset", package="evals.datasets", attribute="DATASET", group="promptrec.datasets")

__all__ = ["DATASETS", "Dataset", "Event", "Interactions", "Log"]
