"""From a generated answer to items: read as the prompt asked or as the model wrote, grounded, its outcome named."""

from .answer import Reading, outcome_of, read_answer, read_ranking
from .expected import Expected
from .ways import Way, read_pair_matches

__all__ = ["Expected", "Reading", "Way", "outcome_of", "read_answer", "read_pair_matches", "read_ranking"]
