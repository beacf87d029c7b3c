"""Each format as its readers read it, also with text that tries to break it."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import OptionError
from edge.gaps import Gap
from edge.harmless import cell, without_controls
from edge.transcript.fields import error_event
from edge.transcript.formats import FORMATS, render
from edge.transcript.lines import flat
from edge.transcript.options import OutputOptions
from edge.transcript.transcript import Transcript
from edge.transcript.types import Word

from .conftest import MakeTranscript

OPENAI_SEGMENT = {
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
"""As openai-whisper writes it, in its order."""

HOSTILE = (
    st.text()
    | st.text("-> \n\t\",;&<>[]{}:0123456789'=", max_size=20)
    | st.sampled_from(
        ("--->", "a\n\n2\n00:00:01,000 --> 00:00:02,000\nb", "שלום\u200f!", "👩‍👩‍👧", "[00:01.00]x", "\x00")
    )
    | st.sampled_from(
        ("a\u2028b\x85c", "\x1b]2;x\x07", "=1+1", "&lt;b>", "{\\an8}", "\rNOTE x"),
    )
)


@pytest.fixture(scope="session")
def transcript(transcript_of: MakeTranscript) -> Transcript:
    made: Transcript = transcript_of((0.0, 1.5, " Grüße, Ödön."), (3661.04, 3662.0, ' a --> b\n & <c>, "d"'))
    return made


def test_plain_text_is_a_line_a_segment(transcript: Transcript) -> None:
    assert render(transcript, "txt") == 'Grüße, Ödön.\na --> b  & <c>, "d"\n'


def test_srt(transcript: Transcript) -> None:
    assert render(transcript, "srt") == (
        '1\n00:00:00,000 --> 00:00:01,500\nGrüße, Ödön.\n\n2\n01:01:01,040 --> 01:01:02,000\na -> b & &lt;c>, "d"\n\n'
    )


def test_vtt_escapes_what_has_a_meaning_there(transcript: Transcript) -> None:
    assert render(transcript, "vtt") == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nGrüße, Ödön.\n\n"
        '01:01:01.040 --> 01:01:02.000\na --&gt; b &amp; &lt;c&gt;, "d"\n\n'
    )


def test_tables_are_in_milliseconds(transcript: Transcript) -> None:
    assert render(transcript, "tsv") == (
        'start\tend\ttext\n0\t1500\tGrüße, Ödön.\n3661040\t3662000\ta --> b & <c>, "d"\n'
    )
    assert render(transcript, "csv") == (
        'start,end,text\n0,1500,"Grüße, Ödön."\n3661040,3662000,"a --> b & <c>, ""d"""\n'
    )


def test_lyrics_have_minutes_and_hundredths(transcript: Transcript) -> None:
    assert render(transcript, "lrc") == '[00:00.00] Grüße, Ödön.\n[61:01.04] a --> b & <c>, "d"\n'


def test_lyrics_are_a_line_at_a_time(transcript_of: MakeTranscript) -> None:
    made = transcript_of((0.0, 8.0, " aaaa bbbb cccc dddd"))
    assert render(made, "lrc", OutputOptions(9)) == "[00:00.00] aaaa bbbb\n[00:04.00] cccc dddd\n"


def test_json_is_that_of_openai_whisper_and_more(transcript: Transcript) -> None:
    written = render(transcript, "json")
    assert "Grüße" in written
    parsed = json.loads(written)
    assert list(parsed)[:3] == ["text", "segments", "language"]
    assert (parsed["text"], parsed["language"], parsed["duration"]) == (transcript.text, "de", 3662.0)
    assert list(parsed["segments"][0].items())[:10] == list(OPENAI_SEGMENT.items())


def test_json_says_the_words_if_there_are_any(transcript_of: MakeTranscript) -> None:
    words = (
        Word(start=0.0, end=0.5, text=" a", probability=0.75),
        Word(start=0.5, end=1.0, text=" b", probability=1.0),
    )
    made = transcript_of((0.0, 1.0, " a b", words))
    (segment,) = json.loads(render(made, "json"))["segments"]
    assert segment["words"][0] == {"word": " a", "start": 0.0, "end": 0.5, "probability": 0.75}
    assert [word["word"] for word in segment["words"]] == [" a", " b"]


def test_json_does_not_tell_how_long_it_took(transcript: Transcript) -> None:
    slower = replace(transcript, timing=replace(transcript.timing, encode_s=9.0))
    for format in FORMATS:
        assert render(slower, format) == render(transcript, format)


