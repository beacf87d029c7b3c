"""What comes with edgewise for published checkpoints: small, and enough to calibrate with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge.bench.sets import read_manifest
from edge.errors import FormatError
from edge.gguf.types import TensorType
from edge.progress import silent
from edge.quant import dequantize_q4_0
from edge.store.catalogue import read_catalogue
from edge.whisper.file.model import open_model
from export import maker as module
from export.calibrate import calibrate
from export.calibrate.forward import input_of
from export.calibrate.known import (
    Known,
    directions_of,
    known_calibration,
    load_known,
    matrix_of,
    save_known,
)
from export.calibrate.moments import Calibration
from export.calibrate.recordings import find_recordings, unheard
from export.checkpoint.types import Checkpoint
from export.errors import CalibrationError
from export.maker import Maker, make_plain
from export.quantize.gptq import round_q4_0
from export.quantize.model import groups_of
from export.recipe import Recipe
from export.writers.gguf import HEARD_KEY

HEARD = ("ab" * 32, "cd" * 32)


def moments_of(k: int, rank: int) -> NDArray[np.float32]:
    """Moments of channels that follow a few hidden ones, and differ a hundredfold."""
    rng = np.random.default_rng(k)
    size = np.exp(rng.uniform(-2, 2, k))
    mixed = rng.standard_normal((rank, k)) * size
    return (mixed.T @ mixed + np.diag(0.1 * size**2)).astype(np.float32)


def test_the_catalogue_says_which_models_come_calibrated() -> None:
    for asset in read_catalogue().values():
        hashes = {file.sha256 for file in asset.files if file.name.endswith((".bin", ".pt"))}
        assert asset.is_calibrated == any(known_calibration(one) is not None for one in hashes), asset.name


@pytest.fixture(scope="module")
def checkpoint(make_checkpoint: Callable[..., Checkpoint]) -> Checkpoint:
    """In tiny.en's structure: two layers of one head."""
    return make_checkpoint("tiny.en", "float32")


