"""Written segments of a transcript: what was recognized stays with them, and each word keeps its time."""

from __future__ import annotations

from dataclasses import replace

from ..transcript.transcript import Transcript
from ..transcript.types import Segment, Word
from .draft import Change
from .options import WrittenOptions
from .writer import Writer


class Scribe:
    """Writers of transcripts, one for each language that is spoken in them."""

    def __init__(self, options: WrittenOptions | None = None) -> None:
        self._options = options
        self._writers: dict[str, Writer] = {}
        self._writer("en")  # where a library is missing, that is said at once

    def segment(self, segment: Segment) -> Segment:
        """Write a segment by the rules of its language."""
        return write_segment(segment, self._writer(segment.language))

    def transcript(self, transcript: Transcript) -> Transcript:
        """Write all segments of a transcript, and its text."""
        segments = tuple(self.segment(segment) for segment in transcript.segments)
        return replace(transcript, segments=segments, text="".join(segment.text for segment in segments).strip())

    def _writer(self, language: str) -> Writer:
        if language not in self._writers:
            self._writers[language] = Writer(language, self._options)
        return self._writers[language]


def write_segment(segment: Segment, writer: Writer) -> Segment:
    """Write a segment's text and words; `original` is the text as recognized where that differs.

    Words that became one have the time of all of them, and the probability of the least sure. A segment of fillers
    alone stays.
    """
    done = writer.write(segment.text)
    if not done.changes or not done.text.strip():
        return segment
    words = list(segment.words)
    if "".join(word.text for word in words) == segment.text:
        for change in done.changes:
            words = _changed(words, change)
    original = segment.text if segment.original is None else segment.original
    return replace(segment, text=done.text, words=tuple(words), original=original)


def _changed(words: list[Word], change: Change) -> list[Word]:
    """Make one change to words that give a text, joined."""
    before: list[Word] = []
    touched: list[Word] = []
    after: list[Word] = []
    place, start = 0, 0
    for word in words:
        end = place + len(word.text)
        if end <= change.start and not (end == change.start == change.end):
            before.append(word)
        elif place < change.end or not touched:
            start = start if touched else place
            touched.append(word)
        else:
            after.append(word)
        place = end
    if not touched:
        return words
    text = "".join(word.text for word in touched)
    text = text[: change.start - start] + change.after + text[change.end - start :]
    if not text.strip() and after:
        after[0] = replace(after[0], text=text + after[0].text)
        return before + after
    if not text.strip() and before:
        before[-1] = replace(before[-1], text=before[-1].text + text)
        return before
    whole = Word(touched[0].start, touched[-1].end, text, min(word.probability for word in touched))
    return [*before, *([whole] if text else []), *after]
