"""Small recordings in containers, made with PyAV."""

from __future__ import annotations

import fractions
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream
    from av.container import OutputContainer

RATE_HZ = 16000
_STEP = 1600


def frames(start_s: float, seconds: float, hz: float = 127.0) -> list[AudioFrame]:
    """A tone from `start_s` on."""
    import av

    made = []
    for first in range(0, round(seconds * RATE_HZ), _STEP):
        tone = 0.4 * np.sin(2 * np.pi * hz * (first + np.arange(_STEP)) / RATE_HZ)
        frame = av.AudioFrame.from_ndarray((tone * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate, frame.time_base = RATE_HZ, fractions.Fraction(1, RATE_HZ)
        frame.pts = round(start_s * RATE_HZ) + first
        made.append(frame)
    return made


def add_audio(container: OutputContainer, codec: str, layout: str = "mono") -> AudioStream:
    """An audio track in a container that is being written."""
    import av

    stream = container.add_stream(codec, rate=RATE_HZ, layout=layout)
    assert isinstance(stream, av.AudioStream)
    return stream


def write_tracks(
    path: Path,
    tracks: Sequence[Sequence[AudioFrame]],
    codec: str = "pcm_s16le",
    default: int | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """A container with an audio track for each list of frames; `default` counts from 1."""
    import av
    from av.stream import Disposition

    with av.open(path, "w", options=options or {}) as container:
        streams = [add_audio(container, codec) for _ in tracks]
        for number, stream in enumerate(streams, 1):
            stream.metadata["language"] = f"aa{'abcdefgh'[number]}"
            if default is not None:
                stream.disposition = Disposition(int(number == default))
        packets = [
            packet
            for stream, made in zip(streams, tracks, strict=True)
            for frame in [*made, None]
            for packet in stream.encode(frame)
        ]
        for packet in sorted(packets, key=lambda packet: (packet.dts or 0) * packet.time_base):
            container.mux(packet)
    return path
