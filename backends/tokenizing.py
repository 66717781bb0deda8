"""Prompts as text and as tokens, by a tokenizer of transformers."""

from __future__ import annotations

from typing import Any

from .base import Prompt
from .continuations import Tokens
from .errors import InvalidRequest, in_short, no_chat_template


def prompt_text(tokenizer: Any, prompt: Prompt, *, model: str, **kwargs: Any) -> str:
    """Returns the text of a prompt; messages go through the model's chat template, which gets ``kwargs``.

    Raises:
        ConfigurationError: If the model has no chat template.
        InvalidRequest: If its template does not take these messages.
    """
    if isinstance(prompt, str):
        return prompt
    if not tokenizer.chat_template:
        raise no_chat_template(model)
    messages = [{"role": message.role, "content": message.content} for message in prompt]
    try:
        return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **kwargs))
    except Exception as error:  # noqa: BLE001 - whatever the code that comes as a template raises
        raise InvalidRequest(
            f"The chat template of {model} does not take these messages: {in_short(error)}",
            hint="Use a strategy that continues text, such as likelihood, or another model.",
        ) from None


def tokens_of(tokenizer: Any, text: str, *, special: bool) -> Tokens:
    """Returns token ids; ``special`` text comes from a chat template and holds its control tokens already.

    Raises:
        InvalidRequest: If the text is no Unicode.
    """
    try:
        found = tokenizer(text, add_special_tokens=not special, split_special_tokens=not special)
    except (TypeError, ValueError) as error:
        raise InvalidRequest(f"The tokenizer does not take this text: {in_short(error)}") from None
    return tuple(found["input_ids"])
