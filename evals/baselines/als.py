"""ALS: matrix factorisation of implicit feedback, by the library ``implicit``.

Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from recommender import History

from ..components import Options
from ..errors import SpecError
from .base import Baseline, Floats, Training, scored


class AlsOptions(Options):
    """Options.

    Attributes:
        factors: Length of the vectors.
        alpha: How many times as much an interaction weighs as none.
        l2: Regularisation.
        iterations: Sweeps over users and items.
    """

    factors: int = Field(default=64, ge=1, strict=True)
    alpha: float = Field(default=10.0, gt=0.0)
    l2: float = Field(default=0.05, ge=0.0)
    iterations: int = Field(default=15, ge=1, strict=True)


class Als:
    """See the module's docstring.  A history is folded in: its user need not be among those learned from.

    Raises:
        SpecError: If ``implicit`` is missing.
    """

    def __init__(self, training: Training, options: AlsOptions) -> None:
        try:
            from implicit.cpu.als import AlternatingLeastSquares
            from threadpoolctl import threadpool_limits
        except ImportError:
            raise SpecError("The baseline als needs implicit; run pip install 'promptrec[baselines]'.") from None
        self._training = training
        self._alpha = options.alpha
        self._one_thread = threadpool_limits  # implicit runs threads of its own, and one makes a seed repeatable
        with self._one_thread(limits=1):
            self._model = AlternatingLeastSquares(
                factors=options.factors,
                regularization=options.l2,
                iterations=options.iterations,
                random_state=training.seed,
                num_threads=1,
            )
            self._model.fit(training.matrix(training.sequences) * options.alpha, show_progress=False)

    def scores(self, histories: Sequence[History]) -> Floats:
        """Returns the products of folded-in users and items."""
        rows = self._training.matrix([self._training.history(history) for history in histories]) * self._alpha
        with self._one_thread(limits=1):
            users = self._model.recalculate_user(np.arange(len(histories)), rows)
        found: Floats = users @ self._model.item_factors.T
        return found


BASELINE = Baseline(summary="matrix factorisation of implicit feedback", fit=scored(Als), options=AlsOptions)
