"""Specs that ship: published protocols, run by their names (``evals run llmrank-games``)."""

from __future__ import annotations

from pathlib import Path

from backends import near

from ..errors import SpecError

__all__ = ["locate", "shipped"]


def shipped() -> dict[str, Path]:
    """Returns the files of the specs that ship, by name."""
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.yaml"))}


def locate(spec: Path) -> tuple[Path, Path]:
    """Returns a spec's file and the folder that its paths are relative to.

    That is the file's own folder; for a spec that ships, named by its bare name, it is the working folder.

    Raises:
        SpecError: If there is neither; names the specs that ship where a bare name was given.
    """
    if spec.exists() or spec.suffix:
        return spec, spec.parent
    known = shipped()
    if str(spec) not in known:
        raise SpecError(
            f"{spec}: no such file, nor a spec that ships.{near(str(spec), list(known))} Known: {', '.join(known)}."
        )
    return known[str(spec)], Path()
