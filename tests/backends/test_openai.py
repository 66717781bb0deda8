"""The engine for OpenAI-style servers: what it sends, what it reads, and what it refuses."""

from typing import Any

import pytest
from fakes.openai_server import FakeServer, Reply, chat, error
from pydantic import ValidationError

from backends import (
    BadResponse,
    Capability,
    Choice,
    ConfigurationError,
    Finish,
    GenerateRequest,
    Grammar,
    JsonSchema,
    Message,
    Sampling,
    ScoreRequest,
    UnsupportedCapability,
    Usage,
)

KEY = "sk-test-0123456789"
PROMPT = (Message(role="system", content="be brief"), Message(role="user", content="rank"))


async def test_who_is_billed_at_openai_is_told_to_no_other_server(
    server: FakeServer, openai_backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-mine")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-mine")
    await openai_backend(project="theirs").generate(GenerateRequest(prompt=PROMPT))
    assert "openai-organization" not in server.last.headers
    assert server.last.headers["openai-project"] == "theirs"


async def test_a_chat_is_sent_and_read(server: FakeServer, openai_backend: Any) -> None:
    backend = openai_backend(headers={"X-Mine": "1"}, organization="org", extra_body={"user": "u"})
    sampling = Sampling(temperature=0.5, top_p=0.9, max_tokens=7, seed=3, stop=("\n",))
    answer = await backend.generate(GenerateRequest(prompt=PROMPT, sampling=sampling))
    assert (answer.text, answer.finish, answer.model) == ("hello", Finish.STOP, "fake-1")
    assert answer.usage == Usage(requests=1, prompt_tokens=100, cached_tokens=40, completion_tokens=10)
    assert answer.seconds > 0
    assert server.last.path == "/v1/chat/completions"
    assert server.last.headers["authorization"] == f"Bearer {KEY}"
    assert server.last.headers["x-mine"] == "1"
    assert server.last.headers["openai-organization"] == "org"
    assert server.last.body == {
        "model": "fake",
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "rank"}],
        "max_tokens": 7,
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["\n"],
        "seed": 3,
        "user": "u",
    }


@pytest.mark.parametrize(
    ("model", "thinks"),
    [("o3-mini", True), ("gpt-5-mini", True), ("gpt-5-chat-latest", False), ("gpt-4o", False), ("olmo", False)],
)
async def test_models_that_think_are_asked_differently(
    server: FakeServer, openai_backend: Any, model: str, thinks: bool
) -> None:
    backend = openai_backend(model=model, reasoning_tokens=1000, reasoning_effort="low" if thinks else None)
    await backend.generate(GenerateRequest(prompt=PROMPT, sampling=Sampling(max_tokens=10, stop=("x",))))
    body = server.last.body
    assert ("temperature" in body) != thinks
    assert ("stop" in body) != thinks
    assert body.get("max_completion_tokens" if thinks else "max_tokens") == (1010 if thinks else 10)
    assert body["messages"][0]["role"] == ("developer" if thinks else "system")
    assert (Capability.TOP_LOGPROBS in backend.capabilities) != thinks
    if thinks:
        assert body["reasoning_effort"] == "low"
        with pytest.raises(UnsupportedCapability):
            await backend.score(ScoreRequest(prompt=PROMPT, continuations=("A",), kind="label"))


async def test_stop_strings_that_cannot_be_sent_still_hold(server: FakeServer, openai_backend: Any) -> None:
    server.reply = lambda _: Reply(body=chat("one\ntwo"))
    answer = await openai_backend(model="o3").generate(GenerateRequest(prompt=PROMPT, sampling=Sampling(stop=("\n",))))
    assert answer.text == "one"


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}


@pytest.mark.parametrize(
    ("text", "ignored"), [('{"a": 1}', False), ('{"a": "1"}', True), ("free text", True), ('{"a": 1, "b": 2}', True)]
)
async def test_a_json_schema_is_sent_and_checked(
    server: FakeServer, openai_backend: Any, text: str, ignored: bool
) -> None:
    server.reply = lambda _: Reply(body=chat(text))
    constraint = JsonSchema(schema=SCHEMA, name="ranking")
    answer = await openai_backend().generate(GenerateRequest(prompt=PROMPT, constraint=constraint))
    described = {"name": "ranking", "schema": SCHEMA, "strict": True}
    assert server.last.body["response_format"] == {"type": "json_schema", "json_schema": described}
    assert (answer.text, answer.constraint_ignored) == (text, ignored)


