"""The C engine against Whisper written down in numpy, and its promises: same bits, no leaks between callers."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.errors import KernelError
from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from edge.ops import cpu_info
from edge.quant import dequantize_int8, dequantize_q4_0, quantize_int8, quantize_q4_0
from edge.whisper.engines.native import EngineState, WhisperEngine
from edge.whisper.file.dims import LayerShape, WhisperDims
from edge.whisper.file.embedding import BANDS, CHANNEL_SCALE
from edge.whisper.file.landmarks import Tail
from export.reference import NumpyWhisper

from .random_whisper import COMPRESSED, DIMS, HEADS, TOKENS, engine, mel, model_file, random_tensors, run


def alignment_of(looks: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the alignment heads looked at, of the reference's every head."""
    return np.array([looks[layer][head] for layer, head in HEADS])


@pytest.mark.parametrize("dims", [DIMS, COMPRESSED], ids=["whole", "compressed"])
def test_float32_is_whisper(dims: WhisperDims) -> None:
    reference = NumpyWhisper(dims, random_tensors(dims))
    states = reference.encode(mel())
    logits, looks = reference.decode(TOKENS[0], states)
    alignment = alignment_of(looks)
    state = engine(dims=dims).new_state()
    state.encode(mel())
    np.testing.assert_allclose(state.encoder_output(), states, atol=2e-5)
    np.testing.assert_allclose(state.decode(TOKENS, last_only=False, alignment=True)[0], logits, atol=2e-5)
    np.testing.assert_allclose(state.alignment()[0], alignment, atol=1e-6)


@pytest.mark.parametrize("dims", [DIMS, COMPRESSED], ids=["whole", "compressed"])
@pytest.mark.parametrize(("precision", "most"), [("int8", 0.03), ("int4", 0.03)])
def test_integers_compute_what_their_weights_say(precision: str, most: float, dims: WhisperDims) -> None:
    """Against float64 on the dequantized weights: what is left is the rounding of activations."""
    tensors = random_tensors(dims)
    for name, values in tensors.items():
        if values.ndim == 2 and "pos_emb" not in name:
            stored = (
                dequantize_int8(*quantize_int8(values))
                if precision == "int8"
                else dequantize_q4_0(quantize_q4_0(values))
            )
            tensors[name] = stored
    reference = NumpyWhisper(dims, tensors)
    logits, _ = reference.decode(TOKENS[0], reference.encode(mel()))
    found = run(engine(precision, dims=dims).new_state(), mel())
    assert np.linalg.norm(found - logits) / np.linalg.norm(logits) < most


@pytest.mark.parametrize("precision", ["f32", "int8", "int4"])
def test_one_token_at_a_time_gives_the_same_bits(precision: str) -> None:
    state = engine(precision).new_state()
    together = run(state, mel()).copy()
    state.rewind(0)
    for i, token in enumerate(TOKENS[0]):
        assert np.array_equal(state.decode(np.array([[token]]))[0, 0], together[i])
    assert state.n_past == TOKENS.shape[1]


@pytest.mark.parametrize("precision", ["f32", "int8", "int4"])
def test_threads_do_not_change_a_bit(precision: str) -> None:
    one = run(engine(precision, threads=1).new_state(), mel())
    for threads in (2, 3, 5):
        assert np.array_equal(run(engine(precision, threads=threads).new_state(), mel()), one)


