"""Which addresses are on this machine."""

from __future__ import annotations

import ipaddress
import re
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


def checked(url: str, *, said: str = "backend.base_url") -> str:
    """Returns a server's address with one slash at its end.

    Args:
        url: The address.
        said: Where it was said, for messages.

    Raises:
        ConfigurationError: If it is no http or https URL, or holds a password, a query or a fragment.
    """
    url = url.strip()
    if not _is_address(url):
        raise ConfigurationError(f"{said} {plain(url)!r} is no http:// or https:// address.")
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ConfigurationError(
            f"{said} {plain(url)} holds a user name or password.",
            hint="Keys belong into an environment variable, see backend.api_key_env.",
        )
    if parts.query or parts.fragment:
        raise ConfigurationError(f"{said} {plain(url)} is followed by a query or fragment.", hint="Leave it out.")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + "/", "", ""))


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        host.encode("idna")
        return parts.scheme in ("http", "https") and bool(host) and not re.search(r"\s", url) and parts.port != 0
    except ValueError:  # brackets, port or name
        return False


def plain(url: str) -> str:
    """Returns a URL without user, password, query and fragment, fit to be printed."""
    return re.sub(r"//[^/?#]*@", "//", re.sub(r"[?#].*", "", url, flags=re.DOTALL))


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
