"""The steps of the specification, each against its definition on numbers small enough to do by hand."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from edge.arrays import DoubleArray
from edge.whisper.file.dims import WhisperDims, tensor_shapes
from export.reference import NumpyWhisper, convolve, gelu, layer_norm, linear, softmax


def array(values: ArrayLike) -> DoubleArray:
    return np.array(values, np.float64)


def test_a_linear_multiplies_rows_and_adds_its_bias() -> None:
    x, weight = array([[1, 2]]), array([[1.0, 0.0], [3.0, -1.0], [0.0, 0.5]])
    assert linear(x, weight).tolist() == [[1, 1, 1]]
    assert linear(x, weight, array([1, 2, 3])).tolist() == [[2, 3, 4]]


def test_a_norm_scales_and_shifts_what_has_mean_0_and_variance_1() -> None:
    y = layer_norm(array([[1, 3], [5, 5]]), array([2, 1]), array([0, 10]))
    np.testing.assert_allclose(y, array([[-2, 11], [0, 10]]), atol=1e-4)


def test_a_convolution_sees_a_row_of_zeros_on_both_sides() -> None:
    x, taps = array([[1], [2], [3], [4]]), array([[[100, 10, 1]]])
    assert convolve(x, taps, array([0]), 1).ravel().tolist() == [12, 123, 234, 340]
    assert convolve(x, taps, array([1]), 2).ravel().tolist() == [13, 235]


def test_softmax_gives_shares_however_large_the_scores() -> None:
    np.testing.assert_allclose(softmax(array([[1000.0, 1000.0], [0.0, -math.inf]])), array([[0.5, 0.5], [1.0, 0.0]]))
    np.testing.assert_allclose(softmax(np.log(array([[1, 3]]))), array([[0.25, 0.75]]))


def test_gelu_is_the_identity_far_above_zero_and_nothing_far_below() -> None:
    y = gelu(array([-40, -1, 0, 1, 40]))
    np.testing.assert_allclose(y, array([0, -0.158655, 0, 0.841345, 40]), atol=1e-6)


def test_no_token_sees_a_later_one_and_every_head_looks_at_all_of_the_audio() -> None:
    dims = WhisperDims(8, 30, 10, 64, 1, 1, 8, 64, 1, 2)
    rng = np.random.default_rng(1)
    model = NumpyWhisper(dims, {name: rng.standard_normal(shape) / 8 for name, shape in tensor_shapes(dims).items()})
    states = model.encode(rng.standard_normal((12, 8)))
    assert states.shape == (6, 64)
    logits, looks = model.decode(np.array([1, 2, 3], np.int32), states)
    changed, _ = model.decode(np.array([1, 2, 29], np.int32), states)
    assert (logits.shape, looks.shape) == ((3, 30), (2, 1, 3, 6))
    np.testing.assert_array_equal(logits[:2], changed[:2])
    assert np.abs(logits[2] - changed[2]).max() > 1e-3
    np.testing.assert_allclose(looks.sum(axis=-1), np.ones((2, 1, 3)))
