"""Finds components by looking into a folder: one file is one component, imported only when it is asked for."""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import pkgutil
from dataclasses import dataclass
from typing import Any

from .errors import ConfigurationError


def near(name: str, known: list[str]) -> str:
    """Returns `` Did you mean 'x'?`` for the nearest known name, or nothing."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The components of one kind.

    Attributes:
        noun: What a component is called in messages, e.g. ``backend``.
        package: Import name of the folder that holds them; a module ``vllm_offline`` is named ``vllm-offline``.
            ``base`` and modules that begin with ``_`` are no components.
        attribute: Module-level name that each module defines.
        group: Entry-point group for components of other distributions; each entry point loads the component itself.
    """

    noun: str
    package: str
    attribute: str
    group: str

    def _own(self) -> dict[str, str]:
        paths = importlib.import_module(self.package).__path__
        modules = (module.name for module in pkgutil.iter_modules(paths))
        return {name.replace("_", "-"): name for name in modules if name != "base" and not name.startswith("_")}

    def _foreign(self) -> dict[str, importlib.metadata.EntryPoint]:
        return {point.name: point for point in importlib.metadata.entry_points(group=self.group)}

    def names(self) -> list[str]:
        """Returns the names of all components, sorted."""
        return sorted({*self._own(), *self._foreign()})

    def load(self, name: str) -> Any:
        """Imports and returns one component.

        Raises:
            ConfigurationError: If there is none of that name (the nearest is suggested), or if another distribution's
                cannot be imported.
        """
        own = self._own()
        if name in own:
            return getattr(importlib.import_module(f"{self.package}.{own[name]}"), self.attribute)
        foreign = self._foreign()
        if name in foreign:
            return self._load_foreign(foreign[name])
        known = self.names()
        raise ConfigurationError(f"There is no {self.noun} {name!r}.{near(name, known)} Known: {', '.join(known)}.")

    def _load_foreign(self, point: importlib.metadata.EntryPoint) -> Any:
        try:
            return point.load()
        except Exception as error:  # whatever somebody else's module raises
            raise ConfigurationError(
                f"The {self.noun} {point.name!r} ({point.value}) cannot be imported: {type(error).__name__}: {error}.",
                hint="Mend or uninstall the distribution that brings it.",
            ) from error
