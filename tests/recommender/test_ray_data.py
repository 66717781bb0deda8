"""Users of a Ray dataset are ranked as those of a job, by our own engines and by Ray Data's vLLM processor."""

import asyncio
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from backends import UnsupportedCapability
from recommender.batch import Job, run_batch
from recommender.batch.ray_data import Once, Recommend
from recommender.config import load_config
from recommender.errors import InputError

pl = pytest.importorskip("polars")
ANSWER = "[C] > [A] > [B]"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    catalog = "item_id,title,popularity\n" + "".join(f"{n},Film {n},{50 - n}\n" for n in range(1, 41))
    (tmp_path / "items.csv").write_text(catalog)
    path = tmp_path / "films.yaml"
    path.write_text(f'backend: {{kind: scripted, default: "{ANSWER}"}}\nstrategy: listwise\ncatalog: items.csv\n')
    return path


@pytest.fixture
def users(tmp_path: Path):
    histories = [[str(n % 30 + 1), "40"] for n in range(20)]
    histories[7] = ["nowhere"]
    frame = pl.DataFrame({"user_id": [f"u{n}" for n in range(20)], "history": histories, "country": ["is"] * 20})
    frame.write_parquet(tmp_path / "users.parquet")
    return frame


@pytest.fixture
def rankings(config: Path, users, tmp_path: Path):
    job = Job(users=tmp_path / "users.parquet", config=load_config(config), out=tmp_path / "job", k=3)
    asyncio.run(run_batch(job))
    return pl.read_parquet(tmp_path / "job/rankings/*.parquet")


async def test_a_batch_keeps_its_columns_and_gets_those_of_a_job(config: Path, users, rankings) -> None:
    worker = Recommend(config, k=3)
    found = [pl.from_arrow(table) async for table in worker(users.to_arrow())]
    assert len(found) == 1
    assert found[0].select(rankings.columns).equals(rankings)
    assert found[0]["country"].to_list() == ["is"] * 20
    with pytest.raises(InputError, match="'history' is missing"):
        await anext(worker(users.drop("history").to_arrow()))
    with pytest.raises(InputError, match="'scores' is there already"):
        await anext(worker(users.with_columns(scores=1).to_arrow()))


def test_an_engine_of_ray_datas_own_is_asked_and_read_as_ours(config: Path, users, rankings) -> None:
    once = pickle.loads(pickle.dumps(Once(config, k=3)))
    rows = [once.ask(row) for row in users.to_dicts()]
    assert {message["role"] for row in rows for message in row["messages"]} <= {"system", "user"}
    assert "Film 40" in rows[0]["messages"][-1]["content"]
    assert rows[7]["sampling_params"]["max_tokens"] == 1
    answered = [{**row, "generated_text": ANSWER, "num_generated_tokens": 9, "__inference_error__": ""} for row in rows]
    answered[3] |= {"generated_text": "", "__inference_error__": "out of memory"}
    found = pl.from_arrow(once.read(pl.DataFrame(answered).to_arrow()))
    others = pl.Series(range(20)) != 3
    assert found.filter(others).equals(rankings.filter(others))
    assert (found["item_ids"][3].to_list(), found["outcome"][3]) == ([], "server-error")
    assert "out of memory" in found["error"][3]


def test_a_strategy_that_asks_otherwise_is_refused(config: Path, users) -> None:
    config.write_text(config.read_text().replace("listwise", "pairwise"))
    with pytest.raises(UnsupportedCapability, match="listwise"):
        Once(config).ask(users.row(0, named=True))


def test_a_row_without_a_user_is_an_error_of_that_row_and_no_catalogue_one_of_all(config: Path, users) -> None:
    answered = {**users.row(0, named=True), "user_id": None, "generated_text": ANSWER}
    found = pl.from_arrow(Once(config).read(pl.DataFrame([answered]).to_arrow()))
    assert (found["user_id"][0], found["outcome"][0]) == ("", "invalid-input")
    config.write_text(config.read_text().replace("catalog: items.csv", ""))
    with pytest.raises(InputError, match="no catalogue"):
        Once(config).ask(users.row(0, named=True))


def test_ray_data_carries_a_data_set_through(config: Path, users, rankings, tmp_path: Path) -> None:
    pytest.importorskip("ray.data", reason="needs Ray Data: pip install 'ray[data]'")
    code = """
import sys, ray
from recommender.batch.ray_data import Once, Recommend
ray.init(address="local", num_cpus=2, object_store_memory=80 << 20, include_dashboard=False, log_to_driver=False)
users = ray.data.read_parquet("users.parquet").repartition(4)
once, answer = Once(sys.argv[1], k=3), sys.argv[2]
users.map(once.ask).map(lambda row: {**row, "generated_text": answer}).map_batches(
    once.read, batch_format="pyarrow").write_parquet("asked")
users.map_batches(
    Recommend, fn_constructor_kwargs={"config": sys.argv[1], "k": 3, "actors": 2}, batch_format="pyarrow",
    batch_size=5, compute=ray.data.ActorPoolStrategy(size=2), num_cpus=0.25).write_parquet("ranked")
"""
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_DATA_DISABLE_PROGRESS_BARS": "1"}
    environment["RAY_DATA_USE_DATASOURCE_V2"] = "0"
    done = subprocess.run(
        [sys.executable, "-c", code, str(config), ANSWER], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for name in ("ranked", "asked"):
        found = pl.read_parquet(tmp_path / name / "*.parquet").sort(pl.col("user_id").str.slice(1).cast(pl.Int64))
        assert found.select(rankings.columns).to_dicts() == rankings.to_dicts()
