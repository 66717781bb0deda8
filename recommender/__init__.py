"""Histories, candidates and strategies: recommendations from a language model.

>>> from recommender import Recommender
>>> rec = Recommender.from_config("recommender.yaml")  # doctest: +SKIP
>>> for item in rec.recommend(history=["Alien", "Blade Runner"], k=5):  # doctest: +SKIP
...     print(item.rank, item.title, item.score)
"""

from .catalog import Catalog
from .command import run as run_command
from .command import run_async
from .config import Config, load_config, parse_config, read_yaml
from .errors import CatalogError, ConfigError, InputError, RecommenderError
from .grounding import Grounder
from .identity import answering_identity, public_config
from .looks import base_css
from .modifiers.explanations_check import statements
from .outcomes import Outcome
from .parsing import read_titles
from .printable import printable
from .program import new_program
from .progress import Progress
from .reading import Expected, Reading, outcome_of, read_answer, read_pair_matches
from .recommendation import Recommendation, prompt_text
from .recommender import Recommender
from .schedule import Exchange, Ranked, rank_all, rank_one
from .strategies import STRATEGIES
from .strategies.base import Domain, Setting, Steps, Strategy, StrategyKind, StrategyOptions
from .types import (
    Candidates,
    History,
    Interaction,
    Item,
    Kind,
    Match,
    Mention,
    RankedItem,
    Ranking,
    Status,
    Task,
    whole_ranking,
)
from .utf8 import utf8_json
from .wording import number_of

__all__ = [
    "STRATEGIES",
    "Candidates",
    "Catalog",
    "CatalogError",
    "Config",
    "ConfigError",
    "Domain",
    "Exchange",
    "Expected",
    "Grounder",
    "History",
    "InputError",
    "Interaction",
    "Item",
    "Kind",
    "Match",
    "Mention",
    "Outcome",
    "Progress",
    "Ranked",
    "RankedItem",
    "Ranking",
    "Reading",
    "Recommendation",
    "Recommender",
    "RecommenderError",
    "Setting",
    "Status",
    "Steps",
    "Strategy",
    "StrategyKind",
    "StrategyOptions",
    "Task",
    "answering_identity",
    "base_css",
    "load_config",
    "new_program",
    "number_of",
    "outcome_of",
    "parse_config",
    "printable",
    "prompt_text",
    "public_config",
    "rank_all",
    "rank_one",
    "read_answer",
    "read_pair_matches",
    "read_titles",
    "read_yaml",
    "run_async",
    "run_command",
    "statements",
    "utf8_json",
    "whole_ranking",
]
