"""What servers say when something is wrong, in the words of our own error tree."""

from __future__ import annotations

import errno
import os
import re
import socket
from collections.abc import Mapping
from typing import Any

from ..errors import (
    AttemptTimeout,
    AuthenticationError,
    BackendError,
    BadResponse,
    BudgetExceeded,
    ConfigurationError,
    ContextOverflow,
    InvalidRequest,
    RateLimited,
    RedirectRefused,
    ServerError,
    Unreachable,
)
from ..jsonio import decode
from .retry_after import retry_after

_LONGEST = 300
_LARGEST_BODY = 1 << 16
_SECRETS = re.compile(r"\b(?:sk|pk|hf|gsk|xai|nvapi|api)[-_][\w*.-]+|(?i:bearer\s+|basic\s+)[^\s\"']+|\bAIza[\w-]+")
_OVERFLOW = re.compile(
    r"maximum context length|context[ _]length|context[ _]size|context window|too many tokens|prompt is too long"
    r"|maximum input length|max_new_tokens`? must be <=|input is too long|exceeds? the (?:available|maximum) ",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"context (?:length|size|window)(?: is| of)? \(?(\d{1,9})|must be <= ?(\d{1,9})", re.IGNORECASE)
_UNREACHABLE = {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}
_TOO_MANY_FILES = {errno.EMFILE, errno.ENFILE}


def presentable(text: str, secret: str = "") -> str:
    """Returns a server's words on one line, short, and without anything that looks like a key."""
    if secret:
        text = text.replace(secret, "***")
    text = _SECRETS.sub("***", text)
    text = " ".join("".join(char if char.isprintable() else " " for char in text[: 8 * _LONGEST]).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


class Complaint:
    """What an error answer holds, whatever its shape."""

    def __init__(self, body: bytes, secret: str = "") -> None:
        self.code = ""
        self.status: int | None = None
        try:
            document = decode(body, object) if len(body) <= _LARGEST_BODY else None
        except ValueError:
            document = None
        self._take(self._said(document) if document is not None else _prose(body), secret)

    @classmethod
    def of(cls, error: object, secret: str = "") -> Complaint:
        """Reads an error object that stood inside an answer."""
        complaint = cls(b"{}")
        complaint._take(complaint._said({"error": error}), secret)
        return complaint

    def _take(self, said: str, secret: str) -> None:
        self.message, self.code = presentable(said, secret), presentable(self.code, secret)

    def _said(self, document: object) -> str:
        error = document.get("error", document) if isinstance(document, dict) else document
        if not isinstance(error, dict):
            return error if isinstance(error, str) else ""
        code = error.get("code")
        if isinstance(code, int) and 400 <= code < 600:
            self.status = code
        self.code = " ".join(str(error[key]) for key in ("code", "type") if error.get(key))
        for key in ("message", "msg", "detail", "error"):
            if said := _sentence(error.get(key)):
                return said
        return ""


def _sentence(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and isinstance(value[0], dict):  # FastAPI; "input" would repeat the prompt
        place = value[0].get("loc")
        named = ".".join(map(str, place)) if isinstance(place, list) else "the request"
        return f"{named}: {value[0].get('msg', '')}"
    return ""


def _prose(body: bytes) -> str:
    text = body[: 8 * _LONGEST].decode("utf-8", "replace")
    return re.sub(r"<[^>]*>", " ", text) if "<" in text else text


def status_error(status: int, headers: Mapping[str, str], body: bytes, *, secret: str = "") -> BackendError:
    """Returns the error that an HTTP status other than 2xx means."""
    if 300 <= status < 400:
        return RedirectRefused(
            f"The server answered {status} and points to another place, where neither key nor prompt is sent.",
            hint="Set backend.base_url to the address that answers.",
        )
    return _error(status, Complaint(body, secret), retry_after(headers))


def inner_error(error: object, *, secret: str = "") -> BackendError:
    """Returns the error that an error object inside a 200 means."""
    complaint = Complaint.of(error, secret)
    if complaint.status is not None:
        return _error(complaint.status, complaint, None)
    return BadResponse(
        f"The server put an error into a 200: {complaint.message or complaint.code or 'no reason given'}."
    )


def _error(status: int, complaint: Complaint, wait: float | None) -> BackendError:
    said = f"The server answered {status}: {complaint.message or complaint.code or 'no reason given'}"
    if status in (401, 403):
        return AuthenticationError(said, hint="Check the key and what it may use.")
    if status == 402 or "insufficient_quota" in complaint.code:
        return BudgetExceeded(said, hint="The account has nothing left to spend.")
    if status == 429:
        return RateLimited(said, retry_after=wait)
    if status >= 500 or status in (408, 409, 425):
        return ServerError(said, retry_after=wait)
    if "context_length" in complaint.code or "exceed_context" in complaint.code or _OVERFLOW.search(complaint.message):
        limit = _LIMIT.search(complaint.message)
        tokens = int(limit[1] or limit[2]) if limit else None
        return ContextOverflow(said, limit=tokens, hint="Shorten the history or the candidates.")
    return InvalidRequest(said)


def is_filtered(status: int, body: bytes) -> bool:
    """Tells whether a 400 means that the prompt met a content filter, as Azure answers."""
    return status == 400 and re.search(r"content_(?:filter|policy)", Complaint(body).code) is not None


def transport_error(error: Exception, where: str) -> BackendError:
    """Returns the error that an exception of aiohttp, or of the socket below it, means."""
    import aiohttp

    if isinstance(error, TimeoutError):
        return AttemptTimeout("The server did not answer in time.")
    if isinstance(error, aiohttp.ClientSSLError):
        why = presentable(str(error))
        return Unreachable(f"No safe connection to {where}: {why}", hint="A private authority needs backend.ca_file.")
    if isinstance(error, aiohttp.ClientConnectorError):
        return _not_connected(error, where)
    if isinstance(error, aiohttp.InvalidURL):
        return ConfigurationError(f"{where} is no address.")
    return ServerError(f"The connection to {where} broke: {type(error).__name__}.")


def _not_connected(error: Any, where: str) -> BackendError:
    cause = error.os_error
    why = os.strerror(cause.errno) if cause.errno in errno.errorcode else presentable(cause.strerror or str(cause))
    if isinstance(cause, socket.gaierror) or cause.errno in _UNREACHABLE or cause.errno is None:
        return Unreachable(f"No connection to {where}: {why}.", hint="Is the server up, and backend.base_url right?")
    if cause.errno in _TOO_MANY_FILES:
        return ConfigurationError(
            "More connections at a time than this process may have files open.",
            hint="Lower backend.concurrency, or raise the limit: ulimit -n.",
        )
    return ServerError(f"The connection to {where} could not be made: {why}.")
