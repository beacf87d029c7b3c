"""Live sound over a WebSocket, with OpenAI's own client and with bare messages."""

from __future__ import annotations

import base64
import json
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

import edge

from .conftest import Served
from .scripted import Scripted

openai = pytest.importorskip("openai")
MakeServer = Callable[..., Served]
pytestmark = pytest.mark.filterwarnings("ignore:connect:DeprecationWarning")  # which is how OpenAI's client does it
TEXT = "conversation.item.input_audio_transcription"
MANUAL = {"type": "transcription", "audio": {"input": {"turn_detection": None}}}


@contextmanager
def realtime(served: Served, token: str = "none") -> Iterator[Any]:
    """Connect with OpenAI's client."""
    with (
        openai.OpenAI(base_url=f"{served.url}/v1", api_key=token, max_retries=0) as client,
        client.realtime.connect(extra_query={"intent": "transcription"}) as connection,
    ):
        yield connection


def sound(seconds: float, level: int = 1000) -> str:
    return base64.b64encode(np.full(round(24000 * seconds), level, "<i2").tobytes()).decode()


def until(connection: Any, kind: str) -> list[Any]:
    """Gather events up to one of a kind."""
    found = []
    while True:
        found.append(connection.recv())
        if found[-1].type == kind:
            return found


def test_turns_are_found_and_told(make_server: MakeServer) -> None:
    with realtime(make_server()) as connection:
        created = connection.recv()
        assert created.type == "session.created"
        assert created.session.audio.input.turn_detection.type == "server_vad"
        for _ in range(2):
            connection.input_audio_buffer.append(audio=sound(2))
            connection.input_audio_buffer.append(audio=sound(2, 0))
        first, second = until(connection, f"{TEXT}.completed"), until(connection, f"{TEXT}.completed")
    assert [event.type.removeprefix(TEXT) for event in first] == [
        *("input_audio_buffer.speech_started", ".delta", ".delta"),
        *("input_audio_buffer.speech_stopped", "input_audio_buffer.committed", ".completed"),
    ]
    assert "".join(event.delta for event in first if event.type.endswith("delta")) == "w0 w1"
    assert first[-1].transcript == "w0 w1."  # what is completed counts
    assert (first[0].audio_start_ms, first[3].audio_end_ms, first[-1].usage.seconds) == (0, 2000, 2.0)
    assert first[-2].previous_item_id is None
    assert second[-2].previous_item_id == first[-1].item_id != second[-1].item_id
    assert {event.item_id for event in first} == {first[0].item_id}
    ids = [event.event_id for event in (*first, *second)]
    assert len(set(ids)) == len(ids)


def test_a_client_commits_and_clears(make_server: MakeServer) -> None:
    model = Scripted()
    served = make_server(model)
    with realtime(served) as connection:
        connection.session.update(session=MANUAL)
        assert until(connection, "session.updated")[-1].session.audio.input.turn_detection is None
        buffer = connection.input_audio_buffer
        buffer.append(audio=sound(2))
        buffer.commit()
        first = until(connection, f"{TEXT}.completed")
        assert "".join(event.delta for event in first if event.type.endswith("delta")) == "w0 w1"
        assert first[-1].transcript == "w0 w1"
        buffer.append(audio=sound(5))
        buffer.clear()
        until(connection, "input_audio_buffer.cleared")
        assert served.shared.live.n_taken == 0
        buffer.append(audio=sound(1.2))
        buffer.commit()
        last = until(connection, f"{TEXT}.completed")
    assert last[-1].transcript == "w0"
    assert [event.previous_item_id for event in last if event.type.endswith("committed")] == [first[-1].item_id]
    assert model.n_open == 0


def test_a_commit_ends_a_turn_too(make_server: MakeServer) -> None:
    with realtime(make_server()) as connection:
        connection.input_audio_buffer.append(audio=sound(2))
        connection.input_audio_buffer.commit()
        assert until(connection, f"{TEXT}.completed")[-1].transcript == "w0 w1."
        connection.input_audio_buffer.append(audio=sound(1, 0))
        connection.input_audio_buffer.commit()
        silent = until(connection, f"{TEXT}.completed")
        assert [event.type for event in silent] == ["input_audio_buffer.committed", f"{TEXT}.completed"]
        assert silent[-1].transcript == ""
        connection.input_audio_buffer.append(audio=sound(1.5))
        started = until(connection, "input_audio_buffer.speech_started")[-1]
        assert started.audio_start_ms == 3000  # of all sound of the connection


