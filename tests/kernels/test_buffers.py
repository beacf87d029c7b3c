"""What the compiled part makes of buffers: kinds it refuses, and callers that change them while a call runs."""

from __future__ import annotations

import array
import gc
import itertools
import runpy
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import tiny_model as tiny
from numpy.typing import NDArray

from edge import _kernels

Numbers = NDArray[Any]

python_buffers = pytest.mark.skipif(sys.version_info < (3, 12), reason="Python code gives buffers from 3.12 on")


class Buffer:
    """A buffer that runs code when it is asked for, and when it is given back."""

    def __init__(self, given: Any, at_start: Callable[[], object] = int, at_end: Callable[[], object] = int) -> None:
        self.given, self.at_start, self.at_end = given, at_start, at_end

    def __buffer__(self, flags: int) -> memoryview:
        self.at_start()
        return memoryview(self.given() if callable(self.given) else self.given)

    def __release_buffer__(self, view: memoryview) -> None:
        self.at_end()
        view.release()


class Truth:
    """A truth value that runs code when it is asked for."""

    def __init__(self, code: Callable[[], object]) -> None:
        self.code = code

    def __bool__(self) -> bool:
        self.code()
        return True


def misaligned(values: Numbers) -> Numbers:
    """The same values, a byte off."""
    memory = np.zeros(values.nbytes + 1, np.uint8)
    off: Numbers = memory[1:].view(values.dtype).reshape(values.shape)
    off[...] = values
    return off


def spoiled(values: Numbers) -> Iterator[tuple[str, Any]]:
    """The values as nothing that the compiled part should take."""
    yield "objects", values.astype(object)
    yield "twice as wide", values.astype(np.float64 if values.dtype.kind == "f" else np.int64)
    if values.size > 1:
        yield "every other one", np.repeat(values.reshape(-1), 2)[::2]
    yield "text", "0" * values.nbytes
    yield "truth values", np.zeros(values.nbytes, bool)
    if values.dtype.itemsize > 1:
        yield "foreign byte order", values.astype(values.dtype.newbyteorder())
        yield "a byte off", misaligned(values)
        yield "half as wide", values.astype(np.float16 if values.dtype.kind == "f" else np.int16)


def inputs_and_outputs() -> Iterator[tuple[str, Numbers, Callable[[_kernels.Buffer], object]]]:
    """Every buffer of the compiled part, a good value of it, and a call that takes it."""
    state, model = tiny.new_state(), _kernels.Model(tiny.DIMS, "ref", 1, True)
    logits, tokens = np.empty((1, 1, tiny.N_VOCAB), np.float32), np.zeros((1, 1), np.int32)
    hidden = np.empty((2, 10, tiny.WIDTH), np.float32)
    codes, scales = tiny.rows((64, 64), tiny.INT8)
    assert scales is not None
    alignment = np.empty((1, 1, 1, state.n_keys), np.float32)

    def decode(*, ids: _kernels.Buffer = tokens, out: _kernels.Buffer = logits, heads: _kernels.Buffer = None) -> None:
        state.rewind(0)
        state.decode(ids, 1, 1, out, True, heads)

    yield "mel", tiny.mel(), lambda b: state.encode(b, 20, None)
    yield "hidden", hidden, lambda b: state.encode(tiny.mel(), 20, b)
    yield "tokens", tokens, lambda b: decode(ids=b)
    yield "logits", logits, lambda b: decode(out=b)
    yield "alignment", alignment, lambda b: decode(heads=b)
    yield "parents", np.zeros(2, np.int32), lambda b: state.reorder(b, 2)
    yield "encoder", np.empty((10, tiny.WIDTH), np.float32), lambda b: state.read_encoder(b)
    yield "codes", codes, lambda b: model.set_linear("enc.out", 0, 0, 64, tiny.INT8, b, scales)
    yield "scales", scales, lambda b: model.set_linear("enc.out", 0, 0, 64, tiny.INT8, codes, b)
    floats = tiny.rows((64, 192), tiny.F32)[0]
    yield "weights", floats, lambda b: model.set_linear("enc.conv2", 0, 0, 64, tiny.F32, b, None)
    yield "norm", np.ones(64, np.float32), lambda b: model.set_floats("enc.norm.weight", 0, 0, 64, b)
    yield "heads", np.zeros(2, np.int32), lambda b: model.set_alignment_heads(b, 1)
    one, none, contexts = np.ones(1, np.int32), np.zeros(1, np.int32), np.ones(64, np.float32)
    yield "counts", one, lambda b: model.set_tail(1, one, b, 1, none, contexts)
    yield "contexts", contexts, lambda b: model.set_tail(1, one, one, 1, none, b)
    yield "values", np.ones(5, np.float32), lambda b: _kernels.sum_exp("ref", b, 5, 1.0)
    bounds, filters, frame = np.array([[0], [3]], np.int32), np.ones((1, 201), np.float32), np.empty(1, np.float32)
    sound = np.ones(400, np.float32)
    yield "samples", sound, lambda b: _kernels.log_mel("ref", b, 1, bounds, filters, 1, frame)
    yield "bounds", bounds, lambda b: _kernels.log_mel("ref", sound, 1, b, filters, 1, frame)
    yield "weights", filters, lambda b: _kernels.log_mel("ref", sound, 1, bounds, b, 1, frame)
    yield "frames", frame, lambda b: _kernels.log_mel("ref", sound, 1, bounds, filters, 1, b)
    packed, matrix = np.empty((1, 3, 16), np.float32), np.ones((2, 3), np.float32)
    yield "packed", packed, lambda b: _kernels.pack_f32(matrix, 2, 3, b)
    yield "matrix", matrix, lambda b: _kernels.pack_f32(b, 2, 3, packed)