async def test_a_cut_answer_is_not_held_against_its_constraint(server: FakeServer, openai_backend: Any) -> None:
    server.reply = lambda _: Reply(body=chat('{"a"', finish="length"))
    answer = await openai_backend().generate(GenerateRequest(prompt=PROMPT, constraint=JsonSchema(schema=SCHEMA)))
    assert (answer.finish, answer.constraint_ignored) == (Finish.LENGTH, False)


@pytest.mark.parametrize(
    ("sent", "text", "ignored"), [('{"answer": "b"}', "b", False), ('{"answer": "z"}', "z", True), ("b", "b", False)]
)
async def test_a_choice_is_said_as_a_schema(
    server: FakeServer, openai_backend: Any, sent: str, text: str, ignored: bool
) -> None:
    server.reply = lambda _: Reply(body=chat(sent))
    answer = await openai_backend().generate(GenerateRequest(prompt=PROMPT, constraint=Choice(options=("a", "b"))))
    assert (answer.text, answer.constraint_ignored) == (text, ignored)
    schema = server.last.body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["answer"]["enum"] == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "finish", "text"),
    [
        (chat("cut", finish="length"), Finish.LENGTH, "cut"),
        (chat(None, finish="length"), Finish.LENGTH, ""),
        (chat("", finish="content_filter"), Finish.CONTENT_FILTER, ""),
        (chat(None, finish="content_filter"), Finish.CONTENT_FILTER, ""),
        (chat(None, refusal="I will not"), Finish.REFUSAL, "I will not"),
        (chat("", finish="stop"), Finish.STOP, ""),
        (chat([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]), Finish.STOP, "ab"),
    ],
)
async def test_how_an_answer_ended_is_kept_apart(
    server: FakeServer, openai_backend: Any, body: dict[str, Any], finish: Finish, text: str
) -> None:
    server.reply = lambda _: Reply(body=body)
    answer = await openai_backend().generate(GenerateRequest(prompt=PROMPT))
    assert (answer.finish, answer.text) == (finish, text)


async def test_a_prompt_that_met_azures_filter_is_filtered(server: FakeServer, openai_backend: Any) -> None:
    server.reply = lambda _: Reply(status=400, body=error("filtered", code="content_filter"))
    assert (await openai_backend().generate(GenerateRequest(prompt=PROMPT))).finish is Finish.CONTENT_FILTER


async def test_reasoning_is_kept(server: FakeServer, openai_backend: Any) -> None:
    server.reply = lambda _: Reply(body=chat("x", reasoning_content="because"))
    assert (await openai_backend().generate(GenerateRequest(prompt=PROMPT))).reasoning == "because"


