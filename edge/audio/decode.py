"""Decodes recordings through libsndfile, part by part; what is missing between two parts becomes silence and a gap."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import numpy as np
import soundfile

from ..arrays import FloatArray
from ..errors import AudioError
from ..gaps import Gap
from .convert import to_mono_16k
from .mono import BLOCK_VALUES, SAMPLE_RATE_HZ, check_rate
from .parts import BELIEVABLE_S, Part, Stream
from .view import Source, View

_LOG = logging.getLogger("edge.audio")

_MOST_TRIES = 10_000
_GAPS_SAID = 5
_FIRST_FRAMES = 4096
_SHORTEST_GAP_S = 1e-3


class Decoder:
    """A decoder of one part: gives its blocks, then tells how it ended."""

    def __init__(self, sound: soundfile.SoundFile, stream: Stream, view: View | None, starts_s: float = 0) -> None:
        self.sound = sound
        self.stream = stream
        self.starts_s = starts_s
        """Seconds on the stream's clock at which the part begins."""
        self._view = view
        self._n_done = 0
        self._first: list[FloatArray] = []
        self.error = ""
        """Reason why decoding stopped before the end; empty where it did not."""

    @property
    def done_s(self) -> float:
        """Seconds on the stream's clock that have been decoded."""
        return self.starts_s + self._n_done / int(self.sound.samplerate)

    def ending(self) -> tuple[str, float]:
        """Tell why the part is incomplete ("" where it is complete), and where it should end in seconds."""
        return self.stream.ending(self.done_s, self.error)

    def near(self, source: Source) -> int:
        """Give the position in the file of the last byte read."""
        return source.position() if self._view is None else self._view.position()

    def blocks(self) -> Iterator[FloatArray]:
        """Decode blocks (n_frames, n_channels), up to the end or the first damage."""
        first, self._first = self._first, []
        yield from first
        largest = max(1, BLOCK_VALUES // self.sound.channels)
        while (block := self._read(largest)) is not None:
            yield block

    def begin(self, from_s: float) -> bool:
        """Decode a first block and drop what is before `from_s`; tells whether anything is left.

        What is left is given by `blocks` later.
        """
        n_before = max(round((from_s - self.starts_s) * self.sound.samplerate), 0)
        block = self._read(_FIRST_FRAMES + n_before)
        if block is not None and len(block) > n_before:
            self._first.append(block[n_before:])
        return bool(self._first)

    def _read(self, largest: int) -> FloatArray | None:
        rate_hz = self.sound.samplerate
        reach_s = self.stream.reach_s(self.done_s + largest / rate_hz)
        n_wanted = min(largest, round((reach_s - self.starts_s) * rate_hz) - self._n_done)
        if self.error or n_wanted <= 0:
            return None
        block = np.empty((n_wanted, self.sound.channels), np.float32)
        try:
            n_frames = len(self.sound.read(n_wanted, out=block))
        except soundfile.LibsndfileError as error:
            # The decoder stops at the damage; what it wrote before that is good.
            n_frames = self._before_damage(n_wanted)
            self.error = reason_of(error)
        self._n_done += n_frames
        return block[:n_frames] if n_frames else None

    def _before_damage(self, n_wanted: int) -> int:
        try:
            return min(max(int(self.sound.tell()) - self._n_done, 0), n_wanted)
        except soundfile.LibsndfileError:
            return 0


def reason_of(error: soundfile.LibsndfileError) -> str:
    """Give libsndfile's message as a part of a sentence."""
    return str(error.error_string).removeprefix("Error : ").rstrip(".")


class Recording:
    """A recording whose parts are read one after the other."""

    def __init__(self, source: Source, name: str, first: Decoder, reason: str = "") -> None:
        self.gaps: list[Gap] = []
        """Stretches that are missing so far."""
        self._source = source
        self._name = name
        self._decoder = first
        self._n_samples = 0
        self._n_tries = 0
        self._damage_before = reason

    def blocks(self) -> Iterator[FloatArray]:
        """Decode the recording to blocks (n_samples,), mono at 16 kHz."""
        if self._damage_before:
            yield from self._counted(self._silence(self._decoder.starts_s, self._damage_before))
        while True:
            yield from self._counted(self._of_part())
            part_and_decoder = self._next_part()
            if part_and_decoder is None:
                break
            part, following = part_and_decoder
            yield from self._counted(self._between(part, following))
            self._decoder.sound.close()
            self._decoder = following
        self._note_ending(self._decoder)
        self._decoder.sound.close()
        if self._n_samples == 0 and self.gaps:
            reason = self.gaps[0].reason
            raise AudioError(f"{self._name} is damaged from its beginning ({reason}); get a complete copy of it")
        if len(self.gaps) > _GAPS_SAID:
            _LOG.warning("%s is damaged in %d places", self._name, len(self.gaps))

    def close(self) -> None:
        """Release the decoder and the file."""
        self._decoder.sound.close()
        self._source.close()

    @property
    def _now_s(self) -> float:
        return self._n_samples / SAMPLE_RATE_HZ

    def _counted(self, blocks: Iterator[FloatArray]) -> Iterator[FloatArray]:
        for block in blocks:
            self._n_samples += len(block)
            yield block

    def _of_part(self) -> Iterator[FloatArray]:
        decoder = self._decoder
        return to_mono_16k(decoder.blocks(), decoder.sound.samplerate, self._name, self.gaps, self._now_s)

    def _next_part(self) -> tuple[Part, Decoder] | None:
        """Find the next part that can be decoded."""
        before = self._decoder
        for part in before.stream.go_on(before.done_s, before.near(self._source)):
            self._n_tries += 1
            if self._n_tries > _MOST_TRIES:
                return None
            decoder = open_part(part, before.done_s)
            if decoder is not None:
                return part, decoder
        return None

    def _between(self, part: Part, following: Decoder) -> Iterator[FloatArray]:
        """Fill what is missing in front of a part with silence."""
        if part.joined:
            why, ends_s = self._decoder.ending()
            if why or part.reason:
                yield from self._silence(max(ends_s - self._decoder.done_s, 0.0), part.reason or why)
            return
        missing_s = following.starts_s - self._decoder.done_s
        if missing_s >= _SHORTEST_GAP_S:
            yield from self._silence(missing_s, part.reason)

    def _silence(self, missing_s: float, reason: str) -> Iterator[FloatArray]:
        """Note a gap, and give silence in its place."""
        n_missing = round(missing_s * SAMPLE_RATE_HZ)
        self._note(Gap(self._now_s, self._now_s + n_missing / SAMPLE_RATE_HZ, reason, "damage"))
        while n_missing > 0:
            yield np.zeros(min(n_missing, BLOCK_VALUES), np.float32)
            n_missing -= BLOCK_VALUES

    def _note_ending(self, decoder: Decoder) -> None:
        """Note the gap at the end of a recording that is incomplete."""
        why, ends_s = decoder.ending()
        if why:
            missing_s = ends_s - decoder.done_s
            missing_s = missing_s if 0 < missing_s < BELIEVABLE_S else 0.0
            self._note(Gap(self._now_s, self._now_s + missing_s, why, "damage"))

    def _note(self, gap: Gap) -> None:
        self.gaps.append(gap)
        if self._n_samples == 0 and gap.end == gap.start:
            return
        if len(self.gaps) <= _GAPS_SAID:
            missing = f"{gap.end - gap.start:.2f} s are missing" if gap.end > gap.start else "something is missing"
            _LOG.warning("%s is damaged or cut short: %s at %.2f s (%s)", self._name, missing, gap.start, gap.reason)


def read_forward(sound: soundfile.SoundFile) -> None:
    """Keep soundfile from seeking after each block to where it already is: not every file supports that."""
    sound.seekable = lambda: False


def open_part(part: Part, done_s: float = 0) -> Decoder | None:
    """Open a decoder of a part that goes on from `done_s`; None where nothing can be decoded there.

    A part that is joined, another recording, is decoded from its own beginning.
    """
    try:
        sound = soundfile.SoundFile(part.view)
        read_forward(sound)
        check_rate(sound.samplerate, "")
    except (soundfile.LibsndfileError, OSError, TypeError, ValueError, AudioError):
        return None
    starts_s = part.starts_s
    if starts_s is None:
        starts_s = (part.ends_s or 0.0) - sound.frames / sound.samplerate
    decoder = Decoder(sound, part.stream, part.view, starts_s)
    if decoder.begin(0.0 if part.joined else done_s):
        return decoder
    sound.close()
    return None
