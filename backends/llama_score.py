"""Log-likelihoods of given token sequences on llama.cpp, exact and with shared beginnings computed once.

The engine reports log-probabilities for generated tokens only, so a sequence is forced: a grammar of token literals
allows exactly its ids, while the reported values stay those of the unconstrained model.  Sequences are taken in sorted
order, so that one which begins like the last continues from its cached keys and values.  The first tokens of most
sequences come from one request for the likeliest tokens after the prompt.  A grammar cannot force a token that is part
of a character, as in most scripts but the Latin one, nor a control token: these are looked up among the likeliest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .continuations import Tokens
from .errors import BadResponse, ContextOverflow
from .llama import Llama

FIRST = 1000
"""How many first tokens are asked for at once; a thousand cost about as much as half a decoding step."""

WHOLE = 1_000_000
"""More than any vocabulary holds."""


class Forced:
    """The log-probabilities known so far after one prompt, by the tokens that lead to them.

    Attributes:
        steps: Tokens that the engine was asked to generate.
        cached: Prompt tokens that it had computed for an earlier request.
    """

    def __init__(self, llama: Llama, prompt: Tokens, check: Callable[[], None]) -> None:
        self._llama = llama
        self._prompt = prompt
        self._check = check
        self._known: dict[Tokens, float] = {}
        self._plain = llama.tokenize("a")[0]
        self.steps = 0
        self.cached = 0

    def compute(self, sequences: Sequence[Tokens]) -> None:
        """Computes what is not known yet of these sequences."""
        wanted = sorted({sequence for sequence in sequences if sequence})
        if len({sequence[0] for sequence in wanted}) > 1:
            self._first_tokens()
        for sequence in wanted:
            self._force(sequence)

    def __getitem__(self, sequence: Tokens) -> float:
        """The sum of the log-probabilities of a computed sequence, in nats; 0 for an empty one."""
        return sum(self._known[sequence[: at + 1]] for at in range(len(sequence)))

    def _first_tokens(self) -> None:
        self._alternatives((), FIRST)

    def _alternatives(self, after: Tokens, n: int) -> None:
        """Learns the n likeliest tokens after some.  A plain token is generated: half a character is not reported."""
        [position] = self._generate(after, 1, {"logprobs": n, "logit_bias": [[self._plain, 1000.0]]})
        for entry in position["top_logprobs"]:
            self._known[(*after, entry["id"])] = float(entry["logprob"])

    def _look_up(self, after: Tokens, token: int) -> None:
        for n in (FIRST, 10 * FIRST, WHOLE):
            self._alternatives(after, n)
            if (*after, token) in self._known:
                return
        raise BadResponse("The embedded engine does not report every token, so nothing was scored.", requests=1)

    def _force(self, sequence: Tokens) -> None:
        at = 0
        while at < len(sequence):
            end = at + 1
            if sequence[:end] in self._known:
                at = end
                continue
            if sequence[at] in self._llama.unforceable:
                self._look_up(sequence[:at], sequence[at])
            else:
                while end < len(sequence) and sequence[end] not in self._llama.unforceable:
                    end += 1
                self._run(sequence[:at], sequence[at:end])
            at = end

    def _run(self, after: Tokens, rest: Tokens) -> None:
        grammar = "root ::= " + " ".join(f"<[{token}]>" for token in rest)
        positions = self._generate(after, len(rest), {"logprobs": 1, "grammar": grammar})
        if [entry["id"] for entry in positions] != list(rest):
            raise BadResponse(
                "The embedded engine did not keep to the forced tokens, so nothing was scored.", requests=1
            )
        for at, entry in enumerate(positions, start=1):
            self._known[after + rest[:at]] = float(entry["logprob"])

    def _generate(self, after: Tokens, n: int, body: dict[str, Any]) -> list[dict[str, Any]]:
        self._check()
        prompt = [*self._prompt, *after]
        if len(prompt) + n > self._llama.context:
            raise ContextOverflow(
                f"A text to score takes {len(prompt) + n} tokens with its prompt, the context {self._llama.context}.",
                limit=self._llama.context,
                hint="Shorten the history or raise `context` in the backend block.",
            )
        answer = self._llama.complete({"prompt": prompt, "max_tokens": n, "temperature": 0.0, **body})
        if not self.steps:
            self.cached = answer["usage"].get("prompt_tokens_details", {}).get("cached_tokens", 0)
        self.steps += n
        positions: list[dict[str, Any]] = (answer["choices"][0].get("logprobs") or {}).get("content") or []
        return positions
