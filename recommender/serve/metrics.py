"""What the service counts, for Prometheus."""

from __future__ import annotations

from backends import Usage


class Metrics:
    """Counters of one service, in a registry of its own."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = CollectorRegistry()
        self.running = Gauge("recommender_requests_in_flight", "Recommendations being made", registry=self._registry)
        self._done = Counter(
            "recommender_recommendations",
            "Recommendations by outcome",
            ["outcome"],
            registry=self._registry,
        )
        self._refused = Counter(
            "recommender_refused", "Requests that were refused, by reason", ["reason"], registry=self._registry
        )
        self._tokens = Counter("recommender_tokens", "Tokens spent", ["kind"], registry=self._registry)
        self._model_requests = Counter("recommender_model_requests", "Requests to the model", registry=self._registry)
        self.seconds = Histogram(
            "recommender_seconds",
            "Seconds of a recommendation",
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
            registry=self._registry,
        )

    def done(self, outcome: str, usage: Usage | None = None) -> None:
        """A recommendation was made, or failed for the named reason."""
        self._done.labels(outcome).inc()
        if usage is not None:
            self._model_requests.inc(usage.requests)
            self._tokens.labels("prompt").inc(usage.prompt_tokens)
            self._tokens.labels("cached").inc(usage.cached_tokens)
            self._tokens.labels("completion").inc(usage.completion_tokens)

    def refused(self, reason: str) -> None:
        """A request was refused."""
        self._refused.labels(reason).inc()

    def text(self) -> bytes:
        """The metrics in Prometheus' text format."""
        from prometheus_client import generate_latest

        return generate_latest(self._registry)
