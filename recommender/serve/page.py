"""The page at ``/``: loads its own style and script, and nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape
from importlib import resources

from fastapi import FastAPI, Response

from ..looks import base_css
from ..recommender import Recommender

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def add_page(app: FastAPI, rec: Recommender) -> None:
    """Adds the page, its style and its script."""
    page = _own("page.html").replace("{{ name }}", escape(rec.name)).replace("{{ about }}", escape(rec.describe()))
    files = {
        "/": (page, "text/html"),
        "/page.css": (base_css() + _own("page.css"), "text/css"),
        "/page.js": (_own("page.js"), "text/javascript"),
    }
    for path, (text, kind) in files.items():
        app.add_api_route(path, _sending(text, kind), include_in_schema=False)


def _sending(text: str, kind: str) -> Callable[[], Awaitable[Response]]:
    headers = {"content-security-policy": POLICY} if kind == "text/html" else None

    async def send() -> Response:
        return Response(text, media_type=kind, headers=headers)

    return send


def _own(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")
