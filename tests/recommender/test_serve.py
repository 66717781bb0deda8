"""`recommender serve`: the answers of the contract, and errors that say what was wrong in the same shape."""

import asyncio
import json
import shutil
import socket
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest
from fakes.service import Service, service

from recommender.cli import app
from recommender.command import run

pytest.importorskip("fastapi")

ASK = {"history": ["1"], "k": 2}


def test_recommendations_have_the_shape_of_the_command(served: Service) -> None:
    status, body, headers = served.ask("/v1/recommendations", ASK)
    found = json.loads(body)
    assert status == 200
    assert set(found) == {"items", "outcome", "usage", "warnings"}
    assert [item["item_id"] for item in found["items"]] == ["3", "2"]
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers
    assert headers["x-content-type-options"] == "nosniff"


def test_candidates_exclusions_and_entries_with_more_than_a_title_are_understood(served: Service) -> None:
    ask = {"history": [{"item_id": "1", "kind": "view"}, "Heat"], "candidates": ["3", "4"], "exclude": ["4"]}
    status, body, _ = served.ask("/v1/recommendations", ask)
    assert status == 200
    assert [item["item_id"] for item in json.loads(body)["items"]] == ["3"]


def test_details_show_the_prompt_and_how_the_answer_was_read(served: Service) -> None:
    details = json.loads(served.ask("/v1/recommendations", {**ASK, "details": True})[1])["details"]
    assert "Alien" in details["prompts"][0]
    assert details["answers"] == ["[B] > [A] > [C]"]
    assert [mention["item_id"] for mention in details["mentions"]] == ["3", "2", "4"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 422, "body"),
        (b"\xff", 400, "body"),
        (b"[" * 100_000, 400, "body"),
        (b'{"history": ["\\ud800"]}', 422, "history"),
        (b'{"history": ["1"], "k": ' + b"9" * 5000 + b"}", 400, "body"),
        ({}, 422, "body.history: field required"),
        ({"history": "Alien"}, 422, "body.history"),
        ({"history": [1]}, 422, "body.history.0"),
        ({"history": [""]}, 422, "body.history.0"),
        ({"history": ["1"], "k": 0}, 422, "body.k"),
        ({"history": ["1"], "k": True}, 422, "body.k"),
        ({"history": ["1"], "kay": 3}, 422, "body.kay: extra inputs"),
        ({"history": ["1"] * 501}, 422, "body.history"),
        ({"history": ["1"], "candidates": ["nowhere"]}, 422, "'nowhere' is neither an id nor a title"),
        ({"history": ["1"], "filters": {"genre": "x"}}, 422, "no attribute 'genre'"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_said_in_a_sentence(served: Service, body, status: int, said: str) -> None:
    answered, found, _ = served.ask("/v1/recommendations", body)
    assert answered == status
    assert said in json.loads(found)["error"]["message"]


def test_other_paths_and_methods_are_refused_in_the_same_shape(served: Service) -> None:
    for path, status in (("/v1/nothing", 404), ("/v1/recommendations", 405), ("/docs", 404), ("/redoc", 404)):
        answered, body, _ = served.ask(path)
        assert answered == status
        assert json.loads(body)["error"]["message"]


def test_metrics_count_recommendations_and_refusals(served: Service) -> None:
    served.ask("/v1/recommendations", ASK)
    served.ask("/healthz", Host="evil.example")
    status, body, headers = served.ask("/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain")
    text = body.decode()
    assert 'recommender_recommendations_total{outcome="whole"}' in text
    assert 'recommender_refused_total{reason="wrong-host"}' in text
    assert "recommender_seconds_count" in text


def test_health_names_the_recommender(served: Service) -> None:
    found = json.loads(served.ask("/healthz")[1])
    assert found["status"] == "ok"
    assert "listwise" in found["recommender"]


def test_the_schema_names_every_way_to_ask_and_how_it_fails(served: Service) -> None:
    schema = json.loads(served.ask("/openapi.json")[1])
    assert set(schema["paths"]) == {"/v1/recommendations", "/v1/items", "/healthz", "/metrics"}
    assert {"200", "403", "408", "413", "415", "422", "500", "502", "503", "504"} <= set(
        schema["paths"]["/v1/recommendations"]["post"]["responses"]
    )


def test_the_page_loads_nothing_from_elsewhere_and_is_escaped(served: Service) -> None:
    status, body, headers = served.ask("/")
    page = body.decode()
    assert status == 200
    assert "films &amp; &lt;more&gt;" in page
    assert "http://" not in page
    assert "https://" not in page
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert b"color-scheme: light dark" in served.ask("/page.css")[1]


def test_items_are_found_by_what_was_typed(served: Service) -> None:
    assert json.loads(served.ask("/v1/items?q=BRA")[1])["items"] == [{"item_id": "3", "title": "Brazil"}]
    assert served.ask("/v1/items?q=" + "x" * 201)[0] == 422


def test_a_model_that_fails_is_an_error_of_its_own_and_says_no_more_than_that(tmp_path: Path) -> None:
    config = "backend: {kind: scripted, default: {error: invalid-request}}\ncatalog: items.csv\n"
    with service(tmp_path, config=config) as running:
        status, body, _ = running.ask("/v1/recommendations", ASK)
        counted = running.ask("/metrics")[1].decode()
    assert status == 502
    assert json.loads(body)["error"]["type"] == "invalid-request"
    assert "recommender_model_requests_total 1.0" in counted


def test_half_a_character_in_an_answer_is_shown_as_one_that_is_missing(tmp_path: Path) -> None:
    config = 'backend: {kind: scripted, default: "[B] > [A] \\ud83d"}\nstrategy: listwise\ncatalog: items.csv\n'
    with service(tmp_path, config=config) as running:
        status, body, _ = running.ask("/v1/recommendations", {**ASK, "details": True})
    assert status == 200
    assert json.loads(body)["details"]["answers"] == ["[B] > [A] \ufffd"]


def test_a_template_that_fails_is_an_error_in_the_same_shape(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    listwise = resources.files("prompts").joinpath("listwise.j2").read_text()
    broken = listwise.replace("{% block user %}", "{% block user %}{{ history[9].title }}")
    (tmp_path / "mine/listwise.j2").write_text(broken)
    config = "backend: {kind: scripted, default: x}\nstrategy: listwise\ncatalog: items.csv\ntemplates: mine\n"
    with service(tmp_path, config=config) as running:
        status, body, headers = running.ask("/v1/recommendations", ASK)
    assert (status, json.loads(body)["error"]["type"]) == (500, "setup")
    assert headers["x-content-type-options"] == "nosniff"


def test_a_taken_port_exits_with_1_and_a_wrong_config_with_2(tmp_path: Path, capsys) -> None:
    (tmp_path / "films.yaml").write_text("backend: scripted\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert run(app, ["serve", "--config", str(tmp_path / "films.yaml"), "--port", port]) == 1
    assert "in use" in capsys.readouterr().err
    assert run(app, ["serve", "--config", "nowhere.yaml"]) == 2


async def test_many_callers_at_once_are_all_served(served: Service) -> None:
    answers = await asyncio.gather(
        *(asyncio.to_thread(served.ask, "/v1/recommendations", {"history": [str(n % 3 + 1)]}) for n in range(100))
    )
    assert {status for status, _, _ in answers} == {200}


@pytest.mark.slow
def test_the_service_keeps_to_its_own_schema(tmp_path: Path) -> None:
    """Schemathesis makes up requests from the schema and holds the answers against it."""
    command = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("needs `pip install schemathesis`")
    with service(tmp_path) as running:
        options = ["-n", "100", "--checks", "all", "--seed", "1", "--no-color"]
        options += ["--exclude-checks", "positive_data_acceptance"]  # no schema says which items there are
        done = subprocess.run(
            [command, "run", f"{running.url}/openapi.json", *options],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "films.yaml").write_text("backend: scripted\n")
    code = "import sys; sys.modules['fastapi'] = None; from recommender.__main__ import main; main()"
    for arguments, status, said in (
        (["--help"], 0, "serve"),
        (["serve", "--config", "films.yaml"], 2, "promptrec[serve]"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == status
        assert said in done.stdout + done.stderr
