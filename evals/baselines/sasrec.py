"""SASRec: self-attention over the sequence of items, trained to name the next one.

Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018; with the softmax in place of its one sampled
negative, which is stronger (Klenitskiy and Vasilev, "Turning Dross Into Gold Loss", RecSys 2023).  Of a large catalogue
the softmax is over the item itself and others drawn uniformly for each step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from recommender import History

from ..components import Options
from ..draws import shuffled
from ..errors import SpecError
from ._keras import Rows, batches, load_keras, padded
from .base import Baseline, Floats, Training, scored

PADDING = 0
SHORTEST = 8
"""Steps are as wide as this, or twice, four times, ... of it: a few shapes to compile, and little padding."""
Run = list[int]
Steps = list[tuple[Rows, Rows]]


class SasrecOptions(Options):
    """Options.

    Attributes:
        length: Newest items of a history that are seen.
        width: Length of the vectors.
        blocks: Layers of attention.
        heads: Heads of each.
        dropout: Share of what is dropped in training.
        epochs: Passes over the training sequences.
        batch: Sequences of the full length a step; of shorter ones as many more as have the same places.
        rate: Adam's learning rate.
        negatives: Items that a step tells the next ones from; a catalogue of no more is taken whole.
    """

    length: int = Field(default=50, ge=2, strict=True)
    width: int = Field(default=64, ge=2, strict=True)
    blocks: int = Field(default=2, ge=1, strict=True)
    heads: int = Field(default=2, ge=1, strict=True)
    dropout: float = Field(default=0.3, ge=0.0, lt=1.0)
    epochs: int = Field(default=20, ge=1, strict=True)
    batch: int = Field(default=64, ge=1, strict=True)
    rate: float = Field(default=1e-3, gt=0.0)
    negatives: int = Field(default=2_000, ge=1, strict=True)


class Sasrec:
    """See the module's docstring.

    Raises:
        SpecError: If Keras is missing, or nobody has two training interactions.
    """

    def __init__(self, training: Training, options: SasrecOptions) -> None:
        keras = load_keras(training.seed)
        self._training, self._options = training, options
        steps = _steps(_runs(training, options.length), options)
        self._states, self._table, whole = _network(keras, len(training.item_ids) + 1, options)
        whole.compile(optimizer=keras.optimizers.Adam(options.rate), loss=lambda _, losses: losses)
        for epoch in range(options.epochs):
            for at in shuffled(len(steps), "sasrec", training.seed, epoch):
                seen, following = steps[at]
                whole.train_on_batch([seen, following], np.zeros(len(seen)))

    def scores(self, histories: Sequence[History]) -> Floats:
        """Returns the logits of the next item."""
        rows = [(self._training.history(history) + 1).tolist() for history in histories]
        items = np.asarray(self._table.embeddings)[1:]
        found = []
        for part, counting in batches(padded(rows, self._options.length, left=False), self._options.batch):
            last = np.maximum((part != PADDING).sum(axis=1) - 1, 0)
            states = np.asarray(self._states.predict_on_batch(part))[np.arange(len(part)), last]
            states[(part == PADDING).all(axis=1)] = 0.0  # nothing is known of an empty history
            found.append((states @ items.T)[:counting])
        return np.concatenate(found)


def _runs(training: Training, length: int) -> list[Run]:
    """Cuts sequences into runs of at most ``length + 1`` items from their end."""
    runs = [
        (sequence[max(0, end - length - 1) : end] + 1).tolist()
        for sequence in training.sequences
        for end in range(len(sequence), 1, -length)
    ]
    if not runs:
        raise SpecError("SASRec needs users with at least two training interactions.")
    return runs


def _steps(runs: Sequence[Run], options: SasrecOptions) -> Steps:
    """Runs of about one length together: what is seen, and at each place what comes next, each (runs, places)."""
    by_width: dict[int, list[Run]] = {}
    for run in runs:
        width = SHORTEST
        while width < len(run) - 1:
            width *= 2
        by_width.setdefault(min(width, options.length), []).append(run)
    steps = []
    for width, same in sorted(by_width.items()):
        order = shuffled(len(same), "runs", width)
        whole = padded([same[at] for at in order], width + 1, left=False)
        for part, _ in batches(whole, max(1, options.batch * options.length // width)):
            steps.append((part[:, :-1], part[:, 1:]))
    return steps


def _network(keras: Any, items: int, options: SasrecOptions) -> tuple[Any, Any, Any]:
    """Returns the model up to its states, (batch, places, width), the table of items, and the model up to its loss."""
    layers, ops = keras.layers, keras.ops
    seen, following = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    table = layers.Embedding(items, options.width)
    places = layers.Embedding(options.length, options.width)
    x = table(seen) * float(options.width) ** 0.5 + places(ops.cumsum(ops.ones_like(seen), axis=1) - 1)
    x = layers.Dropout(options.dropout)(x)
    for _ in range(options.blocks):
        each = max(1, options.width // options.heads)
        attention = layers.MultiHeadAttention(options.heads, each, dropout=options.dropout)
        normal = layers.LayerNormalization(epsilon=1e-8)(x)
        # The padding stands behind the items, so that the causal mask hides it from all places that count.
        x = x + layers.Dropout(options.dropout)(attention(normal, normal, use_causal_mask=True))
        normal = layers.LayerNormalization(epsilon=1e-8)(x)
        inner = layers.Dropout(options.dropout)(layers.Dense(options.width, activation="relu")(normal))
        x = x + layers.Dropout(options.dropout)(layers.Dense(options.width)(inner))
    x = layers.LayerNormalization(epsilon=1e-8)(x)

    class Loss(layers.Layer):  # type: ignore[misc, name-defined]
        """Cross-entropy of the items that follow, the mean over the places that have one, for each row alike."""

        def __init__(self) -> None:
            super().__init__()
            self._draws = keras.random.SeedGenerator()

        def call(self, states: Any, following: Any) -> Any:
            right = ops.sum(states * ops.take(table.embeddings, following, axis=0), axis=-1)  # (batch, places)
            others = ops.arange(1, items)
            if items - 1 > options.negatives:
                others = keras.random.randint((options.negatives,), 1, items, seed=self._draws)
            wrong = ops.matmul(states, ops.transpose(ops.take(table.embeddings, others, axis=0)))
            wrong = ops.where(following[..., None] == others, -1e9, wrong)
            top = ops.stop_gradient(ops.maximum(ops.max(wrong, axis=-1), right))
            total = ops.exp(right - top) + ops.sum(ops.exp(wrong - top[..., None]), axis=-1)
            counts = ops.cast(following != PADDING, states.dtype)
            loss = ops.sum((ops.log(total) + top - right) * counts) / ops.maximum(ops.sum(counts), 1.0)
            return ops.broadcast_to(loss, ops.shape(states)[:1])

    return keras.Model(seen, x), table, keras.Model([seen, following], Loss()(x, following))


BASELINE = Baseline(summary="self-attention over the sequence (Keras)", fit=scored(Sasrec), options=SasrecOptions)
