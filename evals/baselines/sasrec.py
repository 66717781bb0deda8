"""SASRec: self-attention over the sequence of items, trained to name the next one.

Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018; with the full softmax in place of its one
sampled negative, which is stronger (Klenitskiy and Vasilev, "Turning Dross Into Gold Loss", RecSys 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from recommender import History

from ..components import Options
from ..errors import SpecError
from ._keras import Rows, batches, load_keras, padded
from .base import Baseline, Floats, Training, scored

PADDING = 0


class SasrecOptions(Options):
    """Options.

    Attributes:
        length: Newest items of a history that are seen.
        width: Length of the vectors.
        blocks: Layers of attention.
        heads: Heads of each.
        dropout: Share of what is dropped in training.
        epochs: Passes over the training sequences.
        batch: Sequences a step.
        rate: Adam's learning rate.
    """

    length: int = Field(default=50, ge=2, strict=True)
    width: int = Field(default=64, ge=2, strict=True)
    blocks: int = Field(default=2, ge=1, strict=True)
    heads: int = Field(default=2, ge=1, strict=True)
    dropout: float = Field(default=0.3, ge=0.0, lt=1.0)
    epochs: int = Field(default=20, ge=1, strict=True)
    batch: int = Field(default=64, ge=1, strict=True)
    rate: float = Field(default=1e-3, gt=0.0)


class Sasrec:
    """See the module's docstring.

    Raises:
        SpecError: If Keras is missing, or nobody has two training interactions.
    """

    def __init__(self, training: Training, options: SasrecOptions) -> None:
        keras = load_keras(training.seed)
        self._training, self._options = training, options
        inputs, targets = _windows(training, options.length)
        self._states, self._table, whole = _network(keras, len(training.item_ids) + 1, options)
        whole.compile(
            optimizer=keras.optimizers.Adam(options.rate),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PADDING),
        )
        whole.fit(inputs, targets, batch_size=options.batch, epochs=options.epochs, verbose=0)

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


def _windows(training: Training, length: int) -> tuple[Rows, Rows]:
    """Cuts sequences into runs of ``length + 1`` from their end: what is seen, and at each place what comes next."""
    runs = [
        (sequence[max(0, end - length - 1) : end] + 1).tolist()
        for sequence in training.sequences
        for end in range(len(sequence), 1, -length)
    ]
    if not runs:
        raise SpecError("SASRec needs users with at least two training interactions.")
    return padded([run[:-1] for run in runs], length, left=False), padded([run[1:] for run in runs], length, left=False)


def _network(keras: Any, items: int, options: SasrecOptions) -> tuple[Any, Any, Any]:
    """Returns the model up to its states, (batch, length, width), the table of items, and the model up to logits."""
    layers, ops = keras.layers, keras.ops
    seen = keras.Input((options.length,), dtype="int32")
    table = layers.Embedding(items, options.width)
    places = layers.Embedding(options.length, options.width)
    x = table(seen) * float(options.width) ** 0.5 + places(ops.arange(options.length))
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

    class Logits(layers.Layer):  # type: ignore[misc, name-defined]
        """Products with the table of items, so that input and output share it."""

        def call(self, states: Any) -> Any:
            return ops.matmul(states, ops.transpose(table.embeddings))

    return keras.Model(seen, x), table, keras.Model(seen, Logits()(x))


BASELINE = Baseline(summary="self-attention over the sequence (Keras)", fit=scored(Sasrec), options=SasrecOptions)
