"""A causal language model of transformers: text in, text or log-probabilities out.  Not safe for several threads."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .base import Choice, Finish, GenerateRequest, Prompt, TokenLogprob
from .continuations import Tokens
from .errors import ConfigurationError, InvalidRequest, LocalOnlyError, in_short
from .files import folder_fingerprint
from .http.wire import cut_at_stop
from .thread import Check
from .tokenizing import prompt_text, tokens_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was generated: ``tokens`` counts the tokens, the one that ended it included."""

    text: str
    finish: Finish
    tokens: int
    top_logprobs: tuple[tuple[TokenLogprob, ...], ...] = ()


def source_of(model: str, folder: Path) -> str:
    """Returns where a model is loaded from: its folder, where ``folder`` has one of that name, else its Hub name."""
    path = folder / Path(model).expanduser()
    return str(path) if path.is_dir() else model


def fetched_before(model: str) -> str:
    """Returns the folder of a model of the Hub that was fetched earlier.

    Raises:
        LocalOnlyError: If it was not.
    """
    from huggingface_hub import snapshot_download

    try:
        return snapshot_download(model, local_files_only=True)
    except (OSError, ValueError):
        raise LocalOnlyError(
            f"local_only is set, and the model {model} is not on this machine.", hint="Set backend.model to a folder."
        ) from None


def weights_of(source: str, config: Any) -> str:
    """Returns what tells a model's weights from others: its commit on the Hub, or a digest of its folder's files.

    Args:
        source: The folder, or the name on the Hub.
        config: The loaded model's, as transformers has it.
    """
    commit = getattr(config, "_commit_hash", None)
    folder = Path(source)
    return commit or (folder_fingerprint(folder, "*.safetensors") if folder.is_dir() else "")


