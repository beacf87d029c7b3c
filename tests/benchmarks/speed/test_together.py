"""Several at once beside one alone: the tables, and real runs over a small set."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.peers.specs import parse_engine
from benchmarks.speed.parallel import Way, ways_table
from benchmarks.speed.processes import is_ours
from benchmarks.speed.together import Load, StepTimes, load_table, step_table
from edge.bench.scoring import Errors


@pytest.fixture
def clips(jfk_clip: Path, tmp_path: Path) -> Path:
    """A set of three clips of a second or two."""
    folder = tmp_path / "clips"
    folder.mkdir()
    lines = []
    for number in range(3):
        with wave.open(str(jfk_clip)) as clip, wave.open(str(folder / f"{number}.wav"), "wb") as file:
            file.setparams(clip.getparams())
            clip.setpos(number * clip.getframerate())
            file.writeframes(clip.readframes((1 + number % 2) * clip.getframerate()))
        lines.append(json.dumps({"audio": f"{number}.wav", "text": "and so my fellow americans", "lang": "en"}))
    (folder / "manifest.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_steps_stand_beside_that_of_one_state() -> None:
    shown = step_table([StepTimes("base", "int8", {1: 2.0, 8: 5.0}, {1: 1.0, 8: 2.5})])
    assert shown.splitlines()[0] == "| model     | t(1) ms | t(8)/t(1) |"
    assert shown.splitlines()[2] == "| base int8 |    2.00 |      2.50 |"


def test_loads_are_rows() -> None:
    shown = load_table([Load("base", "int8", "", 4, 10.0, 1.9, 50.0, (300.0, 800.0, 900.0), 3.5)])
    assert "|     10.0 | 1.90 |        50.0 |    300 |    800 |    900 |         3.50 |" in shown


def test_processes_stand_beside_threads() -> None:
    loads = [Load("base", "int8", engine, 4, 10.0, 1.9, 50.0, (1.0, 2.0, 3.0), None) for engine in ("", "other:q8_0")]
    ours, other = ([cell.strip() for cell in row.split("|")[2:-1]] for row in load_table(loads).splitlines()[2:])
    assert ours == ["threads of one process", "4", "10.0", "1.90", "50.0", "1", "2", "3", ""]
    assert other[0] == "processes of other:q8_0"


def test_ours_is_held_to_its_words() -> None:
    assert is_ours(parse_engine("edgewise:int8:fallback=on"))
    assert not is_ours(parse_engine("edgewise:int8"))
    assert not is_ours(parse_engine("faster-whisper"))


def test_sections_stand_beside_windows() -> None:
    ways = [Way("tiny.en", "talks", parallel, Errors(100, 4, 1), 1.5, 60.0) for parallel in (False, True)]
    ways[0].wall_s, ways[0].cpu_s = [2.0, 4.0], [4.0, 4.0]
    ways[1].wall_s, ways[1].cpu_s = [1.0, 1.0], [2.0, 2.0]
    windows, sections = ([cell.strip() for cell in row.split("|")[3:-1]] for row in ways_table(ways).splitlines()[2:])
    assert windows == ["window after window", "100", "5.00", "1.5", "20", "4.00", "1.00", "1.00"]
    assert sections == ["in sections", "100", "5.00", "1.5", "60", "2.00", "3.00", "2.00"]


def test_a_real_model_with_a_set(tiny_en_int8: Path, clips: Path, tmp_path: Path) -> None:
    out = tmp_path / "together.json"
    arguments = ["together", "--models", str(tiny_en_int8), "--threads", "1", "--manifest", str(clips)]
    arguments += ["--states", "1,2", "--steps", "2", "--sessions", "1,3", "--rounds", "2"]
    arguments += ["--engines", "edgewise:int8:fallback=on", "--processes", "2"]
    assert main([*arguments, "--json", str(out)]) == 0
    result = json.loads(out.read_text(encoding="utf-8"))
    (steps,) = result["steps"]
    assert steps["ratio"]["1"] == 1.0
    assert steps["ratio"]["2"] > 0
    assert [(load["sessions"], load["per_s"] > 0, load["cpu_ms"] > 0) for load in result["loads"]] == [
        (1, True, True),
        (3, True, True),
        (2, True, True),
    ]
    assert [load["engine"] for load in result["loads"]] == ["", "", "edgewise:int8:fallback=on"]
    assert (result["loads"][0]["calls_per_step"], result["loads"][2]["calls_per_step"]) == (1.0, None)


def test_a_real_model_with_recordings(
    tiny_en_int8: Path, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("jiwer")
    pytest.importorskip("whisper_normalizer")
    out = tmp_path / "parallel.json"
    arguments = ["parallel", "--models", str(tiny_en_int8), "--threads", "1", "--manifest", str(clips)]
    assert main([*arguments, "--json", str(out)]) == 0
    windows, sections = json.loads(out.read_text(encoding="utf-8"))["results"]
    assert (windows["parallel"], sections["parallel"]) == (False, True)
    assert windows["errors"] == sections["errors"], "what is shorter than a section is read the same"
    assert windows["audio_s"] == 4.0
    assert "window after window" in capsys.readouterr().out


def test_engines_without_recordings_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["together", "--engines", "edgewise"]) == 1
    assert "give --manifest" in capsys.readouterr().err


def test_an_unknown_precision_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["together", "--precision", "int2"]) == 1
    assert "no precision 'int2'" in capsys.readouterr().err
