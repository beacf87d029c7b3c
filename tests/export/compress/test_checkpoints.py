"""Checkpoints of recovery: an interrupted training goes on, and nothing that is damaged or foreign is trusted."""

from __future__ import annotations

import logging
import os
import pickle
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from edge.progress import Progress, silent
from export.calibrate.recordings import find_recordings
from export.checkpoint.types import Checkpoint
from export.compress import checkpoints as module
from export.compress.checkpoints import CheckpointFile, Checkpoints, State, fingerprint
from export.compress.network import to_torch
from export.compress.recover import Lesson, Network, Recovered, recover
from export.compress.speech import Batch, Speech, batches
from export.maker import Maker
from export.quantize.gptq import moved_for_q4_0
from export.recipe import Recipe

ROUNDED = "enc.blocks.0.ffn.fc1.weight"


@pytest.fixture(scope="module", autouse=True)
def _always_saves() -> Iterator[None]:
    """Before each step, of which an epoch has three; on one processor, where sums have one order."""

    def epoch(self: Speech, rng: np.random.Generator) -> Iterator[Batch]:
        return batches(self._clips[self._n_kept :], self._n_audio_ctx, rng, positions=140)

    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_EVERY_S", 0.0)
        patch.setattr(module, "_MOST_SHARE", float("inf"))
        patch.setattr(Speech, "epoch", epoch)
        yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def lesson(speech: Speech) -> Lesson:
    return Lesson(speech, 1000.0, 1e-4, most_steps=7)


def train(
    checkpoint: Checkpoint, lesson: Lesson, folder: Path | None, progress: Progress = silent, noise: float = 0.01
) -> Recovered:
    """A student that differs by some noise, one matrix of it at INT4."""
    rng = np.random.default_rng(0)
    tensors = to_torch(checkpoint.tensors)
    learns = [name for name in tensors if name.startswith("enc.blocks.")]
    for name in learns:
        tensors[name] = tensors[name] + noise * torch.from_numpy(rng.standard_normal(tensors[name].shape, np.float32))
    moments = np.eye(tensors[ROUNDED].shape[1], dtype=np.float32)
    scales, moved = moved_for_q4_0(tensors[ROUNDED].numpy(), moments)
    tensors[ROUNDED] = torch.from_numpy(moved)
    teacher, student = Network(to_torch(checkpoint.tensors), checkpoint.dims), Network(tensors, checkpoint.dims)
    kept = None if folder is None else Checkpoints(folder)
    return recover(teacher, student, learns, {ROUNDED: torch.from_numpy(scales)}, lesson, progress, kept)


@pytest.fixture(scope="module")
def undisturbed(checkpoint: Checkpoint, lesson: Lesson) -> Recovered:
    return train(checkpoint, lesson, None)


class Seen:
    """A progress that notes the steps of training, and interrupts after some."""

    def __init__(self, most: int | None = None) -> None:
        self.steps: list[str] = []
        self.seconds: list[int] = []
        self._most = most

    def __call__(self, what: str, done: int, total: int) -> None:
        if what.startswith("recovering"):
            self.steps.append(what)
            self.seconds.append(done)
            if len(self.steps) == self._most:
                raise KeyboardInterrupt


def interrupt(checkpoint: Checkpoint, lesson: Lesson, folder: Path, after: int = 3) -> Path:
    """Train for some steps, and return the checkpoint that this leaves."""
    with pytest.raises(KeyboardInterrupt):
        train(checkpoint, lesson, folder, Seen(after))
    (left,) = folder.iterdir()
    return left


def assert_same(found: Recovered, expected: Recovered) -> None:
    assert (found.before, found.after, found.n_steps) == (expected.before, expected.after, expected.n_steps)
    for name, tensor in expected.tensors.items():
        assert torch.equal(found.tensors[name], tensor), name
    assert torch.equal(found.scales[ROUNDED], expected.scales[ROUNDED])


def test_interrupted_training_ends_as_if_it_had_not_been(
    tmp_path: Path, checkpoint: Checkpoint, lesson: Lesson, undisturbed: Recovered
) -> None:
    assert undisturbed.after < undisturbed.before
    assert len(list(lesson.speech.epoch(np.random.default_rng(0)))) == 3  # interrupted within the second epoch
    interrupt(checkpoint, lesson, tmp_path, after=5)
    seen = Seen()
    assert_same(train(checkpoint, lesson, tmp_path, seen), undisturbed)
    assert len(seen.steps) == 7 - 4  # the fifth step was interrupted before it counted
    assert all("gone on after" in what for what in seen.steps)


