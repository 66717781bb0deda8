"""A bidirectional LSTM over the tokenised text of what a user did: embedding, BiLSTM, dense, binary cross-entropy.

The classic write-up of "recommendation as text": behaviour becomes a line of words (``rating Toy Story rating Heat``),
and one output for each item says whether it comes next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from pydantic import Field

from recommender import History, Kind

from ..components import Options
from ..draws import shuffled
from ..errors import SpecError
from ._keras import Rows, batches, load_keras, padded
from .base import Baseline, Floats, Training, scored

_WORD = re.compile(r"\w+")
Words = dict[str, int]


class BilstmOptions(Options):
    """Options.

    Attributes:
        tokens: Newest words that are read.
        embedding: Length of a word's vector.
        units: Units of the LSTM in each direction.
        epochs: Passes over the training windows.
        batch: Windows a step.
        rate: Adam's learning rate.
        windows: At most so many, drawn at random; every place of every sequence is one.
    """

    tokens: int = Field(default=64, ge=1, strict=True)
    embedding: int = Field(default=48, ge=1, strict=True)
    units: int = Field(default=48, ge=1, strict=True)
    epochs: int = Field(default=5, ge=1, strict=True)
    batch: int = Field(default=128, ge=1, strict=True)
    rate: float = Field(default=3e-3, gt=0.0)
    windows: int = Field(default=100_000, ge=1, strict=True)


class Bilstm:
    """See the module's docstring.

    Raises:
        SpecError: If Keras is missing, or nobody has two training interactions.
    """

    def __init__(self, training: Training, options: BilstmOptions) -> None:
        keras = load_keras(training.seed)
        self._training, self._options = training, options
        self._words = _vocabulary(item.title for item in training.catalog)
        self._titles = [self._read(item.title) for item in training.catalog]
        texts, following = self._windows()
        items = len(training.item_ids)
        self._model = keras.Sequential(
            [
                keras.layers.Embedding(len(self._words) + 1, options.embedding, mask_zero=True),
                keras.layers.Bidirectional(keras.layers.LSTM(options.units)),
                # The logits of the outputs.  Nearly all outputs are 0: they start where the data lies, not at one half.
                keras.layers.Dense(items, bias_initializer=keras.initializers.Constant(-float(np.log(items)))),
            ]
        )
        self._model.compile(optimizer=keras.optimizers.Adam(options.rate), loss=_binary_crossentropy(keras))
        for epoch in range(options.epochs):
            order = shuffled(len(texts), "bilstm", training.seed, epoch)
            for start in range(0, len(order) - len(order) % options.batch or len(order), options.batch):
                part = order[start : start + options.batch]
                self._model.train_on_batch(texts[part], following[part][:, None])

    def scores(self, histories: Sequence[History]) -> Floats:
        """Returns the logits of the outputs for each history's text."""
        rows = [self._text((i.kind, i.item.item_id) for i in history if i.item) for history in histories]
        found = []
        for part, counting in batches(padded(rows, self._options.tokens, left=True), self._options.batch):
            found.append(np.asarray(self._model.predict_on_batch(part))[:counting])
        return np.concatenate(found)

    def _windows(self) -> tuple[Rows, Any]:
        """Every place of every sequence: the words of what was done before, and the item that follows."""
        ends = [(events, end) for events in self._training.by_user() for end in range(1, len(events))]
        if not ends:
            raise SpecError("The BiLSTM needs users with at least two training interactions.")
        drawn = shuffled(len(ends), "windows", self._training.seed)[: self._options.windows]
        texts, following = [], []
        for events, end in (ends[at] for at in drawn):
            before = events[max(0, end - self._options.tokens) : end]
            texts.append(self._text((event.kind, event.item_id) for event in before))
            following.append(self._training.places[events[end].item_id])
        return padded(texts, self._options.tokens, left=True), np.array(following)

    def _text(self, done: Iterable[tuple[Kind, str]]) -> list[int]:
        """The words of what was done, as numbers: for each thing its kind and its title."""
        words: list[int] = []
        for kind, item_id in done:
            if item_id in self._training.places:
                words += [self._words[kind.value], *self._titles[self._training.places[item_id]]]
        return words

    def _read(self, title: str) -> list[int]:
        return [self._words[word] for word in _WORD.findall(title.casefold())]


def _binary_crossentropy(keras: Any) -> Callable[[Any, Any], Any]:
    """Binary cross-entropy of all outputs, from the one that is 1: a row of zeros and a one is never written out."""
    ops = keras.ops

    def loss(following: Any, logits: Any) -> Any:
        """From the item that follows, (batch, 1), and the logits, (batch, items), to losses, (batch,)."""
        right = ops.take_along_axis(logits, ops.cast(following, "int32"), axis=-1)[:, 0]
        return (ops.sum(ops.softplus(logits), axis=-1) - right) / logits.shape[-1]

    return loss


def _vocabulary(titles: Iterable[str]) -> Words:
    """Numbers the kinds and all words of the catalogue from 1 on."""
    words = dict.fromkeys(kind.value for kind in Kind)
    words.update(dict.fromkeys(word for title in titles for word in _WORD.findall(title.casefold())))
    return {word: number for number, word in enumerate(words, start=1)}


BASELINE = Baseline(
    summary="a bidirectional LSTM over the text of what was done (Keras)", fit=scored(Bilstm), options=BilstmOptions
)
