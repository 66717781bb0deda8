"""The shared fault server in a process of its own."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


class FaultServer:
    """Speaks to the running server; its options and faults are described in its own docstring."""

    def __init__(self, port: int) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self.url = self.root + "/v1"

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(self.root + path, data=data, timeout=10) as answer:
            return dict(json.load(answer))

    def configure(self, *faults: dict[str, Any], **options: Any) -> None:
        """Sets faults and options, and counts from 0 again."""
        self.ask("/__config", {"faults": list(faults), "latency_ms": 5, "rate": None, "seed": 1, **options})

    @property
    def stats(self) -> dict[str, Any]:
        return self.ask("/__stats")

    @property
    def requests(self) -> int:
        """How many requests have arrived since the last configuration."""
        return int(self.stats.get("requests", 0))


def fault_server(shared: Path) -> Iterator[FaultServer]:
    """Runs it, for the body of a fixture; skips where it is not there."""
    script = shared / "bench" / "fault_server.py"
    if not script.exists():
        pytest.skip("needs the shared fault server")
    with subprocess.Popen([sys.executable, str(script), "--port", "0"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield FaultServer(json.loads(process.stdout.readline())["port"])
        finally:
            process.terminate()
