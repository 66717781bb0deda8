"""The service: one recommender as an ASGI application."""

from __future__ import annotations

import asyncio
import importlib.metadata
import logging
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from backends import BackendError, BudgetExceeded, DeadlineExceeded, RateLimited, Usage
from prompts import PromptError

from ..errors import InputError, RecommenderError
from ..recommendation import Recommendation, prompt_text
from ..recommender import Recommender
from ..utf8 import utf8_json
from .guard import Guard, problem
from .metrics import Metrics
from .models import FoundItems, Health, Problem, RecommendationRequest, RecommendationResponse
from .page import add_page
from .search import search
from .settings import ServeSettings

_log = logging.getLogger(__name__)
_MEANINGS = {
    400: "Not readable, or the wrong host",
    403: "Asked by a page of another site",
    408: "The body did not come in time",
    413: "The body is too large",
    415: "Not JSON",
    422: "Something in it cannot be used",
    500: "The service is not set up rightly, or has a fault",
    502: "The model could not be asked",
    503: "Too much at a time, being stopped, or the budget is spent",
    504: "The model took too long",
}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": said} for status, said in _MEANINGS.items()
}


def create_app(rec: Recommender, settings: ServeSettings | None = None) -> FastAPI:
    """Makes the application.  The recommender stays the caller's to close."""
    settings = settings or ServeSettings()
    metrics = Metrics()
    app = FastAPI(
        title="promptrec",
        summary="Recommends items of a catalogue by asking a language model.",
        version=importlib.metadata.version("promptrec"),
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )

    @app.post(
        "/v1/recommendations",
        operation_id="recommend",
        summary="Recommend items to follow a history",
        response_model=RecommendationResponse,
        responses=_PROBLEMS,
    )
    async def recommend(request: RecommendationRequest) -> Response:
        status, body = await _recommend(rec, request, settings, metrics)
        return Response(body, status_code=status, media_type="application/json")

    @app.get(
        "/v1/items",
        operation_id="find_items",
        summary="Find items of the catalogue by their title",
        response_model=FoundItems,
        responses={status: _PROBLEMS[status] for status in (400, 422)},
    )
    async def items(q: Annotated[str, Query(max_length=200)] = "") -> Response:
        found = await asyncio.to_thread(search, rec.catalog, q)
        rows = [{"item_id": item.item_id, "title": item.title} for item in found]
        return Response(msgspec.json.encode({"items": rows}), media_type="application/json")

    @app.get("/healthz", operation_id="health", summary="Tell whether the service answers", response_model=Health)
    async def health() -> dict[str, str]:
        return {"status": "ok", "recommender": rec.describe()}

    @app.get("/metrics", operation_id="metrics", summary="Prometheus metrics", response_class=Response)
    async def counted() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    add_page(app, rec)
    _say_errors_alike(app, metrics)
    app.add_middleware(Guard, settings=settings, on_refusal=metrics.refused)
    return app


async def _recommend(
    rec: Recommender, request: RecommendationRequest, settings: ServeSettings, metrics: Metrics
) -> tuple[int, bytes]:
    arguments = request.model_dump(exclude={"history", "details"})
    history = [one if isinstance(one, str) else one.model_dump(exclude_none=True) for one in request.history]
    try:
        with metrics.running.track_inprogress(), metrics.seconds.time():
            async with asyncio.timeout(settings.timeout):
                found = await rec.arecommend(history, **arguments)
    except InputError as error:
        metrics.refused("input")
        return 422, problem("input", str(error))
    except TimeoutError:
        metrics.done("timeout")
        return 504, problem("timeout", f"There was no answer within {settings.timeout:g} seconds.")
    except BackendError as error:
        metrics.done(error.reason, error.usage or Usage(requests=error.requests))
        _log.warning("A recommendation failed: %s", error)
        return _status(error), problem(error.reason, "The model could not be asked; the service's log says why.")
    except (RecommenderError, PromptError) as error:
        metrics.done("setup")
        _log.error("A recommendation failed: %s", error)
        return 500, problem("setup", "The service is not set up rightly; its log says what is wrong.")
    metrics.done(str(found.outcome), found.usage)
    answer = found.to_dict()
    if request.details:
        answer["details"] = _details(found)
    return 200, utf8_json(answer)


def _status(error: BackendError) -> int:
    if isinstance(error, DeadlineExceeded):
        return 504
    return 503 if isinstance(error, RateLimited | BudgetExceeded) else 502


def _details(found: Recommendation) -> dict[str, Any]:
    return {
        "strategy": found.strategy,
        "template": found.template,
        "prompts": [prompt_text(prompt) for prompt in found.prompts],
        "answers": list(found.raw),
        "mentions": [
            {"text": match.mention.text, "item_id": match.item_id, "score": match.score, "reason": match.reason}
            for match in found.ranked.ranking.matches
        ],
    }


def _say_errors_alike(app: FastAPI, metrics: Metrics) -> None:
    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for these
        metrics.refused("invalid")
        said = "; ".join(_place(detail) for detail in error.errors()[:5])
        return Response(problem("invalid", said), status_code=422, media_type="application/json")

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for these
        body = problem("http", str(error.detail))
        return Response(body, status_code=error.status_code, headers=error.headers, media_type="application/json")

    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, refused)


def _place(detail: Any) -> str:
    where = ".".join(str(part)[:40] for part in detail["loc"])
    return f"{where}: {detail['msg'][0].lower()}{detail['msg'][1:]}".encode(errors="replace").decode()
