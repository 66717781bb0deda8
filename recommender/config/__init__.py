"""One YAML file, checked before anything is done with it."""

from .load import load_config, parse_config
from .models import BudgetOptions, Config, FirstStageOptions

__all__ = ["BudgetOptions", "Config", "FirstStageOptions", "load_config", "parse_config"]
