"""Everything that can go wrong with a backend.

::

    BackendError
    ├── ConfigurationError       options, key or extra missing           fatal
    │   ├── UnsupportedCapability    the backend cannot do this          fatal
    │   └── LocalOnlyError           an address outside this machine     fatal
    ├── AuthenticationError      401, 403                                fatal
    ├── Unreachable              refused, no such host                   fatal
    ├── BudgetExceeded           requests, tokens or dollars spent       fatal
    ├── StorageError             journal cannot be written               fatal
    ├── DownloadError            weights or data cannot be fetched       fatal
    ├── BatchFailed              a file of requests was not answered     fatal
    ├── InvalidRequest           400, 404, 422: this request alone
    │   ├── ContextOverflow          prompt longer than the context
    │   └── NotRecorded              a replay holds no answer to it
    ├── RedirectRefused          an answer pointed to another host
    ├── RateLimited              429                                     retryable
    ├── ServerError              5xx, connection broken                  retryable
    ├── BadResponse              not what the protocol promises          retryable
    ├── AttemptTimeout           one attempt took too long               retryable
    └── DeadlineExceeded         the whole request took too long

``retryable``: the same request may succeed later.  ``fatal``: no other request can succeed either, so a run stops.
``reason`` is the name under which a failed user is counted.  Messages never hold keys or prompts.
"""

from __future__ import annotations

import copy
from typing import ClassVar, Self

from .base import Usage


class BackendError(Exception):
    """Base of this layer.

    Attributes:
        hint: What to do about it, in one sentence.
        retry_after: Seconds that the server asked to wait, if it did.
        requests: Attempts that reached the server before this error was given up on.
        usage: What those attempts spent, as far as the server said; None where it said nothing.
    """

    retryable: ClassVar[bool] = False
    fatal: ClassVar[bool] = False
    reason: ClassVar[str] = "backend-error"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        retry_after: float | None = None,
        requests: int = 0,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.retry_after = retry_after
        self.requests = requests
        self.usage = usage

    def for_another(self) -> Self:
        """Returns the same error for a request of which nothing was sent."""
        same = copy.copy(self)
        same.requests, same.usage = 0, None
        return same

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message} {self.hint}".strip() if self.hint else message


class ConfigurationError(BackendError):
    """Options, a key or an optional dependency is missing or wrong."""

    fatal = True
    reason = "configuration"


def no_chat_template(model: str) -> ConfigurationError:
    """Returns the error that messages for a model without a chat template are."""
    return ConfigurationError(
        f"The model {model} has no chat template, so it cannot be sent messages.",
        hint="Use a strategy that continues text, such as likelihood, or an instruction-tuned model.",
    )


def in_short(said: object) -> str:
    """Returns what another library says, on one line of at most 300 characters."""
    return " ".join(str(said).split())[:300]


class UnsupportedCapability(ConfigurationError):
    """The backend cannot do what was asked; the hint names backends which can."""

    reason = "unsupported"


class LocalOnlyError(ConfigurationError):
    """``local_only`` is set and the address is outside this machine."""

    reason = "local-only"


class AuthenticationError(BackendError):
    """The server refused the key."""

    fatal = True
    reason = "authentication"


class Unreachable(BackendError):
    """No connection could be made."""

    fatal = True
    reason = "unreachable"


class BudgetExceeded(BackendError):
    """The budget in requests, tokens or dollars is spent."""

    fatal = True
    reason = "budget"


class StorageError(BackendError):
    """A response could not be kept; going on would pay for answers that are lost."""

    fatal = True
    reason = "storage"


class DownloadError(BackendError):
    """A file could not be fetched, or is not the file it should be."""

    fatal = True
    reason = "download"


class BatchFailed(BackendError):
    """A file of requests was refused or stopped, or what should answer it ended without answers."""

    fatal = True
    reason = "batch-failed"


class InvalidRequest(BackendError):
    """The server refuses this request, and would again."""

    reason = "invalid-request"


class ContextOverflow(InvalidRequest):
    """The prompt does not fit the model's context.

    Attributes:
        limit: Tokens of that context, where they are known.
    """

    reason = "context-overflow"

    def __init__(self, message: str, *, limit: int | None = None, hint: str = "", requests: int = 0) -> None:
        super().__init__(message, hint=hint, requests=requests)
        self.limit = limit


class NotRecorded(InvalidRequest):
    """A replay holds no answer to this request."""

    reason = "not-recorded"


class RedirectRefused(BackendError):
    """The server pointed to another place; the key is not sent there."""

    reason = "redirect"


class RateLimited(BackendError):
    """The server asked to slow down."""

    retryable = True
    reason = "rate-limited"


class ServerError(BackendError):
    """The server failed, or broke the connection."""

    retryable = True
    reason = "server-error"


class BadResponse(BackendError):
    """The server answered with something else than the protocol promises."""

    retryable = True
    reason = "bad-response"


class AttemptTimeout(BackendError):
    """One attempt took longer than ``attempt_timeout``."""

    retryable = True
    reason = "timeout"


class DeadlineExceeded(BackendError):
    """All attempts and waits together would take longer than ``deadline``."""

    reason = "deadline"
