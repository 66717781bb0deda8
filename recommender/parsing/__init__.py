"""From an answer's text to ordered mentions, one reader per shape.  Readers never raise and take linear time."""

from .json_list import read_json
from .labels import read_labels
from .lists import read_titles

__all__ = ["read_json", "read_labels", "read_titles"]
