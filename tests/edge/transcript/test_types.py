"""What a transcript does by itself: it becomes a string or a file in one call."""

from __future__ import annotations

from pathlib import Path

import pytest

import edge
from edge.errors import OptionError
from edge.transcript.transcript import Transcript
from edge.transcript.types import Decoding, Segment, Timing

TRANSCRIPT = Transcript(
    text="Grüße, Ödön.",
    language="de",
    segments=(Segment(0, 0.0, 1.5, " Grüße, Ödön.", decoding=Decoding(0, (1, 2), 0.0, -0.25, 1.1, 0.01)),),
    duration=1.5,
    timing=Timing(),
)


def test_render() -> None:
    assert TRANSCRIPT.render() == "Grüße, Ödön.\n"
    assert TRANSCRIPT.render("srt", max_line_width=6, max_line_count=1) == (
        "1\n00:00:00,000 --> 00:00:00,818\nGrüße,\n\n2\n00:00:00,818 --> 00:00:01,500\nÖdön.\n\n"
    )


@pytest.mark.parametrize(("name", "format"), [("a.srt", None), ("a.JSON", None), ("a.txt", "csv"), ("a", "vtt")])
def test_write(tmp_path: Path, name: str, format: str | None) -> None:
    TRANSCRIPT.write(str(tmp_path / name), format)
    expected = TRANSCRIPT.render(format or name.rpartition(".")[2].lower())
    assert (tmp_path / name).read_bytes() == expected.encode("utf-8")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_cannot_be_written_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    for name in ("a.docx", "a"):
        with pytest.raises(OptionError, match=r"names no format; expected \.txt, \.srt"):
            TRANSCRIPT.write(tmp_path / name)
    with pytest.raises(OptionError, match="unknown transcript format 'docx'"):
        TRANSCRIPT.write(path, "docx")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        TRANSCRIPT.write(path)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("a.txt", "before")]


def test_the_types_are_public() -> None:
    assert edge.Transcript is Transcript
    assert edge.Word.__name__ == "Word"
