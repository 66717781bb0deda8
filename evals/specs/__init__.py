"""Specs that ship: published protocols, run by their names (``evals run llmrank-games``)."""

from __future__ import annotations

from pathlib import Path

__all__ = ["locate", "shipped"]


def shipped() -> dict[str, Path]:
    """Returns the files of the specs that ship, by name."""
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.yaml"))}


def locate(spec: Path) -> tuple[Path, Path]:
    """Returns a spec's file and the folder that its paths are relative to.

    That is the file's own folder; for a spec that ships, named by its bare name, it is the working folder.
    """
    found = shipped().get(str(spec))
    if found is not None and not spec.is_file():
        return found, Path()
    return spec, spec.parent
