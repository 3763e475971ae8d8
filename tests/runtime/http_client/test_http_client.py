"""The HTTP/1.1 connection: framing, deadlines, hostile servers, TLS, proxies."""

from __future__ import annotations

import _socket
import _ssl
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from endpoint_runtime.http_client import tls
from endpoint_runtime.http_client.connection import (
    CertificateRefused,
    Connection,
    HttpError,
    TimedOut,
)
from tests.support.http_server import Authority, Script, answering, read_request, serving
from tests.support.ports import free_ports

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def connection(port: int, **options: Any) -> Connection:
    return Connection("http", "127.0.0.1", port, **{"stall": 10.0, **options})


def get(port: int, **options: Any) -> tuple[int, bytes]:
    made = connection(port, **options)
    try:
        with made.request("GET", "/") as answer:
            return answer.status, answer.read()
    finally:
        made.close()


def test_what_is_sent() -> None:
    seen: list[tuple[str, bytes]] = []

    def script(peer: socket.socket) -> None:
        for _ in range(2):
            seen.append(read_request(peer))
            peer.sendall(OK + b"Content-Length: 2\r\nX-A: 1\r\nx-a: 2\r\n\r\nok")

    with serving(script) as server:
        made = connection(server.port)
        with made.request("POST", "/a?b=c", {"X-Key": "v"}, b"body") as answer:
            first = (answer.status, answer.headers["x-a"], answer.read())
        with made.request("GET", "/") as answer:
            second = (answer.status, answer.read())
        made.close()

    assert (first, second) == ((200, "1, 2", b"ok"), (200, b"ok"))
    assert server.connections == 1
    host = f"Host: 127.0.0.1:{server.port}"
    assert seen == [
        (f"POST /a?b=c HTTP/1.1\r\n{host}\r\nX-Key: v\r\nContent-Length: 4", b"body"),
        (f"GET / HTTP/1.1\r\n{host}", b""),
    ]


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"Content-Length: 5\r\n\r\nhello", b"hello"),
        (b"Content-Length: 5, 5\r\n\r\nhello", b"hello"),
        (b"Content-Length: 0\r\n\r\n", b""),
        (
            b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: x\r\n\r\n",
            b"hello",
        ),
        (b"Transfer-Encoding: Chunked\r\n\r\n0005\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"\r\nuntil the end", b"until the end"),
        (b"X:\r\n\r\n", b""),
    ],
)
@pytest.mark.parametrize("by_byte", [False, True])
def test_bodies(answer: bytes, body: bytes, by_byte: bool) -> None:
    whole = b"HTTP/1.1 100 Continue\r\n\r\n" + OK + answer
    pieces = [whole[at : at + 1] for at in range(len(whole))] if by_byte else [whole]

    with serving(answering(*pieces)) as server:
        assert get(server.port) == (200, body)


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", b"200 OK"), ("GET", b"204 No Content"), ("GET", b"304 -")]
)
def test_answers_without_a_body(method: str, status: bytes) -> None:
    script = answering(b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\n\r\n")
    with serving(script) as server:
        made = connection(server.port)
        with made.request(method, "/") as answer:
            assert answer.read() == b""
        made.close()


def test_chunks_come_as_they_are_sent() -> None:
    go = threading.Event()

    def script(peer: socket.socket) -> None:
        read_request(peer)
        peer.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        go.wait(10)
        peer.sendall(b"6\r\nsecond\r\n0\r\n\r\n")

    with serving(script) as server:
        made = connection(server.port)
        chunks = made.request("GET", "/").iter_chunks()
        assert next(chunks) == b"first"
        go.set()
        assert b"".join(chunks) == b"second"
        made.close()


def test_a_large_body_both_ways() -> None:
    big = bytes(range(256)) * 40_000

    def script(peer: socket.socket) -> None:
        _, body = read_request(peer)
        peer.sendall(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    with serving(script) as server:
        made = connection(server.port)
        with made.request("PUT", "/", None, big) as answer:
            assert answer.read() == big
        made.close()


def test_a_body_over_the_limit() -> None:
    with serving(answering(OK + b"Content-Length: 5\r\n\r\nhello")) as server:
        made = connection(server.port)
        with pytest.raises(HttpError, match=r"sent more than 4 bytes$"):
            made.request("GET", "/").read(4)
        assert not made.is_open()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "closed the connection without an answer"),
        (OK + b"Content-Length: 5\r\n\r\nhell", "cut its answer short"),
        (OK + b"Content-Le", "cut its answer short"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", "cut its answer short"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "cut its answer short"),
        (b"220 mail.example.com\r\n", "sent an answer that is not HTTP: '220 mail.example.com'"),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", "sent an answer that is not HTTP: 'HTTP/1.1 2x0 OK'"),
        (OK + b"nonsense\r\n\r\n", "sent an answer that is not HTTP: 'nonsense'"),
        (
            OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
            "sent an answer that is not HTTP: 'content-length: 5, 6'",
        ),
        (
            OK + b"Content-Length: -1\r\n\r\n",
            "sent an answer that is not HTTP: 'content-length: -1'",
        ),
        (
            OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
            "sent an answer that is not HTTP: 'transfer-encoding: gzip, chunked'",
        ),
        (
            OK + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n",
            "sent an answer that is not HTTP: b'0x5'",
        ),
        (
            OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n",
            "sent an answer that is not HTTP: 'a chunk longer than it says'",
        ),
        (
            OK + b"X: " + b"y" * 300_000,
            "sent an answer that is not HTTP: 'a line without an end'",
        ),
        (
            b"HTTP/1.1 100 Continue\r\n\r\n" * 200,
            "sent an answer that is not HTTP: 'nothing but interim answers'",
        ),
    ],
)
def test_broken_answers(answer: bytes, message: str) -> None:
    with serving(answering(answer)) as server:
        with pytest.raises(HttpError) as caught:
            get(server.port)

        assert str(caught.value) == f"127.0.0.1:{server.port} {message}"
        assert caught.value.sent


