"""What comes from outside is bounded: bombs are refused in a sentence, and an answer without end is read to a point."""

import re
import zipfile
from pathlib import Path

import pytest

from backends import ENGINES, ConfigurationError, Generation, Surroundings
from evals import DataError, RunError, SpecError
from evals.datasets import _files as files
from evals.store import read_json
from evals.systems.file import _jsonl
from evals.tasks import read_tasks
from evals.trust_cli import _groups
from prompts import TemplateInvalid, load
from recommender import (
    Catalog,
    CatalogError,
    ConfigError,
    Expected,
    Item,
    Recommender,
    load_config,
    parse_config,
    read_answer,
    run_command,
)
from recommender.cli import app

CATALOG = Catalog([Item("1", "Heat"), Item("2", "Alien")])
DEEP = "[" * 20_000 + "]" * 20_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("backend: " + "[" * 20_000, "nested too deeply"),
        ("".join(" " * depth + "a:\n" for depth in range(2_000)), "nested too deeply"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "aliases"),
        ("backend: {kind: scripted}\nseed: " + "9" * 5_000, "valid integer"),
    ],
)
def test_a_config_that_is_a_bomb_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        load_config(tmp_path / "c.yaml")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("c.jsonl", f'{{"item_id": "1", "title": "x", "a": {DEEP}}}\n', "c.jsonl:1: not a JSON object"),
        ("c.jsonl", f'{{"item_id": "1", "title": "{"x" * 16_000_000}"}}\n', "c.jsonl:1: longer than"),
        ("c.csv", "item_id,title\n1," + "x" * 1_100_000, "c.csv:2: not valid CSV"),
        ("c.csv", 'item_id,title\n1,"' + "x\n" * 600_000, "not valid CSV"),
    ],
)
def test_a_catalogue_that_is_a_bomb_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(CatalogError, match=said):
        Catalog.from_file(tmp_path / name)


def test_a_task_that_is_nested_deeply_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(f'{{"user_id": "u", "x": {DEEP}}}\n')
    with pytest.raises(DataError, match=r"t\.jsonl:1: not a task"):
        read_tasks(tmp_path / "t.jsonl", CATALOG)


def test_a_template_that_is_nested_deeply_is_refused(tmp_path: Path) -> None:
    (tmp_path / "deep.j2").write_text(f"---\nname: deep\nversion: {DEEP}\n---\nx")
    with pytest.raises(TemplateInvalid, match="nested too deeply"):
        load("deep", language="en", folder=tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f'{{"title": {DEEP}}}', r"h\.jsonl:1: not valid JSON"),
        ('{"title": "Heat", "rating": ' + "9" * 5_000 + "}", r"h\.jsonl:1: not valid JSON"),
        ('{"title": "Heat", "rating": NaN}', "history entry 1: rating 'nan' is not a number"),
        ('{"title": "Heat", "rating": "1e999"}', "history entry 1: rating '1e999' is not a number"),
    ],
)
def test_a_history_that_is_a_bomb_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    (tmp_path / "items.csv").write_text("item_id,title\n1,Heat\n2,Alien\n")
    (tmp_path / "c.yaml").write_text('backend: {kind: scripted, default: "[A]"}\ncatalog: items.csv\n')
    (tmp_path / "h.jsonl").write_text(line + "\n")
    told = ["recommend", "--config", str(tmp_path / "c.yaml"), "--history-file", str(tmp_path / "h.jsonl")]
    assert run_command(app, told) == 2
    assert re.search(said, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("s.json", f'{{"default": {DEEP}}}', "not JSON or YAML"), ("s.yaml", "a: &a [x]\nb: *a\n", "aliases")],
)
def test_a_script_that_is_a_bomb_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    engine = ENGINES.load("scripted")
    with pytest.raises(ConfigurationError, match=said):
        engine.create(engine.options(script=Path(name)), Surroundings(folder=tmp_path))


@pytest.mark.parametrize("line", [f'{{"history": ["1"], "x": {DEEP}}}'.encode(), b'{"history": ["\xff"]}'])
def test_demonstrations_that_are_a_bomb_are_refused(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "d.jsonl").write_bytes(line + b"\n")
    told = {"kind": "listwise", "demonstrations": {"kind": "random", "file": str(tmp_path / "d.jsonl")}}
    with pytest.raises(ConfigError, match=r"d\.jsonl:1: not a person"):
        Recommender(parse_config({"backend": {"kind": "scripted", "default": "x"}, "strategy": told}), catalog=CATALOG)


@pytest.mark.parametrize("line", [f'{{"user_id": "u", "items": [], "x": {DEEP}}}'.encode(), b'{"user_id": "\xff"}'])
def test_rankings_of_others_that_are_a_bomb_are_refused(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "r.jsonl").write_bytes(line + b"\n")
    with pytest.raises(DataError, match=r"r\.jsonl:1: not a ranking"):
        list(_jsonl(tmp_path / "r.jsonl"))


def test_a_run_folder_that_is_a_bomb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text(f'{{"a": {DEEP}}}')
    with pytest.raises(RunError, match=r"metrics\.json: cannot be read"):
        read_json(tmp_path / "metrics.json")


@pytest.mark.parametrize("content", [b"user_id,group\n1,\xff\n", b"user_id,group\n1," + b"x" * 1_100_000])
def test_groups_that_are_no_csv_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "g.csv").write_bytes(content)
    with pytest.raises(SpecError, match=r"g\.csv:\d: not CSV in UTF-8"):
        _groups(tmp_path / "g.csv")


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows", b"0" * 2_000_000)
    monkeypatch.setattr(files, "LARGEST", 1_000_000)
    monkeypatch.setattr(files, "download", lambda url, target, **_: tmp_path / "a.zip")
    with pytest.raises(DataError, match="rows would take more than 1,000,000 bytes"):
        files.fetch_zip("http://127.0.0.1/a.zip", tmp_path, {"rows": "rows.csv"}, log=print)
    assert not (tmp_path / "rows.csv").exists()


@pytest.mark.parametrize("tail", ["[" * 10_000_000, "{" * 10_000_000, '"' * 10_000_000, '{"' * 5_000_000])
def test_an_answer_of_ten_megabytes_is_read_to_a_point(tail: str) -> None:
    answer = Generation(text=f'{{"ranking": ["B", "A"]}} {tail}', model="m")
    found = read_answer(
        answer, Expected(shape="json", labels={"A": "1", "B": "2"}, count=2), None, candidates=tuple(CATALOG)
    )
    assert found.order == ("2", "1")
