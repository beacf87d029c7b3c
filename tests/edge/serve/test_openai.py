"""OpenAI's protocol, with OpenAI's own client and by bare HTTP."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import edge
from edge.serve.options import ServeOptions

from .conftest import Served
from .scripted import Scripted

openai = pytest.importorskip("openai")
MakeServer = Callable[..., Served]


_CLIENTS: list[Any] = []


@pytest.fixture(autouse=True)
def _closed_clients() -> Iterator[None]:
    """Close the clients that a test made."""
    yield
    while _CLIENTS:
        _CLIENTS.pop().close()


def client(served: Served, token: str = "none") -> Any:
    _CLIENTS.append(openai.OpenAI(base_url=f"{served.url}/v1", api_key=token, max_retries=0))
    return _CLIENTS[-1]


def get(served: Served, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*served.http, timeout=10)
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_each_format_is_what_the_client_reads(make_server: MakeServer, clip: bytes) -> None:
    create = client(make_server()).audio.transcriptions.create
    file = ("clip.wav", clip)
    assert create(model="whisper-1", file=file).text == "w0 w1"
    assert create(model="whisper-1", file=file, response_format="text") == "w0 w1\n"
    assert "00:00:00,000 --> 00:00:02,000\nw0 w1" in create(model="whisper-1", file=file, response_format="srt")
    assert create(model="tiny.en", file=file, response_format="vtt").startswith("WEBVTT\n\n00:00:00.000")
    verbose = create(
        model="whisper-1",
        file=file,
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
        language="en",
    )
    assert (verbose.language, verbose.duration, verbose.text) == ("english", 2.0, "w0 w1")
    assert [(word.word, word.start, word.end) for word in verbose.words] == [("w0", 0.0, 0.5), ("w1", 1.0, 1.5)]
    assert [segment.end for segment in verbose.segments] == [2.0]


def test_text_is_streamed(make_server: MakeServer, clip: bytes) -> None:
    create = client(make_server()).audio.transcriptions.create
    events = list(create(model="whisper-1", file=("a.wav", clip), stream=True, include=["logprobs"]))
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]
    assert events[0].delta == " w0 w1"
    assert events[1].text == "w0 w1"
    assert [one.token for one in events[1].logprobs] == [" w0", " w1"]


def test_what_is_asked_for_reaches_the_model(make_server: MakeServer, clip: bytes) -> None:
    model = Scripted()
    api = client(make_server(model)).audio
    api.transcriptions.create(model="whisper-1", file=("a.wav", clip), prompt="Anna, Bert Meier", temperature=0.4)
    with pytest.warns(DeprecationWarning, match="deprecated"):  # OpenAI has given it up, and its users have not
        api.translations.create(model="whisper-1", file=("a.wav", clip), prompt="They said this. Then that.")
    first, second = model.asked
    assert first["vocabulary"] == ("Anna", "Bert Meier")
    assert (first["temperature"], first["task"]) == (0.4, "transcribe")
    assert second["task"] == "translate"
    assert "vocabulary" not in second
    assert second["initial_prompt"] == "They said this. Then that."
    assert model.n_open == 0


@pytest.mark.parametrize(
    ("wrong", "status", "message"),
    [
        ({"model": "gpt-9"}, 404, "tiny.en"),
        ({"response_format": "docx"}, 400, "response_format"),
        ({"language": "Klingon"}, 400, "unknown language"),
        ({"temperature": 7}, 400, "temperature"),
        ({"file": ("a.wav", b"RIFF\0\0\0\0WAVE")}, 400, "header"),
        ({"file": ("a.wav", b"")}, 400, "empty"),
        ({"file": ("a.wav", b"x" * 1_300_000)}, 413, "at most"),
    ],
)
def test_what_is_wrong_is_said(
    make_server: MakeServer, clip: bytes, wrong: dict[str, Any], status: int, message: str
) -> None:
    create = client(make_server(upload_mb=0.1)).audio.transcriptions.create
    with pytest.raises(openai.APIStatusError, match=message) as found:
        create(**{"model": "whisper-1", "file": ("a.wav", clip), **wrong})
    assert found.value.status_code == status


def test_one_that_is_too_long_is_refused(make_server: MakeServer, clip: bytes) -> None:
    create = client(make_server(longest=1.0)).audio.transcriptions.create
    with pytest.raises(openai.BadRequestError, match="at most 1 s"):
        create(model="whisper-1", file=("a.wav", clip))


def test_models_health_and_counts(make_server: MakeServer, clip: bytes) -> None:
    served = make_server()
    assert "tiny.en" in [model.id for model in client(served).models.list()]
    assert client(served).models.retrieve("whisper-1").owned_by == "edgewise"
    assert get(served, "/health") == (200, b'{"status":"ok"}')
    assert get(served, "/ready")[0] == 200
    client(served).audio.transcriptions.create(model="whisper-1", file=("a.wav", clip))
    counts = get(served, "/metrics")[1].decode()
    assert 'edgewise_requests_total{path="/v1/audio/transcriptions",status="200"} 1' in counts
    assert 'edgewise_audio_seconds_total{face="openai"} 2' in counts
    assert get(served, "/etc/passwd")[0] == 404
    assert get(served, "/../../etc/passwd")[0] == 404


def test_the_token_is_wanted_everywhere_but_for_health(make_server: MakeServer, clip: bytes) -> None:
    served = make_server(token="s3cret-s3cret-s3cret")
    assert client(served, "s3cret-s3cret-s3cret").models.list().data
    with pytest.raises(openai.AuthenticationError):
        client(served, "wrong").audio.transcriptions.create(model="whisper-1", file=("a.wav", clip))
    for path in ("/v1/models", "/metrics", "/ready", "/v1/models/x"):
        assert get(served, path)[0] == 401
    assert get(served, "/health")[0] == 200


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_pages_and_names_of_strangers_are_refused(make_server: MakeServer, headers: dict[str, str]) -> None:
    assert get(make_server(), "/health", headers)[0] == 403


def test_more_than_may_wait_is_refused_at_once(make_server: MakeServer, clip: bytes) -> None:
    served = make_server(Scripted(step_s=1.0), waiting=0)
    create = client(served).audio.transcriptions.create
    first = threading.Thread(target=lambda: create(model="whisper-1", file=("a.wav", clip)))
    first.start()
    while not served.shared.recordings.n_taken:
        time.sleep(0.01)
    began = time.monotonic()
    with pytest.raises(openai.InternalServerError, match="try again") as found:
        create(model="whisper-1", file=("a.wav", clip))
    assert found.value.status_code == 503
    assert found.value.response.headers["retry-after"]
    assert time.monotonic() - began < 0.5
    first.join()


def test_who_is_refused_gets_to_read_why(make_server: MakeServer, clip: bytes) -> None:
    """Though its body is not read: it is far larger than what the system holds for a connection."""
    body = b"x" * 20_000_000
    for served, connection, status in (
        (make_server(upload_mb=0.1), {}, 413),
        (make_server(token="s3cret-s3cret-s3cret"), {}, 401),
        (make_server(), {"Host": "evil.example"}, 403),
    ):
        kind = {"Content-Type": "multipart/form-data; boundary=x", "Host": "localhost", **connection}
        asking = http.client.HTTPConnection(*served.http, timeout=20)
        asking.request("POST", "/v1/audio/transcriptions", body, kind)
        assert asking.getresponse().status == status
        asking.close()


def test_who_leaves_is_not_worked_for(make_server: MakeServer, clip: bytes) -> None:
    model = Scripted(step_s=0.2)
    served = make_server(model)
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + clip + b"\r\n--x--\r\n"
    head = f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(served.http) as connection:
        connection.sendall(head.encode() + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + body)
        while not model.n_open:
            time.sleep(0.01)
    deadline = time.monotonic() + 5
    while model.n_open and time.monotonic() < deadline:
        time.sleep(0.01)
    assert model.n_open == 0
    assert served.shared.recordings.n_taken == 0


def test_garbage_is_answered_or_closed(make_server: MakeServer) -> None:
    served = make_server()
    for garbage in (b"\0" * 5000, b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\2\0\1", b"GET " + b"a" * 100_000):
        with socket.create_connection(served.http, timeout=10) as connection:
            connection.sendall(garbage)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    assert get(served, "/health")[0] == 200


def _trickle(connection: socket.socket, within_s: float) -> bool:
    """Send a letter now and then; whether the connection is cut meanwhile."""
    began = time.monotonic()
    try:
        while time.monotonic() - began < within_s:
            connection.sendall(b"a")
            time.sleep(0.05)
    except OSError:
        return True
    return False


def test_headers_that_trickle_are_cut(make_server: MakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.serve import connections

    monkeypatch.setattr(connections, "_HEADERS_S", 0.2)
    monkeypatch.setattr(connections, "_LOOK_S", 0.1)
    with socket.create_connection(make_server().http, timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        assert _trickle(connection, within_s=5)


def test_a_body_that_trickles_is_cut(make_server: MakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.serve import bodies

    monkeypatch.setattr(bodies, "_GRACE_S", 0.2)
    head = b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000\r\n"
    with socket.create_connection(make_server().http, timeout=10) as connection:
        connection.sendall(head + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x")
        assert b"408" in connection.recv(4096)


def test_connections_beyond_the_limit_are_told(make_server: MakeServer) -> None:
    served = make_server(connections=1)
    with socket.create_connection(served.http):
        time.sleep(0.1)
        with socket.create_connection(served.http, timeout=10) as second:
            second.sendall(b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1_000_000)
            assert second.recv(4096).startswith(b"HTTP/1.1 503")


def test_strangers_networks_are_refused() -> None:
    from edge.serve.guard import Guard

    guard = Guard(networks=ServeOptions(allow=("192.168.1.0/24",)).networks)
    assert guard.admits("192.168.1.7")
    assert guard.admits("::ffff:192.168.1.7")
    assert guard.admits("127.0.0.1")
    assert not guard.admits("10.0.0.1")
    assert not guard.admits(None)


def test_with_a_real_model(make_server: MakeServer, tiny_en_int8: Path, jfk_clip: Path) -> None:
    model = edge.load(tiny_en_int8, offline=True)
    served = make_server(model)
    with jfk_clip.open("rb") as file:
        found = client(served).audio.transcriptions.create(model="whisper-1", file=file)
    assert found.text == model.transcribe(jfk_clip).text


def test_an_answer_of_no_speech_has_its_form(make_server: MakeServer) -> None:
    silent = Scripted()
    create = client(make_server(silent)).audio.transcriptions.create
    pcm = ("a.wav", b"\0" * 16000)
    assert create(model="whisper-1", file=pcm, response_format="vtt") == "WEBVTT\n\n"
    found = create(model="whisper-1", file=pcm, response_format="verbose_json")
    assert (found.text, found.segments) == ("", [])
