"""What is opened, which track of it is taken, and what is made of its time stamps and of damage."""

from __future__ import annotations

import errno
import io
import logging
import os
import random
import socket
import subprocess
import sys
import wave
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.audio import AudioSource, open_audio
from edge.audio.codecs import open_with_pyav
from edge.errors import AudioError, OptionError

pytest.importorskip("av")

from .av_files import RATE_HZ, add_audio, frames, write_tracks


def read(path: Path, track: int | None = None) -> tuple[NDArray[np.float32], AudioSource]:
    source = open_audio(path, track=track)
    return np.concatenate(list(source)), source


def pitch(samples: NDArray[np.float32]) -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.argmax(spectrum) * RATE_HZ / len(samples))


def first_sound_s(samples: NDArray[np.float32]) -> float:
    return float(np.argmax(np.abs(samples) > 0.02)) / RATE_HZ


# Time stamps


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mkv", "pcm_s16le"), ("a.mka", "aac"), ("a.mp4", "aac"), ("a.flv", "aac")]
)
def test_sound_that_begins_late_keeps_its_times(tmp_path: Path, name: str, codec: str) -> None:
    film = write_tracks(tmp_path / name, [frames(0, 8, hz=50), frames(5, 2)], codec) if name != "a.flv" else None
    film = film or write_tracks(tmp_path / name, [frames(5, 2)], codec)
    samples, source = read(film, track=None if name == "a.flv" else 2)
    assert first_sound_s(samples) == pytest.approx(5, abs=0.1)
    assert len(samples) / RATE_HZ == pytest.approx(7, abs=0.15)
    assert source.gaps == []


def test_a_clock_that_begins_anywhere_is_counted_from_its_beginning(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "a.ts", [frames(100, 8, hz=50), frames(103, 2)], "mp2")
    samples, source = read(path, track=2)
    assert first_sound_s(samples) == pytest.approx(3, abs=0.1)
    assert source.gaps == []


