"""A report page taken apart."""

from __future__ import annotations

import base64
import gzip
import json
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "br", "img", "input", "link", "hr", "rect", "circle", "line"}


def unpack(text: str):
    return json.loads(gzip.decompress(base64.b64decode(text)))


class Page(HTMLParser):
    """A page taken apart: its elements, its text, and what stands in its script and style elements."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, str] = {}
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        tag, attributes = self.elements[-1] if self.elements else ("", {})
        if self.open and self.open[-1] in ("script", "style"):
            name = attributes.get("id") or tag
            self.raw[name] = self.raw.get(name, "") + data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def index(self) -> dict:
        return unpack(self.raw["users-index"])

    def users(self, shard: int = 0) -> list[dict]:
        return unpack(self.raw[f"users-{shard}"])
