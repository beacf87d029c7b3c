"""Recovery: it gets closer to the teacher, and what it rounds is what the file will hold."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edge.progress import silent
from edge.quant import dequantize_q4_0, q4_0_rows
from export.checkpoint.types import Checkpoint
from export.compress import recover as module
from export.compress.encoder import search_sizes, shrink_encoder
from export.compress.network import to_torch
from export.compress.recover import Lesson, Network, _round_q4_0, recover
from export.compress.rounding import recover_q4_0
from export.compress.speech import Speech
from export.quantize.gptq import moved_for_q4_0, q4_0_codes_of

ENCODER = ("enc.blocks.", "enc.final_norm.")


def test_a_smaller_encoder_gets_closer_to_the_whole_one(checkpoint: Checkpoint, speech: Speech) -> None:
    small = shrink_encoder(checkpoint, search_sizes(checkpoint, speech), speech, 0.3, 0, silent)
    student = Network(to_torch(small.checkpoint.tensors), small.checkpoint.dims)
    names = [name for name in student.tensors if name.startswith(ENCODER)]
    lesson = Lesson(speech, 1000.0, 2e-5, most_steps=12)
    found = recover(Network(to_torch(checkpoint.tensors), checkpoint.dims), student, names, {}, lesson, silent)
    assert 6 < found.n_steps <= 12
    assert found.after < found.before
    for name, tensor in found.tensors.items():
        assert torch.equal(tensor, student.tensors[name]) or name in names


def test_without_a_gain_the_rate_falls_before_training_ends(
    checkpoint: Checkpoint, speech: Speech, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[float] = []
    monkeypatch.setattr(module, "_look", lambda *_: 1.0)
    monkeypatch.setattr(module, "_step", lambda _, rate, __: rates.append(rate))
    monkeypatch.setattr(module, "_WARM_UP", 1)
    network = Network(to_torch(checkpoint.tensors), checkpoint.dims)
    lesson = Lesson(speech, 1000.0, 1e-4, most_steps=160)  # a look every ten steps
    found = recover(network, network, ["enc.blocks.0.ffn.fc1.weight"], {}, lesson, silent)
    assert found.n_steps == 0
    assert len(rates) == 40  # four looks
    falls = [step for step in range(1, len(rates)) if rates[step] < 0.7 * rates[step - 1]]
    assert falls == [10, 20, 30]
    assert rates[0] == pytest.approx(1e-4)
    assert rates[30] == pytest.approx(1e-4 / 8 * (0.5 + 0.5 * np.cos(np.pi * 30 / 160)))


def test_after_a_gain_it_takes_three_looks_without_one_to_go_back_to_the_best(
    checkpoint: Checkpoint, speech: Speech, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "enc.blocks.0.ffn.fc1.weight"
    network = Network(to_torch(checkpoint.tensors), checkpoint.dims)
    found: list[float] = []

    def step(optimizer: torch.optim.Optimizer, rate: float, _: torch.Tensor) -> None:
        (value,) = optimizer.param_groups[0]["params"]
        with torch.no_grad():
            value += 1
            found.append(float((value - network.tensors[name]).mean()))

    losses = iter([1.0, 0.9, *[0.95] * 100])
    monkeypatch.setattr(module, "_look", lambda *_: next(losses))
    monkeypatch.setattr(module, "_step", step)
    lesson = Lesson(speech, 1000.0, 1e-4, most_steps=160)  # a look every ten steps
    best = recover(network, network, [name], {}, lesson, silent)
    assert (best.n_steps, best.after) == (10, 0.9)
    mean = float(np.mean(np.arange(1, 11)))  # of the weights after each of the ten steps
    assert float((best.tensors[name] - network.tensors[name]).mean()) == pytest.approx(mean, abs=1e-3)
    again = [mean + 10, mean + 20, mean + 30]
    assert found[9::10] == pytest.approx([10, 20, 30, 40, *again * 3], abs=1e-3)


def test_training_rounds_as_the_file_does() -> None:
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((8, 64)).astype(np.float32)
    scales, moved = moved_for_q4_0(weights, np.eye(64, dtype=np.float32))
    scales[3, 1] = 0
    seen = _round_q4_0(torch.from_numpy(moved), torch.from_numpy(scales)).numpy()
    rows = q4_0_rows(scales, q4_0_codes_of(moved, scales))
    np.testing.assert_array_equal(seen, dequantize_q4_0(rows))


def test_int4_weights_learn(checkpoint: Checkpoint, speech: Speech) -> None:
    linears = [name for name in checkpoint.tensors if name.endswith(("fc1.weight", "fc2.weight"))]
    moments = {name: np.eye(checkpoint.tensors[name].shape[1], dtype=np.float32) for name in linears}
    arrays, rows = recover_q4_0(checkpoint, checkpoint.dims, checkpoint.tensors, moments, speech, 1.0, silent)
    assert set(rows) == set(linears)
    assert set(arrays) == set(checkpoint.tensors)
    for name in linears:
        error = np.abs(dequantize_q4_0(rows[name]) - checkpoint.tensors[name]).max()
        assert error < 0.2 * np.abs(checkpoint.tensors[name]).max()
    for name in ("enc.conv.0.weight", "enc.pos_emb.weight"):
        np.testing.assert_array_equal(arrays[name], checkpoint.tensors[name])