def test_nobody_listens() -> None:
    [port] = free_ports(1)

    with pytest.raises(HttpError) as caught:
        get(port)

    assert str(caught.value) == f"127.0.0.1:{port} can't be reached: Connection refused"
    assert not caught.value.sent


def test_a_name_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HttpError, match=r"^nothing\.invalid can't be reached: ") as caught:
        Connection("http", "nothing.invalid", deadline=time.time() + 30).request("GET", "/")

    assert not caught.value.sent


@pytest.mark.parametrize("host", ["127.0.0.300", "::x", "1.2.3.4.5"])
def test_an_address_that_is_none(host: str) -> None:
    with pytest.raises(HttpError, match=r" is not an address$"):
        Connection("http", host).request("GET", "/")


def test_a_resolver_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    def slow(*arguments: object) -> list[object]:
        go.wait(10)
        return []

    monkeypatch.setattr(_socket, "getaddrinfo", slow)

    with pytest.raises(TimedOut, match=r"^example\.com: its address was not found in time$"):
        Connection("http", "example.com", deadline=time.time() + 0.1).request("GET", "/")
    go.set()


def stall_before_the_head(peer: socket.socket) -> None:
    read_request(peer)
    peer.recv(1)


def stall_in_the_head(peer: socket.socket) -> None:
    read_request(peer)
    peer.sendall(OK + b"Content-")
    peer.recv(1)


def stall_in_the_body(peer: socket.socket) -> None:
    read_request(peer)
    peer.sendall(OK + b"Content-Length: 5\r\n\r\nhe")
    peer.recv(1)


def drip(peer: socket.socket) -> None:
    read_request(peer)
    peer.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        peer.sendall(b"1\r\nx\r\n")
        time.sleep(0.01)


