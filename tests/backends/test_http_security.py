"""What leaves this machine, and to whom."""

import asyncio
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fakes.openai_server import FakeServer, Reply, chat

from backends import (
    ENGINES,
    BackendError,
    ConfigurationError,
    GenerateRequest,
    LocalOnlyError,
    Message,
    Surroundings,
    Unreachable,
)
from backends.http.backend import HttpBackend
from backends.http.server import server as reached_at

REQUEST = GenerateRequest(prompt=(Message(role="user", content="x"),))


def make(base_url: str, *, local_only: bool = False, folder: Path = Path(), **options: Any) -> HttpBackend:
    engine = ENGINES.load("openai")
    chosen = engine.options(model="fake", base_url=base_url, **options)
    return engine.create(chosen, Surroundings(local_only=local_only, folder=folder))


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "http://10.0.0.1/v1",
        "http://0.0.0.0:8000/v1",
        "http://[::ffff:8.8.8.8]/v1",
        "http://localhost.example.org/v1",
        "http://127.0.0.1.example.org/v1",
        "http://2130706433/v1",
    ],
)
def test_local_only_refuses_other_machines_before_the_first_byte(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a name was looked up or a connection made")

    monkeypatch.setattr(socket, "getaddrinfo", never)
    monkeypatch.setattr(socket.socket, "connect", never)
    with pytest.raises(LocalOnlyError):
        make(url, local_only=True)


async def test_local_only_reaches_this_machine_and_asks_no_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeServer() as server:
        real, asked = socket.getaddrinfo, []
        monkeypatch.setattr(socket, "getaddrinfo", lambda host, *a, **k: (asked.append(host), real(host, *a, **k))[1])
        for host in ("127.0.0.1", "localhost"):
            backend = make(f"http://{host}:{server.port}/v1", local_only=True)
            assert (await backend.generate(REQUEST)).text == "hello"
            await backend.aclose()
    assert "localhost" not in asked


async def test_proxies_of_the_environment_are_used_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeServer() as proxy, FakeServer() as server:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        for options, through in (({}, 0), ({"trust_env": True}, 1), ({"trust_env": True, "local_only": True}, 1)):
            backend = make(server.url, **options)  # type: ignore[arg-type]
            await backend.generate(REQUEST)
            await backend.aclose()
            assert len(proxy.received) == through


async def test_cookies_are_not_kept() -> None:
    async with FakeServer() as server:
        server.reply = lambda _: Reply(body=chat(), headers={"Set-Cookie": "a=b"})
        backend = make(server.url)
        for _ in range(2):
            await backend.generate(REQUEST)
        await backend.aclose()
        assert "cookie" not in server.last.headers


async def test_tracebacks_and_logs_do_not_hold_the_key(caplog: pytest.LogCaptureFixture) -> None:
    import traceback

    caplog.set_level("DEBUG")
    async with FakeServer() as server:
        server.reply = lambda _: Reply(status=401, body={"error": {"message": "bad key sk-test-0123456789"}})
        backend = make(server.url)
        try:
            await backend.generate(REQUEST)
        except BackendError as error:
            text = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
        await backend.aclose()
    assert "sk-test" not in text + caplog.text


@pytest.mark.parametrize("status", [200, 400, 401, 500])
async def test_a_server_that_repeats_key_and_headers_is_heard_without_them(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "plain-words-that-look-like-no-key")
    async with FakeServer() as server:
        backend = make(server.url, headers={"X-Team": "the-header-of-a-proxy"})
        server.reply = lambda received: Reply(status=status, body={"error": {"message": str(received.headers)[-250:]}})
        with pytest.raises(BackendError) as caught:
            await backend.generate(REQUEST)
        server.reply = lambda received: Reply(body=chat(str(received.headers)))
        answer = await backend.generate(REQUEST)
        await backend.aclose()
    for heard in (str(caught.value), answer.text):
        assert "plain-words" not in heard
        assert "header-of-a-proxy" not in heard
    assert "***" in answer.text


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    pytest.importorskip("cryptography", reason="makes a certificate")
    script = """
import datetime, ipaddress, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
now = datetime.datetime.now(datetime.timezone.utc)
cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    .serial_number(1).not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
    .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256()))
pem = serialization.Encoding.PEM
open(sys.argv[1], "wb").write(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    + cert.public_bytes(pem))
"""
    path = tmp_path / "cert.pem"
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    return path


async def test_a_private_authority_is_trusted_only_when_named(certificate: Path) -> None:
    async with FakeServer() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        safe = await asyncio.start_server(server._serve, "127.0.0.1", 0, ssl=context)
        url = f"https://127.0.0.1:{safe.sockets[0].getsockname()[1]}/v1"
        stranger = make(url)
        with pytest.raises(Unreachable, match="ca_file"):
            await stranger.generate(REQUEST)
        await stranger.aclose()
        friend = make(url, ca_file="cert.pem", folder=certificate.parent)
        assert (await friend.generate(REQUEST)).text == "hello"
        await friend.aclose()
        safe.close()


def test_importing_the_engine_does_not_import_the_client() -> None:
    code = (
        "import sys, backends, backends.wrap; backends.ENGINES.load('openai');"
        "assert not {'openai', 'aiohttp', 'httpx2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_two_event_loops_in_turn_can_use_one_backend() -> None:
    backend: HttpBackend | None = None
    port = 0

    async def once() -> str:
        nonlocal backend, port
        async with FakeServer(port=port) as server:
            port = server.port
            backend = backend or make(server.url)
            return (await backend.generate(REQUEST)).text

    assert asyncio.run(once()) == "hello"
    assert backend is not None
    asyncio.run(backend.aclose())
    assert asyncio.run(once()) == "hello"
    asyncio.run(backend.aclose())


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "http://a..b/v1",
        f"http://{'a' * 70}/v1",
        "http://lo cal/v1",
        "http://127.0.0.1:port/v1",
        "127.0.0.1:8000/v1",
        "http:///v1",
    ],
)
def test_what_is_no_address_is_refused_in_a_sentence(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"backend.base_url .* is no http:// or https:// address"):
        make(url)


