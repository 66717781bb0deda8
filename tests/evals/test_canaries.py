"""Canaries: planted in every field of data, config and environment, and looked for wherever they could come out."""

import base64
import gzip
import json
import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fakes.openai_server import Received, Reply, error
from fakes.serving import ranking, serving

from backends import BackendError
from evals import EvalError
from evals.cli import app
from recommender import Catalog, Item, Recommender, run_command

KEY = "sk-canary-key-5d1f8c2a9b7e4f30"
USERS = ("canary-user-0", "canary.person@example.org")
OWN_RESULT = {"rankings.jsonl", "tasks.jsonl", "salt"}
"""Files that are the caller's own result, or what tells users and pseudonyms apart."""


@dataclass(frozen=True)
class Wire:
    """All that reached the server: paths and bodies, and headers apart."""

    bodies: str
    headers: str


def write_inputs(folder: Path, url: str) -> None:
    (folder / "items.csv").write_text(
        "item_id,title,director\n" + "".join(f"canary-item-{n},Film {n},Canary Director\n" for n in range(9))
    )
    items = [f"canary-item-{n}" for n in range(9)]
    lines = [
        {"user_id": user, "history": items[at : at + 3], "candidates": items[4:], "targets": [items[4 + at]]}
        for at, user in enumerate(USERS)
    ]
    (folder / "tasks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "rec.yaml").write_text(
        f"name: mine\nbackend: {{kind: openai, model: fake, base_url: '{url}', api_key_env: CANARY_API_KEY,"
        " headers: {X-Canary: canary-header-value}, max_attempts: 1}\n"
        "strategy: {kind: listwise}\ncache: cache.sqlite\n"
    )


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_API_KEY", KEY)
    monkeypatch.setenv("CANARY_SECRET", "canary-of-the-environment")


def wire(received: list[Received]) -> Wire:
    bodies = "\n".join(one.path + json.dumps(one.body) for one in received)
    return Wire(bodies, "\n".join(json.dumps(one.headers) for one in received))


def unpacked(path: Path) -> str:
    """A file as text, with what a page has packed."""
    text = path.read_bytes().decode("utf-8", "replace")
    packed = re.findall(r"H4sI[A-Za-z0-9+/=]{20,}", text)
    return text + "".join(gzip.decompress(base64.b64decode(one)).decode() for one in packed)


@pytest.fixture(params=["answers", "errors that repeat the headers", "errors that repeat the last header"])
def server(request: pytest.FixtureRequest) -> Iterator[object]:
    def reply(received: Received) -> Reply:
        if request.param == "answers" or len(seen.received) % 2:
            return Reply(body=ranking(received))
        said = json.dumps(received.headers)
        if request.param.endswith("last header"):  # a message is cut, so each header needs an answer that ends with it
            said = received.headers["x-canary"]
        return Reply(status=400, body=error(f"Bad: {said}"))

    with serving(reply) as seen:
        yield seen


@pytest.mark.usefixtures("planted")
def test_an_evaluation_gives_no_canary_away(tmp_path: Path, server, capsys: pytest.CaptureFixture[str]) -> None:
    write_inputs(tmp_path, server.url)
    out = tmp_path / "run"
    given = [
        "--tasks",
        tmp_path / "tasks.jsonl",
        "--catalog",
        tmp_path / "items.csv",
        "--config",
        tmp_path / "rec.yaml",
    ]
    arguments = [str(one) for one in ("run", *given, "--out", out)]
    assert run_command(app, arguments, usage_errors=(EvalError,)) == 0

    sent = wire(server.received)
    assert len(server.received) == len(USERS)
    assert "canary" not in sent.bodies.casefold()
    assert not any(word in sent.headers for word in (*USERS, "canary-item", "canary-of-the-environment"))

    printed = "".join(capsys.readouterr())
    files = {path.name: unpacked(path) for path in out.iterdir() if path.name not in OWN_RESULT}
    files |= {path.name: unpacked(path) for path in tmp_path.glob("cache.sqlite*")}
    assert {"requests.jsonl", "report.html", "metrics.json", "manifest.json", "cache.sqlite"} <= set(files)
    for where, text in {"the terminal": printed, **files}.items():
        for canary in (*USERS, KEY, "canary-header-value", "canary-of-the-environment"):
            assert canary not in text, (where, canary)
    assert "user-" in files["report.html"]