def test_what_is_asked_for_reaches_the_model(make_server: MakeServer) -> None:
    model = Scripted()
    heard = {"model": "gpt-4o-transcribe", "language": "de", "prompt": "Anna, Bert", "keywords": ["Rollo"]}
    turns = {"type": "server_vad", "silence_duration_ms": 900, "threshold": 0.7}
    with realtime(make_server(model)) as connection:
        connection.session.update(
            session={
                "type": "transcription",
                "audio": {"input": {"transcription": heard, "turn_detection": turns}},
                "include": ["item.input_audio_transcription.logprobs"],
            }
        )
        told = until(connection, "session.updated")[-1].session.audio.input
        connection.input_audio_buffer.append(audio=sound(1))
        connection.input_audio_buffer.append(audio=sound(1.5, 0))
        done = until(connection, f"{TEXT}.completed")[-1]
    assert (told.transcription.language, told.transcription.model) == ("de", "gpt-4o-transcribe")
    assert (told.turn_detection.silence_duration_ms, told.turn_detection.threshold) == (900, 0.5)  # as it is used
    assert model.asked == [
        {
            "language": "de",
            "initial_prompt": "Anna, Bert",
            "vocabulary": ("Anna", "Bert", "Rollo"),
            "word_timestamps": True,
            "endpoint": 0.9,
        }
    ]
    assert [(one.token, one.logprob) for one in done.logprobs] == [(" w0", pytest.approx(-0.693147))]


def test_the_form_of_the_beta_is_read(make_server: MakeServer) -> None:
    with bare(make_server()) as socket:
        session = {
            "input_audio_format": "pcm16",
            "input_audio_transcription": {"language": "de"},
            "turn_detection": None,
        }
        say(socket, {"type": "transcription_session.update", "session": session})
        answer = hear(socket, "transcription_session.updated")
    assert answer["session"]["audio"]["input"]["transcription"]["language"] == "de"
    assert answer["session"]["audio"]["input"]["turn_detection"] is None


def test_text_that_may_change_and_times_are_told_where_asked(make_server: MakeServer) -> None:
    include = ["item.input_audio_transcription.partial", "item.input_audio_transcription.segments"]
    with bare(make_server()) as socket:
        say(socket, {"type": "session.update", "session": {"include": include}})
        say(socket, {"type": "input_audio_buffer.append", "audio": sound(1)})
        say(socket, {"type": "input_audio_buffer.append", "audio": sound(1.5, 0)})
        assert hear(socket, f"{TEXT}.partial")["text"] == "w0?"
        [segment] = hear(socket, f"{TEXT}.completed")["segments"]
    assert (segment["start"], segment["end"], segment["text"]) == (0, 1, " w0.")
    assert segment["words"] == [{"word": "w0", "start": 0, "end": 0.5, "probability": 0.5}]


@contextmanager
def bare(served: Served, **options: Any) -> Iterator[ClientConnection]:
    with connect(f"ws://{served.listening.http}/v1/realtime", **options) as socket:
        assert json.loads(socket.recv())["type"] == "session.created"
        yield socket


def say(socket: ClientConnection, message: object) -> None:
    socket.send(json.dumps(message))


def hear(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = json.loads(socket.recv(timeout=10))
        if found["type"] == kind:
            return found


def updated(**sound: object) -> dict[str, Any]:
    return {"type": "session.update", "session": {"type": "transcription", "audio": {"input": sound}}}


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("{", "in JSON"),
        ("[" * 100_000, "in JSON"),
        ("[]", "type"),
        ('{"type": 7}', "type"),
        (b"\0\1", "bytes"),
        ({"type": "response.create"}, "response.create"),
        ({"type": "session.update"}, "an object"),
        ({"type": "session.update", "session": {"type": "realtime"}}, "does not talk"),
        (updated(format={"type": "audio/pcmu"}), "audio/pcm, 16 bit"),
        (updated(format={"type": "audio/pcm", "rate": 1.5}), "of 8000 to"),
        (updated(turn_detection={"type": "magic"}), "semantic_vad"),
        (updated(turn_detection={"type": "server_vad", "silence_duration_ms": 5}), "200 to 10000"),
        (updated(turn_detection={"type": "semantic_vad", "eagerness": "very"}), "medium"),
        (updated(transcription={"model": "gpt-9"}), "tiny.en"),
        (updated(transcription={"language": "fr"}), "one that the model knows"),
        (updated(transcription={"language": "Klingon"}), "unknown language"),
        (updated(transcription={"keywords": ["x" * 100]}), "80 letters"),
        (updated(transcription={"prompt": ["x"]}), "a text"),
        ({"type": "session.update", "session": {"include": ["all"]}}, "logprobs"),
        ({"type": "input_audio_buffer.append"}, "base64"),
        ({"type": "input_audio_buffer.append", "audio": "ä"}, "base64"),
        ({"type": "input_audio_buffer.append", "audio": "abc"}, "base64"),
        ({"type": "input_audio_buffer.commit"}, "at least 100 ms"),
    ],
)
def test_what_is_wrong_is_said_and_the_connection_goes_on(
    make_server: MakeServer, message: dict[str, Any] | str | bytes, words: str
) -> None:
    with bare(make_server()) as socket:
        if isinstance(message, dict):
            say(socket, {**message, "event_id": "mine"})
        else:
            socket.send(message)
        error = hear(socket, "error")["error"]
        assert words in error["message"]
        assert error["type"] == "invalid_request_error"
        assert error["event_id"] == ("mine" if isinstance(message, dict) else None)
        say(socket, {"type": "input_audio_buffer.append", "audio": sound(1.1)})
        say(socket, {"type": "input_audio_buffer.commit"})
        assert hear(socket, f"{TEXT}.completed")["transcript"] == "w0."


