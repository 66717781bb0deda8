"""What can stand in a table: recommenders, baselines, and rankings made elsewhere."""

from .base import Ask, Ranked, System, Trial
from .baseline import BaselineSystem
from .file import FileSystem
from .model import ModelSystem

__all__ = ["Ask", "BaselineSystem", "FileSystem", "ModelSystem", "Ranked", "System", "Trial"]
