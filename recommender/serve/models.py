"""What goes over the wire, as the OpenAPI schema shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ..types import Kind

Text = Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"\S")]


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HistoryEntry(_Block):
    """Something that was done: with an item, or a search in words."""

    item_id: Text | None = None
    title: Text | None = None
    kind: Kind | None = None
    time: datetime | None = None
    rating: Annotated[float, Field(allow_inf_nan=False)] | None = None
    text: Text | None = None


class RecommendationRequest(_Block):
    """A question: what suits this history?"""

    history: list[Text | HistoryEntry] = Field(max_length=500, description="Item ids or titles, oldest first.")
    k: int = Field(default=5, ge=1, le=1_000, strict=True, description="How many recommendations.")
    candidates: list[Text] | None = Field(
        default=None, min_length=1, max_length=1_000, description="Ids or titles; default: the first stage's."
    )
    exclude: list[Text] = Field(default=[], max_length=1_000, description="Ids or titles to leave out.")
    filters: dict[str, Text | list[Text]] | None = Field(default=None, max_length=20, description="Attribute: values.")
    context: str | None = Field(default=None, max_length=2_000, description="The situation, in words.")
    include_seen: bool = Field(default=False, strict=True, description="Recommend items of the history too.")
    details: bool = Field(default=False, strict=True, description="Show prompts and how they were answered, too.")


class RecommendedItem(BaseModel):
    """A place in the list; ``score`` is null where only an order is known."""

    rank: int
    item_id: str
    title: str
    score: float | None
    explanation: str | None = None


class UsageNumbers(BaseModel):
    """What was spent."""

    requests: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    usd: float | None


class ReadMention(BaseModel):
    """Words of an answer, and the item that they were taken for."""

    text: str
    item_id: str | None
    score: float
    reason: str


class Details(BaseModel):
    """What was said to the model, what it said, and how that was read."""

    strategy: str
    template: str
    prompts: list[str]
    answers: list[str]
    mentions: list[ReadMention]


class RecommendationResponse(BaseModel):
    """Recommendations, best first."""

    items: list[RecommendedItem]
    outcome: str
    usage: UsageNumbers
    warnings: list[str]
    details: Details | None = None


class FoundItem(BaseModel):
    """An item of the catalogue."""

    item_id: str
    title: str


class FoundItems(BaseModel):
    """Items whose title holds what was typed."""

    items: list[FoundItem]


class Health(BaseModel):
    """The service answers."""

    status: str
    recommender: str


class ProblemText(BaseModel):
    """What went wrong, in a word and in a sentence."""

    type: str
    message: str


class Problem(BaseModel):
    """The body of every answer that is an error."""

    error: ProblemText
