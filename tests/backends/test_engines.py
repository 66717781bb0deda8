"""What every kind of backend must have, whoever wrote it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from backends import ENGINES, BackendOptions, Capability, ConfigurationError, LocalOnlyError, Surroundings, able

DOCS = Path(__file__).resolve().parents[2] / "docs" / "backends.md"
HEAVY = ("torch", "transformers", "vllm", "xllamacpp", "openai", "huggingface_hub", "aiohttp", "httpx2")


@pytest.mark.parametrize("name", ENGINES.names())
def test_an_engine_says_what_it_is(name: str) -> None:
    engine = ENGINES.load(name)
    assert engine.summary
    assert issubclass(engine.options, BackendOptions)
    assert engine.options.model_fields["kind"].default == name
    assert f"## `{name}`" in DOCS.read_text(encoding="utf-8")


def test_every_option_is_told_in_its_docstring() -> None:
    for name in ENGINES.names():
        for kind in ENGINES.load(name).options.__mro__:
            if not issubclass(kind, BackendOptions):
                break
            for field in kind.__annotations__:
                told = any(f"{field}:" in (above.__doc__ or "") for above in kind.__mro__)
                assert told or field in ("kind", "model_config"), f"{kind.__name__} does not tell what {field} is"


def test_knowing_all_engines_loads_none_of_their_libraries() -> None:
    code = (
        "import sys, backends\n"
        "for name in backends.ENGINES.names(): backends.ENGINES.load(name)\n"
        f"print(*set({HEAVY!r}) & set(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert not loaded


def test_each_capability_is_told_with_the_engines_that_have_it() -> None:
    assert {"local", "vllm", "vllm-offline"} <= set(able(Capability.GRAMMAR, Capability.CONTINUATION_LOGPROBS))
    assert "openai" not in able(Capability.GRAMMAR)
    assert "scripted" not in able(Capability.CHAT)


async def test_local_only_fetches_no_model_for_vllm() -> None:
    engine = ENGINES.load("vllm-offline")
    backend = engine.create(engine.options(model="nobody/nothing"), Surroundings(local_only=True))
    with pytest.raises(LocalOnlyError, match="nobody/nothing"):
        await backend.start()
    await backend.aclose()


@pytest.mark.parametrize("name", ["transformers", "vllm-offline"])
async def test_an_engine_that_is_not_installed_says_what_to_install(name: str, tmp_path: Path) -> None:
    engine = ENGINES.load(name)
    if engine.missing() is None:
        pytest.skip(f"{name} is installed here")
    backend = engine.create(engine.options(model=str(tmp_path)), Surroundings())
    with pytest.raises(ConfigurationError, match="pip install"):
        await backend.start()
    await backend.aclose()


def test_no_code_that_comes_with_a_model_is_run() -> None:
    with pytest.raises(ValueError, match="trust_remote_code"):
        ENGINES.load("vllm-offline").options(model="x", engine={"trust_remote_code": True})


@pytest.mark.parametrize("name", ["local", "transformers", "vllm-offline", "replay", "scripted"])
@pytest.mark.parametrize("option", ["base_url", "headers", "api_key_env"])
def test_an_engine_without_a_server_refuses_what_only_servers_have(name: str, option: str) -> None:
    with pytest.raises(ValueError, match=f"{option}\n.*(?:permitted|forbidden)"):
        ENGINES.load(name).options(model="m", **{"run": "r"} if name == "replay" else {}, **{option: "x"})


def test_a_broken_engine_of_another_distribution_is_named_and_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="broken", value="no_such_module:ENGINE", group="promptrec.backends")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: [point] if group == point.group else [])
    with pytest.raises(ConfigurationError, match=r"'broken' \(no_such_module:ENGINE\) cannot be imported"):
        ENGINES.load("broken")
    assert "local" in able(Capability.CHAT)


def test_an_engine_of_another_distribution_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="elsewhere", value="backends.engines.scripted:ENGINE", group="promptrec.backends")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: [point] if group == point.group else [])
    assert "elsewhere" in ENGINES.names()
    assert ENGINES.load("elsewhere") is ENGINES.load("scripted")
