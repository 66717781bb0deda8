"""Which addresses are on this machine."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ..errors import ConfigurationError, LocalOnlyError


def is_loopback(url: str) -> bool:
    """Tells whether a URL's host is this machine, without asking a name server."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_openai(url: str) -> bool:
    """Tells whether a URL's host is OpenAI's own, not a server that speaks its protocol."""
    host = urlsplit(url).hostname or ""
    return host == "openai.com" or host.endswith(".openai.com")


def require_loopback(url: str) -> None:
    """Refuses an address that is not on this machine.

    Raises:
        LocalOnlyError: If the host is another machine, or a name that only a name server could tell.
    """
    if not is_loopback(url):
        raise LocalOnlyError(
            f"local_only is set, and {plain(url)} is not on this machine.",
            hint="Use a server on 127.0.0.1, an embedded engine, or local_only: false.",
        )


def checked(url: str) -> str:
    """Returns a server's address with one slash at its end.

    Raises:
        ConfigurationError: If it is no http or https URL, or holds a password.
    """
    parts = urlsplit(url.strip())
    try:
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ConfigurationError(f"backend.base_url {plain(url)!r} is no http:// or https:// address.")
    if parts.username or parts.password:
        raise ConfigurationError(
            f"backend.base_url {plain(url)} holds a user name or password.",
            hint="Keys belong into an environment variable, see backend.api_key_env.",
        )
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + "/", "", ""))


def plain(url: str) -> str:
    """Returns a URL without user, password, query and fragment, fit to be printed."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def loopback_resolver() -> Any:
    """Returns an aiohttp resolver that knows ``localhost`` alone and asks nobody."""
    from aiohttp.abc import AbstractResolver

    class LoopbackResolver(AbstractResolver):
        async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[Any]:
            if host != "localhost" and not host.endswith(".localhost"):
                raise OSError(f"{host} is not on this machine")
            addresses = [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)]
            return [
                {"hostname": host, "host": address, "port": port, "family": kind, "proto": 0, "flags": 0}
                for address, kind in addresses
                if family in (kind, socket.AF_UNSPEC)
            ]

        async def close(self) -> None: ...

    return LoopbackResolver()