@pytest.mark.parametrize(
    "script", [stall_before_the_head, stall_in_the_head, stall_in_the_body, drip]
)
def test_the_deadline(script: Script) -> None:
    with serving(script) as server:
        started = time.monotonic()
        with pytest.raises(TimedOut) as caught:
            get(server.port, deadline=time.time() + 0.3)

        assert str(caught.value) == f"127.0.0.1:{server.port} did not answer in time"
        assert 0.2 < time.monotonic() - started < 5
        assert server.ended.wait(10)


def test_standing_still_too_long() -> None:
    with serving(stall_in_the_body) as server, pytest.raises(TimedOut):
        get(server.port, stall=0.2)


def test_a_deadline_that_is_over() -> None:
    with serving(answering(OK + b"\r\n")) as server:
        with pytest.raises(TimedOut) as caught:
            get(server.port, deadline=time.time() - 1)

        assert (caught.value.sent, server.connections) == (False, 0)


def test_a_server_that_does_not_read() -> None:
    def script(peer: socket.socket) -> None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        time.sleep(0.6)

    with serving(script) as server, pytest.raises(TimedOut):
        made = connection(server.port, deadline=time.time() + 0.3)
        made.request("POST", "/", None, bytes(64 << 20))


def test_an_early_answer_to_a_large_body() -> None:
    def script(peer: socket.socket) -> None:
        peer.recv(1000)
        peer.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(65536):
            pass

    with serving(script) as server:
        made = connection(server.port)
        assert made.request("POST", "/", None, bytes(1 << 20)).status == 413
        made.close()


def test_a_kept_connection_that_was_closed() -> None:
    script = answering(OK + b"Content-Length: 2\r\n\r\nok")
    with serving(script) as server:
        made = connection(server.port)
        for _ in range(2):
            with made.request("GET", "/") as answer:
                assert answer.read() == b"ok"
            assert server.ended.wait(10)
        made.close()

    assert server.connections == 2


def test_an_answer_that_is_closed_early() -> None:
    with serving(stall_in_the_body) as server:
        made = connection(server.port)
        answer = made.request("GET", "/")
        answer.close()

        assert not made.is_open()
        assert server.ended.wait(10)


@pytest.mark.parametrize("connection_header", [b"Connection: close", b"connection: Close"])
def test_a_connection_the_server_does_not_keep(connection_header: bytes) -> None:
    stays = threading.Event()
    head = OK + connection_header + b"\r\nContent-Length: 0\r\n\r\n"
    with serving(answering(head, wait=stays)) as server:
        made = connection(server.port)
        made.request("GET", "/").read()
        assert not made.is_open()
        made.close()
        stays.set()


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Authorization": "Bearer se\ncret"}, "the 'Authorization' holds a line break"),
        ({"X": "\u20ac"}, "a header holds characters that HTTP can't send"),
    ],
)
def test_headers_that_can_not_be_sent(headers: dict[str, str], message: str) -> None:
    with serving(answering(OK)) as server:
        made = connection(server.port)
        with pytest.raises(ValueError, match="^" + message + "$"):
            made.request("GET", "/", headers)
        made.close()


def trust_in(*authorities: Authority) -> Callable[[], Any]:
    def make() -> Any:
        context = tls.new_context()
        for authority in authorities:
            context.load_verify_locations(None, None, authority.pem)
        return context

    return make


HELLO = answering(OK + b"Content-Length: 5\r\n\r\nhello")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def secure_get(port: int, *trust: Callable[[], Any], host: str = "localhost") -> bytes:
    made = Connection("https", host, port, deadline=time.time() + 10, trust=trust or None)
    try:
        return made.request("GET", "/").read()
    finally:
        made.close()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_tls(authority: Authority, host: str) -> None:
    with serving(HELLO, context=authority.server_context(host)) as server:
        assert secure_get(server.port, trust_in(authority), host=host) == b"hello"


