"""Scores of labels out of the most probable first tokens of an answer."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence

from ..base import ContinuationScore, GenerateRequest, Generation, Sampling, ScoreRequest, Scores, TokenLogprob
from ..errors import BadResponse, InvalidRequest


async def score_labels(
    generate: Callable[[GenerateRequest], Awaitable[Generation]], request: ScoreRequest, most: int
) -> Scores:
    """Scores labels by one generated token, of which the server reports the ``most`` probable ones."""
    first = GenerateRequest(
        prompt=request.prompt, sampling=Sampling(max_tokens=1), top_logprobs=most, template=request.template
    )
    answer = await generate(first)
    scores = label_scores(answer, request.continuations)
    return Scores(continuations=scores, usage=answer.usage, model=answer.model, seconds=answer.seconds)


def label_scores(generation: Generation, labels: Sequence[str]) -> tuple[ContinuationScore, ...]:
    """Returns the log-probability of each label as the answer's first token.

    A label's tokens are those that equal it but for the space around them, or else begin it and no other label; theirs
    are summed.  A label that is not among the tokens reported gets the least log-probability reported: an upper bound,
    at which all such labels tie.

    Raises:
        BadResponse: If the server reports no tokens.
        InvalidRequest: If none of the labels is among them: the model does not answer with a label.
    """
    if not generation.top_logprobs or not generation.top_logprobs[0]:
        raise BadResponse("The server reports no log-probabilities.", usage=generation.usage)
    tokens = generation.top_logprobs[0]
    found = [_total(label, labels, tokens) for label in labels]
    if all(value is None for value in found):
        raise InvalidRequest(
            f"None of the labels is among the {len(tokens)} most probable tokens.", usage=generation.usage
        )
    least = min(token.logprob for token in tokens)
    return tuple(ContinuationScore(logprob=least if value is None else value, tokens=1) for value in found)


def _total(label: str, labels: Sequence[str], tokens: Sequence[TokenLogprob]) -> float | None:
    wanted = label.strip()
    exact = [token.logprob for token in tokens if token.token.strip() == wanted]
    found = exact or [token.logprob for token in tokens if _begins_only(token.token.strip(), wanted, labels)]
    if not found:
        return None
    best = max(found)
    return best + math.log(sum(math.exp(value - best) for value in found))


def _begins_only(token: str, label: str, labels: Sequence[str]) -> bool:
    return bool(token) and label.startswith(token) and sum(one.strip().startswith(token) for one in labels) == 1
