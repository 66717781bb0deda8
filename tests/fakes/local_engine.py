"""The embedded engine on its default model, as tests ask it."""

from __future__ import annotations

from backends import ENGINES, Message, ScoreRequest, Scores, Surroundings
from backends.engines.local import Local

HISTORY = "Movies watched by one person, in order:\n- Alien\n- Blade Runner\n-"
TITLES = (" The Terminator\n", " The Thing\n", " Brazil\n", " Heat\n")


def make(**options: object) -> Local:
    kind = ENGINES.load("local")
    backend = kind.create(kind.options(kind="local", context=512, **options), Surroundings())
    assert isinstance(backend, Local)
    return backend


async def scored(
    local: Local, *texts: str, prompt: str | tuple[Message, ...] = HISTORY, kind: str = "continuation"
) -> Scores:
    return await local.score(ScoreRequest(prompt=prompt, continuations=texts, kind=kind))  # type: ignore[arg-type]