class TorchModel:
    """A loaded model with its tokenizer.

    Attributes:
        context: Tokens that the model takes; None where its config does not say.
        weights: See :func:`weights_of`.
    """

    def __init__(self, model: Any, tokenizer: Any, *, name: str) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._name = name
        self.weights = weights_of(name, model.config)
        self.context: int | None = getattr(model.config, "max_position_embeddings", None)

    @classmethod
    def load(
        cls, source: str, *, revision: str | None, device: str | None, dtype: str | None, local_only: bool
    ) -> TorchModel:
        """Loads a folder or a model of the Hub; runs no code that comes with it, and reads safetensors alone.

        Raises:
            ConfigurationError: If it cannot be loaded.
            LocalOnlyError: If it would have to be fetched and ``local_only`` is set.
        """
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError:
            raise ConfigurationError(
                "The backend 'transformers' needs transformers and torch.",
                hint="Install them: pip install 'promptrec[transformers]'.",
            ) from None
        place = {"revision": revision, "local_files_only": local_only}
        try:
            tokenizer = AutoTokenizer.from_pretrained(source, **place)
            model = AutoModelForCausalLM.from_pretrained(source, dtype=dtype or "auto", use_safetensors=True, **place)
            model = model.to(device or ("cuda" if torch.cuda.is_available() else "cpu")).eval()
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            kind = LocalOnlyError if local_only and isinstance(error, OSError) else ConfigurationError
            raise kind(f"The model {source} cannot be loaded: {in_short(error)}") from None
        return cls(model, tokenizer, name=source)

    def text(self, prompt: Prompt) -> str:
        """See :func:`~backends.tokenizing.prompt_text`."""
        return prompt_text(self._tokenizer, prompt, model=self._name)

    def tokenize(self, text: str, *, special: bool) -> Tokens:
        """See :func:`~backends.tokenizing.tokens_of`."""
        return tokens_of(self._tokenizer, text, special=special)

    def logprobs(self, prefix: Tokens, rests: Sequence[Tokens], rows: int, check: Check) -> list[float]:
        """The log-probability of each sequence after a prefix, in nats; the prefix is computed once.

        Raises:
            InvalidRequest: If there is no prefix, so that the first token has no probability.
        """
        import torch

        if not prefix:
            raise InvalidRequest("The prompt is empty, so its continuation has no probability.")
        with torch.inference_mode():
            out = self._model(input_ids=self._ids([prefix]), use_cache=True, logits_to_keep=1)
            first = out.logits[0, -1].float().log_softmax(-1)
            totals = [float(first[rest[0]]) if rest else 0.0 for rest in rests]
            longer = sorted((at for at, rest in enumerate(rests) if len(rest) > 1), key=lambda at: len(rests[at]))
            for begin in range(0, len(longer), rows):
                check()
                part = longer[begin : begin + rows]
                later = self._later(out.past_key_values, len(prefix), [rests[at] for at in part])
                for at, value in zip(part, later, strict=True):
                    totals[at] += value
        return totals

    def _later(self, cache: Any, before: int, rests: list[Tokens]) -> list[float]:
        """The log-probability of all tokens of each sequence but its first."""
        import torch

        longest = max(map(len, rests)) - 1
        padded = self._ids([(*rest[:-1], *[0] * (longest - len(rest) + 1)) for rest in rests])
        mask = torch.zeros((len(rests), before + longest), dtype=torch.long, device=padded.device)
        for row, rest in enumerate(rests):
            mask[row, : before + len(rest) - 1] = 1
        shared = copy.deepcopy(cache)
        shared.batch_repeat_interleave(len(rests))
        logits = self._model(input_ids=padded, past_key_values=shared, attention_mask=mask).logits
        totals = []
        for row, rest in enumerate(rests):
            values = logits[row, : len(rest) - 1].float().log_softmax(-1)
            targets = torch.tensor(rest[1:], device=values.device)
            totals.append(float(values.gather(1, targets[:, None]).double().sum()))
        return totals

    def generate(self, prompt: Tokens, request: GenerateRequest, check: Check) -> Written:
        """Generates text, at most to the end of the model's context."""
        import torch

        ids = self._ids([prompt])
        arguments: dict[str, Any] = {"stopping_criteria": [_checking(check)], "tokenizer": self._tokenizer}
        if isinstance(request.constraint, Choice):
            arguments["prefix_allowed_tokens_fn"] = self._only(request.constraint.options, len(prompt))
        with torch.inference_mode(), torch.random.fork_rng():
            if request.sampling.seed is not None:
                torch.manual_seed(request.sampling.seed)
            out = self._model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                generation_config=self._config(request, len(prompt)),
                **arguments,
            )
        tokens = out.sequences[0, len(prompt) :].tolist()
        whole = self._tokenizer.decode(tokens, skip_special_tokens=True)
        text = cut_at_stop(whole, request.sampling.stop)
        ended = text != whole or (bool(tokens) and tokens[-1] in self._ends())
        return Written(
            text=text,
            finish=Finish.STOP if ended else Finish.LENGTH,
            tokens=len(tokens),
            top_logprobs=self._alternatives(out.logits, request.top_logprobs) if request.top_logprobs else (),
        )

    def _config(self, request: GenerateRequest, begin: int) -> Any:
        """Only what the request says: a checkpoint's own sampling habits would change its answers unseen."""
        from transformers import GenerationConfig

        sampling = request.sampling
        sampled = {"temperature": sampling.temperature, "top_p": sampling.top_p or 1.0, "top_k": 0}
        ends = sorted(self._ends())
        return GenerationConfig(
            max_new_tokens=sampling.max_tokens
            if self.context is None
            else min(sampling.max_tokens, self.context - begin),
            do_sample=sampling.temperature > 0,
            eos_token_id=ends,
            pad_token_id=self._tokenizer.pad_token_id if self._tokenizer.pad_token_id is not None else ends[0],
            return_dict_in_generate=True,
            output_logits=request.top_logprobs > 0,
            stop_strings=list(sampling.stop) or None,
            **(sampled if sampling.temperature > 0 else {}),
        )

    def _ends(self) -> set[int]:
        said = self._model.generation_config.eos_token_id
        listed = said if isinstance(said, list) else [said]
        return {token for token in (*listed, self._tokenizer.eos_token_id) if token is not None}

    def _only(self, options: Sequence[str], begin: int) -> Callable[[int, Any], list[int]]:
        """Lets through the tokens that lead to one of the options, and an end after each."""
        following: dict[Tokens, set[int]] = {}
        for option in options:
            tokens = self.tokenize(option, special=True)
            for at, token in enumerate(tokens):
                following.setdefault(tokens[:at], set()).add(token)
            following.setdefault(tokens, set()).update(self._ends())
        ends = sorted(self._ends())
        return lambda _, ids: sorted(following.get(tuple(ids[begin:].tolist()), ())) or ends

    def _alternatives(self, logits: Any, count: int) -> tuple[tuple[TokenLogprob, ...], ...]:
        found = []
        for position in logits:
            values, ids = position[0].float().log_softmax(-1).topk(count)
            pairs = zip(ids.tolist(), values.tolist(), strict=True)
            found.append(tuple(TokenLogprob(token=self._tokenizer.decode([i]), logprob=value) for i, value in pairs))
        return tuple(found)

    def _ids(self, rows: Sequence[Sequence[int]]) -> Any:
        import torch

        return torch.tensor([list(row) for row in rows], dtype=torch.long, device=self._model.device)


def _checking(check: Check) -> Any:
    import torch
    from transformers import StoppingCriteria

    class Checking(StoppingCriteria):  # type: ignore[misc]
        def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
            check()
            return torch.zeros(input_ids.shape[0], dtype=torch.bool, device=input_ids.device)

    return Checking()
