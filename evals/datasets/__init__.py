"""Datasets: where they come from, their licence, and one table whatever the layout."""

from backends import ConfigurationError, Registry, near

from .base import Dataset, Event, Impression, Interactions, Log

DATASETS = Registry(noun="dataset", package="evals.datasets", attribute="DATASET", group="promptrec.datasets")

__all__ = ["DATASETS", "Dataset", "Event", "Impression", "Interactions", "Log", "find_dataset"]


def find_dataset(name: str) -> Dataset:
    """Returns the dataset ``NAME``, or a part of one, ``NAME:PART``.

    Raises:
        backends.ConfigurationError: If there is none of that name; the nearest is suggested.
    """
    whole, colon, part = name.partition(":")
    dataset: Dataset = DATASETS.load(whole)
    if not colon:
        return dataset
    if dataset.part is None:
        raise ConfigurationError(f"The dataset {whole!r} has no parts; write {whole}.")
    if part not in dataset.parts:
        raise ConfigurationError(
            f"The dataset {whole!r} has no part {part!r}.{near(part, list(dataset.parts))} "
            f"Known: {', '.join(dataset.parts)}."
        )
    return dataset.part(part)
