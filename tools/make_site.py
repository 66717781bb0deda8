"""Builds the documentation: the repository's Markdown as it stands, and reference pages out of the program.

The pages keep their places, so that a link works in the repository and on the site alike.  Everything is written under
``build/``, which no commit holds.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import reference

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "build" / "pages"
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "changes/README.md", "docs", "examples")


def main() -> int:
    """Collects the pages and builds the site; a dead link or anchor fails."""
    collect(PAGES)
    builder = Path(sys.executable).with_name("zensical")
    return subprocess.run([builder, "build", "--clean", "--strict"], cwd=ROOT, check=False).returncode


def collect(target: Path) -> None:
    """Writes every page into an emptied folder."""
    shutil.rmtree(target, ignore_errors=True)
    for name in DOCUMENTS:
        for source in pages_of(ROOT / name):
            copy = target / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
    folder = target / "docs" / "reference"
    folder.mkdir(parents=True)
    for name, text in reference.pages().items():
        (folder / name).write_text(text, encoding="utf-8")


def pages_of(source: Path) -> list[Path]:
    """A document, or the documents and pictures of a folder."""
    if source.is_file():
        return [source]
    return [path for path in source.rglob("*") if path.suffix in {".md", ".svg", ".png", ".css"}]


if __name__ == "__main__":
    sys.exit(main())
