"""Templates that turn histories and candidates into prompts.  Ground layer: text in, text out; knows no backend."""

from .budget import Fitted, fit_history
from .cleaning import TITLE_LIMIT, clean
from .errors import MissingValue, PromptError, PromptTooLong, RenderError, TemplateInvalid, TemplateNotFound
from .header import ANSWERS, TASKS, VALUES
from .lint import lint
from .loader import languages, load, names, paths
from .samples import samples
from .template import Role, Template

__all__ = [
    "ANSWERS",
    "TASKS",
    "TITLE_LIMIT",
    "VALUES",
    "Fitted",
    "MissingValue",
    "PromptError",
    "PromptTooLong",
    "RenderError",
    "Role",
    "Template",
    "TemplateInvalid",
    "TemplateNotFound",
    "clean",
    "fit_history",
    "languages",
    "lint",
    "load",
    "names",
    "paths",
    "samples",
]