def test_missing_packets_become_silence_and_a_gap(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_tracks(tmp_path / "a.mkv", [[*frames(0, 2), *frames(6, 2)]])
    samples, source = read(path)
    assert len(samples) == 8 * RATE_HZ
    assert not samples[2 * RATE_HZ : 6 * RATE_HZ].any()
    assert np.abs(samples[6 * RATE_HZ :]).max() > 0.3
    (gap,) = source.gaps
    assert (gap.start, gap.end) == pytest.approx((2, 6))
    assert gap.cause == "damage"
    assert "4.00 s are missing" in caplog.text


@pytest.mark.parametrize(("options", "n_gaps"), [({}, 0), ({"movflags": "frag_every_frame+empty_moov"}, 1)])
def test_an_mp4_in_one_piece_leaps_by_intent_one_in_fragments_does_not(
    tmp_path: Path, options: dict[str, str], n_gaps: int
) -> None:
    path = write_tracks(tmp_path / "a.mp4", [[*frames(0, 2), *frames(6, 2)]], "aac", options=options)
    samples, source = read(path)
    assert len(samples) / RATE_HZ == pytest.approx(8, abs=0.2)
    assert not samples[round(2.3 * RATE_HZ) : round(5.7 * RATE_HZ)].any()
    assert len(source.gaps) == n_gaps


def test_what_stands_before_the_file_position_is_not_read(tmp_path: Path) -> None:
    file = io.BytesIO(b"another file" + write_tracks(tmp_path / "a.mkv", [frames(0, 1)]).read_bytes())
    file.seek(len(b"another file"))
    assert sum(map(len, open_with_pyav(file, "a.mkv", "x").blocks)) == RATE_HZ


def test_stamps_of_another_age_fill_no_memory(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_tracks(tmp_path / "a.mkv", [[*frames(0, 1), *frames(2**24, 1)]])
    samples, _ = read(path)
    assert len(samples) == 2 * RATE_HZ
    assert "is not plausible and is ignored" in caplog.text


def test_an_undamaged_recording_is_resampled_in_one_piece(tmp_path: Path) -> None:
    import av

    path = tmp_path / "a.m4a"
    with av.open(path, "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=44100)
        for frame in [*frames(0, 5), None]:
            for resampled in resampler.resample(frame):
                container.mux(stream.encode(resampled))
        container.mux(stream.encode(None))
    plain, resampler = [], av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    with av.open(path) as container:
        for frame in [*container.decode(audio=0), None]:
            if frame is not None:
                frame.pts = None
            plain += [resampled.to_ndarray()[0] for resampled in resampler.resample(frame)]
    np.testing.assert_array_equal(read(path)[0], np.concatenate(plain))


def test_an_undamaged_recording_is_what_its_frames_are(tmp_path: Path) -> None:
    import av

    for name, codec in (
        ("a.m4a", "aac"),
        ("a.mkv", "pcm_s16le"),
        ("a.mp2", "mp2"),
        ("a.ts", "aac"),
        ("a.mpg", "mp2"),
    ):
        path = write_tracks(tmp_path / name, [frames(0, 3)], codec)
        with av.open(path) as container:
            plain = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)[0]
        plain = plain if plain.dtype.kind == "f" else plain / np.float32(32768)
        opened = open_with_pyav(path.open("rb"), name, "x")
        np.testing.assert_allclose(np.concatenate(list(opened.blocks)), plain, atol=1e-6)
        opened.close()
        assert opened.gaps == []


# Tracks


@pytest.mark.parametrize(("default", "track", "taken"), [(None, None, 1), (2, None, 2), (2, 1, 1), (1, 2, 2)])
def test_the_default_track_is_taken_unless_another_is_wanted(
    tmp_path: Path, default: int | None, track: int | None, taken: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_tracks(tmp_path / "a.mkv", [frames(0, 1, hz=100), frames(0, 1, hz=300)], default=default)
    samples, _ = read(path, track)
    assert pitch(samples) == pytest.approx({1: 100, 2: 300}[taken], abs=2)
    mentioned = [record.getMessage() for record in caplog.records if "audio tracks" in record.getMessage()]
    assert len(mentioned) == (track is None)
    assert all(f"{taken} is read" in line and "aab" in line and "aac" in line for line in mentioned)


def test_a_track_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "a.mkv", [frames(0, 1), frames(0, 1)])
    with pytest.raises(AudioError, match=r"a\.mkv has no audio track 3; expected 1 to 2: 1 \(pcm_s16le aab"):
        open_audio(path, track=3)


def test_what_has_one_track_has_no_second() -> None:
    with pytest.raises(AudioError, match="no audio track 2"):
        open_audio(np.zeros(10, np.float32), track=2)
    with pytest.raises(AudioError, match="no audio track 2"):
        open_audio(io.BytesIO(pcm_wav()), track=2)
    assert sum(map(len, open_audio(io.BytesIO(pcm_wav()), track=1))) == RATE_HZ


@pytest.mark.parametrize("track", [0, -1, 1.0, "1", True])
def test_a_track_is_a_number_from_one_on(track: Any) -> None:
    with pytest.raises(OptionError, match="track is"):
        open_audio(np.zeros(10, np.float32), track=track)


def pcm_wav() -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(bytes(2 * RATE_HZ))
    return data.getvalue()


# Damage


def test_tags_that_are_no_utf8_are_passed_over(tmp_path: Path) -> None:
    import av

    path = tmp_path / "a.mka"
    with av.open(path, "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        container.metadata["title"] = stream.metadata["title"] = "Gruesse"
        for frame in [*frames(0, 1), None]:
            container.mux(stream.encode(frame))
    data = path.read_bytes()
    assert data.count(b"Gruesse") == 2
    path.write_bytes(data.replace(b"Gruesse", b"Gr\xfc\xdfe  "))
    assert len(read(path)[0]) == RATE_HZ


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.m4a", "aac"), ("a.mp2", "mp2"), ("a.aac", "aac"), ("a.mp3", "mp3"), ("a.flac", "flac"), ("a.ts", "mp2")],
)
def test_reading_goes_on_behind_damage(tmp_path: Path, name: str, codec: str) -> None:
    path = write_tracks(tmp_path / name, [frames(0, 8)], codec)
    whole = len(read(path)[0])
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 8000] = bytes(8000)
    path.write_bytes(data)
    with path.open("rb") as file:
        opened = open_with_pyav(file, name, "damaged")
        samples = np.concatenate(list(opened.blocks))
        opened.close()
    assert len(samples) == pytest.approx(whole, abs=0.15 * RATE_HZ)
    assert np.abs(samples[7 * RATE_HZ :]).max() > 0.3
    gap = opened.gaps[0]
    assert 3 < gap.start < gap.end < 7
    assert gap.cause == "damage"


@pytest.mark.parametrize(("name", "codec"), [("a.mkv", "pcm_s16le"), ("a.webm", "libopus"), ("a.avi", "mp2")])
def test_what_is_cut_short_has_a_gap_at_its_end(
    tmp_path: Path, name: str, codec: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_tracks(tmp_path / name, [frames(0, 8)], codec)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    samples, source = read(path)
    gap = source.gaps[-1]
    assert gap.start == pytest.approx(len(samples) / RATE_HZ, abs=0.1)
    assert gap.end == pytest.approx(8, abs=0.2)
    assert "cut short" in caplog.text


class Pipe(io.RawIOBase):
    """Takes bytes and cannot go back to write a length."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.data += bytes(data)
        return len(data)


def test_a_live_recording_that_promises_no_length_is_not_cut_short() -> None:
    import av

    pipe = Pipe()
    with av.open(pipe, "w", format="matroska") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        for frame in [*frames(0, 8), None]:
            container.mux(stream.encode(frame))
    opened = open_with_pyav(io.BytesIO(pipe.data[: len(pipe.data) // 2]), "live.mkv", "x")
    assert sum(map(len, opened.blocks)) == pytest.approx(4 * RATE_HZ, abs=0.3 * RATE_HZ)
    assert opened.gaps == []


def test_a_track_that_is_shorter_than_its_film_is_not_cut_short(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "a.mkv", [frames(0, 3), frames(0, 8)])
    samples, source = read(path, 1)
    assert (len(samples), source.gaps) == (3 * RATE_HZ, [])


def test_packets_none_of_which_can_be_decoded_are_an_error(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "a.m4a", [frames(0, 3)], "aac")
    data = path.read_bytes()
    start = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    path.write_bytes(data[:start] + random.Random(1).randbytes(end - start).replace(b"\0", b"\1") + data[end:])
    with pytest.raises(AudioError, match=r"a\.m4a cannot be decoded: .* packets of aac"):
        list(open_audio(path))


def test_an_mp4_without_its_index_says_so(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "a.m4a", [frames(0, 3)], "aac")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moov") - 4])
    with pytest.raises(AudioError, match=r"a\.m4a is not audio that can be read .* its index is missing"):
        open_audio(path)


class Failing(io.BytesIO):
    """A file whose reads fail from some place on."""

    def __init__(self, data: bytes, error: BaseException, from_byte: int) -> None:
        super().__init__(data)
        self._error = error
        self._from_byte = from_byte

    def read(self, n_bytes: int | None = -1) -> bytes:
        if self.tell() >= self._from_byte:
            raise self._error
        return super().read(n_bytes)


def test_a_disk_that_fails_is_told_and_what_came_before_is_kept(tmp_path: Path) -> None:
    data = write_tracks(tmp_path / "a.mkv", [frames(0, 8)]).read_bytes()
    opened = open_with_pyav(Failing(data, OSError(errno.EIO, "bad sector"), len(data) // 2), "a.mkv", "x")
    assert sum(map(len, opened.blocks)) > 2 * RATE_HZ
    assert opened.gaps[-1].cause == "failure"
    assert "bad sector" in opened.gaps[-1].reason
    with pytest.raises(AudioError, match=r"a\.mkv cannot be read: bad sector"):
        open_with_pyav(Failing(data, OSError(errno.EIO, "bad sector"), 0), "a.mkv", "x")


def test_an_interrupt_inside_a_read_is_not_lost(tmp_path: Path) -> None:
    data = write_tracks(tmp_path / "a.mkv", [frames(0, 8)]).read_bytes()
    opened = open_with_pyav(Failing(data, KeyboardInterrupt(), len(data) // 2), "a.mkv", "x")
    with pytest.raises(KeyboardInterrupt):
        list(opened.blocks)


def test_a_recording_that_is_closed_early_ends(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "a.mkv", [frames(0, 8)])
    for n_blocks in (0, 1, 3):
        opened = open_with_pyav(path.open("rb"), "a.mkv", "x")
        for _ in range(n_blocks):
            next(opened.blocks, None)
        opened.close()
        opened.close()
        assert list(opened.blocks) == []


def test_rate_and_channels_may_change_in_the_middle(tmp_path: Path) -> None:
    import av

    first = write_tracks(tmp_path / "a.mp2", [frames(0, 2)], "mp2").read_bytes()
    with av.open(tmp_path / "b.mp2", "w") as container:
        stream = container.add_stream("mp2", rate=44100, layout="stereo")
        resampler = av.AudioResampler(format="s16", layout="stereo", rate=44100)
        for frame in [*frames(0, 2), None]:
            for resampled in resampler.resample(frame):
                container.mux(stream.encode(resampled))
        container.mux(stream.encode(None))
    data = first + (tmp_path / "b.mp2").read_bytes()
    opened = open_with_pyav(io.BytesIO(data), "joined.mp2", "x")
    samples = np.concatenate(list(opened.blocks))
    assert len(samples) / RATE_HZ == pytest.approx(4, abs=0.2)
    assert pitch(samples[2 * RATE_HZ + 8000 :]) == pytest.approx(127, abs=2)


@pytest.mark.parametrize(("name", "codec"), [("a.m4a", "aac"), ("a.mkv", "pcm_s16le")])
def test_channels_that_would_cancel_do_not(
    tmp_path: Path, name: str, codec: str, caplog: pytest.LogCaptureFixture
) -> None:
    import av

    with av.open(tmp_path / name, "w") as container:
        stream = add_audio(container, codec, layout="stereo")
        for made in frames(0, 3):
            tone = made.to_ndarray()[0]
            both = np.stack([tone, -tone], axis=1).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, made.pts, made.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    samples, _ = read(tmp_path / name)
    assert np.abs(samples[RATE_HZ:-RATE_HZ]).max() == pytest.approx(0.4, abs=0.05)
    assert "out of phase" in caplog.text


def test_channels_that_are_only_numbered_are_mixed(tmp_path: Path) -> None:
    import av

    with av.open(tmp_path / "a.mkv", "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="10 channels")
        tone = np.repeat(frames(0, 0.1)[0].to_ndarray()[0], 10)[None]
        frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="10 channels")
        frame.sample_rate = RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    samples, _ = read(tmp_path / "a.mkv")
    np.testing.assert_allclose(samples, tone[0, ::10] / 32768, atol=1e-4)


# Nothing else is opened


@pytest.fixture
def listener() -> Any:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def texts(port: int, other: Path) -> dict[str, str]:
    dash = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S"'
        ' profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="audio/mp4">'
        '<Representation id="1" bandwidth="1"><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>'
    )
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n"
    url = f"http://127.0.0.1:{port}/a.ts"
    return {
        "remote.m3u8": hls.format(url),
        "remote.m4a": hls.format(url),
        "local.m3u8": hls.format(f"file://{other}"),
        "concat.m4a": f"ffconcat version 1.0\nfile {other.name}\n",
        "concat.wav": f"ffconcat version 1.0\nfile {other}\n",
        "concat.mp3": f"ffconcat version 1.0\nfile {url}\n",
        "dash.mp4": dash.format(url),
        "dash.webm": dash.format(other),
        "session.m4a": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 45678 RTP/AVP 0\n"
        "a=rtpmap:0 PCMU/8000\n",
        "reference.wma": f"[Reference]\nRef1={url}\n",
        "list.aac": f"[playlist]\nFile1={url}\nNumberOfEntries=1\n",
        "moving.mov": f"rtsptext\r\n{url}\r\n",
    }


@pytest.mark.loopback
def test_text_that_poses_as_a_recording_opens_nothing(tmp_path: Path, listener: Any) -> None:
    (tmp_path / "other.wav").write_bytes(pcm_wav())
    for name, text in texts(listener.getsockname()[1], tmp_path / "other.wav").items():
        path = tmp_path / name
        for data in (text.encode(), text.encode() + b"\0\xff" * 400):
            path.write_bytes(data)
            with pytest.raises(AudioError, match=name.replace(".", r"\.")):
                list(open_audio(path))
            with pytest.raises(AudioError):
                list(open_with_pyav(io.BytesIO(data), name, "no sound").blocks)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_text_is_told_with_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "talk.m4a"
    path.write_text("#EXTM3U\nhttp://127.0.0.1:9/a.ts\n")
    with pytest.raises(AudioError, match=r"found text that begins with '#EXTM3U'\. A playlist is not followed"):
        open_audio(path)


_FUZZ = """
import io, logging, random, sys
from edge.audio.codecs import open_with_pyav
from edge.errors import AudioError
logging.disable(logging.CRITICAL)
chance, tried = random.Random(19), 0
for path in sys.argv[1:]:
    whole = open(path, "rb").read()
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 4, 32))):
            at = chance.randrange(chance.choice((len(data), min(len(data), 2000))))
            data[at : at + 4] = chance.choice((bytes(4), b"\\xff" * 4, chance.randbytes(4), chance.randbytes(1)))
        try:
            opened = open_with_pyav(io.BytesIO(bytes(data)), "fuzzed", "fuzzed")
            seconds = sum(map(len, opened.blocks)) / 16000
            opened.close()
            assert all(0 <= gap.start <= gap.end for gap in opened.gaps), opened.gaps
            assert seconds < 7 * 3600, seconds
        except AudioError as error:
            assert "fuzzed" in str(error)
        tried += 1
print(tried)
"""


def test_mutated_files_are_read_or_refused(tmp_path: Path) -> None:
    kinds = [
        ("a.m4a", "aac"),
        ("a.mkv", "aac"),
        ("a.ts", "mp2"),
        ("a.avi", "mp2"),
        ("a.flv", "aac"),
        ("a.mpg", "mp2"),
    ]
    paths = [str(write_tracks(tmp_path / name, [frames(0, 1)], codec)) for name, codec in kinds]
    done = subprocess.run(
        [sys.executable, "-c", _FUZZ, *paths], capture_output=True, text=True, timeout=120, env={**os.environ}
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "360", "")


def test_a_damaged_file_leaves_no_traceback(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("edge.audio")
    data = bytearray(write_tracks(tmp_path / "a.caf", [frames(0, 1)]).read_bytes())
    for at in range(20, 120, 3):
        broken = bytes(data[:at]) + b"\x7f\xff\xff\xff" + bytes(data[at + 4 :])
        with suppress(AudioError):
            list(open_with_pyav(io.BytesIO(broken), "a.caf", "x").blocks)
    assert "Traceback" not in capfd.readouterr().err
