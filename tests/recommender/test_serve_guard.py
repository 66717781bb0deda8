"""Nothing that a bad caller can hold the service up with: wrong hosts, huge and slow requests, too many, and the end."""

import json
import signal
import socket
import threading
import time
from pathlib import Path

import pytest
from fakes.service import Service, service
from fakes.serving import serving

from recommender.cli import app
from recommender.command import run
from recommender.serve.guard import Guard
from recommender.serve.settings import ServeSettings

pytest.importorskip("fastapi")

ASK = {"history": ["1"], "k": 2}


def _raw(port: int, data: bytes, *more: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(data)
        for part in more:
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


def _slow_service(tmp_path: Path, url: str, *options: str):
    config = (
        f"backend: {{kind: openai, model: m, base_url: '{url}', max_attempts: 1}}\n"
        "strategy: listwise\ncatalog: items.csv\n"
    )
    return service(tmp_path, *options, config=config)


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


@pytest.mark.parametrize("name", ["http://films.test", "films.test/", "films test:80a"])
def test_an_allowed_host_that_no_request_could_name_is_refused(tmp_path: Path, capsys, name: str) -> None:
    (tmp_path / "films.yaml").write_text("backend: scripted\n")
    assert run(app, ["serve", "--config", str(tmp_path / "films.yaml"), "--allow-host", name]) == 2
    assert "--allow-host takes a name" in capsys.readouterr().err


async def test_a_fault_of_ours_is_an_error_in_the_same_shape_and_told_to_the_log(caplog) -> None:
    async def faulty(*_: object) -> None:
        raise ZeroDivisionError

    async def body() -> dict:
        return {"type": "http.request"}

    sent: list[dict] = []

    async def send(message: dict) -> None:
        sent.append(message)

    refusals: list[str] = []
    guard = Guard(faulty, settings=ServeSettings(), on_refusal=refusals.append)
    await guard({"type": "http", "method": "GET", "headers": [(b"host", b"localhost")]}, body, send)
    assert sent[0]["status"] == 500
    assert dict(sent[0]["headers"])[b"x-content-type-options"] == b"nosniff"
    assert json.loads(sent[1]["body"])["error"]["type"] == "fault"
    assert refusals == ["fault"]
    assert "ZeroDivisionError" in caplog.text


def test_pages_of_other_sites_cannot_spend_money(served: Service) -> None:
    form = served.ask("/v1/recommendations", json.dumps(ASK).encode(), Content_Type="text/plain")
    assert form[0] == 415
    assert served.ask("/v1/recommendations", ASK, Sec_Fetch_Site="cross-site")[0] == 403


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