@pytest.mark.parametrize("score", [float("nan"), float("-inf")])
def test_a_score_that_is_no_number_loses_no_words(transcript: Transcript, score: float) -> None:
    segment = transcript.segments[0]
    assert segment.decoding is not None
    odd = replace(transcript, segments=(replace(segment, decoding=replace(segment.decoding, avg_logprob=score)),))
    assert json.loads(render(odd, "json"))["segments"][0]["avg_logprob"] is None


def test_events(transcript: Transcript) -> None:
    first, second, last = render(transcript, "jsonl", OutputOptions(file="a.wav")).splitlines()
    assert json.loads(first).items() >= {"event": "segment", "file": "a.wav", **OPENAI_SEGMENT}.items()
    assert json.loads(second)["id"] == 1
    assert json.loads(last) == {
        "event": "end",
        "file": "a.wav",
        "language": "de",
        "duration": 3662.0,
        "gaps": [],
    }
    assert "file" not in json.loads(render(transcript, "jsonl").splitlines()[0])
    assert json.loads(error_event("no", "a.wav")) == {"event": "error", "file": "a.wav", "message": "no"}


def test_a_file_name_that_is_not_utf8_survives(transcript: Transcript) -> None:
    name = b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    written = render(transcript, "jsonl", OutputOptions(file=name))
    assert json.loads(written.encode("utf-8").splitlines()[0])["file"] == name


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        ("txt", ""),
        ("srt", ""),
        ("vtt", "WEBVTT\n\n"),
        ("lrc", ""),
        ("tsv", "start\tend\ttext\n"),
        ("csv", "start,end,text\n"),
        ("jsonl", '{"event": "end", "language": "de", "duration": 1.0, "gaps": []}\n'),
        ("json", '{\n  "text": "",\n  "segments": [],\n  "language": "de",\n  "duration": 1.0,\n  "gaps": []\n}\n'),
    ],
)
def test_nothing_said(transcript_of: MakeTranscript, format: str, expected: str) -> None:
    assert render(transcript_of(), format) == expected


@pytest.mark.parametrize(
    ("seconds", "clock"),
    [(0, "00:00:00.000"), (59.9996, "00:01:00.000"), (3599.999, "00:59:59.999"), (360000, "100:00:00.000")],
)
def test_times_round_to_milliseconds(transcript_of: MakeTranscript, seconds: float, clock: str) -> None:
    assert f"{clock} --> " in render(transcript_of((seconds, seconds + 1, "x")), "vtt")


@given(st.lists(HOSTILE, max_size=5), st.none() | st.integers(4, 40))
def test_subtitles_are_read_back(transcript_of: MakeTranscript, texts: list[str], max_width: int | None) -> None:
    made = transcript_of(*((2 * n, 2 * n + 1.5, text) for n, text in enumerate(texts)))
    options = OutputOptions(max_width, None if max_width is None else 2)
    for cues in (read_srt(render(made, "srt", options)), read_vtt(render(made, "vtt", options))):
        assert all(start < end for start, end, _ in cues)
        assert all(before[1] <= after[0] for before, after in pairwise(cues))
        assert without_arrows("".join(body for _, _, body in cues)) == without_arrows("".join(texts))
    assert letters("".join(body for _, _, body in cues)) == letters("".join(texts))  # WebVTT keeps the arrows


@given(st.lists(HOSTILE, max_size=5))
def test_tables_are_read_back(transcript_of: MakeTranscript, texts: list[str]) -> None:
    made = transcript_of(*((n, n + 0.5, text) for n, text in enumerate(texts)))
    rows = [[str(1000 * n), str(1000 * n + 500), flat(text)] for n, text in enumerate(texts)]
    cells = [[start, end, cell(text)] for start, end, text in rows]
    assert list(csv.reader(io.StringIO(render(made, "csv"), newline="")))[1:] == cells
    lines = render(made, "tsv").split("\n")[1:-1]
    assert [line.split("\t") for line in lines] == rows


@given(st.lists(HOSTILE, max_size=5))
def test_lines_of_json_are_lines(transcript_of: MakeTranscript, texts: list[str]) -> None:
    made = transcript_of(*((n, n + 0.5, text) for n, text in enumerate(texts)))
    *events, end = render(made, "jsonl").split("\n")[:-1]
    assert [json.loads(line)["text"] for line in events] == texts
    assert json.loads(end)["event"] == "end"
    assert [segment["text"] for segment in json.loads(render(made, "json"))["segments"]] == texts