def is_refused(call: Callable[[_kernels.Buffer], object], bad: object) -> bool:
    """Whether the call says that it cannot take this."""
    try:
        call(bad)
    except (ValueError, TypeError, BufferError):
        return True
    return False


@pytest.mark.parametrize("name", [name for name, _, _ in inputs_and_outputs()])
def test_only_aligned_native_numbers_of_the_right_kind_are_taken(name: str) -> None:
    good, call = next((good, call) for one, good, call in inputs_and_outputs() if one == name)
    call(good)
    call(bytearray(good.tobytes()))
    for what, bad in spoiled(good):
        assert is_refused(call, bad), f"{name} was taken as {what}"
    call(good)


def test_a_message_says_what_was_expected() -> None:
    state = tiny.new_state()
    with pytest.raises(ValueError, match="mel: expected float32 in native byte order, or raw bytes; got format '>f'"):
        state.encode(tiny.mel().astype(">f4"), 20, None)
    with pytest.raises(ValueError, match="mel: expected float32 on a multiple of 4 bytes; the buffer is misaligned"):
        state.encode(misaligned(tiny.mel()), 20, None)
    with pytest.raises(ValueError, match="mel: expected 320 bytes, got 160"):
        state.encode(array.array("f", [0.0] * 40), 20, None)


def test_sums_in_messages_do_not_overflow() -> None:
    model, most = _kernels.Model(tiny.DIMS, "ref", 1, True), sys.maxsize
    with pytest.raises(ValueError, match=f"{most} rows from row {most - 15}"):
        model.set_linear("enc.out", 0, most - 15, most, tiny.F32, b"", None)
    with pytest.raises(ValueError, match=f"{most} values from {most}"):
        model.set_floats("enc.norm.weight", 0, most, most, b"")


def test_a_truth_value_may_run_another_call() -> None:
    state = tiny.new_state()
    long_alignment = np.empty((1, 1, 1, 10), np.float32)
    logits, tokens = np.empty((1, 1, tiny.N_VOCAB), np.float32), np.zeros((1, 1), np.int32)
    shorten = cast("bool", Truth(lambda: state.encode(tiny.mel(4), 4, None)))
    with pytest.raises(ValueError, match="alignment: expected 8 bytes, got 40"):
        state.decode(tokens, 1, 1, logits, shorten, long_alignment)


@python_buffers
def test_a_call_inside_a_call_is_refused() -> None:
    state, found = tiny.new_state(), []
    expected = tiny.run(state)

    def call_again() -> None:
        calls: tuple[Callable[[], object], ...] = (
            lambda: state.encode(tiny.mel(4), 4, None),
            lambda: state.rewind(0),
            lambda: state.reorder(np.zeros(1, np.int32), 1),
            lambda: state.read_encoder(np.empty((10, 64), np.float32)),
            lambda: state.decode(tiny.TOKENS, 1, 3, np.empty((3, tiny.N_VOCAB), np.float32), False, None),
            lambda: state.n_past,
            lambda: state.n_keys,
        )
        for call in calls:
            with pytest.raises(RuntimeError, match="in a call around this one: use one state a thread"):
                call()
            found.append(call)

    state.encode(Buffer(tiny.mel(), call_again, call_again), 20, None)
    logits = np.empty((1, 3, tiny.N_VOCAB), np.float32)
    state.decode(Buffer(tiny.TOKENS, call_again), 1, 3, Buffer(logits, call_again), False, None)
    assert len(found) >= 4 * 7
    assert logits.tobytes() == expected


@python_buffers
def test_a_buffer_may_shrink_what_another_shows() -> None:
    state = tiny.new_state()
    numbers = np.zeros(20 * tiny.N_MELS, np.float32)
    hidden = np.empty((2, 10, tiny.WIDTH), np.float32)

    def shrink() -> None:
        numbers.resize(1, refcheck=False)

    with pytest.raises(ValueError, match="mel: expected 320 bytes, got 4"):
        state.encode(numbers, 20, Buffer(hidden, shrink))
    codes, scales = tiny.rows((64, 64), tiny.INT8)
    assert scales is not None

    def shrink_scales() -> None:
        scales.resize(1, refcheck=False)

    model = _kernels.Model(tiny.DIMS, "ref", 1, True)
    model.set_linear("enc.out", 0, 0, 64, tiny.INT8, Buffer(codes, shrink_scales), scales)
    lengths = itertools.cycle([tiny.N_VOCAB, 1])
    logits = Buffer(lambda: np.empty(next(lengths), np.float32))
    with pytest.raises(ValueError, match="logits: expected 332 bytes, got 4"):
        tiny.new_state().decode(np.zeros(1, np.int32), 1, 1, logits, True, None)


