"""The table of sizes and precisions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.__main__ import build_parser, main
from benchmarks.models import compression as module
from benchmarks.models.compression import Compressed, CompressionOptions, run_compression, table_of, time_table
from benchmarks.models.encoder_time import EncoderTime
from edge.arrays import FloatArray
from edge.bench.scoring import Errors
from edge.bench.sets import Manifest, read_manifests
from export.compress.shapes import with_layer
from export.maker import make_plain
from export.measure.measure import SetScore
from export.sources import read_checkpoint


def scored(name: str, edits: int) -> SetScore:
    errors, joined = Errors(words=100, deletions=edits, loops=1), Errors(words=50, deletions=edits)
    return SetScore(name, "0" * 64, 9, errors, (edits,), (100,), 0.0, 1.0, 30.0, 0.0, joined, (edits,), (50,))


def test_a_row_for_each_model() -> None:
    scores, worse = (scored("one", 10), scored("two", 21)), (scored("one", 12), scored("two", 21))
    found = [
        Compressed("tiny.en", "int8", 0.0, 0.0, 41_440_000, 7_610_000, scores),
        Compressed("tiny.en", "f32", 0.152, 60.0, 148_300_000, 6_460_000, worse),
    ]
    lines = table_of(found).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0][-6:] == ["one", "two", "mean, joined %", "more than the first", "95 %", "loops"]
    assert cells[2][:-4] == ["tiny.en", "int8", "whole", "41.4", "7.61", "10.00", "21.00"]
    assert cells[2][-4:] == ["31.00", "+0.00", "+0.00 to +0.00", "2"]
    assert cells[3][1:5] == ["f32", "-15.2%, trained", "148.3", "6.46"]
    assert cells[3][-4:] == ["33.00", "+2.00", "+2.00 to +2.00", "2"]


def test_time_saved_stands_beside_arithmetic_saved() -> None:
    whole = EncoderTime(2, 12.5, (0.0, 0.0, 0.0), 0.0)
    smaller = EncoderTime(2, 11.5, (0.06, 0.08, 0.09), 0.1)
    row = Compressed("base", "int8", 0.0, 0.0, 1, 1, (), (whole,))
    table = time_table([row, replace(row, reduction=0.1, times=(smaller,))])
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert cells[2] == ["base", "int8", "whole", "2", "12.50", "", "", ""]
    assert cells[3] == ["base", "int8", "-10.0%", "2", "11.50", "10.0", "8.0 (6.0-9.0)", "0.80"]


def test_shares_are_below_one() -> None:
    parser = build_parser()
    command = ["compression", "--manifest", "a", "--calibration", "b", "--reductions"]
    assert parser.parse_args([*command, "0,0.25"]).reductions == (0.0, 0.25)
    for wrong in ("1.5", "x", "-0.1"):
        with pytest.raises(SystemExit, match="2"):
            parser.parse_args([*command, wrong])


def test_a_smaller_encoder_from_a_file_is_measured_against_the_published_size(
    tmp_path: Path, tiny_en_int8: Path, near_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("jiwer")
    pytest.importorskip("whisper_normalizer")
    whole = read_checkpoint(tiny_en_int8)
    width = 1472
    fc1, fc2 = "enc.blocks.3.ffn.fc1", "enc.blocks.3.ffn.fc2"
    cut: dict[str, NDArray[Any]] = {
        f"{fc1}.weight": whole.tensors[f"{fc1}.weight"][:width],
        f"{fc1}.bias": whole.tensors[f"{fc1}.bias"][:width],
        f"{fc2}.weight": np.ascontiguousarray(whole.tensors[f"{fc2}.weight"][:, :width]),
    }
    dims = with_layer(whole.dims, 3, replace(whole.dims.layer_shape(3), ffn_width=width))
    file = tmp_path / "smaller.gguf"
    make_plain(replace(whole, dims=dims, tensors={**whole.tensors, **cut}), "int8").write(file)
    item = {"audio": "jfk.wav", "text": "and so my fellow americans ask not what your country can do for you"}
    (tmp_path / "manifest.jsonl").write_text(json.dumps(item) + "\n")
    monkeypatch.setattr(module, "sets_for", lambda *_: [])
    options = CompressionOptions(
        (str(tmp_path),), (), (str(file),), (), ("f32", "int8"), keep=tmp_path / "kept", threads=(1,), rounds=1
    )
    _, row = run_compression(options)["results"]
    assert [(time["threads"], time["macs_saved"]) for time in row["times"]] == [(1, 0)]
    assert row["times"][0]["ms"] > 0
    assert row["model"] == "tiny.en"
    assert row["reduction"] == pytest.approx(2 * 64 * 384 / whole.dims.encoder_weights)
    assert row["scores"][0]["errors"]["words"] == 14
    kept = [tmp_path / "kept" / f"smaller-0-{precision}.gguf" for precision in ("f32", "int8")]
    assert kept[1].stat().st_size == row["n_bytes"] < tiny_en_int8.stat().st_size

    made = [path.stat().st_mtime_ns for path in kept]
    assert run_compression(options)["results"][1]["n_bytes"] == row["n_bytes"]
    assert [path.stat().st_mtime_ns for path in kept] == made, "what is there is not made again"

    make_plain(whole, "int8").write(file)
    assert run_compression(options)["results"][1]["reduction"] == 0, "but from another checkpoint it is"


def test_what_is_heard_once_is_measured_for_a_release_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what sets.toml names for training is heard where nothing else is given."""
    (tmp_path / "digits_fsdd").mkdir()
    items = [{"audio": f"0_{name}_0.flac", "text": "zero"} for name in ("george", "theo")]
    for number, item in enumerate(items):
        (tmp_path / "digits_fsdd" / item["audio"]).write_bytes(bytes([number]))
    (tmp_path / "digits_fsdd" / "manifest.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    monkeypatch.setenv("EDGEWISE_TEST_DATA", str(tmp_path))
    monkeypatch.setattr(module, "sets_for", lambda *_: read_manifests(("digits_fsdd",)))
    found: list[list[str]] = []

    def clips_of(sets: list[Manifest]) -> list[FloatArray]:
        found.append([one.name for each in sets for one in each.utterances])
        return []

    monkeypatch.setattr(module, "clips_of", clips_of)
    monkeypatch.setattr(module, "table_of", lambda _: "")
    monkeypatch.setattr(module, "time_table", lambda _: "")
    assert main(["compression", "--manifest", "digits_fsdd", "--models=,", "--release"]) == 0
    assert found == [["0_theo_0.flac"]]
    assert main(["compression", "--manifest", "digits_fsdd", "--models=,"]) == 1, "what was listened to is left out"


@pytest.mark.parametrize("besides", [False, True])
def test_what_is_listened_to_is_not_measured(
    tmp_path: Path, near_clip: Path, capsys: pytest.CaptureFixture[str], besides: bool
) -> None:
    pytest.importorskip("jiwer")
    (tmp_path / "manifest.jsonl").write_text(json.dumps({"audio": "jfk.wav", "text": "ask not"}) + "\n")
    other = tmp_path / "other.flac"
    other.write_bytes(b"found, not read")
    heard = [str(other), "--besides", str(near_clip)] if besides else [str(near_clip)]
    assert main(["compression", "--manifest", str(tmp_path), "--calibration", *heard]) == 1
    assert "must be measured on what it has not heard" in capsys.readouterr().err