@pytest.mark.usefixtures("planted")
def test_a_person_is_not_given_away_by_a_library_call(tmp_path: Path, server) -> None:
    write_inputs(tmp_path, server.url)
    history = [
        {
            "item_id": "canary-item-1",
            "kind": "view",
            "time": "2026-11-25T03:14:15",
            "rating": 4.25,
            "text": "canary review",
        },
        {"kind": "search", "text": "canary query of Canary Person"},
        "a canary.mail@example.org film",
    ]
    context = "for canary.mail@example.org, +49 170 1234567, IBAN DE89 3704 0044 0532 0130 00, sk-canary-0123456789"
    rec = Recommender.from_config(tmp_path / "rec.yaml", catalog=Catalog.from_file(tmp_path / "items.csv"))
    with rec:
        outs = list(rec.recommend_many([(USERS[0], history), (USERS[1], history)], context=context, k=2))
    assert {out.key for out in outs} == set(USERS)  # the caller's own result
    said = wire(server.received).bodies
    assert "Film 1" in said
    for leak in (
        "canary.",
        "canary-",
        "canary review",
        "canary query",
        "Canary Person",
        "4.25",
        "03:14",
        "1234567",
        "DE89",
    ):
        assert leak not in said, leak


@pytest.mark.usefixtures("planted")
def test_a_traceback_holds_no_key(tmp_path: Path) -> None:
    with serving(lambda received: Reply(status=401, body=error(f"no such key: {received.headers}"))) as server:
        write_inputs(tmp_path, server.url)
        rec = Recommender.from_config(tmp_path / "rec.yaml", catalog=tmp_path / "items.csv")
        with rec, pytest.raises(BackendError) as caught:
            rec.recommend(["canary-item-1"], k=1)
    shown = "".join(traceback.format_exception(caught.value))
    for canary in (KEY, "canary-header-value", "canary-of-the-environment", *USERS):
        assert canary not in shown


@pytest.mark.usefixtures("planted")
def test_spans_hold_no_canary(tmp_path: Path, server, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    write_inputs(tmp_path, server.url)
    context = "for Canary Person, canary.mail@example.org, sk-canary-0123456789"
    with Recommender.from_config(tmp_path / "rec.yaml", catalog=tmp_path / "items.csv") as rec:
        outs = list(rec.recommend_many([(user, ["canary-item-1"]) for user in USERS], context=context, k=2))
    assert len(outs) == len(USERS)
    spans = [span.to_json() for span in exporter.get_finished_spans()]
    assert len(spans) == len(server.received) == len(USERS)
    for span in spans:
        assert "canary" not in span.casefold()
        assert "Film" not in span
    provider.shutdown()


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("status", [200, 400, 422, 500])
def test_a_service_gives_no_canary_away(tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int) -> None:
    pytest.importorskip("fastapi")
    from starlette.testclient import TestClient

    from recommender.serve.app import create_app

    caplog.set_level("DEBUG")
    told = {"history": ["canary-item-1", "Canary Diary"], "context": "for Canary Person of Canaryville", "k": 2}

    def reply(received: Received) -> Reply:
        if status == 200:
            return Reply(body=ranking(received))
        return Reply(status=status, body=error(f"cannot read {received.body['messages'][-1]['content'][-150:]!r}"))

    with serving(reply) as seen:
        write_inputs(tmp_path, seen.url)
        rec = Recommender.from_config(tmp_path / "rec.yaml", catalog=tmp_path / "items.csv")
        with rec, TestClient(create_app(rec), base_url="http://localhost") as client:
            answer = client.post("/v1/recommendations", json=told)
            client.get("/v1/items", params={"q": "canary typed"})
            others = [client.get(path).text for path in ("/metrics", "/healthz", "/", "/page.js")]
    assert answer.status_code == (200 if status == 200 else 502)
    assert "Canary Person" in str(seen.received[0].body)  # a context is shown to the model; only patterns are redacted
    for text in (answer.text, *others):
        for canary in (KEY, "canary-header-value", "canary-of-the-environment", "Canary Person", "canary typed"):
            assert canary not in text
    for record in caplog.records:
        if record.name.startswith(("httpx", "httpcore")):  # the test's own client
            continue
        assert "canary" not in record.getMessage().casefold(), record


@pytest.mark.usefixtures("planted")
def test_attributes_of_a_callers_items_are_not_given_away(tmp_path: Path) -> None:
    with serving(lambda received: Reply(body=ranking(received))) as seen:
        write_inputs(tmp_path, seen.url)
        config = tmp_path / "rec.yaml"
        config.write_text(config.read_text() + "domain: {item: film, verb: watched, show: [director]}\n")
        note = {"director": "lent to canary.mail@example.org"}
        history = [Item("canary-item-1", "canary.one@example.org", note), Item("own", "Mine", note)]
        with Recommender.from_config(config, catalog=tmp_path / "items.csv") as rec:
            rec.recommend(history, k=2)
    said = wire(seen.received).bodies
    assert "[email-1]" in said
    assert "canary." not in said