def test_seconds_add_up(
    tmp_path: Path, checkpoint: Checkpoint, speech: Speech, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that ticks when it is looked at."""
    lesson = Lesson(speech, 40.0, 1e-4)
    monkeypatch.setattr("export.compress.recover._PATIENCE", 99)
    clock = count()
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    before, after = Seen(3), Seen()
    with pytest.raises(KeyboardInterrupt):
        train(checkpoint, lesson, tmp_path, before)
    (left,) = tmp_path.iterdir()
    state = torch.load(left, weights_only=True)
    assert state["n_steps"] == 2
    train(checkpoint, lesson, tmp_path, after)
    assert after.seconds[0] > state["seconds"] >= before.seconds[1]
    ended = torch.load(left, weights_only=True)
    assert ended["ended"]
    assert 40 <= ended["seconds"] < 50
    assert ended["n_steps"] == 2 + len(after.steps)


def test_the_best_is_kept_across_an_interruption(
    tmp_path: Path, checkpoint: Checkpoint, speech: Speech, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps are of a sensible length at first, and far too long afterwards."""
    monkeypatch.setattr("export.compress.recover._LOOKS", float("inf"))  # at each step
    monkeypatch.setattr("export.compress.recover._WARM_UP", 100_000)
    lesson = Lesson(speech, 1000.0, 10.0, most_steps=7)
    left = interrupt(checkpoint, lesson, tmp_path, after=4)
    state = torch.load(left, weights_only=True)
    assert state["least"] < state["before"]
    assert state["n_best"] == 3
    monkeypatch.setattr("export.compress.recover._WARM_UP", 1)
    found = train(checkpoint, lesson, tmp_path)
    assert (found.before, found.after, found.n_steps) == (state["before"], state["least"], 3)
    assert torch.equal(found.tensors[ROUNDED], state["best"][ROUNDED])


def test_another_lesson_begins_anew(tmp_path: Path, checkpoint: Checkpoint, lesson: Lesson) -> None:
    left = interrupt(checkpoint, lesson, tmp_path)
    clips = lesson.speech._clips
    other_clips = Speech([*clips[:-1], replace(clips[-1], tokens=clips[-1].tokens + 1)], checkpoint.dims.n_audio_ctx)
    others = [
        partial(train, checkpoint, replace(lesson, learning_rate=2e-4)),
        partial(train, checkpoint, replace(lesson, seconds=999.0)),
        partial(train, checkpoint, replace(lesson, speech=other_clips)),
        partial(train, checkpoint, lesson, noise=0.02),
    ]
    for other in others:
        seen = Seen(2)
        with pytest.raises(KeyboardInterrupt):
            other(tmp_path, seen)
        assert "gone on" not in seen.steps[0]
    assert len(list(tmp_path.iterdir())) == 1 + len(others)
    assert left.is_file()


def test_a_fingerprint_tells_names_shapes_and_numbers() -> None:
    tables = [{"a": torch.ones(4)}, {"b": torch.ones(4)}, {"a": torch.ones(2, 2)}, {"a": torch.zeros(4)}, {}]
    assert len({fingerprint(table) for table in tables}) == len(tables)
    assert fingerprint({"a": torch.ones(1), "b": torch.zeros(1)}) == fingerprint(
        {"b": torch.zeros(1), "a": torch.ones(1)}
    )


class Hostile:
    """A pickle that makes a file when it is read as Python would."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self._marker),)


def test_what_is_damaged_is_left_aside(
    tmp_path: Path,
    checkpoint: Checkpoint,
    lesson: Lesson,
    undisturbed: Recovered,
    caplog: pytest.LogCaptureFixture,
) -> None:
    left = interrupt(checkpoint, lesson, tmp_path)
    whole = left.read_bytes()
    state = torch.load(left, weights_only=True)
    name = next(iter(state["values"]))
    marker = tmp_path.parent / "executed"

    def with_changed(field: str, tensor: torch.Tensor) -> None:
        torch.save({**state, field: {**state[field], name: tensor}}, left)

    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1  # within a tensor: torch itself would not notice
    tensor = state["values"][name]
    damages: list[Callable[[], object]] = [
        lambda: left.write_bytes(b""),
        lambda: left.write_bytes(b"nonsense"),
        lambda: left.write_bytes(whole[: len(whole) // 2]),
        lambda: left.write_bytes(flipped),
        lambda: left.write_bytes(pickle.dumps(Hostile(marker))),
        lambda: torch.save(Hostile(marker), left),
        lambda: torch.save([1, 2], left),
        lambda: torch.save({**state, "n_steps": -1}, left),
        lambda: torch.save({**state, "seconds": float("nan")}, left),
        lambda: torch.save({**state, "n_steps": "5"}, left),
        lambda: torch.save({**state, "values": {}}, left),
        lambda: torch.save({**state, "average": {}}, left),
        lambda: torch.save({**state, "first": {}}, left),
        lambda: with_changed("best", tensor[:1]),
        lambda: with_changed("second", tensor.double()),
        lambda: with_changed("values", torch.full_like(tensor, float("inf"))),
    ]
    begun = State(state["best"], state["best"], state["best"])
    left.write_bytes(whole)
    assert CheckpointFile(left).load(begun) is not None
    for damage in damages:
        damage()
        caplog.clear()
        assert CheckpointFile(left).load(begun) is None
        assert "expected a checkpoint of recovery" in caplog.text
    assert not marker.exists()
    seen = Seen()
    assert_same(train(checkpoint, lesson, tmp_path, seen), undisturbed)
    assert "gone on" not in seen.steps[0]


def test_an_interruption_while_writing_leaves_the_file_before(
    tmp_path: Path, checkpoint: Checkpoint, lesson: Lesson, undisturbed: Recovered, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = interrupt(checkpoint, lesson, tmp_path)
    whole = left.read_bytes()

    def half(content: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", half)
        with pytest.raises(KeyboardInterrupt):
            train(checkpoint, lesson, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [left.name]
    assert left.read_bytes() == whole
    assert_same(train(checkpoint, lesson, tmp_path), undisturbed)


def test_training_goes_on_where_nothing_can_be_written(
    tmp_path: Path, checkpoint: Checkpoint, lesson: Lesson, undisturbed: Recovered, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a-file").touch()
    assert_same(train(checkpoint, lesson, tmp_path / "a-file"), undisturbed)
    assert caplog.text.count("no checkpoint can be written") == 1


def test_what_has_ended_is_not_trained_again_until_it_is_cleared(
    tmp_path: Path, checkpoint: Checkpoint, lesson: Lesson, undisturbed: Recovered
) -> None:
    train(checkpoint, lesson, tmp_path)
    said: list[str] = []
    assert_same(train(checkpoint, lesson, tmp_path, lambda what, done, total: said.append(what)), undisturbed)
    assert said == ["recovered already, before an interruption"]


def test_what_nobody_takes_up_goes(tmp_path: Path) -> None:
    old, new, half = tmp_path / "recovery-old.pt", tmp_path / "recovery-new.pt", tmp_path / ".recovery-x.pt.y.tmp"
    moments = tmp_path / "tiny.en-0123.npz"
    half.mkdir()
    for path in (old, new, moments, half / "whole"):
        path.write_bytes(b"x")
    for path in (old, half, moments):
        os.utime(path, (0, 0))
    Checkpoints(tmp_path).file("key")
    assert set(tmp_path.iterdir()) == {new, moments}


def test_an_export_that_trains_twice_goes_on_in_the_second_training(
    tmp_path: Path, checkpoint: Checkpoint, speech: Speech, caplog: pytest.LogCaptureFixture
) -> None:
    """And leaves nothing but its moments."""
    caplog.set_level(logging.WARNING)
    rng = np.random.default_rng(1)
    soundfile.write(tmp_path / "noise.wav", 0.1 * rng.standard_normal(9000), 16_000)
    recipe, keep_in = Recipe("int4", 0.1, 1.5), tmp_path / "kept"

    recordings = find_recordings([tmp_path / "noise.wav"])

    def make(progress: Progress) -> Maker:
        maker = Maker(checkpoint, recordings, keep_in, progress, _speech=speech)
        maker.make(recipe)
        return maker

    rounds = 0

    def in_the_second(what: str, done: int, total: int) -> None:
        nonlocal rounds
        if what == "rounding":
            rounds += 1
        elif rounds and what.startswith("recovering") and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(in_the_second)
    assert len(list(keep_in.glob("recovery-*.pt"))) == 2
    seen = Seen()
    maker = make(seen)
    assert seen.steps
    assert all("gone on after" in what for what in seen.steps)
    maker.tidy()
    assert [path for path in keep_in.iterdir() if path.suffix != ".npz"] == []
    assert caplog.text == ""
