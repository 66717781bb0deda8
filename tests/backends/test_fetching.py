"""Files are fetched whole, once, and are the right ones."""

from __future__ import annotations

import hashlib
import subprocess
import threading
import zipfile
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from backends import BackendError, DownloadError, cache_dir
from backends.fetching import download, fetch_from_wheel
from backends.files import is_file

BODY = bytes(range(256)) * 40


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class FileServer:
    """Serves ``BODY``; the first ``breaks`` answers stop half-way through what was asked for."""

    def __init__(self) -> None:
        self.breaks, self.ranges, self.status = 0, True, 200
        self.asked: list[str | None] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/file.bin"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        self.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.ranges else 0
        if self.status != 200:
            handler.send_error(self.status)
            return
        if start >= len(BODY):
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(BODY) - start))
        handler.end_headers()
        rest = BODY[start:]
        if self.breaks:
            self.breaks -= 1
            rest = rest[: len(rest) // 2]
        handler.wfile.write(rest)


@pytest.fixture
def server() -> Iterator[FileServer]:
    server = FileServer()
    server.thread.start()
    yield server
    server.http.shutdown()
    server.http.server_close()
    server.thread.join()


def test_a_broken_download_goes_on_where_it_stopped(server: FileServer, tmp_path: Path) -> None:
    server.breaks = 1
    said: list[str] = []
    seen: list[tuple[int, int | None]] = []
    target = tmp_path / "new" / "file.bin"
    download(server.url, target, sha256=sha256(BODY), log=said.append, progress=lambda *at: seen.append(at))
    assert target.read_bytes() == BODY
    assert server.asked == [None, f"bytes={len(BODY) // 2}-"]
    assert seen[-1] == (len(BODY), len(BODY))
    assert any("Broken off" in line for line in said)


def test_what_an_earlier_call_left_is_used_only_where_a_hash_can_tell(server: FileServer, tmp_path: Path) -> None:
    target, part = tmp_path / "file.bin", tmp_path / "file.bin.part"
    part.write_bytes(BODY[:100])
    download(server.url, target, sha256=sha256(BODY), log=print)
    target.unlink()
    part.write_bytes(BODY[:100])
    download(server.url, target, log=print)
    assert server.asked == ["bytes=100-", None]
    assert target.read_bytes() == BODY


@pytest.mark.parametrize("left", [b"of another file", BODY + b"longer"])
def test_a_half_of_another_file_is_thrown_away(server: FileServer, tmp_path: Path, left: bytes) -> None:
    (tmp_path / "file.bin.part").write_bytes(left)
    assert download(server.url, tmp_path / "file.bin", sha256=sha256(BODY), log=print).read_bytes() == BODY


def test_a_server_without_ranges_sends_the_whole_again(server: FileServer, tmp_path: Path) -> None:
    server.breaks, server.ranges = 1, False
    assert download(server.url, tmp_path / "file.bin", sha256=sha256(BODY), log=print).read_bytes() == BODY


def test_a_file_that_is_there_is_not_fetched_again(server: FileServer, tmp_path: Path) -> None:
    for _ in range(2):
        download(server.url, tmp_path / "file.bin", sha256=sha256(BODY), log=print)
    assert len(server.asked) == 1
    (tmp_path / "file.bin").write_bytes(b"changed")
    assert download(server.url, tmp_path / "file.bin", sha256=sha256(BODY), log=print).read_bytes() == BODY


def test_another_file_than_expected_is_refused_and_leaves_nothing(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="instead of 0000") as caught:
        download(server.url, tmp_path / "file.bin", sha256="0" * 64, log=print)
    assert caught.value.fatal
    assert isinstance(caught.value, BackendError)
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == []


def test_a_refusal_is_told_at_once_without_the_password(server: FileServer, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(DownloadError, match="answered 404"):
        download(server.url, tmp_path / "file.bin", log=print)
    assert len(server.asked) == 1
    with pytest.raises(DownloadError, match="not an http or https") as caught:
        download("ftp://me:secret@nowhere/x", tmp_path / "x", log=print)
    assert "secret" not in str(caught.value)


def test_two_fetch_at_once_and_one_asks(server: FileServer, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    both = [
        threading.Thread(
            target=download, args=(server.url, tmp_path / "file.bin"), kwargs={"sha256": sha256(BODY), "log": print}
        )
        for _ in range(2)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert len(server.asked) == 1


def test_a_folder_that_cannot_be_made_is_told_in_words(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DownloadError, match="PROMPTREC_CACHE"):
        download(server.url, tmp_path / "taken" / "file.bin", log=print)


class Pip:
    """Writes a wheel where pip would."""

    def __init__(self, returncode: int = 0, stderr: str = "") -> None:
        self.returncode, self.stderr = returncode, stderr
        self.commands: list[Sequence[str]] = []

    def __call__(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        if self.returncode == 0:
            write_wheel(Path(command[command.index("--dest") + 1]) / "toy-1.0-py3-none-any.whl")
        return subprocess.CompletedProcess(command, self.returncode, "", self.stderr)


def write_wheel(path: Path) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("toy/data.bin", "toy/other.bin", "toy/__init__.py"):
            archive.writestr(zipfile.ZipInfo(name), BODY)
    return path.read_bytes()


@pytest.fixture
def wheel_hash(tmp_path_factory: pytest.TempPathFactory) -> str:
    return sha256(write_wheel(tmp_path_factory.mktemp("wheel") / "x.whl"))


MEMBERS = {"toy/data.bin": sha256(BODY)}


def test_only_the_wanted_files_leave_the_wheel_and_only_once(tmp_path: Path, wheel_hash: str) -> None:
    pip = Pip()
    for _ in range(2):
        found = fetch_from_wheel(
            "toy", "1.0", wheel_sha256=wheel_hash, members=MEMBERS, folder=tmp_path, log=print, run=pip
        )
        assert found == {"toy/data.bin": tmp_path / "data.bin"}
    assert (tmp_path / "data.bin").read_bytes() == BODY
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == [
        "data.bin",
        "data.bin.sha256",
    ]
    assert [command[-1] for command in pip.commands] == ["toy==1.0"]
    assert not any("http" in part for part in pip.commands[0])


def test_a_large_file_is_hashed_once_until_it_changes(
    tmp_path: Path, wheel_hash: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip, hashed = Pip(), []
    digest = hashlib.file_digest
    monkeypatch.setattr("hashlib.file_digest", lambda file, kind: hashed.append(file.name) or digest(file, kind))

    def fetch() -> int:
        hashed.clear()
        fetch_from_wheel("toy", "1.0", wheel_sha256=wheel_hash, members=MEMBERS, folder=tmp_path, log=print, run=pip)
        return len(hashed)

    assert fetch() > 0
    assert fetch() == 0
    (tmp_path / "data.bin").write_bytes(BODY[::-1])
    assert fetch() > 0
    assert (tmp_path / "data.bin").read_bytes() == BODY
    assert len(pip.commands) == 2


def test_a_damaged_note_of_a_hash_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(BODY)
    (tmp_path / "file.bin.sha256").write_bytes(b"\xff\xfe\x80")
    assert is_file(tmp_path / "file.bin", sha256(BODY))
    assert (tmp_path / "file.bin.sha256").read_text().startswith(sha256(BODY))
    assert not is_file(tmp_path / "file.bin" / "below", sha256(BODY))


@pytest.mark.parametrize(
    ("pip", "wheel", "members", "said"),
    [
        (Pip(), "0" * 64, MEMBERS, "the wheel of toy 1.0"),
        (Pip(), None, {"toy/data.bin": "0" * 64}, "toy/data.bin"),
        (Pip(), None, {"toy/gone.bin": "0" * 64}, "no toy/gone.bin"),
        (
            Pip(1, "WARNING: x\nERROR: No match at https://me:secret@index/simple\n"),
            None,
            MEMBERS,
            "No match at https://index",
        ),
        (Pip(1), None, MEMBERS, "it said nothing"),
    ],
)
def test_what_is_wrong_with_a_wheel_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, wheel_hash: str, pip: Pip, wheel: str | None, members: dict[str, str], said: str
) -> None:
    with pytest.raises(DownloadError, match=said) as caught:
        fetch_from_wheel(
            "toy", "1.0", wheel_sha256=wheel or wheel_hash, members=members, folder=tmp_path, log=print, run=pip
        )
    assert caught.value.hint
    assert "secret" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []


def test_without_pip_and_uv_the_way_by_hand_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wheel_hash: str
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DownloadError, match=f"no pip.*pip download --no-deps toy==1.0.*{tmp_path}"):
        fetch_from_wheel("toy", "1.0", wheel_sha256=wheel_hash, members=MEMBERS, folder=tmp_path, log=print)


def test_the_cache_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache_dir().name == "promptrec"
    monkeypatch.setenv("PROMPTREC_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path
