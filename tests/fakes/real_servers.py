"""Real model servers on this machine: vLLM on the CPU, and the embedded engine's own."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

KEY = "sk-conformance-0123456789"
VLLM_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
}
START_SECONDS = 300
_LLAMA = """
import sys, time, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.hostnames, params.port = sys.argv[1], ["127.0.0.1"], int(sys.argv[2])
params.n_ctx, params.n_parallel, params.verbosity, params.api_keys = 2048, 1, -1, [sys.argv[3]]
for cpu in (params.cpuparams, params.cpuparams_batch):
    cpu.n_threads, cpu.poll = 1, 0
server = xllamacpp.Server(params)
time.sleep(3600)
"""


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@contextlib.contextmanager
def vllm_server(model: Path, log: Path) -> Iterator[str]:
    """Runs a vLLM server on the CPU; yields its address."""
    port = free_port()
    modern = importlib.util.find_spec("vllm.entrypoints.launchers") is not None
    module = "vllm.entrypoints.launchers.api_server.entry" if modern else "vllm.entrypoints.openai.api_server"
    options = {"model": model, "served-model-name": "smol", "host": "127.0.0.1", "port": port, "api-key": KEY}
    options |= {"max-model-len": 2048, "dtype": "float32", "block-size": 32}
    command = [sys.executable, "-m", module, "--enforce-eager", "--enable-prompt-tokens-details"]
    command += [f"--{name}={value}" for name, value in options.items()]
    with _running(command, log, f"http://127.0.0.1:{port}/health", VLLM_ENVIRONMENT):
        yield f"http://127.0.0.1:{port}/v1"


@contextlib.contextmanager
def llama_server(model: Path, log: Path) -> Iterator[str]:
    """Runs the embedded engine's OpenAI-style server in a process of its own; yields its address."""
    port = free_port()
    command = [sys.executable, "-c", _LLAMA, str(model), str(port), KEY]
    with _running(command, log, f"http://127.0.0.1:{port}/health", {}):
        yield f"http://127.0.0.1:{port}/v1"


@contextlib.contextmanager
def _running(command: list[str], log: Path, health: str, environment: dict[str, str]) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **environment})
        try:
            _wait(process, health, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], health: str, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(2 * START_SECONDS):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), opener.open(health, timeout=5) as response:
            if response.status == 200:
                return
        time.sleep(0.5)
    raise RuntimeError(f"The server did not start: {log.read_text(errors='replace')[-3000:]}")
