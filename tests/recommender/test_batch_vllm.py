"""vLLM's own run-batch, on the CPU, answers the files that we write."""

import asyncio
import sys
from pathlib import Path

import pytest
from fakes.real_engines import safetensors
from fakes.real_servers import VLLM_ENVIRONMENT

from recommender.batch import Job, run_batch
from recommender.config import parse_config

pytestmark = [pytest.mark.vllm, pytest.mark.slow]
pl = pytest.importorskip("polars")
OPTIONS = ["--dtype", "float32", "--max-model-len", "2048", "--enforce-eager", "--block-size", "32"]


def test_constrained_answers_come_back_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("vllm", reason="needs vLLM (make test-vllm)")
    for name, value in VLLM_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "items.csv").write_text("item_id,title\n1,Alien\n2,Heat\n3,Brazil\n4,Up\n5,Big\n")
    pl.DataFrame({"user_id": ["a", "b", "c"], "history": [["1"], ["2"], ["3", "4"]]}).write_parquet(
        tmp_path / "users.parquet"
    )
    backend = {"kind": "vllm", "model": str(safetensors())}
    config = parse_config({"backend": backend, "strategy": "constrained", "catalog": "items.csv"}, folder=tmp_path)
    command = (sys.executable, "-m", "vllm.entrypoints.openai.run_batch", *OPTIONS)
    job = Job(users=tmp_path / "users.parquet", config=config, out=tmp_path / "job", k=2, command=command)
    summary = asyncio.run(run_batch(job, "vllm-batch"))
    assert summary.usable == 3
    found = pl.read_parquet(tmp_path / "job/rankings/*.parquet")
    assert found["item_ids"].list.len().to_list() == [2, 2, 2]
