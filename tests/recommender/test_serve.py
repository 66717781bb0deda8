"""`recommender serve`: the answers of the contract, and nothing that a bad caller can hold it up with."""

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.service import Service, service
from fakes.serving import serving

from recommender.cli import app
from recommender.command import run

pytest.importorskip("fastapi")

ASK = {"history": ["1"], "k": 2}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service(tmp_path_factory.mktemp("serve"), "--allow-host", "films.test") as running:
        yield running


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


def test_a_head_request_gets_the_headers_of_what_a_get_would_have(served: Service) -> None:
    for path, status in (("/", b"200"), ("/healthz", b"200"), ("/nowhere", b"404"), ("/v1/recommendations", b"405")):
        head, _, body = _raw(
            served.port, f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        ).partition(b"\r\n\r\n")
        assert head.split()[1] == status
        assert body == b""


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost:x", "[::1].evil"])
def test_a_wrong_host_is_refused(served: Service, host: str) -> None:
    for path, body in (("/healthz", None), ("/v1/recommendations", ASK), ("/", None)):
        status, found, _ = served.ask(path, body, Host=host)
        assert status == 400
        assert "host" in json.loads(found)["error"]["message"].lower()


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "[::1]:99", "films.test", "127.0.0.1"])
def test_its_own_names_and_allowed_ones_are_served(served: Service, host: str) -> None:
    assert served.ask("/healthz", Host=host)[0] == 200


def test_pages_of_other_sites_cannot_spend_money(served: Service) -> None:
    form = served.ask("/v1/recommendations", json.dumps(ASK).encode(), Content_Type="text/plain")
    assert form[0] == 415
    assert served.ask("/v1/recommendations", ASK, Sec_Fetch_Site="cross-site")[0] == 403


def _raw(port: int, data: bytes, *more: bytes, wait: float = 0.0) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(data)
        for part in more:
            time.sleep(wait)
            try:
                sock.sendall(part)
            except OSError:
                break
        answer = b""
        try:
            while part := sock.recv(65536):
                answer += part
        except ConnectionError:
            pass
        return answer


def _head(length: str, *lines: str) -> bytes:
    head = ["POST /v1/recommendations HTTP/1.1", "Host: localhost", "Content-Type: application/json", length, *lines]
    return "\r\n".join([*head, "", ""]).encode()


def test_a_huge_body_is_refused_before_it_has_come(served: Service) -> None:
    assert b" 413 " in _raw(served.port, _head("Content-Length: 10000000000")).split(b"\r\n")[0]


def test_a_huge_body_of_unknown_length_is_cut_off(served: Service) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    assert b" 413 " in _raw(served.port, _head("Transfer-Encoding: chunked"), *[chunk] * 40).split(b"\r\n")[0]


def test_a_slow_body_is_given_up_on_and_holds_nobody_up(served: Service) -> None:
    slow = threading.Thread(target=lambda: answers.append(_raw(served.port, _head("Content-Length: 100") + b'{"hist')))
    answers: list[bytes] = []
    slow.start()
    time.sleep(0.2)
    assert served.ask("/v1/recommendations", ASK)[0] == 200
    slow.join(timeout=20)
    assert b" 408 " in answers[0].split(b"\r\n")[0]


@pytest.mark.slow
def test_a_slow_head_is_given_up_on(served: Service) -> None:
    started = time.monotonic()
    assert _raw(served.port, b"GET /healthz HTTP/1.1\r\nHost: local") == b""
    assert time.monotonic() - started < 25


def test_a_huge_head_is_cut_off(served: Service) -> None:
    lines = [b"x: " + b"y" * 8000 + b"\r\n"] * 60
    assert b" 200 " not in _raw(served.port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n", *lines)


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
    assert {"200", "408", "413", "415", "422", "502", "503", "504"} <= set(
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


def _slow_service(tmp_path: Path, url: str, *options: str):
    config = (
        f"backend: {{kind: openai, model: m, base_url: '{url}', max_attempts: 1}}\n"
        "strategy: listwise\ncatalog: items.csv\n"
    )
    return service(tmp_path, *options, config=config)


def test_too_many_at_a_time_are_told_to_come_back_and_slow_models_are_not_waited_for(tmp_path: Path) -> None:
    with serving() as server:
        plain = server.reply
        server.reply = lambda received: type(plain(received))(body=plain(received).body, after=3)
        with _slow_service(tmp_path, server.url, "--max-requests", "1", "--timeout", "1") as running:
            answers: list[int] = []
            first = threading.Thread(target=lambda: answers.append(running.ask("/v1/recommendations", ASK)[0]))
            first.start()
            time.sleep(0.5)
            status, _, headers = running.ask("/v1/recommendations", ASK)
            assert status == 503
            assert headers["retry-after"] == "1"
            assert running.ask("/healthz")[0] == 200
            first.join()
            assert answers == [504]


def test_what_is_in_flight_is_answered_before_the_end(tmp_path: Path) -> None:
    with serving() as server:
        plain = server.reply
        server.reply = lambda received: type(plain(received))(body=plain(received).body, after=1.5)
        with _slow_service(tmp_path, server.url) as running:
            answers: list[int] = []
            asking = threading.Thread(target=lambda: answers.append(running.ask("/v1/recommendations", ASK)[0]))
            asking.start()
            time.sleep(0.5)
            running.process.send_signal(signal.SIGTERM)
            asking.join()
            assert answers == [200]
            assert running.process.wait(timeout=20) == 0


def test_a_second_interrupt_waits_for_nobody_and_says_so_to_whoever_is_cut_off(tmp_path: Path) -> None:
    with serving() as server:
        plain = server.reply
        server.reply = lambda received: type(plain(received))(body=plain(received).body, after=60)
        with _slow_service(tmp_path, server.url) as running:
            answers: list[tuple[int, bytes, dict[str, str]]] = []
            asking = threading.Thread(target=lambda: answers.append(running.ask("/v1/recommendations", ASK)))
            asking.start()
            while not server.received:
                time.sleep(0.05)
            running.process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            running.process.send_signal(signal.SIGINT)
            asking.join()
            status, body, headers = answers[0]
            assert status == 503
            assert json.loads(body)["error"]["type"] == "stopping"
            assert headers["retry-after"] == "1"
            assert running.process.wait(timeout=20) == 130
            assert running.process.stderr is not None
            assert "Traceback" not in running.process.stderr.read()


def test_a_model_that_fails_is_an_error_of_its_own_and_says_no_more_than_that(tmp_path: Path) -> None:
    config = "backend: {kind: scripted, default: {error: unreachable}}\ncatalog: items.csv\n"
    with service(tmp_path, config=config) as running:
        status, body, _ = running.ask("/v1/recommendations", ASK)
    assert status == 502
    assert json.loads(body)["error"]["type"] == "unreachable"


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