def test_tls_keeps_its_connection(authority: Authority) -> None:
    def script(peer: socket.socket) -> None:
        for _ in range(3):
            read_request(peer)
            peer.sendall(OK + b"Content-Length: 1\r\n\r\nx")

    with serving(script, context=authority.server_context("localhost")) as server:
        made = Connection("https", "localhost", server.port, trust=[trust_in(authority)])
        for _ in range(3):
            assert made.request("GET", "/").read() == b"x"
        made.close()

    assert server.connections == 1


@pytest.mark.parametrize(
    ("certified", "expired", "problem"),
    [
        ("example.com", False, "Hostname mismatch, certificate is not valid for 'localhost'."),
        ("localhost", True, "certificate has expired"),
    ],
)
def test_certificates_that_are_refused(
    authority: Authority, certified: str, expired: bool, problem: str
) -> None:
    context = authority.server_context(certified, expired=expired)
    with serving(HELLO, context=context) as server:
        with pytest.raises(CertificateRefused) as caught:
            secure_get(server.port, trust_in(authority))

        name = f"localhost:{server.port}"
        assert str(caught.value) == f"{name}: the certificate is not to be trusted: {problem}"
        assert not caught.value.sent


def test_roots_are_tried_in_turn(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "Stranger")
    with serving(HELLO, context=authority.server_context("localhost")) as server:
        with pytest.raises(CertificateRefused, match=r"local issuer certificate$"):
            secure_get(server.port, trust_in(stranger))
        assert secure_get(server.port, trust_in(stranger), trust_in(authority)) == b"hello"


def test_the_systems_roots(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with serving(HELLO, context=authority.server_context("localhost")) as server:
        monkeypatch.setattr(tls, "_CONTEXTS", {})
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        assert secure_get(server.port) == b"hello"

        monkeypatch.setattr(tls, "_CONTEXTS", {})
        monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path, "Other").file))
        with pytest.raises(CertificateRefused):
            secure_get(server.port)


def test_a_folder_of_hashed_roots_is_enough(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import ssl

    folder = tmp_path / "certs"
    folder.mkdir()
    (folder / "ca-bundle.pem").write_text(authority.pem)
    nowhere = ("SSL_CERT_FILE", str(tmp_path / "none"), "SSL_CERT_DIR", str(folder))
    monkeypatch.setattr(_ssl, "get_default_verify_paths", lambda: nowhere)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tls, "_FOLDERS", ())
    monkeypatch.setattr(tls, "_CONTEXTS", {})
    assert tls.hashed_roots() is tls.all_roots()  # the folder is not hashed

    # What `openssl rehash` would do: the hash of the subject's canonical name.
    from subprocess import run

    made = run(
        ["openssl", "x509", "-hash", "-noout", "-in", str(authority.file)],
        capture_output=True,
        text=True,
        check=True,
    )
    (folder / f"{made.stdout.strip()}.0").write_text(authority.pem)
    monkeypatch.setattr(tls, "_CONTEXTS", {})
    with serving(HELLO, context=authority.server_context("localhost")) as server:
        assert secure_get(server.port) == b"hello"
    assert list(tls._CONTEXTS) == ["hashed"]
    assert ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).check_hostname


def test_contexts_are_as_those_of_ssl() -> None:
    import ssl

    ours, theirs = tls.new_context(), ssl.create_default_context()

    for name in ("verify_mode", "check_hostname", "verify_flags", "minimum_version", "options"):
        assert int(getattr(ours, name)) == int(getattr(theirs, name)), name
    assert ours.get_ciphers() == theirs.get_ciphers()


def test_tls_to_a_server_without(authority: Authority) -> None:
    def script(peer: socket.socket) -> None:
        peer.recv(1000)
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(script) as server:
        with pytest.raises(HttpError, match="no TLS connection: ") as caught:
            secure_get(server.port, trust_in(authority))
        assert not caught.value.sent


