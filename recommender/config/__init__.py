"""One YAML file, checked before anything is done with it."""

from .document import read_yaml
from .load import load_config, parse_config
from .models import BudgetOptions, Config, FirstStageOptions

__all__ = ["BudgetOptions", "Config", "FirstStageOptions", "load_config", "parse_config", "read_yaml"]
