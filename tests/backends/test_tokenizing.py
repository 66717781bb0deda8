"""What a tokenizer or a model's own chat template refuses is that request's error, told in words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jinja2
import pytest

from backends import ENGINES, BackendError, ConfigurationError, GenerateRequest, InvalidRequest, Message, Surroundings
from backends.tokenizing import prompt_text, tokens_of
from backends.torch_model import TorchModel

CHAT = (Message(role="system", content="Be brief."), Message(role="user", content="Name a colour."))


class Tokenizer:
    """Takes neither system messages, as some models' templates do not, nor half a surrogate pair."""

    chat_template: str | None = "there is one"

    def apply_chat_template(self, messages: list[dict[str, str]], **kwargs: Any) -> str:
        if messages[0]["role"] == "system":
            raise jinja2.TemplateError("System role\nnot supported")
        return f"<{messages[0]['content']}> {kwargs}"

    def __call__(self, text: str, **_: bool) -> dict[str, list[int]]:
        if not text.isascii():
            raise TypeError("TextEncodeInput must be text")
        return {"input_ids": [ord(character) for character in text]}


def test_messages_go_through_the_template_and_texts_do_not() -> None:
    text = prompt_text(Tokenizer(), CHAT[1:], model="m", enable_thinking=False)
    assert text.startswith("<Name a colour.>")
    assert "'enable_thinking': False" in text
    assert prompt_text(Tokenizer(), "as it stands", model="m") == "as it stands"
    assert tokens_of(Tokenizer(), "ab", special=True) == (97, 98)


def test_a_model_without_a_template_is_refused_as_a_whole() -> None:
    tokenizer = Tokenizer()
    tokenizer.chat_template = None
    with pytest.raises(ConfigurationError, match="m has no chat template"):
        prompt_text(tokenizer, CHAT, model="m")


@pytest.mark.parametrize("kind", ["transformers", "vllm-offline"])
@pytest.mark.parametrize(
    ("prompt", "said"),
    [(CHAT, "template of m does not take these messages: System role not supported"), ("\ud800", "this text")],
)
async def test_what_is_refused_is_this_requests_error_on_either_engine(kind: str, prompt: Any, said: str) -> None:
    engine = ENGINES.load(kind)
    backend = engine.create(engine.options(model="m"), Surroundings())
    if kind == "transformers":
        backend._model = TorchModel(SimpleNamespace(config=SimpleNamespace()), Tokenizer(), name="m")
    else:
        backend._llm = SimpleNamespace(get_tokenizer=Tokenizer)
    with pytest.raises(BackendError, match=said) as raised:
        await backend.generate(GenerateRequest(prompt=prompt))
    await backend.aclose()
    assert type(raised.value) is InvalidRequest
