"""The ``recommender batch`` command."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from ..command import FAILED, run_async
from ..errors import InputError
from ..wording import number_of
from .base import BATCH_ENGINES, Job


def batch(
    *,
    input: Annotated[Path, Parameter(help="Parquet file or folder: user_id, history, maybe candidates.")],  # noqa: A002
    config: Annotated[Path, Parameter(help="The recommender's YAML file.")],
    out: Annotated[Path, Parameter(help="Folder of the job; the same job there is gone on with.")],
    engine: Annotated[str, Parameter(help=f"What carries it through: {', '.join(BATCH_ENGINES.names())}.")] = "local",
    catalog: Annotated[Path | None, Parameter(help="Catalogue in place of the config's.")] = None,
    k: Annotated[
        int, Parameter(name=["-k", "--k"], help="Recommendations for each user.", validator=Number(gte=1))
    ] = 10,
    partition: Annotated[int, Parameter(help="Users in one file of rankings.", validator=Number(gte=1))] = 1_000,
    wave: Annotated[int, Parameter(help="Users at a time, of the file engines.", validator=Number(gte=1))] = 20_000,
    command: Annotated[str, Parameter(help="What runs vLLM on a file, of vllm-batch.")] = "vllm run-batch",
    workers: Annotated[
        int | None, Parameter(help="Processes, of ray; default: one a machine.", validator=Number(gte=1))
    ] = None,
    gpus: Annotated[float, Parameter(help="GPUs of each process, of ray.", validator=Number(gte=0))] = 0.0,
    address: Annotated[
        str | None, Parameter(help="The cluster, of ray; default: RAY_ADDRESS, else one on this machine.")
    ] = None,
    include_seen: Annotated[bool, Parameter(help="Recommend items of the history too.")] = False,
    json_: Annotated[bool, Parameter(name="--json", help="Print the summary as JSON.")] = False,
) -> int:
    """Recommend to many users, from Parquet to Parquet; started again, it goes on where it was.

    `recommender batch --input users.parquet --config films.yaml --out job`

    Exits with 1 where it could not be carried through, or where not one user could be served.
    """
    from ..config import load_config
    from .run import run_batch

    job = Job(
        users=input,
        config=load_config(config),
        out=out,
        catalog=catalog,
        k=k,
        partition=partition,
        include_seen=include_seen,
        wave=wave,
        command=_words(command),
        workers=workers,
        gpus=gpus,
        address=address,
    )
    summary = run_async(run_batch(job, engine))
    if json_:
        document = {"users": summary.users, "usable": summary.usable, "outcomes": dict(summary.outcomes)}
        sys.stdout.write(json.dumps({**document, "rankings": str(out / "rankings")}, indent=1) + "\n")
    else:
        outcomes = ", ".join(f"{count} {name}" for name, count in summary.outcomes.items())
        users = f"{number_of(summary.users, 'user')} {'has' if summary.usable == 1 else 'have'}"
        sys.stdout.write(f"{summary.usable} of {users} recommendations ({outcomes}).\n{out / 'rankings'}\n")
    return 0 if summary.usable else FAILED


def _words(command: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise InputError(f"--command {command!r} cannot be taken apart: {error}; close what was opened.") from None
    if not words:
        raise InputError("--command is empty; give what runs vLLM on a file, such as 'vllm run-batch'.")
    return words
