"""Spans where OpenTelemetry is installed, nothing where it is not, and never a prompt."""

import sys

import pytest
from fakes.engines import ToldEngine, ask

from backends import ServerError
from backends.tracing import Traced


async def test_without_the_library_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    assert (await Traced(ToldEngine()).generate(ask())).text == "to a"


async def test_a_span_says_what_was_asked_and_spent_and_holds_no_text() -> None:
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    backend = Traced(ToldEngine(lambda _, attempt: ServerError("private text") if attempt == 2 else None))
    backend._tracer = provider.get_tracer("test")
    await backend.generate(ask("a secret prompt"))
    with pytest.raises(ServerError):
        await backend.generate(ask("a secret prompt"))
    good, bad = exporter.get_finished_spans()
    assert good.name == "text_completion m"
    assert good.attributes is not None
    assert bad.attributes is not None
    assert good.attributes["gen_ai.usage.input_tokens"] == 10
    assert good.attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert bad.attributes["error.type"] == "server-error"
    assert "secret" not in good.to_json() + bad.to_json()
    assert "private" not in bad.to_json()
    provider.shutdown()
