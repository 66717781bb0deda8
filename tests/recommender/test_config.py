"""A config is checked whole before anything is done with it; each mistake is named with file, line and remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recommender import ConfigError, Recommender, load_config, parse_config
from recommender.config.document import scalar


def config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "films.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_smallest_config_has_every_default(tmp_path: Path) -> None:
    loaded = load_config(config(tmp_path, "backend: {kind: scripted}\n"))
    assert loaded.name == "films"
    assert loaded.strategy.kind == "auto"
    assert loaded.seed == 2026
    assert loaded.local_only is False
    assert loaded.backend.attempt_timeout == 60


def test_the_config_of_the_contract_is_read(tmp_path: Path) -> None:
    loaded = load_config(
        config(
            tmp_path,
            """
name: my-recommender
backend:
  kind: openai
  model: gpt-5-mini
  base_url: null
  api: chat
  concurrency: 32
  attempt_timeout: 60
  deadline: 300
  max_attempts: 5
  requests_per_minute: null
  tokens_per_minute: null
  extra_body: {}
  headers: {}
strategy: {kind: auto}
catalog: items.csv
domain: {item: movie, verb: watched, language: en}
budget: {requests: null, tokens: null, usd: null}
local_only: false
seed: 2026
""",
        )
    )
    assert loaded.name == "my-recommender"
    assert loaded.catalog == tmp_path / "items.csv"
    assert (loaded.domain.item, loaded.domain.verb) == ("movie", "watched")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("backend: {kind: scripted}\nstrategi: {}\n", ":2: unknown key 'strategi'. Did you mean 'strategy'?"),
        ("backend:\n  kind: scripted\n  modle: x\n", ":3: unknown key 'backend.modle'. Did you mean 'model'?"),
        ("backend:\n  kind: openia\n", ":2: There is no backend 'openia'. Did you mean 'openai'?"),
        ("backend: {kind: scripted}\nstrategy: {kind: listwize}\n", "no strategy 'listwize'. Did you mean 'listwise'?"),
        ("backend: {kind: scripted}\nstrategy:\n  kind: listwise\n  answr: json\n", ":4: unknown key 'strategy.answr'"),
        (
            "backend:\n  kind: scripted\n  concurrency: many\n",
            ":3: backend.concurrency: input should be a valid integer",
        ),
        ("backend:\n  kind: scripted\n  concurrency: true\n", ":3: backend.concurrency"),
        ("backend:\n  kind: scripted\n  attempt_timeout: -1\n", ":3: backend.attempt_timeout"),
        ("backend: {kind: scripted}\nlocal_only: no\n", ":2: local_only: input should be a valid boolean; found 'no'"),
        ("backend: {kind: scripted}\ndomain:\n  itm: film\n", ":3: unknown key 'domain.itm'. Did you mean 'item'?"),
        ("backend: {kind: scripted}\nseed: 1\nseed: 2\n", ":3: the key 'seed' stands twice"),
        ("backend: &b {kind: scripted}\nstrategy: *b\n", ":2: aliases"),
        ("backend: {kind: scripted}\nname: !env HOME\n", ":2: tags"),
        ("backend: {kind: scripted}\nname: !!str 012\n", ":2: tags"),
        ("backend: {kind: scripted}\nstrategy:\n  kind: cascade\n  stages: [nope, open]\n", "staged.\n"),
        ("backend: {kind: scripted\n", "not valid YAML"),
        ("- backend\n", "needs `key: value` lines, found a list"),
        ("seed: 1\n", "the block `backend:` is missing"),
        ("backend: {model: x}\n", ":1: `backend:` needs a `kind`"),
        ("backend: [local]\n", ":1: `backend:` needs a block of keys"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_a_remedy(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(config(tmp_path, text))
    assert said in f"{caught.value}\n"
    assert "films.yaml" in str(caught.value)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(config(tmp_path, "backend: {kind: scripted, modle: x}\nsed: 1\n"))
    assert len(str(caught.value).splitlines()) == 2


def test_a_missing_file_and_a_wrong_encoding_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: no such file"):
        load_config(tmp_path / "nowhere.yaml")
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"name: Am\xe9lie\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(path)


def test_a_mapping_is_checked_like_a_file() -> None:
    assert parse_config({"backend": {"kind": "scripted"}, "seed": 7}).seed == 7
    assert parse_config({"backend": "scripted"}).backend.kind == "scripted"
    with pytest.raises(ConfigError, match="unknown key 'sed'"):
        parse_config({"backend": {"kind": "scripted"}, "sed": 7})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("null", None),
        ("", None),
        ("012", 12),
        ("1e-3", 0.001),
        ("1:30", "1:30"),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_a_missing_catalogue_and_a_missing_extra_are_named_with_their_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match=r"films.yaml:2: catalog: there is no file .*nowhere\.csv"):
        Recommender.from_config(config(tmp_path, "backend: {kind: scripted}\ncatalog: nowhere.csv\n"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"films.yaml:2: .*install it: pip install 'promptrec\[local\]'"):
        Recommender.from_config(config(tmp_path, "backend:\n  kind: local\n"))


def test_a_models_path_is_relative_to_the_config(tmp_path: Path) -> None:
    path = config(tmp_path, "backend: {kind: local, model: models/none.gguf}\n")
    rec = Recommender.from_config(path)
    missing = re.escape(str(tmp_path / "models" / "none.gguf"))
    with pytest.raises(ConfigError, match=rf"films\.yaml:1: .*{missing}"):
        rec.recommend(["Alien"], candidates=["Heat"])
    rec.close()


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (
            "first_stage: {kind: popularty}",
            r"films\.yaml:2: first_stage\.kind: There is no first stage 'popularty'\. Did you mean 'popularity'",
        ),
        (
            "strategy: {kind: listwise, evidence: popularty}",
            r"films\.yaml:2: strategy\.evidence: There is no first stage 'popularty'",
        ),
        ("templates: nowhere", r"films\.yaml:2: templates: there is no folder .*nowhere"),
        ("domain: {show: [genres]}", r"films\.yaml:2: the catalogue has no attribute 'genres'\. Did you mean 'genre'"),
        ("strategy: {kind: listwise, template: lsitwise}", r"films\.yaml:2: .*lsitwise"),
        ("strategy: {kind: listwise}\ndomain: {language: eo}", r"films\.yaml:3: .*eo"),
    ],
)
def test_what_a_config_names_and_is_not_there_is_told_with_its_line(tmp_path: Path, block: str, said: str) -> None:
    (tmp_path / "items.csv").write_text("item_id,title,genre\n1,Alien,Sci-Fi\n", encoding="utf-8")
    path = config(tmp_path, f"backend: {{kind: scripted}}\n{block}\ncatalog: items.csv\n")
    with pytest.raises(ConfigError, match=said):
        Recommender.from_config(path)
