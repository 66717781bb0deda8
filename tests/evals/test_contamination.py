"""The probe tells a model that knows the data by heart from one that does not, and never shows it the answer."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends import (
    AuthenticationError,
    Capability,
    GenerateRequest,
    Generation,
    Identity,
    RateLimited,
    ScoreRequest,
    Scores,
)
from evals import SpecError
from evals.contamination import probe, verdict
from evals.datasets import Event, Interactions
from recommender import Catalog, Item, Recommender, parse_config

WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath")
TITLES = [
    f"{a.title()} {b.title()} {WORDS[(x + 3 * y) % 8].title()} Tale"
    for x, a in enumerate(WORDS)
    for y, b in enumerate(WORDS)
]
CATALOG = Catalog(Item(f"i{n}", title, {"year": str(1990 + n % 10)}) for n, title in enumerate(TITLES))


def data() -> Interactions:
    rng = np.random.default_rng(0)
    events = [
        Event(f"u{u}", f"i{i}", float(t)) for u in range(40) for t, i in enumerate(rng.permutation(len(TITLES))[:12])
    ]
    return Interactions(name="made-up", items=CATALOG, events=tuple(events))


class Model:
    """Answers by a rule, and keeps what it was asked."""

    identity = Identity(kind="test", model="test")

    capabilities = frozenset({Capability.CHAT})

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, list[str]()

    async def start(self) -> None: ...

    async def generate(self, request: GenerateRequest) -> Generation:
        prompt = request.prompt[0].content
        self.asked.append(prompt)
        return Generation(text=self.answer(prompt))

    async def score(self, request: ScoreRequest) -> Scores:
        raise AssertionError("nothing is scored")

    async def aclose(self) -> None: ...


def by_heart(source: Interactions) -> Any:
    """A model that has read the files."""
    titles = {item.item_id: item.title for item in source.items}
    of_user: dict[str, list[str]] = {}
    for event in source.events:
        of_user.setdefault(event.user_id, []).append(titles[event.item_id])

    def answer(prompt: str) -> str:
        if "Beginning:" in prompt:
            begun = prompt.split("Beginning: ")[1].split("\n")[0]
            return f'"{next(t for t in TITLES if t.startswith(begun + " "))[len(begun) :]}"'
        if prompt.endswith("->"):
            return titles[prompt.splitlines()[-1].removesuffix(" ->")] + "\nI hope this helps!"
        user, shown = prompt.split(" ")[1], prompt.splitlines()[1:-1]
        own = of_user[user]
        return own[own.index(shown[-1]) + 1]

    return answer


async def run(answer: Any) -> tuple[dict[str, Any], Model]:
    model = Model(answer)
    config = parse_config({"backend": "scripted", "domain": {"item": "film", "verb": "watched"}})
    rec = Recommender(config, catalog=CATALOG, backend=model)
    return await probe(data(), rec, questions=30, seed=1), model


async def test_a_model_that_read_the_files_is_found_out() -> None:
    document, _ = await run(by_heart(data()))
    for found in document["probes"].values():
        assert (found["asked"], found["hits"], found["failed"]) == (30, 30, 0)
        assert found["excess"]["low"] > 0
    assert all(sentence.endswith(": known.") for sentence in verdict(document))


async def test_a_model_that_guesses_a_popular_title_or_a_common_ending_is_not() -> None:
    document, _ = await run(lambda prompt: "Amber Tale" if "Beginning:" in prompt else TITLES[0])
    titles = document["probes"]["titles"]
    assert titles["hits"] > 0
    assert titles["chance"]["mean"] > 0
    assert all("no sign that it is known" in sentence for sentence in verdict(document))


async def test_the_answer_stands_in_no_question() -> None:
    _, model = await run(lambda _: "")
    assert len(model.asked) == 90
    remembers = by_heart(data())
    for prompt in model.asked:
        if "Beginning:" not in prompt:
            assert remembers(prompt).splitlines()[0] not in prompt


async def test_questions_use_the_domains_words_and_hits_are_told_by_year() -> None:
    document, model = await run(by_heart(data()))
    assert any("watched these, in this order" in prompt and "of the film that" in prompt for prompt in model.asked)
    years = document["probes"]["records"]["by_year"]
    assert list(years) == sorted(years)
    assert sum(row["hits"] for row in years.values()) == sum(row["asked"] for row in years.values()) == 30


async def test_a_seed_asks_the_same_again() -> None:
    assert (await run(lambda _: ""))[1].asked == (await run(lambda _: ""))[1].asked


async def test_a_question_that_fails_is_counted_and_stays_in_the_denominator() -> None:
    def answer(prompt: str) -> str:
        if prompt.endswith("->"):
            raise RateLimited("slow down")
        return ""

    document, _ = await run(answer)
    assert (document["probes"]["records"]["asked"], document["probes"]["records"]["failed"]) == (30, 30)
    assert document["probes"]["records"]["rate"]["mean"] == 0.0
    assert document["probes"]["records"]["failures"] == {"rate-limited": 30}
    assert "a rate of 10.0% could go unseen" in verdict(document)[1]
    assert verdict(document)[1].endswith("30 had no answer (rate-limited 30) and count as not known.")


async def test_after_a_fatal_error_no_more_is_asked_and_what_is_in_flight_ends() -> None:
    class Slow(Model):
        ended = 0

        async def generate(self, request: GenerateRequest) -> Generation:
            found = await super().generate(request)
            if len(self.asked) == 2:
                raise AuthenticationError("the key was refused")
            await asyncio.sleep(0.01)
            self.ended += 1
            return found

    model = Slow(lambda _: "")
    rec = Recommender(parse_config({"backend": {"kind": "scripted", "concurrency": 4}}), catalog=CATALOG, backend=model)
    with pytest.raises(AuthenticationError):
        await probe(data(), rec, questions=30)
    assert model.ended == len(model.asked) - 1
    assert len(model.asked) <= 4


@pytest.mark.parametrize("questions", [-1, 0, 1])
async def test_too_few_questions_are_refused_before_anything_is_asked(questions: int) -> None:
    model = Model(lambda _: "")
    rec = Recommender(parse_config({"backend": "scripted"}), catalog=CATALOG, backend=model)
    with pytest.raises(SpecError, match="give 2 or more"):
        await probe(data(), rec, questions=questions)
    assert not model.asked


def test_the_command_writes_the_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from evals.cli import app
    from recommender import run_command

    (tmp_path / "items.csv").write_text("item_id,title\n" + "".join(f"i{n},{t}\n" for n, t in enumerate(TITLES)))
    rows = "".join(f"{e.user_id},{e.item_id},{e.time}\n" for e in data().events)
    (tmp_path / "interactions.csv").write_text("user_id,item_id,timestamp\n" + rows)
    (tmp_path / "rec.yaml").write_text("backend: {kind: scripted, default: Amber}\nstrategy: listwise\n")
    arguments = [
        "plain",
        "--data",
        str(tmp_path),
        "--config",
        str(tmp_path / "rec.yaml"),
        "--out",
        str(tmp_path / "out"),
    ]
    assert run_command(app, ["contamination", *arguments, "--questions", "5", "--json", str(tmp_path / "c.json")]) == 0
    assert (tmp_path / "c.json").read_bytes() == (tmp_path / "out" / "contamination.json").read_bytes()
    document = json.loads((tmp_path / "out" / "contamination.json").read_text())
    assert {name: found["asked"] for name, found in document["probes"].items()} == {
        "titles": 5,
        "records": 5,
        "users": 5,
    }
    assert (tmp_path / "out" / "requests.jsonl").is_file()
    assert "no sign that it is known" in capsys.readouterr().out
