"""OpenAI, Azure, and every server that speaks their protocol."""

from __future__ import annotations

from typing import Literal

from ..base import Capability
from ..errors import ConfigurationError
from ..http.backend import HttpBackend
from ..http.options import HttpOptions
from ..http.server import read_key, resolve_urls, server
from ..http.transport import Server
from ..options import Engine, Surroundings

_DEFAULT_URL = "https://api.openai.com/v1/"


class OpenAIOptions(HttpOptions):
    """Options of ``kind: openai``; the key comes from ``OPENAI_API_KEY`` or the variable ``api_key_env`` names.

    Attributes:
        api_version: Version of Azure's API, for Azure's older paths; ``base_url`` is then the resource's address.
        organization: OpenAI organisation that is billed.
        project: OpenAI project that is billed.
    """

    kind: Literal["openai"] = "openai"
    api_version: str | None = None
    organization: str | None = None
    project: str | None = None


def _create(options: OpenAIOptions, surroundings: Surroundings) -> HttpBackend:
    if options.model is None:
        raise ConfigurationError("backend.model is missing: which model should answer?")
    azure = options.api_version is not None
    urls = resolve_urls(
        options,
        surroundings,
        variable="AZURE_OPENAI_ENDPOINT" if azure else "OPENAI_BASE_URL",
        default=None if azure else _DEFAULT_URL,  # another company's key is not for OpenAI
    )
    name = options.api_key_env or ("AZURE_OPENAI_API_KEY" if azure else "OPENAI_API_KEY")
    key = read_key(name, *urls)

    def reached() -> list[Server]:
        deployment = None if options.api == "responses" else options.model
        return [
            server(
                options,
                surroundings,
                base_url=url,
                key=key,
                organization=options.organization,
                project=options.project,
                azure=(options.api_version, deployment) if options.api_version is not None else None,
            )
            for url in urls
        ]

    extra = {"api_version": options.api_version} if azure else {}
    return HttpBackend(options, reached, base_url=urls[0], extra=extra)


ENGINE = Engine(
    summary="OpenAI, Azure and every compatible server: chat, responses, completions",
    options=OpenAIOptions,
    create=_create,
    capabilities=frozenset(Capability) - {Capability.GRAMMAR, Capability.BATCH},
    key_env="OPENAI_API_KEY",
)
