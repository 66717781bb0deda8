"""From an answer's text to ordered mentions, one reader per shape.  Readers never raise and take linear time."""

from .json_list import LABEL_KEYS, TITLE_KEYS, is_json, read_json
from .labels import read_labels
from .lists import is_list, read_separated, read_titles
from .named import TitleFinder
from .pairs import Pair, read_pairs
from .prose import read_prose
from .text import narrow, without_thinking

__all__ = [
    "LABEL_KEYS",
    "TITLE_KEYS",
    "Pair",
    "TitleFinder",
    "is_json",
    "is_list",
    "narrow",
    "read_json",
    "read_labels",
    "read_pairs",
    "read_prose",
    "read_separated",
    "read_titles",
    "without_thinking",
]