@pytest.fixture(scope="module")
def known(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Known:
    path = tmp_path_factory.mktemp("speech") / "noise.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(1).standard_normal(16_000), 16_000)
    moments = calibrate(checkpoint, find_recordings([path])).moments
    return Known(Calibration(moments, HEARD), tuple(reversed(list(groups_of(checkpoint.tensors)))))


@pytest.fixture
def shipped(checkpoint: Checkpoint, known: Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the checkpoint, where an export looks for it."""
    path = save_known(tmp_path / "data", checkpoint.source_sha256, known, 16)
    monkeypatch.setattr(module, "known_calibration", lambda sha256: known_calibration(sha256, tmp_path / "data"))
    return path


def test_enough_directions_say_all() -> None:
    matrix = moments_of(64, 8)
    rms = np.sqrt(np.diagonal(matrix)).astype(np.float16)
    off, sizes = ~np.eye(64, dtype=bool), []
    for rank in (0, 4, 8):
        found = matrix_of(rms, *directions_of(matrix, rank))
        assert np.linalg.eigvalsh(found.astype(np.float64)).min() > -1e-5 * found.max()
        assert (np.diagonal(found) >= 0.99 * np.diagonal(matrix)).all()
        assert np.trace(found) == pytest.approx(np.trace(matrix), rel=0.01)  # small channels are coarse
        sizes.append(np.abs((found - matrix)[off]).sum() / np.abs(matrix[off]).sum())
    assert sizes[0] == 1.0
    assert sizes[1] < 0.8
    assert sizes[2] < 0.1


def test_channels_that_are_always_zero_stay_zero() -> None:
    matrix = moments_of(32, 4)
    matrix[3], matrix[:, 3] = 0, 0
    found = matrix_of(np.sqrt(np.diagonal(matrix)).astype(np.float16), *directions_of(matrix, 4))
    assert not found[3].any()
    assert not matrix_of(np.zeros(32, np.float16), *directions_of(np.zeros((32, 32), np.float32), 4)).any()


def test_directions_keep_most_of_what_rounding_gains() -> None:
    matrix = moments_of(96, 12)
    weights = np.random.default_rng(2).standard_normal((40, 96)).astype(np.float32)
    rms = np.sqrt(np.diagonal(matrix)).astype(np.float16)

    def lost(moments: NDArray[np.float32]) -> float:
        left = weights - dequantize_q4_0(round_q4_0(weights, moments))
        return float(((left @ matrix) * left).sum())

    alone, some = (lost(matrix_of(rms, *directions_of(matrix, rank))) for rank in (0, 12))
    whole = lost(matrix)
    assert alone - some > 0.9 * (alone - whole) > 0


def test_what_is_saved_is_found_for_that_checkpoint_alone(checkpoint: Checkpoint, known: Known, tmp_path: Path) -> None:
    path = save_known(tmp_path, checkpoint.source_sha256, known, 16)
    found = known_calibration(checkpoint.source_sha256, tmp_path)
    assert found is not None
    assert found.costliest == known.costliest
    assert found.calibration.recordings == HEARD
    assert set(found.calibration.moments.matrices) == {
        name for tensor in checkpoint.tensors if (name := input_of(tensor))
    }
    assert known_calibration("0" * 64, tmp_path) is None
    again = save_known(tmp_path / "again", checkpoint.source_sha256, known, 16)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"PK" + data, lambda data: b""])
def test_a_damaged_file_says_what_to_do(
    checkpoint: Checkpoint, known: Known, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = save_known(tmp_path, checkpoint.source_sha256, known, 4)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FormatError, match="install edgewise anew"):
        load_known(path)


@pytest.mark.parametrize(
    ("rms", "directions", "steps"),
    [
        (np.ones(8, np.float16), np.ones((2, 9), np.int8), np.ones(2, np.float32)),
        (np.ones(8, np.float16), np.ones((2, 8), np.int8), np.ones(3, np.float32)),
        (np.ones(8, np.float16), np.ones((2, 8), np.float32), np.ones(2, np.float32)),
        (np.full(8, np.nan, np.float16), np.ones((2, 8), np.int8), np.ones(2, np.float32)),
        (np.ones(8, np.float16), np.ones((2, 8), np.int8), np.full(2, np.inf, np.float32)),
    ],
)
def test_parts_that_do_not_belong_together(
    rms: NDArray[np.float16], directions: NDArray[np.int8], steps: NDArray[np.float32]
) -> None:
    with pytest.raises(ValueError, match=r"belong|no numbers"):
        matrix_of(rms, directions, steps)


@pytest.mark.usefixtures("shipped")
def test_int4_is_calibrated_without_a_recording(checkpoint: Checkpoint, known: Known, tmp_path: Path) -> None:
    made = Maker(checkpoint, (), None, silent).make(Recipe("int4"))
    plain = make_plain(checkpoint, "int4")
    assert made.heard == HEARD
    first = known.costliest[0][0]
    assert made.quantized[first].parts[0].type is TensorType.I8
    assert plain.quantized[first].parts[0].type is TensorType.Q4_0
    made.write(tmp_path / "m.gguf")
    with open_model(tmp_path / "m.gguf") as model:
        assert model.file.metadata[HEARD_KEY] == list(HEARD)


@pytest.mark.usefixtures("shipped")
def test_int8_and_recordings_of_ones_own_have_no_use_for_it(checkpoint: Checkpoint, tmp_path: Path) -> None:
    assert Maker(checkpoint, (), None, silent).make(Recipe("int8")).heard == ()
    soundfile.write(tmp_path / "own.wav", 0.1 * np.random.default_rng(2).standard_normal(16_000), 16_000)
    own = find_recordings([tmp_path / "own.wav"])
    assert Maker(checkpoint, own, None, silent).make(Recipe("int4")).heard == (own[0].sha256,)


def test_a_model_is_not_measured_on_what_its_calibration_heard(tmp_path: Path) -> None:
    lines = []
    for number in range(2):
        soundfile.write(tmp_path / f"{number}.wav", 0.1 * np.random.default_rng(number).standard_normal(8000), 16_000)
        lines.append(json.dumps({"audio": f"{number}.wav", "text": "a word"}))
    (tmp_path / "manifest.jsonl").write_text("\n".join(lines))
    hashes = [hashlib.sha256((tmp_path / f"{number}.wav").read_bytes()).hexdigest() for number in range(2)]
    manifest = read_manifest(tmp_path)
    assert unheard(manifest, ()) is manifest
    assert [one.name for one in unheard(manifest, hashes[:1]).utterances] == ["1.wav"]
    with pytest.raises(CalibrationError, match="all of it was listened to"):
        unheard(manifest, hashes)


def test_files_that_come_with_edgewise_are_whole_and_small() -> None:
    files = sorted((Path(module.__file__).parent / "calibrate" / "data").glob("*.npz.xz"))
    assert len(files) == 2
    assert sum(path.stat().st_size for path in files) < 6_000_000
    for path in files:
        found = load_known(path)
        assert len(found.calibration.recordings) > 50
        assert len({name for group in found.costliest for name in group}) > 50
        assert all(np.isfinite(matrix).all() for matrix in found.calibration.moments.matrices.values())
