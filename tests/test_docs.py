"""What the documents show works as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from backends import BackendOptions, Surroundings
from recommender import Catalog, Item, Recommender, parse_config

ROOT = Path(__file__).resolve().parents[1]


def test_the_backend_of_the_contributing_guide_recommends() -> None:
    code = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)[0]
    names: dict[str, object] = {}
    exec(compile(code, "shout.py", "exec"), names)
    engine = names["ENGINE"]
    backend = engine.create(BackendOptions(kind="shout"), Surroundings())  # type: ignore[attr-defined]
    config = parse_config({"backend": "scripted"})
    rec = Recommender(config, catalog=Catalog([Item("1", "Alien"), Item("2", "Heat")]), backend=backend)
    assert {item.title for item in rec.recommend([], k=2)} == {"Alien", "Heat"}
