"""Where an OpenAI-style server is and how it is spoken to, as the openai client says."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from ..errors import ConfigurationError
from ..options import Surroundings
from .address import checked, is_loopback, plain, require_loopback
from .options import HttpOptions, ServerOptions
from .transport import Server

_NOBODY = "none"
_OPENAI = re.compile(r"https://([a-z0-9-]+\.)?api\.openai\.com(:443)?/")
"""Its servers, those of one region too."""


def read_key(name: str, *base_urls: str, needed: bool = True) -> SecretStr | None:
    """Returns the key that an environment variable holds; a server on this machine may need none.

    Args:
        name: The variable.
        base_urls: Checked addresses of the servers.
        needed: Whether a server elsewhere must have one.

    Raises:
        ConfigurationError: If there is none and the server is elsewhere, or it cannot be sent in a header.
    """
    key = os.environ.get(name, "").strip()
    if not key:
        if not needed or all(is_loopback(url) for url in base_urls):
            return None
        raise ConfigurationError(
            f"The environment variable {name} holds no key.",
            hint=f"export {name}=..., or name another variable in backend.api_key_env.",
        )
    if not key.isascii() or not key.isprintable():
        raise ConfigurationError(f"The key in {name} holds characters that no key has.")
    return SecretStr(key)


def resolve_urls(
    options: HttpOptions, surroundings: Surroundings, *, variable: str, default: str | None
) -> tuple[str, ...]:
    """Returns the base URLs: the config's, else the environment's, else the default.

    Raises:
        ConfigurationError: If there is none, or one is no address, or stands twice.
        LocalOnlyError: If ``local_only`` is set and one is not on this machine.
    """
    if options.base_url is not None:
        given = (options.base_url,) if isinstance(options.base_url, str) else options.base_url
        urls = tuple(checked(url) for url in given)
    elif said := os.environ.get(variable):
        urls = (checked(said, said=variable),)
    else:
        urls = (default,) if default is not None else ()
    if not urls:
        raise ConfigurationError("backend.base_url names no server.", hint=f"Set it, or {variable}.")
    for url in urls:
        if urls.count(url) > 1:
            raise ConfigurationError(f"backend.base_url names {plain(url)} twice.")
        if surroundings.local_only:
            require_loopback(url)
    return urls


def server(
    options: HttpOptions,
    surroundings: Surroundings,
    *,
    base_url: str,
    key: SecretStr | None,
    organization: str | None = None,
    project: str | None = None,
    azure: tuple[str, str | None] | None = None,
) -> Server:
    """Returns how to reach a server: headers and URL come from the openai client, which sends nothing itself.

    Args:
        options: The backend's options.
        surroundings: What the config says beside them.
        base_url: Checked address.
        key: The key, or None.
        organization: OpenAI organisation that is billed; None takes the environment's where the server is OpenAI's.
        project: OpenAI project that is billed; None as with the organisation.
        azure: Version of Azure's API, and the deployment where the path names it.

    Raises:
        ConfigurationError: If the certificates cannot be read.
    """
    secret = key.get_secret_value() if key is not None else ""
    with _client(base_url, secret or _NOBODY, organization, project, azure) as client:
        headers = {name: value for name, value in client.default_headers.items() if isinstance(value, str)}
        authority = client.auth_headers if secret else {}
        url = str(client.base_url)
    if not _OPENAI.match(url):  # the client takes these from the environment, and only OpenAI shall know them
        billed = {"OpenAI-Organization": organization, "OpenAI-Project": project}
        headers = {name: value for name, value in headers.items() if billed.get(name, value) == value}
    query = {"api-version": azure[0]} if azure else {}
    return plain_server(
        options, surroundings, base_url=url, headers={**headers, **authority}, query=query, secret=secret
    )


def plain_server(
    options: ServerOptions,
    surroundings: Surroundings,
    *,
    base_url: str,
    secret: str,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> Server:
    """Returns how to reach a server whose headers are known; the options' own come last.

    Raises:
        ConfigurationError: If the certificates cannot be read.
    """
    return Server(
        base_url=base_url,
        headers={**(headers or {}), **options.headers},
        query=dict(query or {}),
        secret=secret,
        timeout=options.attempt_timeout,
        largest=round(options.max_response_mb * (1 << 20)),
        trusted=_trusted(surroundings.folder / options.ca_file.expanduser()) if options.ca_file else None,
        trust_env=options.trust_env,
        local_only=surroundings.local_only,
        private=tuple(options.headers.values()),
    )


def _client(
    base_url: str, key: str, organization: str | None, project: str | None, azure: tuple[str, str | None] | None
) -> Any:
    import openai

    silent = openai.DefaultHttpxClient(trust_env=False)
    if azure is not None:
        version, deployment = azure
        endpoint = base_url.rstrip("/")
        return openai.AzureOpenAI(
            azure_endpoint=endpoint,
            azure_deployment=deployment,
            api_version=version,
            api_key=key,
            max_retries=0,
            http_client=silent,
        )
    return openai.OpenAI(
        base_url=base_url,
        api_key=key,
        organization=organization,
        project=project,
        max_retries=0,
        http_client=silent,
    )


def _trusted(path: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        why = "it is not in PEM form" if isinstance(error, ssl.SSLError) else error.strerror or str(error)
        raise ConfigurationError(f"{path} holds no certificates that can be read (backend.ca_file): {why}.") from None
