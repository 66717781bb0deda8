"""Many users from Parquet to Parquet; each file in ``engines`` is one way to carry it through."""

from .base import BATCH_ENGINES, BatchEngine, Job, Summary
from .run import run_batch

__all__ = ["BATCH_ENGINES", "BatchEngine", "Job", "Summary", "run_batch"]
