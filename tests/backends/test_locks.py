"""A file has one writer, and a file system without locks ends no run."""

import errno
from pathlib import Path

import pytest

from backends import ConfigurationError, lock


def test_a_second_writer_is_refused_until_the_first_has_closed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("ab") as first, path.open("ab") as second:
        lock(first.fileno(), path)
        with pytest.raises(ConfigurationError, match="Another run is writing"):
            lock(second.fileno(), path)
        first.close()
        lock(second.fileno(), path)


def test_where_there_are_no_locks_everybody_is_let_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", unsupported)
    with (tmp_path / "file").open("ab") as file:
        lock(file.fileno(), tmp_path / "file")
