"""EASE: a linear autoencoder in closed form.

Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from recommender import History

from ..components import Options
from ..errors import SpecError
from .base import Baseline, Floats, Training, scored

MOST_ITEMS = 20_000
"""The inverse of items x items takes 3.2 GB at this size, and time with the third power."""


class EaseOptions(Options):
    """Options.

    Attributes:
        l2: Regularisation, the paper's lambda.
    """

    l2: float = Field(default=500.0, gt=0.0)


class Ease:
    """See the module's docstring.

    Raises:
        SpecError: If more than ``MOST_ITEMS`` items occur in the training interactions, or the regularisation is too
            little for them.
    """

    def __init__(self, training: Training, options: EaseOptions) -> None:
        self._training = training
        occurring = np.flatnonzero(training.counts)  # an item that nobody touched has no weights
        if len(occurring) > MOST_ITEMS:
            raise SpecError(f"EASE inverts items x items; {len(occurring)} items are more than {MOST_ITEMS}.")
        self._columns = occurring
        touched = training.matrix(training.sequences)[:, occurring]
        together = (touched.T @ touched).toarray().astype(np.float64)
        together[np.diag_indices_from(together)] += options.l2
        weights = _inverse(together)
        weights /= -np.diag(weights)
        np.fill_diagonal(weights, 0.0)
        self._weights = weights

    def scores(self, histories: Sequence[History]) -> Floats:
        """Returns each history's row times the weights; items that nobody touched get 0."""
        rows = self._training.matrix([self._training.history(history) for history in histories])
        found = np.zeros((len(histories), len(self._training.item_ids)))
        found[:, self._columns] = rows[:, self._columns] @ self._weights
        return found


def _inverse(matrix: Floats) -> Floats:
    """The inverse of a symmetric, positive definite matrix, in its place: half the time of a general one's."""
    from scipy.linalg.lapack import dpotrf, dpotri

    if not len(matrix):  # nobody touched anything
        return matrix
    factor, failed = dpotrf(matrix.T, lower=True, overwrite_a=True)
    if failed:
        raise SpecError("EASE has no inverse for these interactions: `l2` is too small; 500 is the default.")
    found: Floats = dpotri(factor, lower=True, overwrite_c=True)[0]
    for at in range(len(found)):
        found[at, at + 1 :] = found[at + 1 :, at]
    return found


BASELINE = Baseline(summary="a linear autoencoder in closed form", fit=scored(Ease), options=EaseOptions)