@pytest.mark.parametrize(
    "body",
    [
        chat(None),
        {**chat(), "choices": []},
        {**chat(), "choices": None},
        {"choices": {"0": "x"}, "usage": "many"},
        {**chat(), "choices": [{"index": 0, "finish_reason": "stop"}]},
        chat("x", finish="tool_calls"),
        error("upstream"),
        [],
        b'{"choices": [{"mess',
        b"",
        b"<html>hello</html>",
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
async def test_what_is_no_answer_is_a_bad_response(server: FakeServer, openai_backend: Any, body: Any) -> None:
    server.reply = lambda _: Reply(body=body)
    with pytest.raises(BadResponse):
        await openai_backend().generate(GenerateRequest(prompt=PROMPT))


async def test_what_a_bad_answer_cost_is_known(server: FakeServer, openai_backend: Any) -> None:
    server.reply = lambda _: Reply(body=chat(None))
    with pytest.raises(BadResponse) as caught:
        await openai_backend().generate(GenerateRequest(prompt=PROMPT))
    assert caught.value.usage == Usage(requests=1, prompt_tokens=100, cached_tokens=40, completion_tokens=10)


@pytest.mark.parametrize(
    ("api", "request_"),
    [
        ("chat", GenerateRequest(prompt="a text")),
        ("responses", GenerateRequest(prompt="a text")),
        ("completions", GenerateRequest(prompt=PROMPT)),
        ("chat", GenerateRequest(prompt=PROMPT, constraint=Grammar(text="root ::= x"))),
        ("completions", GenerateRequest(prompt="x", constraint=Choice(options=("a",)))),
        ("chat", ScoreRequest(prompt="x", continuations=("a",))),
    ],
)
async def test_what_an_api_cannot_do_is_refused_before_it_is_sent(
    server: FakeServer, openai_backend: Any, api: str, request_: GenerateRequest | ScoreRequest
) -> None:
    backend = openai_backend(api=api)
    with pytest.raises(UnsupportedCapability) as caught:
        await (backend.score(request_) if isinstance(request_, ScoreRequest) else backend.generate(request_))
    assert caught.value.hint
    assert not server.received


async def test_azures_older_paths(server: FakeServer, openai_backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "azure-key")
    backend = openai_backend(api_version="2024-10-21", model="deployed", base_url=f"http://127.0.0.1:{server.port}")
    await backend.generate(GenerateRequest(prompt=PROMPT))
    assert server.last.path == "/openai/deployments/deployed/chat/completions?api-version=2024-10-21"
    assert server.last.headers["api-key"] == "azure-key"
    assert "authorization" not in server.last.headers


def test_an_azure_key_never_goes_to_openai(openai_backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "azure-key")
    with pytest.raises(ConfigurationError, match="names no server.*AZURE_OPENAI_ENDPOINT"):
        openai_backend(api_version="2024-10-21", base_url=None)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://mine.openai.azure.com")
    assert openai_backend(api_version="2024-10-21", base_url=None).identity.endpoint == "https://mine.openai.azure.com/"


@pytest.mark.parametrize("url", ["", []])
def test_an_empty_address_is_not_openais(openai_backend: Any, url: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"backend\.base_url"):
        openai_backend(base_url=url)


async def test_the_key_comes_from_the_environment_alone_and_is_needed_elsewhere(
    server: FakeServer, openai_backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE", "another-key")
    await openai_backend(api_key_env="MINE").generate(GenerateRequest(prompt=PROMPT))
    assert server.last.headers["authorization"] == "Bearer another-key"
    monkeypatch.delenv("OPENAI_API_KEY")
    await openai_backend().generate(GenerateRequest(prompt=PROMPT))
    assert "authorization" not in server.last.headers
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        openai_backend(base_url="https://example.org/v1")
    with pytest.raises(ValidationError):
        openai_backend(api_key="sk-in-the-config")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-\nX-Evil: 1")
    with pytest.raises(ConfigurationError) as caught:
        openai_backend()
    assert "Evil" not in str(caught.value)


async def test_the_address_comes_from_the_config_else_the_environment(
    server: FakeServer, openai_backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    backend = openai_backend(base_url=None)
    await backend.generate(GenerateRequest(prompt=PROMPT))
    assert backend.identity.endpoint == server.url + "/"
    monkeypatch.delenv("OPENAI_BASE_URL")
    assert openai_backend(base_url=None).identity.endpoint == "https://api.openai.com/v1/"


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:8000", "http://", "http://user:pass@host/v1", "http://h:port"])
async def test_a_wrong_address_is_refused_without_its_password(openai_backend: Any, url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        openai_backend(base_url=url)
    assert "pass@" not in str(caught.value)


async def test_nothing_of_a_backend_shows_its_key(openai_backend: Any) -> None:
    backend = openai_backend(headers={"X-Secret": "header-secret"})
    await backend.generate(GenerateRequest(prompt=PROMPT))
    shown = repr(vars(backend)) + repr(backend.identity) + repr(vars(backend._transport))
    assert KEY not in shown
    assert "header-secret" not in repr(backend.identity)


async def test_an_unknown_option_and_a_missing_model_are_refused(openai_backend: Any) -> None:
    with pytest.raises(ValidationError):
        openai_backend(modle="x")
    with pytest.raises(ConfigurationError, match="model"):
        openai_backend(model=None)


async def test_half_a_surrogate_pair_can_be_sent(server: FakeServer, openai_backend: Any) -> None:
    await openai_backend().generate(GenerateRequest(prompt=(Message(role="user", content="cut \ud83d"),)))
    assert server.last.body["messages"][0]["content"] == "cut \ud83d"


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("https://api.openai.com/v1", False),
        ("https://eu.api.openai.com/v1", False),
        ("http://127.0.0.1:8000/v1", None),
        ("https://openai.com.example.org/v1", None),
    ],
)
def test_openai_is_told_to_keep_no_chat_and_others_are_not_sent_what_they_may_not_know(
    openai_backend: Any, url: str, stored: bool | None
) -> None:
    chat_format = openai_backend(base_url=url)._ways["chat"]
    assert chat_format.body(GenerateRequest(prompt=PROMPT)).get("store") is stored