def test_a_handshake_that_stalls(authority: Authority) -> None:
    def script(peer: socket.socket) -> None:
        while peer.recv(65536):
            pass

    with serving(script) as server, pytest.raises(TimedOut) as caught:
        trust = [trust_in(authority)]
        Connection("https", "localhost", server.port, trust=trust).request(
            "GET", "/", deadline=time.time() + 0.2
        )
    assert not caught.value.sent


def test_tls_that_ends_without_saying_so(authority: Authority) -> None:
    """What a man in the middle can do: the body of unknown length is not taken for whole."""

    def script(peer: socket.socket) -> None:
        read_request(peer)
        peer.sendall(OK + b"\r\nhalf")
        peer.shutdown(socket.SHUT_RDWR)

    with (
        serving(script, context=authority.server_context("localhost")) as server,
        pytest.raises(HttpError, match=r"cut its answer short$"),
    ):
        secure_get(server.port, trust_in(authority))


def proxy_script(seen: list[str], target: int) -> Script:
    """A proxy that passes one tunnel on to a port of this machine."""

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def script(peer: socket.socket) -> None:
        seen.append(read_request(peer)[0])
        peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", target)) as other:
            thread = threading.Thread(target=pump, args=(other, peer))
            thread.start()
            pump(peer, other)
            thread.join(10)

    return script


def test_through_a_proxy(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    with (
        serving(HELLO, context=authority.server_context("dify.example.com")) as server,
        serving(proxy_script(seen, server.port)) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:p%40ss@127.0.0.1:{proxy.port}")
        body = secure_get(443, trust_in(authority), host="dify.example.com")

    assert body == b"hello"
    assert seen == [
        "CONNECT dify.example.com:443 HTTP/1.1\r\nHost: dify.example.com:443\r\n"
        "Proxy-Authorization: Basic bWU6cEBzcw=="
    ]


def test_plain_http_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def script(peer: socket.socket) -> None:
        seen.append(read_request(peer)[0])
        peer.sendall(OK + b"Content-Length: 0\r\n\r\n")

    with serving(script) as proxy:
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{proxy.port}")
        made = Connection("http", "example.com", deadline=time.time() + 10)
        made.request("GET", "/a")
        made.close()

    assert seen == ["GET http://example.com/a HTTP/1.1\r\nHost: example.com"]


def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(HttpError) as caught:
            Connection("https", "example.com").request("GET", "/")

    assert str(caught.value) == "example.com can't be reached: the proxy answers 407"
    assert not caught.value.sent


@pytest.mark.parametrize(
    ("no_proxy", "host", "direct"),
    [
        ("", "example.com", False),
        ("*", "example.com", True),
        ("example.com", "example.com", True),
        ("example.com", "api.EXAMPLE.com", True),
        (".example.com", "api.example.com", True),
        ("*.example.com", "api.example.com", True),
        ("ample.com", "example.com", False),
        ("other.com, example.com:443", "example.com", True),
        ("example.com:444", "example.com", False),
        ("169.254.170.2", "169.254.170.2", True),
        ("::1", "::1", True),
    ],
)
def test_no_proxy(monkeypatch: pytest.MonkeyPatch, no_proxy: str, host: str, direct: bool) -> None:
    from endpoint_runtime.http_client.proxies import proxy_for

    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)

    assert proxy_for("https", host, 443) == (None if direct else ("proxy", 3128, {}))


@pytest.mark.parametrize("url", ["socks5://a:secret@b:1", "https://proxy:1", "http://", "a:b:c"])
def test_proxies_that_can_not_be_used(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    from endpoint_runtime.http_client.proxies import proxy_for

    monkeypatch.setenv("HTTPS_PROXY", url)

    with pytest.raises(ValueError, match=r"^HTTPS_PROXY names a proxy that can't be used") as said:
        proxy_for("https", "example.com", 443)
    assert "secret" not in str(said.value)