CHANGES: dict[str, Callable[[_kernels.Model], object]] = {
    "shape": lambda model: model.shape_layer(0, (64, 256, 0, 32, 0)),
    "split": lambda model: model.split_vocabulary(16, 16),
    "seal": tiny.new_state,
}


@python_buffers
@pytest.mark.parametrize(
    ("change", "name", "message"),
    [
        ("shape", "enc.fc1", "enc.fc1: expected 32768 bytes, got 65536"),
        ("split", "dec.vocabulary", "dec.vocabulary: 83 rows from row 0 of 16"),
        ("seal", "enc.fc1", "the model is in use"),
        ("seal", "dec.vocabulary", "the model is in use"),
    ],
)
def test_a_buffer_may_change_the_model_that_it_is_for(change: str, name: str, message: str) -> None:
    model, shape = tiny.new_model(), tiny.linear_shapes()[name]
    weights = Buffer(tiny.rows(shape, tiny.F32)[0], lambda: CHANGES[change](model))
    with pytest.raises((ValueError, RuntimeError), match=message):
        model.set_linear(name, 0, 0, shape[0], tiny.F32, weights, None)


def test_arrays_may_be_resized_by_another_thread() -> None:
    state = tiny.new_state(tiny.new_model(threads=2))
    mel = tiny.mel().reshape(-1).copy()
    tokens, logits = np.zeros(3, np.int32), np.empty(3 * tiny.N_VOCAB, np.float32)
    arrays = {id(values): (values, values.size) for values in (mel, tokens, logits)}
    is_done = threading.Event()

    def resize() -> None:
        while not is_done.is_set():
            for values, size in arrays.values():
                for length in (1, size):
                    values.resize(length, refcheck=False)

    thread = threading.Thread(target=resize)
    thread.start()
    refused = 0
    for _ in range(300):
        try:
            state.encode(mel, 20, None)
            state.decode(tokens, 1, 3, logits, False, None)
        except ValueError:
            refused += 1
    is_done.set()
    thread.join()
    assert 0 <= refused <= 300


def test_a_state_shows_the_logits_of_a_step() -> None:
    state = tiny.new_state(n_beams=2)
    tokens, logits = np.array([[1], [2]], np.int32), np.empty((2, 1, tiny.N_VOCAB), np.float32)
    state.decode(tokens, 2, 1, logits, True, None)
    state.rewind(0)
    shown = np.frombuffer(memoryview(state), np.float32).reshape(logits.shape)
    shown[...] = 0
    state.decode(tokens, 2, 1, None, True, None)
    assert np.array_equal(shown, logits)
    with pytest.raises(ValueError, match="logits: expected a buffer, since not only the last ones"):
        state.decode(tokens, 2, 1, None, False, None)
    del state
    gc.collect()
    assert np.array_equal(shown, logits)  # the view keeps the state


def test_a_state_that_runs_shows_nothing() -> None:
    """A call writes the logits without the GIL, and its own arguments are read while it is on its way."""
    state = tiny.new_state()
    logits = memoryview(state)
    with pytest.raises(BufferError, match="this state is running: its logits are there when the call has ended"):
        state.encode(state, 4, None)
    assert bytes(memoryview(state)) == bytes(logits)


def test_a_type_outlives_its_name() -> None:
    script = """
import gc, sys
sys.path[:0] = sys.argv[1:]
import tiny_model as tiny
from edge import _kernels
model, State = tiny.new_model(), _kernels.State
del _kernels.Model
gc.collect()
for wrong in (object(), 3, State):
    try:
        State(wrong, 1)
    except TypeError:
        pass
print(len(tiny.run(tiny.new_state(model))))
"""
    command = [sys.executable, "-c", script, *sys.path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 4 * 3 * tiny.N_VOCAB


class Trap:
    """Garbage that overwrites bytes when it is collected."""

    def __init__(self, target: bytearray) -> None:
        self.target, self.me = target, self

    def __del__(self) -> None:
        self.target[:] = b"\xff" * len(self.target)


def test_objects_made_of_a_file_read_nothing_that_changes(tmp_path: Path) -> None:
    """The collector runs code while the parser's tuples are made."""
    corpus = Path(__file__).resolve().parents[1] / "fuzz" / "make_corpus.py"
    runpy.run_path(str(corpus))["write_corpus"](tmp_path)
    changed = 0
    for file in sorted(tmp_path.glob("*.gguf")):
        data = bytearray(file.read_bytes())
        expected = _kernels.gguf_parse(bytes(data))
        threshold = gc.get_threshold()
        Trap(data)
        gc.set_threshold(1, 1, 1)
        try:
            assert _kernels.gguf_parse(data) == expected
        finally:
            gc.set_threshold(*threshold)
        changed += bytes(data) != file.read_bytes()
    assert changed > 0
