"""Engines that answer prompts, and what is wrapped round them.  Ground layer: knows no item and no user."""

from .base import (
    Backend,
    Capability,
    Choice,
    Constraint,
    ContinuationScore,
    Finish,
    GenerateRequest,
    Generation,
    Grammar,
    Identity,
    JsonSchema,
    Message,
    Prompt,
    Request,
    Response,
    Sampling,
    ScoreRequest,
    Scores,
    TokenLogprob,
    Usage,
    send,
)
from .budget import Budget, Ledger
from .cache import Cache
from .doctor import Examinable, Finding, examine
from .errors import (
    AttemptTimeout,
    AuthenticationError,
    BackendError,
    BadResponse,
    BatchFailed,
    BudgetExceeded,
    ConfigurationError,
    ContextOverflow,
    DeadlineExceeded,
    DownloadError,
    InvalidRequest,
    LocalOnlyError,
    NotRecorded,
    RateLimited,
    RedirectRefused,
    ServerError,
    StorageError,
    Unreachable,
    UnsupportedCapability,
)
from .estimate import estimated_tokens
from .fetching import download, fetch_from_wheel
from .files import cache_dir
from .http.batched import openai_batches, vllm_batches
from .http.gathering import ShardLimits
from .journal import Journal
from .keys import request_key
from .known import ENGINES, able, able_hint
from .limits import Pool
from .locks import lock
from .options import BackendOptions, Engine, Surroundings
from .prices import AS_OF as PRICES_AS_OF
from .prices import lookup as price_of
from .registry import Registry, near
from .retry import Retry
from .weights import weights_at_hand
from .wrap import wrap

__all__ = [
    "ENGINES",
    "PRICES_AS_OF",
    "AttemptTimeout",
    "AuthenticationError",
    "Backend",
    "BackendError",
    "BackendOptions",
    "BadResponse",
    "BatchFailed",
    "Budget",
    "BudgetExceeded",
    "Cache",
    "Capability",
    "Choice",
    "ConfigurationError",
    "Constraint",
    "ContextOverflow",
    "ContinuationScore",
    "DeadlineExceeded",
    "DownloadError",
    "Engine",
    "Examinable",
    "Finding",
    "Finish",
    "GenerateRequest",
    "Generation",
    "Grammar",
    "Identity",
    "InvalidRequest",
    "Journal",
    "JsonSchema",
    "Ledger",
    "LocalOnlyError",
    "Message",
    "NotRecorded",
    "Pool",
    "Prompt",
    "RateLimited",
    "RedirectRefused",
    "Registry",
    "Request",
    "Response",
    "Retry",
    "Sampling",
    "ScoreRequest",
    "Scores",
    "ServerError",
    "ShardLimits",
    "StorageError",
    "Surroundings",
    "TokenLogprob",
    "Unreachable",
    "UnsupportedCapability",
    "Usage",
    "able",
    "able_hint",
    "cache_dir",
    "download",
    "estimated_tokens",
    "examine",
    "fetch_from_wheel",
    "lock",
    "near",
    "openai_batches",
    "price_of",
    "request_key",
    "send",
    "vllm_batches",
    "weights_at_hand",
    "wrap",
]