def closing(socket: ClientConnection) -> int | None:
    """Read until the connection is closed; gives the code."""
    try:
        while True:
            socket.recv(timeout=10)
    except ConnectionClosed as closed:
        return None if closed.rcvd is None else closed.rcvd.code


def test_more_sessions_than_may_be_are_told(make_server: MakeServer) -> None:
    with bare(make_server(live=0)) as socket:
        say(socket, {"type": "input_audio_buffer.append", "audio": sound(1)})
        assert "try again" in hear(socket, "error")["error"]["message"]
        assert closing(socket) == 1013


def test_sound_that_is_too_long_is_told(make_server: MakeServer) -> None:
    served = make_server(longest=2.0)
    with bare(served) as socket:
        say(socket, updated(turn_detection=None))
        say(socket, {"type": "input_audio_buffer.append", "audio": sound(3)})
        assert "at most 2 s" in hear(socket, f"{TEXT}.failed")["error"]["message"]
        assert closing(socket) == 1008
    assert served.shared.live.n_taken == 0


def test_a_message_that_is_too_large_ends_the_connection(make_server: MakeServer) -> None:
    with bare(make_server()) as socket:
        socket.send("x" * (1 << 20) + "x")
        assert closing(socket) == 1009


def test_sound_that_stops_coming_is_at_its_end(make_server: MakeServer) -> None:
    served = make_server(idle=1.0)
    with bare(served) as socket:
        say(socket, {"type": "input_audio_buffer.append", "audio": sound(1)})
        assert hear(socket, f"{TEXT}.completed")["transcript"] == "w0."
        assert served.shared.live.n_taken == 0


def test_who_leaves_frees_the_place(make_server: MakeServer) -> None:
    model = Scripted(step_s=0.2)
    served = make_server(model)
    with bare(served) as socket:
        for _ in range(20):
            say(socket, {"type": "input_audio_buffer.append", "audio": sound(0.5)})
        while not model.n_open:
            time.sleep(0.01)
    deadline = time.monotonic() + 5
    while served.shared.live.n_taken and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (served.shared.live.n_taken, model.n_open) == (0, 0)


def test_who_speaks_when_the_server_ends_gets_the_text(make_server: MakeServer) -> None:
    served = make_server()
    with bare(served) as socket:
        say(socket, {"type": "input_audio_buffer.append", "audio": sound(2)})
        hear(socket, f"{TEXT}.delta")
        served.end()
        assert hear(socket, f"{TEXT}.completed")["transcript"] == "w0 w1."
        assert closing(socket) == 1001


def test_the_token_is_wanted(make_server: MakeServer) -> None:
    served = make_server(token="s3cret-s3cret-s3cret")
    with realtime(served, "s3cret-s3cret-s3cret") as connection:
        assert connection.recv().type == "session.created"
    protocols = ["realtime", "openai-insecure-api-key.s3cret-s3cret-s3cret"]  # as from a browser
    with bare(served, subprotocols=protocols) as socket:
        assert socket.subprotocol == "realtime"
    with pytest.raises(InvalidStatus) as refused, bare(served):
        pass
    assert refused.value.response.status_code == 401


def test_pages_of_strangers_are_refused(make_server: MakeServer) -> None:
    served = make_server()
    with pytest.raises(InvalidStatus) as refused, bare(served, origin="https://evil.example"):
        pass
    assert refused.value.response.status_code == 403
    with bare(served, origin=served.url):
        pass


def test_with_a_real_model(make_server: MakeServer, tiny_en_int8: Path, jfk_clip: Path) -> None:
    model = edge.load(tiny_en_int8, offline=True)
    with wave.open(str(jfk_clip)) as clip:
        pcm = np.frombuffer(clip.readframes(clip.getnframes()), "<i2")
    louder = soxr.resample(np.concatenate([pcm, np.zeros(16000, np.int16)]).astype(np.float32), 16000, 24000)
    data = louder.round().clip(-32768, 32767).astype("<i2").tobytes()
    with realtime(make_server(model)) as connection:
        for at in range(0, len(data), 9600):
            connection.input_audio_buffer.append(audio=base64.b64encode(data[at : at + 9600]).decode())
        connection.input_audio_buffer.commit()
        connection.input_audio_buffer.clear()
        events = until(connection, "input_audio_buffer.cleared")
    text = " ".join(event.transcript for event in events if event.type.endswith("completed"))
    assert "what your country can do for you" in text.lower()
    assert "fellow americans" in text.lower()
    for done in (event for event in events if event.type.endswith("completed")):
        deltas = [e.delta for e in events if e.type.endswith("delta") and e.item_id == done.item_id]
        assert "".join(deltas).split()[:3] == done.transcript.split()[:3]