def test_a_wrong_address_in_the_environment_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "api.example.org")
    engine = ENGINES.load("openai")
    with pytest.raises(ConfigurationError, match=r"OPENAI_BASE_URL 'api.example.org' is no"):
        engine.create(engine.options(model="fake"), Surroundings())


def test_a_query_in_the_address_is_refused_rather_than_dropped() -> None:
    with pytest.raises(ConfigurationError, match="query"):
        make("https://example.org/openai/v1?api-version=preview")


@pytest.mark.parametrize("headers", [{"X-Team": "a\nAuthorization: b"}, {"X Team": "a"}, {"": "a"}, {"X": "a\x00"}])
def test_a_header_that_would_become_another_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="header"):
        make("http://127.0.0.1:9/v1", headers=headers)


async def test_certificates_that_cannot_be_read_are_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    backend = make("https://127.0.0.1:9/v1", ca_file="ca.pem", folder=tmp_path)
    with pytest.raises(ConfigurationError, match=r"ca\.pem .*certificates.*ca_file"):
        await backend.start()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://api.openai.com/v1/", True),
        ("https://eu.api.openai.com/v1/", True),
        ("http://api.openai.com/v1/", False),
        ("https://api.openai.com.example.org/v1/", False),
        ("http://127.0.0.1:8000/v1/", False),
    ],
)
def test_the_environments_organisation_is_for_openai_alone(
    monkeypatch: pytest.MonkeyPatch, url: str, told: bool
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-mine")
    options = ENGINES.load("openai").options(model="fake", base_url=url)
    reached = reached_at(options, Surroundings(), base_url=url, key=None)
    assert ("org-of-mine" in reached.headers.values()) is told
