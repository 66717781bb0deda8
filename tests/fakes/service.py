"""`recommender serve` as people start it: a process of its own on a free port."""

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ITEMS = "item_id,title,popularity\n1,Alien,9\n2,Heat,8\n3,Brazil,7\n4,<img src=x onerror=alert(1)>,6\n"
CONFIG = 'name: "films & <more>"\nbackend: {kind: scripted, default: "[B] > [A] > [C]"}\ncatalog: items.csv\n'


class Service:
    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, path: str, body: Any = None, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers.  Anything but bytes is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        request = urllib.request.Request(self.url + path, data=data, headers=sent if data is not None else headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read(), {name.lower(): value for name, value in answer.headers.items()}
        except urllib.error.HTTPError as error:
            return error.code, error.read(), {name.lower(): value for name, value in error.headers.items()}


@contextmanager
def service(folder: Path, *options: str, config: str = CONFIG) -> Iterator[Service]:
    (folder / "items.csv").write_text(ITEMS)
    (folder / "films.yaml").write_text(config)
    command = [
        sys.executable,
        "-m",
        "recommender",
        "serve",
        "--config",
        str(folder / "films.yaml"),
        "--port",
        "0",
        *options,
    ]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "OPENAI_API_KEY": "k"}
    ) as process:
        assert process.stderr is not None
        said = ""
        while not (found := re.search(r"^http://\S+:(\d+)/$", said, re.MULTILINE)):
            line = process.stderr.readline()
            assert line, said
            said += line
        try:
            yield Service(process, int(found[1]))
        finally:
            process.terminate()