@given(st.lists(HOSTILE, max_size=5))
def test_every_line_is_one_for_every_reader(transcript_of: MakeTranscript, texts: list[str]) -> None:
    """Also for those that know more ends of lines than the line feed."""
    made = transcript_of(*((n, n + 0.5, text) for n, text in enumerate(texts)))
    for format in FORMATS:
        written = render(made, format)
        assert written.splitlines() == written.split("\n")[: -1 if written else None] or not written
    assert len(render(made, "txt").splitlines()) == len(texts)


@pytest.mark.parametrize(
    ("text", "srt", "lrc"),
    [
        ("R&B & <i>", "R&B & &lt;i>", "R&B & <i>"),
        ("&lt;b>", "&amp;lt;b>", "&lt;b>"),
        ("{\\an8}x", "{ \\an8}x", "{\\an8}x"),
        ("[00:01.00]x", "[00:01.00]x", "(00:01.00]x"),
        ("[Music]", "[Music]", "[Music]"),
        ("\x1b]2;x\x07\x1b[31mred", "]2;x[31mred", "]2;x[31mred"),
    ],
)
def test_words_are_no_commands(transcript_of: MakeTranscript, text: str, srt: str, lrc: str) -> None:
    made = transcript_of((0.0, 1.0, text))
    assert render(made, "srt") == f"1\n00:00:00,000 --> 00:00:01,000\n{srt}\n\n"
    assert render(made, "lrc") == f"[00:00.00] {lrc}\n"
    assert render(made, "txt") == f"{text}\n"


def test_a_cell_that_a_spreadsheet_would_compute(transcript_of: MakeTranscript) -> None:
    made = transcript_of((0.0, 1.0, ' =HYPERLINK("http://x")'))
    assert render(made, "csv").splitlines()[1] == """0,1000,"'=HYPERLINK(""http://x"")\""""


def test_what_is_missing_is_told(transcript: Transcript) -> None:
    whole, gap = transcript, Gap(12.0, 14.1, "bad frame", "damage")
    torn = replace(transcript, gaps=(gap,))
    assert (whole.is_complete, torn.is_complete) == (True, False)
    told = {"start": 12.0, "end": 14.1, "reason": "bad frame", "cause": "damage"}
    assert json.loads(render(torn, "json"))["gaps"] == [told]
    assert json.loads(render(torn, "jsonl").splitlines()[-1])["gaps"] == [told]
    assert json.loads(render(whole, "json"))["gaps"] == []
    assert render(torn, "srt") == render(whole, "srt")


def test_an_unknown_format_names_those_there_are(transcript: Transcript) -> None:
    with pytest.raises(OptionError, match="unknown transcript format 'docx'; expected txt, srt, vtt, json, jsonl, tsv"):
        render(transcript, "docx")


def read_srt(text: str) -> list[tuple[str, str, str]]:
    """Start, end and text of each cue."""
    blocks = text.removesuffix("\n\n").split("\n\n") if text else []
    cues = []
    for number, block in enumerate(blocks, start=1):
        first, times, *lines = block.split("\n")
        assert first == str(number)
        assert lines
        assert all("-->" not in line and "<" not in line and "{\\" not in line for line in lines)
        match = re.fullmatch(r"(\d\d:\d\d:\d\d,\d{3}) --> (\d\d:\d\d:\d\d,\d{3})", times)
        assert match
        cues.append((match[1], match[2], re.sub(r"&#?\w+;", entity, "\n".join(lines))))
    return cues


def entity(found: re.Match[str]) -> str:
    """What an escape of ours stands for; there are no others."""
    return {"&lt;": "<", "&amp;": "&"}[found[0]]


def read_vtt(text: str) -> list[tuple[str, str, str]]:
    """The same of WebVTT, which has no numbers and escapes some characters."""
    assert text.startswith("WEBVTT\n\n")
    cues = []
    for block in text.removeprefix("WEBVTT\n\n").split("\n\n")[:-1]:
        times, *lines = block.split("\n")
        body = "\n".join(lines)
        assert not set("<>") & set(body)
        match = re.fullmatch(r"(\d\d:\d\d:\d\d\.\d{3}) --> (\d\d:\d\d:\d\d\.\d{3})", times)
        assert match
        cues.append((match[1], match[2], html.unescape(body)))
    return cues


def letters(text: str) -> str:
    return "".join(without_controls(text).split())


def without_arrows(text: str) -> str:
    """The letters, with every arrow as short as SubRip needs it."""
    return re.sub("-+>", "->", letters(text))
