"""A server as a whole: who may use it, by which address, and how it ends."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge.errors import OptionError
from edge.serve import connections, server
from edge.serve.guard import Guard
from edge.serve.options import ServeOptions
from edge.serve.server import FACES, check_safety
from edge.serve.tls import context_of
from edge.serve.token import read_token

from .conftest import Served
from .scripted import Scripted

MakeServer = Callable[..., Served]


def get(served: Served, path: str = "/health", **headers: str) -> int:
    connection = http.client.HTTPConnection(*served.http, timeout=10)
    connection.request("GET", path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


# The token


def test_a_token_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "token"
    token = read_token(path)
    assert len(token) >= 43  # 32 bytes
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_token(path) == token
    assert read_token(tmp_path / "other") != token


@pytest.mark.parametrize("written", ["", "short", "two words that are long enough", "ünïcödé-ünïcödé-ünï", "\0" * 20])
def test_a_file_without_a_token_is_refused(tmp_path: Path, written: str) -> None:
    path = tmp_path / "token"
    path.write_text(written, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(OptionError, match="16 letters"):
        read_token(path)


def test_a_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("0123456789abcdef")
    path.chmod(0o644)
    with pytest.raises(OptionError, match="chmod 600"):
        read_token(path)


# Who may use it


@pytest.mark.parametrize(
    ("settings", "faces", "has_token", "message"),
    [
        ({"host": "0.0.0.0"}, FACES, True, "Wyoming has no passwords"),
        ({"host": "::"}, ("wyoming",), True, "Wyoming has no passwords"),
        ({"host": "192.168.1.5"}, ("openai",), False, "--token FILE"),
        ({"host": "example.org"}, ("openai",), False, "--token FILE"),
    ],
)
def test_strangers_are_not_served(settings: dict[str, Any], faces: Any, has_token: bool, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        check_safety(ServeOptions(**settings), faces, has_token=has_token)


@pytest.mark.parametrize(
    ("settings", "faces", "has_token"),
    [
        ({}, FACES, False),
        ({"host": "::1"}, FACES, False),
        ({"host": "localhost"}, FACES, False),
        ({"host": "0.0.0.0", "allow": ["192.168.1.0/24"]}, FACES, False),
        ({"host": "0.0.0.0"}, ("openai",), True),
    ],
)
def test_others_are(settings: dict[str, Any], faces: Any, has_token: bool) -> None:
    check_safety(ServeOptions(**settings), faces, has_token=has_token)


def refusal(guard: Guard, host: str) -> bool:
    return guard.refusal("127.0.0.1", "/", [(b"host", host.encode())]) is not None


def test_it_goes_by_its_addresses_and_names_alone() -> None:
    guard = Guard(names=tuple(ServeOptions(names=["Voice.example.org"]).names))
    for host in (
        "127.0.0.1:8383",
        "192.168.1.7",
        "[::1]:8383",
        "localhost",
        "voice.example.org:443",
        "VOICE.example.org",
    ):
        assert not refusal(guard, host), host
    for host in ("", "evil.example", "example.org", "voice.example.org.evil.example", "127.0.0.1.evil.example", "[::1"):
        assert refusal(guard, host), host


@pytest.mark.parametrize("names", [["-a"], ["a b"], ["http://a"], [""], ["ä.de"]])
def test_names_are_names(names: list[str]) -> None:
    with pytest.raises(OptionError, match="names has"):
        ServeOptions(names=names)


def test_one_address_has_so_many_connections(make_server: MakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.serve.wyoming import server as wyoming

    for module in (connections, wyoming):
        monkeypatch.setattr(module, "is_own", lambda address: False)  # as if the tests were another machine
    served = make_server(per_address=2)
    for address, answer in ((served.http, b"HTTP/1.1 503"), (served.wyoming, b"")):
        with (
            socket.create_connection(address, timeout=10),
            socket.create_connection(address, timeout=10),
            socket.create_connection(address, timeout=10) as third,
        ):
            assert third.recv(100)[:12] == answer
    assert get(served) == 200


def test_this_machine_may_have_all(make_server: MakeServer) -> None:
    served = make_server(per_address=1)
    with socket.create_connection(served.http, timeout=10):
        assert get(served) == 200


# HTTPS


def test_it_speaks_https(make_server: MakeServer, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    served = make_server(tls=context_of(cert, key))
    trusted = ssl.create_default_context(cafile=str(cert))
    connection = http.client.HTTPSConnection(*served.http, timeout=10, context=trusted)
    connection.request("GET", "/health")
    assert connection.getresponse().status == 200
    connection.close()

    from websockets.sync.client import connect

    with connect(f"wss://{served.listening.http}/v1/realtime", ssl=trusted) as socket:
        assert "session.created" in str(socket.recv(timeout=10))
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        get(served)  # plain HTTP


def test_one_that_begins_no_handshake_is_left(
    make_server: MakeServer, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge.serve import http as port

    monkeypatch.setattr(port, "_HANDSHAKE_S", 0.3)
    served = make_server(tls=context_of(*certificate))
    with socket.create_connection(served.http, timeout=10) as connection:
        assert connection.recv(100) == b""


def test_what_is_no_certificate_is_said(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    cert, key = certificate
    other = tmp_path / "other.pem"
    other.write_text("nothing")
    locked = tmp_path / "locked.pem"
    words: list[str | Path] = ["openssl", "pkcs8", "-topk8", "-in", key, "-out", locked, "-passout", "pass:secret"]
    subprocess.run(words, check=True, capture_output=True)
    assert context_of(None, None) is None
    for files, message in (
        ((None, key), "give --tls-cert"),
        ((tmp_path / "none.pem", None), "found none"),
        ((other, key), "in PEM"),
        ((cert, None), "in PEM"),
        ((cert, locked), "without a password"),
    ):
        with pytest.raises(OptionError, match=message):
            context_of(*files)


# Those who do not read


@contextmanager
def unread(address: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(10)
        connection.connect(address)
        yield connection


def is_cut(connection: socket.socket, request: bytes) -> bool:
    """Whether the connection is cut while requests are sent and no answer is read."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            connection.settimeout(0.2)
            connection.sendall(request)
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def test_who_does_not_read_answers_is_left(make_server: MakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_SLOWEST_READ_S", 0.3)
    monkeypatch.setattr(connections, "_PARTING_S", 0.3)
    monkeypatch.setattr(connections, "_LOOK_S", 0.1)
    served = make_server()
    with unread(served.http) as connection:
        assert is_cut(connection, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
    assert get(served) == 200


def frame(message: object) -> bytes:
    """Write a message of text as a client does, masked with zeros."""
    text = json.dumps(message).encode()
    length = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + text


def test_who_does_not_read_from_a_websocket_is_left(make_server: MakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.serve.realtime import route

    monkeypatch.setattr(route, "_SLOWEST_WRITE_S", 0.3)
    monkeypatch.setattr(connections, "_PARTING_S", 0.3)
    served = make_server()
    with unread(served.http) as connection:
        connection.sendall(
            b"GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert connection.recv(12) == b"HTTP/1.1 101"
        prompt = {"audio": {"input": {"transcription": {"prompt": "x" * 10_000}}}}
        connection.sendall(frame({"type": "session.update", "session": prompt}))
        assert is_cut(connection, frame({"type": "session.update", "session": {}}) * 20)  # each answer has the prompt
    assert get(served) == 200


def test_who_does_not_read_from_wyoming_is_left(make_server: MakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.serve.wyoming import conversation

    monkeypatch.setattr(conversation, "_SLOWEST_WRITE_S", 0.3)
    served = make_server()
    with unread(served.wyoming) as connection:
        assert is_cut(connection, b'{"type": "describe"}\n' * 1000)
    assert get(served) == 200


# Its end


def test_what_is_being_read_is_finished(make_server: MakeServer, clip: bytes) -> None:
    served = make_server(Scripted(step_s=0.5))
    found = []

    def ask() -> None:
        found.append(post(served, clip))

    asking = threading.Thread(target=ask)
    asking.start()
    while not served.shared.recordings.n_taken:
        time.sleep(0.01)
    served.end()
    asking.join(10)
    assert found[0][0] == 200
    assert b"w0 w1" in found[0][1]


def test_a_step_that_never_ends_does_not_keep_the_server(
    make_server: MakeServer, clip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()

    class Stuck(Scripted):
        def session(self, **settings: Any) -> Any:
            goes_on.wait(30)
            return super().session(**settings)

    monkeypatch.setattr(server, "_SPEECH_S", 0.1)
    monkeypatch.setattr(server, "_REST_S", 1)
    served = make_server(Stuck())
    asking = threading.Thread(target=post, args=(served, clip))
    asking.start()
    while not served.shared.recordings.n_taken:
        time.sleep(0.01)
    served.end()
    asking.join(8)
    assert not asking.is_alive()
    goes_on.set()


def post(served: Served, clip: bytes) -> tuple[int, bytes]:
    """Send a recording; gives the status and the answer, or no status where there was none."""
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + clip + b"\r\n--x--\r\n"
    connection = http.client.HTTPConnection(*served.http, timeout=15)
    try:
        connection.request(
            "POST", "/v1/audio/transcriptions", body, {"Content-Type": "multipart/form-data; boundary=x"}
        )
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError:
        return 0, b""
    finally:
        connection.close()


def test_work_that_takes_too_long_is_given_up(make_server: MakeServer) -> None:
    served = make_server(Scripted(step_s=0.6), patience=1.0)
    began = time.monotonic()
    status, answer = post(served, b"\0" * 32000 * 60)  # raw samples: six steps
    assert (status, b"too long" in answer) == (503, True)
    assert time.monotonic() - began < 3
    until = time.monotonic() + 5
    while served.shared.recordings.n_taken and time.monotonic() < until:
        time.sleep(0.01)
    assert served.shared.recordings.n_taken == 0


def test_nothing_of_it_is_written(make_server: MakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording of more than a megabyte, which readers of forms like to put into files."""
    served = make_server()

    def refuse(*arguments: object, **options: object) -> object:
        raise AssertionError("a file was made")

    for name in ("mkstemp", "TemporaryFile", "NamedTemporaryFile"):
        monkeypatch.setattr(tempfile, name, refuse)
    assert post(served, b"\0" * 2_000_000)[0] == 200
