from __future__ import annotations

import json
from dataclasses import replace

import pytest

from edge.errors import OptionError
from edge.transcript import FORMATS, Segment, Timing, Transcript, Word, format_time, write_transcript


def segment(id: int, start: float, end: float, text: str) -> Segment:
    return Segment(id, 0, start, end, text, (1, 2), 0.0, -0.25, 1.1, 0.01)


TRANSCRIPT = Transcript(
    text="Grüße, Ödön. a --> b & <c>",
    language="de",
    segments=(segment(0, 0.0, 1.5, " Grüße, Ödön."), segment(1, 3661.04, 3662.0, " a --> b\n & <c>")),
    duration=3662.5,
    timing=Timing(encode_s=0.5, n_windows=2),
)
EMPTY = Transcript("", "en", (), 1.0, Timing())


def test_plain_text_is_a_line_a_segment() -> None:
    assert write_transcript(TRANSCRIPT, "txt") == "Grüße, Ödön.\na --> b\n & <c>\n"


def test_srt() -> None:
    assert write_transcript(TRANSCRIPT, "srt") == (
        "1\n00:00:00,000 --> 00:00:01,500\nGrüße, Ödön.\n\n2\n01:01:01,040 --> 01:01:02,000\na -> b  & <c>\n\n"
    )


def test_vtt_escapes_what_has_a_meaning_there() -> None:
    assert write_transcript(TRANSCRIPT, "vtt") == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nGrüße, Ödön.\n\n"
        "01:01:01.040 --> 01:01:02.000\na -> b  &amp; &lt;c>\n\n"
    )


def test_json_has_the_fields_of_openai_whisper() -> None:
    written = write_transcript(TRANSCRIPT, "json")
    assert "Grüße" in written
    parsed = json.loads(written)
    assert parsed["text"] == TRANSCRIPT.text
    assert parsed["language"] == "de"
    assert parsed["segments"][0] == {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": 1.5,
        "text": " Grüße, Ödön.",
        "tokens": [1, 2],
        "temperature": 0.0,
        "avg_logprob": -0.25,
        "compression_ratio": 1.1,
        "no_speech_prob": 0.01,
    }
    assert parsed["timing"]["encode_s"] == 0.5


def test_json_has_words_where_there_are_some() -> None:
    words = (Word(0.1, 0.4, " a", 0.5), Word(0.4, 1.2, " b.", 1.0))
    timed = replace(TRANSCRIPT.segments[0], words=words, token_probabilities=(0.5, 1.0))
    (parsed,) = json.loads(write_transcript(replace(TRANSCRIPT, segments=(timed,)), "json"))["segments"]
    assert parsed["token_probabilities"] == [0.5, 1.0]
    assert parsed["words"] == [
        {"word": " a", "start": 0.1, "end": 0.4, "probability": 0.5},
        {"word": " b.", "start": 0.4, "end": 1.2, "probability": 1.0},
    ]


@pytest.mark.parametrize(("format", "expected"), [("txt", ""), ("srt", ""), ("vtt", "WEBVTT\n\n")])
def test_nothing_said_is_nothing_written(format: str, expected: str) -> None:
    assert write_transcript(EMPTY, format) == expected


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(OptionError, match="unknown transcript format 'tsv'; expected txt, srt, vtt, json"):
        write_transcript(EMPTY, "tsv")
    assert FORMATS == ("txt", "srt", "vtt", "json")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "00:00:00.000"), (59.9996, "00:01:00.000"), (3599.999, "00:59:59.999"), (360000, "100:00:00.000")],
)
def test_times_round_to_milliseconds(seconds: float, expected: str) -> None:
    assert format_time(seconds, decimal_mark=".") == expected
