"""Jobs that travel in files: nothing lost, nothing paid twice, whatever becomes of a batch."""

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.batch_api import BatchServer, batch_server, ranking
from fakes.openai_server import Reply
from fakes.serving import serving

import backends.http.batched as batched
from backends import BackendError, ConfigurationError, UnsupportedCapability, Usage
from backends.prices import Price
from recommender.batch import Job, run_batch
from recommender.config import load_config, parse_config
from recommender.errors import ConfigError

pl = pytest.importorskip("polars")
USERS = 30


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with batch_server() as running:
        yield running


@pytest.fixture
def job(tmp_path: Path, server: BatchServer) -> Job:
    (tmp_path / "items.csv").write_text(
        "item_id,title,popularity\n" + "".join(f"{n},Film {n},{99 - n}\n" for n in range(60))
    )
    histories = [[str(n % 60), str((n + 7) % 60)] for n in range(USERS)]
    pl.DataFrame({"user_id": [f"u{n}" for n in range(USERS)], "history": histories}).write_parquet(
        tmp_path / "users.parquet"
    )
    backend = {"kind": "openai", "model": "m", "base_url": server.url}
    config = parse_config({"backend": backend, "strategy": "listwise", "catalog": "items.csv"}, folder=tmp_path)
    return Job(
        users=tmp_path / "users.parquet", config=config, out=tmp_path / "job", partition=10, poll=0.01, quiet=0.2
    )


def run(job: Job, engine: str = "openai-batch"):
    summary = asyncio.run(run_batch(job, engine))
    return summary, pl.read_parquet(job.out / "rankings/*.parquet")


def states(job: Job) -> list[dict]:
    return [json.loads(file.read_text()) for file in sorted((job.out / "batches").glob("*.state.json"))]


def test_all_users_go_in_one_file_and_come_back_as_one_process_would_have_ranked_them(
    job: Job, server, tmp_path
) -> None:
    summary, found = run(job)
    assert summary.usable == USERS
    assert len(server.batches) == 1
    assert server.keys == {"Bearer sk-secret"}
    assert b"sk-secret" not in b"".join(file.read_bytes() for file in (job.out / "batches").iterdir())
    with serving(lambda received: Reply(body=ranking(received.body))) as plain:
        backend = job.config.backend.model_copy(update={"base_url": plain.url})
        by_hand = replace(job, config=job.config.model_copy(update={"backend": backend}), out=tmp_path / "one")
        _, local = run(by_hand, "local")
    assert found.equals(local)


def test_lines_that_expire_fail_or_get_lost_are_sent_again_and_nobody_else_is(job: Job, server: BatchServer) -> None:
    fates = ["ok", "expire", 500, "lose", 429, "ok"]
    server.fate = lambda custom_id, attempt: fates[int(custom_id[:4], 16) % 6] if attempt == 1 else "ok"
    summary, _ = run(job)
    assert summary.usable == USERS
    assert set(server.answered.values()) == {1}
    assert len(server.batches) == 2
    again = [custom_id for custom_id, times in server.sent.items() if times > 1]
    assert 0 < len(again) < USERS


def test_a_line_that_never_works_ends_its_own_user_alone(job: Job, server: BatchServer) -> None:
    server.fate = lambda custom_id, attempt: ["ok", 500, 400, "expire"][int(custom_id[:4], 16) % 4]
    summary, found = run(job)
    assert 0 < summary.usable < USERS
    assert found.height == USERS
    assert summary.outcomes["server-error"]
    assert summary.outcomes["invalid-request"]
    assert max(server.sent.values()) == 3
    assert found.filter(pl.col("error").is_not_null()).height == USERS - summary.usable


def test_files_keep_to_the_limits(job: Job, server: BatchServer, monkeypatch: pytest.MonkeyPatch) -> None:
    own = batched.Gathering.__init__

    def small(self, folder, carrier, *, limits, model):
        own(self, folder, carrier, limits=replace(limits, lines=8, size=9_000), model=model)

    monkeypatch.setattr(batched.Gathering, "__init__", small)
    assert run(job)[0].usable == USERS
    sizes = [
        (len(file.read_bytes()), file.read_bytes().count(b"\n")) for file in (job.out / "batches").glob("*.input.jsonl")
    ]
    assert len(sizes) >= 4
    assert all(size <= 9_000 and lines <= 8 for size, lines in sizes)


def test_more_users_than_a_wave_follow_in_further_files(job: Job, server: BatchServer) -> None:
    assert run(replace(job, wave=12))[0].usable == USERS
    assert len(server.batches) == 3
    assert set(server.answered.values()) == {1}


async def _cut_off(job: Job, ready) -> None:
    running = asyncio.create_task(run_batch(job, "openai-batch"))
    while not ready() and not running.done():  # noqa: ASYNC110 - the other side is a server in another thread
        await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_a_session_that_was_cut_off_goes_on_with_the_batches_it_had_sent(job: Job, server: BatchServer) -> None:
    server.looks = None
    asyncio.run(_cut_off(job, lambda: bool(server.batches) and bool(states(job)) and "batch" in states(job)[0]))
    assert len(server.batches) == 1
    server.looks = 2
    assert run(job)[0].usable == USERS
    assert len(server.batches) == 1
    assert set(server.answered.values()) == {1}


def test_a_batch_that_was_made_but_not_noted_is_found_again(job: Job, server: BatchServer) -> None:
    server.looks = None
    asyncio.run(_cut_off(job, lambda: bool(server.batches) and bool(states(job)) and "batch" in states(job)[0]))
    (file,) = (job.out / "batches").glob("*.state.json")
    file.write_text(json.dumps({"file": states(job)[0]["file"]}))
    server.looks = 2
    assert run(job)[0].usable == USERS
    assert len(server.batches) == 1


