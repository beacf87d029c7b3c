"""Finds where a window's segments begin and end, and where the next window begins, as openai-whisper does.

The model writes `<|t0|> words <|t1|><|t2|> words <|t3|>`: two timestamps in a row close one segment and open the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..transcript.types import Decoding, Segment
from .features import FRAMES_PER_SECOND
from .file.dims import FRAMES_PER_POSITION
from .tokens import Tokenizer


def decoding_of(segment: Segment) -> Decoding:
    """Give Whisper's diagnostics of a segment that it made."""
    if segment.decoding is None:
        raise TypeError(f"expected a segment that Whisper decoded, found {segment}")
    return segment.decoding


@dataclass(frozen=True, slots=True)
class Span:
    """A segment within its window."""

    start: float
    """Seconds from the beginning of the window."""
    end: float
    tokens: tuple[int, ...]


def unfinished_text(tokens: Sequence[int], tokenizer: Tokenizer) -> str:
    """Decode what follows the last segment that `split_window` closes: the beginning of another one."""
    begin = tokenizer.timestamp_begin
    is_timestamp = [token >= begin for token in tokens]
    cuts = [index for index, pair in enumerate(pairwise(is_timestamp), start=1) if all(pair)]
    if not cuts or is_timestamp[-2:] == [False, True]:
        return ""
    return tokenizer.decode(tokens[cuts[-1] :])


def split_window(tokens: Sequence[int], tokenizer: Tokenizer, n_frames: int) -> tuple[list[Span], int]:
    """Split a window that holds `n_frames` mel frames of audio into segments; gives also the frames to advance.

    The advance is at least one frame.
    """
    begin = tokenizer.timestamp_begin
    is_timestamp = [token >= begin for token in tokens]
    cuts = [index for index, pair in enumerate(pairwise(is_timestamp), start=1) if all(pair)]
    ends_in_single = is_timestamp[-2:] == [False, True]
    if not cuts:
        # Nothing divides the window: it is one segment, up to its last timestamp if it has one.
        latest = next((token for token in reversed(tokens) if token >= begin), begin)
        end = tokenizer.timestamp_seconds(latest) if latest > begin else n_frames / FRAMES_PER_SECOND
        return [Span(0.0, end, tuple(tokens))], n_frames
    if ends_in_single:
        cuts.append(len(tokens))
    spans = [
        Span(
            tokenizer.timestamp_seconds(tokens[start]),
            tokenizer.timestamp_seconds(tokens[stop - 1]),
            tuple(tokens[start:stop]),
        )
        for start, stop in pairwise([0, *cuts])
    ]
    if ends_in_single:  # no speech after the last timestamp
        return spans, n_frames
    # What follows the last pair is unfinished: the next window begins there and reads it whole.
    advance = (tokens[cuts[-1] - 1] - begin) * FRAMES_PER_POSITION
    return spans, advance if advance > 0 else n_frames
