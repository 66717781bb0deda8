"""Every engine that runs a real model, on the same weights, started when first asked for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fakes.real_servers import KEY, VLLM_ENVIRONMENT, llama_server, vllm_server

from backends import ENGINES, Backend, Surroundings, cache_dir
from backends.weights import find_weights

CONVERTER = Path(__file__).with_name("convert_weights.py")
ENGINE_MARKS = {
    "local": [pytest.mark.engine],
    "local-server": [pytest.mark.engine],
    "huggingface": [pytest.mark.engine],
    "vllm": [pytest.mark.vllm],
    "vllm-offline": [pytest.mark.vllm],
    "transformers": [pytest.mark.vllm],
}
SERVERS = ("local-server", "huggingface", "vllm")
REAL = [pytest.param(name, marks=marks) for name, marks in ENGINE_MARKS.items()]


class Running:
    """One engine; its server runs, and its backend is kept, until :meth:`close`."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        self._stack = contextlib.ExitStack()
        self._addresses: dict[str, str] = {}
        self._made: list[Backend] = []

    @property
    def backend(self) -> Backend:
        """The backend that tests share."""
        return self._made[0] if self._made else self.make()

    def make(self, **changed: Any) -> Backend:
        """Another backend of that kind, with some options changed."""
        kind, options = getattr(self, "_" + self.name.replace("-", "_"))()
        engine = ENGINES.load(kind)
        backend: Backend = engine.create(engine.options(kind=kind, **{**options, **changed}), Surroundings(seed=7))
        self._made.append(backend)
        return backend

    def close(self) -> None:
        """Frees models and ends servers."""
        for backend in self._made:
            asyncio.run(backend.aclose())
        self._stack.close()

    def _local(self) -> tuple[str, dict[str, Any]]:
        return "local", {"context": 2048, "threads": 1}

    def _local_server(self) -> tuple[str, dict[str, Any]]:
        url = self._address("llama", lambda log: llama_server(gguf(), log))
        return "openai", {"model": "smol", "base_url": url, "api_key_env": "CONFORMANCE_KEY"}

    def _huggingface(self) -> tuple[str, dict[str, Any]]:
        url = self._address("llama", lambda log: llama_server(gguf(), log))
        return "huggingface", {"base_url": url.removesuffix("/v1"), "api_key_env": "CONFORMANCE_KEY"}

    def _vllm(self) -> tuple[str, dict[str, Any]]:
        url = self._address("vllm", lambda log: vllm_server(safetensors(), log))
        return "vllm", {"base_url": url, "api_key_env": "CONFORMANCE_KEY"}

    def _vllm_offline(self) -> tuple[str, dict[str, Any]]:
        pytest.importorskip("vllm", reason="needs vLLM (make test-vllm)")
        os.environ.update(VLLM_ENVIRONMENT)
        arguments = {"enforce_eager": True, "dtype": "float32", "max_model_len": 2048, "block_size": 32}
        return "vllm-offline", {"model": str(safetensors()), "engine": arguments}

    def _transformers(self) -> tuple[str, dict[str, Any]]:
        return "transformers", {"model": str(safetensors())}

    def _address(self, name: str, server: Any) -> str:
        os.environ["CONFORMANCE_KEY"] = KEY
        if name not in self._addresses:
            self._addresses[name] = self._stack.enter_context(server(self._folder / f"{name}.log"))
        return self._addresses[name]


def gguf() -> Path:
    return find_weights(None, folder=Path(), log=print)


def safetensors() -> Path:
    """The default model as safetensors, converted once and kept in the cache."""
    pytest.importorskip("torch", reason="needs torch and transformers (make test-vllm)")
    folder = cache_dir() / "tests" / "SmolLM2-135M-Instruct"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, str(CONVERTER), str(gguf()), str(folder)], check=True)
    return folder