@pytest.mark.parametrize("dims", [DIMS, COMPRESSED], ids=["whole", "compressed"])
@pytest.mark.parametrize("precision", ["f32", "int8", "int4"])
def test_cpu_levels_do_not_change_a_bit(precision: str, dims: WhisperDims, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for level in cpu_info().supported:
        monkeypatch.setenv("EDGE_CPU", level)
        forced = engine(precision, dims=dims)
        assert forced.level == level
        found[level] = run(forced.new_state(), mel())
    for level, logits in found.items():
        assert np.array_equal(logits, found["ref"]), level


def test_beams_are_independent_and_can_be_reordered() -> None:
    shared = engine("int8")
    beams, single = shared.new_state(n_beams=3), shared.new_state()
    beams.encode(mel())
    single.encode(mel())
    prompts = np.array([[1, 2], [3, 4], [5, 6]], np.int32)
    logits = beams.decode(prompts).copy()
    parents = np.array([2, 0, 0], np.int32)
    beams.reorder(parents)
    after = beams.decode(np.array([[7], [8], [9]], np.int32)).copy()
    for beam, parent in enumerate(parents):
        single.rewind(0)
        assert np.array_equal(single.decode(prompts[parent : parent + 1])[0], logits[parent])
        assert np.array_equal(single.decode(np.array([[7 + beam]], np.int32))[0], after[beam])


def test_a_prompt_is_decoded_once_and_given_to_every_beam() -> None:
    shared = engine("int8")
    beams, single = shared.new_state(n_beams=3), shared.new_state()
    for state in (beams, single):
        state.encode(mel())
    assert np.array_equal(beams.decode(TOKENS), single.decode(TOKENS))
    with pytest.raises(KernelError, match="beam 1 holds 0 of the 7 tokens"):
        beams.decode(np.array([[1], [2]], np.int32))
    beams.reorder(np.zeros(3, np.int32))
    together = beams.decode(np.array([[1], [2], [3]], np.int32))
    for beam in range(3):
        assert np.array_equal(single.decode(np.array([[1 + beam]], np.int32))[0], together[beam])
        single.rewind(7)
    with pytest.raises(KernelError, match="parents: 3 is not below 3"):
        beams.reorder(np.array([0, 3], np.int32))
    with pytest.raises(KernelError, match="expected 1 to 3"):
        beams.reorder(np.zeros(4, np.int32))


CALLS = ["decode", "decode", "reorder", "rewind", "encode"]


@pytest.fixture(scope="module")
def beam_states() -> tuple[EngineState, EngineState]:
    shared = engine("f32", threads=1)
    return shared.new_state(n_beams=4), shared.new_state()


@given(st.lists(st.tuples(st.sampled_from(CALLS), st.integers(0, 10**6)), max_size=9))
@settings(deadline=None, max_examples=40)
def test_beams_remember_what_they_were_told(
    beam_states: tuple[EngineState, EngineState], steps: list[tuple[str, int]]
) -> None:
    """Any calls in any order, against the tokens that each beam should hold by then."""
    beams, single = beam_states
    clip = mel(20)
    beams.encode(clip)
    held: list[list[int]] = [[], [], [], []]
    for step, seed in [*steps, ("decode", 0)]:
        rng = np.random.default_rng(seed)
        sound = [beam for beam in range(4) if len(held[beam]) == beams.n_past]
        if step == "encode":
            clip = mel(20, seed)
            beams.encode(clip)
            held = [[], [], [], []]
        elif step == "rewind":
            beams.rewind(n := int(rng.integers(0, beams.n_past + 1)))
            held = [tokens[:n] for tokens in held]
        elif step == "reorder":
            parents = rng.choice(sound, rng.integers(1, 5)).astype(np.int32)
            beams.reorder(parents)
            # Beams behind those hold what nobody continues: of use again only from the start.
            held = [list(held[parent]) for parent in parents] + [[] for _ in range(len(parents), 4)]
        elif 0 in sound:
            n_sound = next((beam for beam in range(4) if beam not in sound), 4)
            tokens = rng.integers(0, 3, (rng.integers(1, n_sound + 1), 2)).astype(np.int32)
            logits = beams.decode(tokens).copy()
            single.encode(clip)
            for beam, more in enumerate(tokens.tolist()):
                held[beam] += more
                single.rewind(0)
                assert np.array_equal(single.decode(np.array([held[beam]], np.int32))[0], logits[beam])


LANDMARKS = np.array([10, 17, 18, 25, 36], np.int32)
COUNTS = np.array([7, 1, 3, 11, 4], np.int32)


def a_tail(local_heads: tuple[int, ...] = ()) -> Tail:
    rng = np.random.default_rng(4)
    contexts = rng.standard_normal((len(LANDMARKS), len(local_heads), 64)).astype(np.float32)
    return Tail(8, LANDMARKS, COUNTS, np.array(local_heads, np.int32), contexts)


def clip_and_padding(n_positions: int = 16) -> NDArray[np.float32]:
    features = mel(2 * n_positions)
    features[-6:] = -0.75
    return features


def test_a_landmark_counts_as_often_as_it_says() -> None:
    """Against a window in which each landmark behind the clip stands `count` times."""
    features = clip_and_padding()
    reference = NumpyWhisper(DIMS, random_tensors())
    behind = LANDMARKS >= 16
    more = np.full((8, DIMS.n_mels), -0.75, np.float32)
    x = reference.front(np.concatenate([features, more]))
    positions = reference.tensors["enc.pos_emb.weight"]
    landmarks = x[17] + positions[np.repeat(LANDMARKS[behind], COUNTS[behind])]
    states = reference.encoder_layers(np.concatenate([x[:16] + positions[:16], landmarks]))
    logits, looks = reference.decode(TOKENS[0], states)
    alignment = alignment_of(looks)
    state = engine(tail=a_tail()).new_state()
    state.encode(features)
    np.testing.assert_allclose(state.encoder_output(), states[:16], atol=2e-5)
    np.testing.assert_allclose(state.decode(TOKENS, last_only=False, alignment=True)[0], logits, atol=2e-5)
    found = state.alignment()[0]
    assert found.shape == (2, TOKENS.shape[1], 16 + np.count_nonzero(behind))
    np.testing.assert_allclose(found[..., :16], alignment[..., :16], atol=1e-6)
    np.testing.assert_allclose(found[..., 16:].sum(-1), alignment[..., 16:].sum(-1), atol=1e-6)


def test_local_heads_of_landmarks_are_given() -> None:
    features = clip_and_padding()
    found = [run(engine(tail=a_tail(heads)).new_state(), features) for heads in ((), (0,), (1,), (0, 1))]
    assert all(np.abs(one - other).max() > 1e-4 for one in found for other in found if one is not other)


def test_a_tail_leaves_whole_windows_alone() -> None:
    whole = mel(80)
    assert np.array_equal(
        run(engine("int8", tail=a_tail((1,))).new_state(), whole), run(engine("int8").new_state(), whole)
    )


@pytest.mark.parametrize("precision", ["f32", "int8", "int4"])
def test_threads_and_levels_do_not_change_a_tail(precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    features = clip_and_padding()
    first = run(engine(precision, threads=1, tail=a_tail((1,))).new_state(), features)
    for level in cpu_info().supported:
        monkeypatch.setenv("EDGE_CPU", level)
        assert np.array_equal(run(engine(precision, threads=3, tail=a_tail((1,))).new_state(), features), first)


def test_hidden_states_are_those_of_each_layer() -> None:
    reference = NumpyWhisper(DIMS, random_tensors())
    hidden = engine().new_state().hidden_states(mel())
    assert hidden.shape == (3, 25, 128)
    np.testing.assert_allclose(
        hidden[0], reference.front(mel()) + reference.tensors["enc.pos_emb.weight"][:25], atol=2e-5
    )
    np.testing.assert_allclose(reference.norm("enc.final_norm", hidden[2]), reference.encode(mel()), atol=2e-5)


def test_wrong_tails_are_refused() -> None:
    def refused(message: str, **changes: Any) -> None:
        with pytest.raises(KernelError, match=message):
            engine(tail=dataclasses.replace(a_tail((1,)), **changes))

    refused("out of order", positions=LANDMARKS[::-1].copy())
    refused("out of order", positions=LANDMARKS + 10)
    refused("out of order", counts=COUNTS - 1)
    refused("out of order", local_heads=np.array([2], np.int32))
    refused("expected 20 bytes, got 16", counts=COUNTS[:4])
    refused("expected 1280 bytes", contexts=np.zeros((5, 2, 64), np.float32))


@pytest.mark.parametrize("shape", [(8, 512), (80, 512), (24, 512), (64, 0), (64, 500), (64, 544), (64, 512, 160)])
def test_shapes_that_the_engine_cannot_run_are_refused(shape: tuple[int, ...]) -> None:
    dims = dataclasses.replace(DIMS, layers=(LayerShape(*shape),) * 2)
    with pytest.raises(KernelError, match="encoder layer 0: widths"):
        WhisperEngine(model_file(random_tensors(), "f32", dims))


def test_a_new_clip_forgets_the_old_one() -> None:
    shared = engine("int8")
    used, fresh = shared.new_state(), shared.new_state()
    run(used, mel(80, seed=5))
    assert np.array_equal(run(used, mel(30)), run(fresh, mel(30)))


@pytest.mark.parametrize("precision", ["int8", "f32"])
def test_states_in_turns_do_not_find_what_others_left(precision: str) -> None:
    """The buffers that a pass works in are the model's: a shorter clip after a longer one, and back."""
    shared = engine(precision, threads=2)
    lengths = (80, 14, 50, 30)
    expected = [run(engine(precision, threads=2).new_state(), mel(n, n)).copy() for n in lengths]
    states = [shared.new_state() for _ in lengths]
    for _ in range(2):
        for state, n, logits in zip(states, lengths, expected, strict=True):
            assert np.array_equal(run(state, mel(n, n)), logits)
    del states, state  # the last one takes the buffers along, and the next makes them anew
    assert np.array_equal(run(shared.new_state(), mel(80, 80)), expected[0])


def test_threads_and_models_do_not_disturb_each_other() -> None:
    engines = [engine("int8", threads=2), engine("f32", threads=2)]
    clips = [mel(40, seed) for seed in range(6)]
    expected = [[run(e.new_state(), clip).copy() for clip in clips] for e in engines]

    def work(index: int) -> list[NDArray[np.float32]]:
        state = engines[index % 2].new_state()
        return [run(state, clip).copy() for _ in range(3) for clip in clips]

    with ThreadPoolExecutor(4) as pool:
        for index, found in enumerate(pool.map(work, range(4))):
            for logits, reference in zip(found, expected[index % 2] * 3, strict=True):
                assert np.array_equal(logits, reference)


def refuse(call: Callable[[], object], message: str) -> None:
    with pytest.raises(KernelError, match=message):
        call()


def test_wrong_calls_are_refused() -> None:
    state = engine().new_state(n_beams=2)
    refuse(lambda: state.decode(np.zeros((2, 1), np.int32)), "before encode")
    refuse(lambda: state.encode(mel(51)), "even number of frames")
    refuse(lambda: state.encode(mel(82)), "from 2 to 80")
    refuse(lambda: state.encode(np.zeros((4, 79), np.float32)), r"\(n_frames, 80\)")
    state.encode(mel(4))
    refuse(lambda: state.decode(np.zeros((3, 1), np.int32)), r"expected \(1 to 2 beams, n\), got \(3, 1\)")
    refuse(lambda: state.decode(np.full((2, 1), 100, np.int32)), "100 is not below 100")
    refuse(lambda: state.decode(np.full((2, 1), -1, np.int32)), "-1 is not below")
    refuse(lambda: state.decode(np.zeros((2, 33), np.int32)), "1 to 32")
    state.decode(np.zeros((2, 30), np.int32))
    refuse(lambda: state.decode(np.zeros((2, 3), np.int32)), "has 32 positions")
    refuse(state.alignment, "did not ask")
    with pytest.raises(ValueError, match="expected 0 to 30"):
        state.rewind(31)
    refuse(lambda: state.reorder(np.array([0, 2], np.int32)), "2 is not below 2")


def test_an_unknown_cpu_level_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_CPU", "mmx")
    with pytest.raises(KernelError, match="EDGE_CPU=mmx: there is no such level; choose one of ref"):
        engine()


def test_memory_stays_when_models_come_and_go() -> None:
    script = """
import resource, sys
sys.path[:0] = sys.argv[1:]
from random_whisper import engine, mel, run
peaks = []
for _ in range(60):
    run(engine("int8").new_state(), mel())
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(peaks[-1] - peaks[19])
"""
    paths = [str(Path(__file__).parent), *sys.path]
    out = subprocess.run([sys.executable, "-c", script, *paths], capture_output=True, text=True, check=True)
    assert int(out.stdout) < 1024  # KiB over forty loads


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_can_go_on() -> None:
    state = engine("int8").new_state()
    expected = run(state, mel()).copy()
    child = os.fork()
    if child == 0:  # no assertion may leave the child
        os._exit(0 if np.array_equal(run(state, mel()), expected) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert np.array_equal(run(state, mel()), expected)


def banded(bands: tuple[int, int], channels: NDArray[np.float32]) -> tuple[Any, dict[str, NDArray[np.float32]]]:
    """A model file whose embedding lies in three bands, and the plain float tensors that it stands for."""
    tensors = random_tensors()
    file = model_file(tensors, "f32")
    whole = file.tensors.pop("dec.token_embd.weight").data
    restored, edges = [], (0, bands[0], sum(bands), len(whole))
    for stem, kind, first, stop in zip(BANDS, ("int8", "int4", "int8"), edges, edges[1:], strict=False):
        rows = [one.data for one in model_file({stem: whole[first:stop] / channels}, kind).tensors.values()]
        file.tensors |= model_file({f"{stem}.weight": whole[first:stop] / channels}, kind).tensors
        restored.append(dequantize_q4_0(rows[0]) if kind == "int4" else dequantize_int8(rows[0], rows[1]))
    file.tensors[CHANNEL_SCALE] = StoredTensor(CHANNEL_SCALE, TensorType.F32, channels.shape, channels)
    return file, tensors | {"dec.token_embd.weight": np.concatenate(restored) * channels}


def test_an_embedding_in_bands_is_the_embedding() -> None:
    file, tensors = banded((32, 48), np.exp(random_tensors()["dec.final_norm.bias"]))
    states = [WhisperEngine(one, threads=3).new_state(2) for one in (file, model_file(tensors, "f32"))]
    tokens = np.array([[3, 99, 0, 31, 32, 79, 80], [99, 80, 79, 32, 31, 5, 1]], np.int32)
    for state in states:
        state.encode(mel())
    logits = [state.decode(tokens, last_only=False).copy() for state in states]
    np.testing.assert_allclose(logits[0], logits[1], atol=2e-3 * np.abs(logits[1]).max())
    states[0].rewind(0)
    np.testing.assert_array_equal(states[0].decode(tokens)[:, 0], logits[0][:, -1])


@pytest.mark.parametrize("bands", [(16, 8), (8, 32), (24, 24)])
def test_bands_that_are_none_are_refused(bands: tuple[int, int]) -> None:
    file, _ = banded(bands, np.ones(DIMS.n_text_state, np.float32))
    with pytest.raises(KernelError, match="in bands of"):
        WhisperEngine(file, threads=1)
