"""From what a model wrote to items of the catalogue; never to an item that it did not mean."""

from .grounder import Grounder

__all__ = ["Grounder"]
