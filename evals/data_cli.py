"""The command ``evals data``: which datasets there are, and fetching one."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import App, Parameter

from .telling import Figures, say, write_figures

app = App(name="data", help="List datasets, and fetch one.")


@app.command(name="list")
def list_(*, json_: Figures = None) -> int:
    """List the datasets with their licences.

    `evals data list`
    """
    from .datasets import DATASETS

    found = {name: DATASETS.load(name) for name in DATASETS.names()}
    facts = ("summary", "licence", "home", "parts")
    rows = {name: {fact: getattr(dataset, fact) for fact in facts} for name, dataset in found.items()}
    if write_figures({"format": 1, "datasets": rows}, json_):
        return 0
    for name, dataset in found.items():
        sys.stdout.write(f"{name}\n  {dataset.summary}\n  licence: {dataset.licence}\n  home: {dataset.home}\n")
        if dataset.parts:
            sys.stdout.write(f"  parts: {', '.join(dataset.parts)}\n")
    return 0


@app.command
def fetch(
    name: Annotated[str, Parameter(help="A dataset, or a part of one: amazon-2023:Video_Games.")],
    /,
) -> int:
    """Fetch a dataset into the user cache and print where it is.

    `evals data fetch movielens-100k`
    """
    from .datasets import find_dataset

    sys.stdout.write(f"{find_dataset(name).fetch(say)}\n")
    return 0