def test_answers_that_were_fetched_but_not_journalled_are_not_asked_for_again(job: Job, server: BatchServer) -> None:
    _, first = run(job)
    (job.out / "requests.jsonl").unlink()
    for part in (job.out / "rankings").iterdir():
        part.unlink()
    assert run(job)[1].equals(first)
    assert len(server.batches) == 1


def test_a_batch_that_is_refused_ends_the_job_and_can_be_sent_again_later(job: Job, server: BatchServer) -> None:
    server.end = lambda number: "failed" if number == 0 else "completed"
    with pytest.raises(BackendError, match="There is no such model") as refused:
        run(job)
    assert refused.value.fatal
    assert run(job)[0].usable == USERS


def test_what_a_cancelled_batch_has_answered_is_kept(job: Job, server: BatchServer) -> None:
    server.end = lambda number: "cancelled" if number == 0 else "completed"
    server.fate = lambda custom_id, attempt: "lose" if attempt == 1 and int(custom_id[:4], 16) % 2 else "ok"
    with pytest.raises(BackendError, match="is cancelled"):
        run(job)
    assert run(job)[0].usable == USERS
    assert set(server.answered.values()) == {1}


@pytest.mark.parametrize(("path", "missing"), [("/files", "id"), ("/batches", "id"), ("/batches/batch-0", "status")])
def test_a_server_that_answers_something_else_ends_the_job_and_is_quoted(
    job: Job, server: BatchServer, path: str, missing: str
) -> None:
    server.strange = path

    async def waited() -> None:
        await asyncio.wait_for(run_batch(job, "openai-batch"), timeout=20)

    with pytest.raises(BackendError, match=f"without '{missing}'"):
        asyncio.run(waited())


def test_other_backends_and_scores_that_no_file_can_hold_are_refused_at_once(job: Job) -> None:
    scripted = parse_config({"backend": {"kind": "scripted", "default": "x"}}, folder=job.users.parent)
    for engine in ("openai-batch", "vllm-batch"):
        with pytest.raises(ConfigurationError, match="backend.kind"):
            run(replace(job, config=scripted), engine)
    scoring = {"backend": {"kind": "vllm", "model": "m"}, "strategy": "likelihood", "catalog": "items.csv"}
    with pytest.raises(UnsupportedCapability):
        run(replace(job, config=parse_config(scoring, folder=job.users.parent)), "vllm-batch")


RUN_BATCH = """
import json, pathlib, sys
sys.path.insert(0, {tests!r})
from fakes.batch_api import ranking
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
assert options["--model"] == "m"
stop = pathlib.Path({stop!r})
if stop.exists():
    stop.unlink()
    sys.exit("out of memory")
rows = [json.loads(line) for line in open(options["-i"])]
with open(options["-o"], "w") as out:
    for row in rows:
        out.write(json.dumps({{"id": "v", "custom_id": row["custom_id"], "response": {{"status_code": 200, "body": ranking(row["body"])}}, "error": None}}) + chr(10))
"""


def test_vllm_reads_the_same_files_and_one_that_it_could_not_answer_is_run_again(job: Job, tmp_path: Path) -> None:
    script, stop = tmp_path / "run_batch.py", tmp_path / "stop"
    script.write_text(RUN_BATCH.format(tests=str(Path(__file__).parents[1]), stop=str(stop)))
    config = {"backend": {"kind": "vllm", "model": "m"}, "strategy": "listwise", "catalog": "items.csv"}
    offline = replace(
        job, config=parse_config(config, folder=tmp_path), command=(sys.executable, str(script)), out=tmp_path / "vllm"
    )
    stop.touch()
    with pytest.raises(BackendError, match="out of memory"):
        run(offline, "vllm-batch")
    summary, found = run(offline, "vllm-batch")
    assert summary.usable == found.height == USERS
    lines = [json.loads(line) for line in (tmp_path / "vllm/batches/00000.input.jsonl").read_text().splitlines()]
    assert {line["url"] for line in lines} == {"/v1/chat/completions"}
    assert len(list((tmp_path / "vllm/batches").glob("*.input.jsonl"))) == 1


def test_a_command_that_is_not_there_says_what_to_install(job: Job, tmp_path: Path) -> None:
    config = {"backend": {"kind": "vllm", "model": "m"}, "strategy": "listwise", "catalog": "items.csv"}
    absent = replace(job, config=parse_config(config, folder=tmp_path), command=("no-such-vllm", "run-batch"))
    with pytest.raises(ConfigurationError, match="Install vLLM"):
        run(absent, "vllm-batch")


def test_the_batch_api_costs_half_of_the_tables_price(job: Job, server: BatchServer, monkeypatch) -> None:
    table = Price(prompt=2.0, cached=1.0, completion=8.0)
    monkeypatch.setattr("recommender.batch._files.price_of", lambda identity: table)
    run(job)
    lines = [json.loads(line) for line in (job.out / "requests.jsonl").read_text().splitlines()]
    usages = [line["response"]["usage"] for line in lines if "response" in line]
    assert len(usages) == USERS
    for usage in usages:
        assert usage["usd"] == pytest.approx(table.of(Usage(**{**usage, "usd": None})) / 2)


def test_a_budget_that_cannot_be_reckoned_is_said_with_its_place_in_the_config(job: Job, tmp_path: Path) -> None:
    (tmp_path / "films.yaml").write_text(
        "backend: {kind: openai, model: m}\nstrategy: listwise\ncatalog: items.csv\nbudget: {usd: 1.0}\n"
    )
    with pytest.raises(ConfigError, match=r"films\.yaml:4: .*price"):
        run(replace(job, config=load_config(tmp_path / "films.yaml")))
