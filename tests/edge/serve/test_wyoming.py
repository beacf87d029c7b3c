"""Wyoming, with its own package's client."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import time
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping

import edge

from .conftest import Served
from .scripted import Scripted

MakeServer = Callable[..., Served]


def asked(served: Served, *events: Event, until: str = "transcript") -> list[Event]:
    """Send events, and gather what comes until one of a kind, or the end."""

    async def main() -> list[Event]:
        found: list[Event] = []
        async with AsyncTcpClient(*served.wyoming) as client:
            for event in events:
                await client.write_event(event)
            while (answer := await client.read_event()) is not None:
                found.append(answer)
                if answer.type == until:
                    break
        return found

    return asyncio.run(main())


def spoken(seconds: float, *, rate_hz: int = 16000, width: int = 2, channels: int = 1) -> list[Event]:
    data = b"\0" * round(seconds * rate_hz) * width * channels
    chunks = [data[at : at + 2048] for at in range(0, len(data), 2048)]
    return [
        AudioStart(rate_hz, width, channels).event(),
        *(AudioChunk(rate_hz, width, channels, chunk).event() for chunk in chunks),
        AudioStop().event(),
    ]


def test_it_describes_itself(make_server: MakeServer) -> None:
    [event] = asked(make_server(), Describe().event(), until="info")
    [program] = Info.from_event(event).asr
    assert program.supports_transcript_streaming
    assert program.models[0].languages == ["de", "en"]


@pytest.mark.parametrize(("rate_hz", "width", "channels"), [(16000, 2, 1), (48000, 2, 2), (44100, 4, 1), (8000, 2, 1)])
def test_sound_of_each_form_becomes_a_transcript(
    make_server: MakeServer, rate_hz: int, width: int, channels: int
) -> None:
    model = Scripted()
    sound = spoken(2.5, rate_hz=rate_hz, width=width, channels=channels)
    found = asked(make_server(model), Transcribe(language="en-GB").event(), *sound)
    assert [event.type for event in found] == [
        *("transcript-start", "transcript-chunk", "transcript-chunk", "transcript-stop", "transcript"),
    ]
    assert Transcript.from_event(found[-1]) == Transcript(text="w0 w1", language="en")
    assert model.n_open == 0


def test_names_and_terms_are_likely_words(make_server: MakeServer) -> None:
    model = Scripted()
    wanted = Transcribe(language="de", transcript_names=["Küche"], transcript_terms=["Rollo", "Küche"])
    asked(make_server(model), wanted.event(), *spoken(0.5))
    assert model.asked[0]["vocabulary"] == ("Küche", "Rollo")
    assert model.asked[0]["language"] == "de"


def test_one_connection_may_ask_again_and_again(make_server: MakeServer) -> None:
    served = make_server()

    async def main() -> list[str]:
        texts = []
        async with AsyncTcpClient(*served.wyoming) as client:
            for seconds in (1.0, 3.0):
                for event in (Transcribe().event(), *spoken(seconds)):
                    await client.write_event(event)
                await client.write_event(Ping(text="there?").event())
                while (answer := await client.read_event()) is not None and answer.type != "pong":
                    texts += [Transcript.from_event(answer).text] if answer.type == "transcript" else []
        return texts

    assert asyncio.run(main()) == ["w0", "w0 w1 w2"]


def test_no_sound_is_an_empty_transcript(make_server: MakeServer) -> None:
    [event] = asked(make_server(), Transcribe().event(), AudioStop().event())
    assert Transcript.from_event(event).text == ""


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([Transcribe(language="fr").event(), AudioStart(16000, 2, 1).event()], "the model knows"),
        ([Transcribe().event(), AudioChunk(16000, 2, 99, b"\0" * 99).event()], "channels"),
        ([Transcribe().event(), AudioChunk(1, 2, 1, b"\0\0").event()], "rate"),
    ],
)
def test_what_cannot_be_is_said_and_ends_it(make_server: MakeServer, events: list[Event], message: str) -> None:
    [event] = asked(make_server(), *events)
    assert event.type == "error"
    assert message in event.data["text"]


def test_more_sessions_than_may_be_are_told(make_server: MakeServer) -> None:
    [event] = asked(make_server(live=0), Transcribe().event(), *spoken(3.0))  # which is refused while it comes
    assert "try again" in event.data["text"]


def hostile(seed: int) -> bytes:
    """Bytes that look more or less like events."""
    chance = random.Random(seed)
    lengths = (-1, 0, 1, 5, 1 << 16, (1 << 16) + 1, 1 << 40, "9", None, 1.5, True)
    head = {
        "type": chance.choice(["audio-chunk", "transcribe", "audio-start", "audio-stop", "describe", "ping", "?", 7]),
        "data": chance.choice([{}, [], None, {"rate": 16000, "width": 2, "channels": 1}, {"language": ["en"]}, "x"]),
        "data_length": chance.choice(lengths),
        "payload_length": chance.choice(lengths),
    }
    line = json.dumps(head).encode() + b"\n"
    return line + chance.randbytes(chance.randrange(300)) if chance.random() < 0.8 else chance.randbytes(500) + b"\n"


def test_garbage_ends_a_connection_and_nothing_else(make_server: MakeServer) -> None:
    served = make_server(Scripted(), idle=1.0)
    for seed in range(150):
        with socket.create_connection(served.wyoming, timeout=10) as connection:
            try:
                connection.sendall(hostile(seed))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass
            except ConnectionError:
                pass
    assert asked(served, Transcribe().event(), *spoken(1))[-1].data["text"] == "w0"
    assert served.shared.live.n_taken == 0


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(4096)
    except ConnectionError:  # what it had not read was thrown away
        return b""


def test_a_line_without_end_is_cut(make_server: MakeServer) -> None:
    with socket.create_connection(make_server().wyoming, timeout=10) as connection:
        connection.sendall(b"{" * 70_000)
        found = b""
        while more := _received(connection):
            found += more
        assert b"at most" in found


def test_who_says_nothing_is_left(make_server: MakeServer) -> None:
    with socket.create_connection(make_server(idle=1.0).wyoming, timeout=10) as connection:
        began = time.monotonic()
        assert connection.recv(100) == b""
        assert time.monotonic() - began < 5


def test_who_leaves_frees_the_place(make_server: MakeServer) -> None:
    model = Scripted(step_s=0.1)
    served = make_server(model)

    async def leave() -> None:
        client = AsyncTcpClient(*served.wyoming)
        await client.connect()
        for event in [Transcribe().event(), *spoken(3)[:-1]]:
            await client.write_event(event)
        while not model.n_open:
            await asyncio.sleep(0.01)
        await client.disconnect()

    asyncio.run(leave())
    deadline = time.monotonic() + 5
    while served.shared.live.n_taken and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (served.shared.live.n_taken, model.n_open) == (0, 0)


def test_with_a_real_model(make_server: MakeServer, tiny_en_int8: Path, jfk_clip: Path) -> None:
    model = edge.load(tiny_en_int8, offline=True)
    with wave.open(str(jfk_clip)) as clip:
        data = clip.readframes(clip.getnframes())
    sound = [AudioChunk(16000, 2, 1, data[at : at + 2048]).event() for at in range(0, len(data), 2048)]
    found = asked(make_server(model), *sound, AudioStop().event())
    assert found[-1].data["text"] == model.transcribe(jfk_clip).text
    kinds = {event.type for event in found}
    assert {"voice-started", "voice-stopped"} <= kinds  # nobody asked to transcribe, so voices are told as well
