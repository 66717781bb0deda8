"""Ray Data: for a pipeline whose users already lie on a cluster, and which goes on after their ranking.

Nothing is journalled here: a block that Ray Data computes anew is paid for anew.  Where that matters, take
``recommender batch --engine ray``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import cached_property
from pathlib import Path
from typing import Any

from backends import (
    BackendError,
    ContextOverflow,
    Finish,
    GenerateRequest,
    Generation,
    Message,
    ServerError,
    UnsupportedCapability,
    Usage,
)
from prompts import PromptTooLong

from ..config import Config, load_config
from ..errors import InputError
from ..recommender import Recommender
from ..schedule import Ranked
from ..strategies.base import Steps
from ..types import Ranking, Status, Task, whole_ranking
from ._polars import polars
from ._shares import share_of
from .rows import frame, invalid_row, ranked_row, to_task
from .run import catalogue_of, rank_rows
from .users import columns, user_row

Source = str | Path | Config
_PLACE = "the dataset"
_COLUMNS = ("user_id", "history", "candidates")
_ANSWERED = ("generated_text", "num_generated_tokens", "__inference_error__")
_NOTHING = {"messages": [{"role": "user", "content": "-"}], "sampling_params": {"temperature": 0.0, "max_tokens": 1}}


class Recommend:
    """For ``Dataset.map_batches``: adds the columns of a job's rankings to rows with ``user_id`` and ``history``.

    ::

        users.map_batches(
            Recommend,
            fn_constructor_kwargs={"config": "/data/films.yaml", "actors": 4},
            batch_format="pyarrow",
            batch_size=256,
            compute=ray.data.ActorPoolStrategy(size=4),
            num_cpus=0.5,
        )

    An actor works on several batches at a time, so it stays busy while one of them waits for its last users.

    Args:
        config: The recommender's.
        catalog: Takes the place of the config's own.
        k: Recommendations for each user.
        include_seen: Recommend items of the history too.
        actors: How many share the config's limits and budget.

    Raises:
        ConfigError: If the config cannot be used.
    """

    def __init__(
        self,
        config: Source,
        *,
        catalog: str | Path | None = None,
        k: int = 10,
        include_seen: bool = False,
        actors: int = 1,
    ) -> None:
        share = share_of(_config(config), worker=0, workers=actors, place=0, running=actors)
        self._rec = Recommender.from_config(share, catalog=catalog)
        self._k = k
        self._include_seen = include_seen
        self._starting = asyncio.Lock()

    async def __call__(self, batch: Any) -> AsyncIterator[Any]:
        """Yields the batch, a ``pyarrow.Table``, with ``item_ids``, ``scores``, ``outcome``, ``error``, ``warnings``.

        Raises:
            InputError: If columns are missing, or one of the ranking's is there already.
            backends.BackendError: If no user could be served any more.
        """
        users = polars().from_arrow(batch)
        read = columns(users.schema, place=_PLACE)
        for name in frame(()).drop("user_id").columns:
            if name in users.columns:
                raise InputError(f"{_PLACE}: column {name!r} is there already, and the ranking has one; rename it.")
        async with self._starting:
            await self._rec.start()
        found: list[dict[str, Any]] = [{}] * len(users)

        def take(number: int, row: dict[str, Any], _: Usage) -> None:
            found[number] = row

        rows = users.select(read).iter_rows(named=True)
        await rank_rows(
            self._rec,
            (user_row(number, row) for number, row in enumerate(rows)),
            take,
            k=self._k,
            include_seen=self._include_seen,
            concurrency=self._rec.config.backend.concurrency,
        )
        yield users.hstack(frame(found).drop("user_id")).to_arrow()


class Once:
    """What asks and what reads around Ray Data's vLLM processor, for strategies that make one request.

    ::

        once = Once("/data/films.yaml", k=10)
        rank = build_processor(vLLMEngineProcessorConfig(..., should_continue_on_error=True), preprocess=once.ask)
        rankings = rank(users).map_batches(once.read, batch_format="pyarrow")

    Arguments are those of :class:`Recommend`.  Travels to other machines as its arguments alone.
    """

    def __init__(
        self, config: Source, *, catalog: str | Path | None = None, k: int = 10, include_seen: bool = False
    ) -> None:
        self._config = config
        self._catalog = catalog
        self._k = k
        self._include_seen = include_seen

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_rec"}

    @cached_property
    def _rec(self) -> Recommender:
        return Recommender.from_config(_config(self._config), catalog=self._catalog)

    def ask(self, row: dict[str, Any]) -> dict[str, Any]:
        """Adds ``messages`` and ``sampling_params`` to a row.

        A row that cannot be used asks for one token, as the processor lets no row pass by; :meth:`read` says what is
        wrong with it.

        Raises:
            InputError: If there is no catalogue.
            backends.UnsupportedCapability: If the strategy is more than one free answer to one chat.
        """
        catalogue_of(self._rec)  # without one no row could be used, and each would be asked about
        try:
            task, _ = self._task(row)
            request = self._request(self._rec.strategy.rank(task))
        except (InputError, PromptTooLong):
            return {**row, **_NOTHING}
        sampling = request.sampling
        wanted = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "seed": sampling.seed,
            "stop": list(sampling.stop),
        }
        messages = [message for message in request.prompt if isinstance(message, Message)]
        return {
            **row,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "sampling_params": {name: value for name, value in wanted.items() if value not in (None, [])},
        }

    def read(self, batch: Any) -> Any:
        """Turns a ``pyarrow.Table`` with ``generated_text`` into one with the columns of a job's rankings.

        A row with an ``__inference_error__`` has it as ``error``.
        """
        answered = polars().from_arrow(batch)
        wanted = [name for name in (*_COLUMNS, *_ANSWERED) if name in answered.columns]
        return frame([self._read(row) for row in answered.select(wanted).iter_rows(named=True)]).to_arrow()

    def _read(self, row: dict[str, Any]) -> dict[str, Any]:
        user_id = "" if row.get("user_id") is None else str(row["user_id"])
        try:
            task, warnings = self._task(row)
        except InputError as unusable:
            return invalid_row(user_id, unusable)
        found = self._ranking(task, row)
        error = found if isinstance(found, BackendError) else None
        ranking = found if isinstance(found, Ranking) else _failed(task, found)
        ranked = Ranked(key=user_id, task=task, ranking=ranking, exchanges=(), seconds=0.0, error=error)
        return ranked_row(user_id, ranked, warnings)

    def _task(self, row: dict[str, Any]) -> tuple[Task, list[str]]:
        users = polars().DataFrame([{name: row[name] for name in _COLUMNS if name in row}], strict=False)
        read = users.select(columns(users.schema, place=_PLACE)).row(0, named=True)
        catalog = catalogue_of(self._rec)
        return to_task(user_row(0, read), self._rec, catalog, k=self._k, include_seen=self._include_seen)

    def _request(self, steps: Steps) -> GenerateRequest:
        requests = next(steps)
        request = requests[0]
        if len(requests) > 1 or not isinstance(request, GenerateRequest) or isinstance(request.prompt, str):
            raise self._refusal()
        if request.constraint is not None or request.top_logprobs:
            raise self._refusal()
        return request

    def _ranking(self, task: Task, row: dict[str, Any]) -> Ranking | BackendError:
        if said := row.get("__inference_error__"):
            return ServerError(f"The engine failed: {said}")
        steps = self._rec.strategy.rank(task)
        try:
            longest = self._request(steps).sampling.max_tokens
            cut = int(row.get("num_generated_tokens") or 0) >= longest
            steps.send([Generation(text=row["generated_text"], finish=Finish.LENGTH if cut else Finish.STOP)])
        except StopIteration as stop:
            ranking: Ranking = stop.value
            return ranking
        except PromptTooLong as error:
            return ContextOverflow(str(error))
        raise self._refusal()

    def _refusal(self) -> UnsupportedCapability:
        return UnsupportedCapability(
            f"The strategy {self._rec.strategy_name!r} is more than one free answer to one chat.",
            hint="Take listwise, or `recommender batch --engine ray` with kind: vllm-offline.",
        )


def _failed(task: Task, error: BackendError) -> Ranking:
    return whole_ranking(task, [], outcome=error.reason, status=Status.FAILED, warnings=(str(error),))


def _config(source: Source) -> Config:
    return source if isinstance(source, Config) else load_config(source)
