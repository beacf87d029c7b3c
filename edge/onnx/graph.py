"""One ONNX graph in onnxruntime: opened, checked against what it should take and give, and run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import EdgeError, FormatError, KernelError
from .external import check_external

if TYPE_CHECKING:
    import onnxruntime

Shape = tuple[int | None, ...]
"""Sizes of an array; None where any size will do."""

Value = Any
"""Value of onnxruntime (`OrtValue`): an array that stays where onnxruntime has it."""

_TYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64}
_SEVERE = 3


@dataclass(frozen=True, slots=True)
class Signature:
    """The inputs and outputs of a graph by name."""

    inputs: Mapping[str, Shape]
    outputs: Mapping[str, Shape]
    integers: tuple[str, ...] = ()
    """Inputs of int64; all else is float32."""


os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when it is imported or first used: it would look up a host


def require_onnxruntime() -> None:
    """Raise EdgeError where onnxruntime is not installed, or is there but cannot be used."""
    try:
        from onnxruntime import InferenceSession  # noqa: F401
    except ImportError as error:
        raise EdgeError(f"onnxruntime is missing ({error}): pip install onnxruntime") from error
    except Exception as error:  # a build for another machine or another numpy fails in any way
        raise EdgeError(f"onnxruntime is broken ({error}): pip install --force-reinstall onnxruntime") from error


class Graph:
    """A graph that takes and gives what its signature says."""

    def __init__(self, path: Path, signature: Signature, threads: int, weights: str | None = None) -> None:
        """Open `path`, which may have numbers in the file `weights` beside it, and in no other.

        Raises:
            FormatError: it is no graph that onnxruntime can run, reads other files, or takes or gives something else.
        """
        self._path = path
        self._signature = signature
        check_external(path, weights)
        self._session = _open(path, threads)
        _check(path, "input", self._session.get_inputs(), signature.inputs, signature.integers)
        _check(path, "output", self._session.get_outputs(), signature.outputs)

    def run(self, inputs: Mapping[str, Value], outputs: Sequence[str]) -> list[Value]:
        """Run the graph, and return the outputs of these names.

        Raises:
            KernelError: onnxruntime gave up, or gave something of another shape.
        """
        try:
            found: list[Value] = self._session.run_with_ort_values(list(outputs), dict(inputs))
        except MemoryError:
            raise
        except Exception as error:  # onnxruntime's have no base of their own
            raise KernelError(f"{self._path}: onnxruntime: {_first_line(error)}") from error
        for name, value in zip(outputs, found, strict=True):
            if not _fits(value.shape(), self._signature.outputs[name]):
                raise KernelError(
                    f"{self._path}: {name} came as {tuple(value.shape())}, "
                    f"expected {_written(self._signature.outputs[name])}"
                )
        return found


def to_value(array: NDArray[Any]) -> Value:
    """Return an array as onnxruntime takes it; it shares the memory."""
    import onnxruntime

    return onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))


def _open(path: Path, threads: int) -> onnxruntime.InferenceSession:
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # there are some on Windows
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _SEVERE
    # Weights stored in 8 bits are widened when the graph is opened; otherwise they would be, whole, for each token.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    # Sums of INT8 products overflow on x86 without VNNI; there a slower product is taken.
    options.add_session_config_entry("session.x64quantprecision", "1")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except MemoryError:
        raise
    except Exception as error:  # onnxruntime's have no base of their own
        raise FormatError(f"{path}: onnxruntime cannot open it: {_first_line(error)}") from error


def _check(
    path: Path, what: str, found: Sequence[Any], expected: Mapping[str, Shape], integers: Sequence[str] = ()
) -> None:
    """Whether the declared inputs or outputs are the expected ones; sizes that the graph leaves open are fine."""
    by_name = {argument.name: argument for argument in found}
    wrong = sorted(by_name.keys() ^ expected.keys())
    if wrong:
        state = "is missing" if wrong[0] in expected else "is not known"
        raise FormatError(f"{path}: the {what} {wrong[0]!r:.80} {state}; this is not the graph of such a model")
    for name, shape in expected.items():
        kind = np.int64 if name in integers else np.float32
        declared = [size if isinstance(size, int) else None for size in by_name[name].shape]
        if _TYPES.get(by_name[name].type) is not kind or not _fits(declared, shape):
            raise FormatError(
                f"{path}: {what} {name}: expected {kind.__name__} {_written(shape)}, "
                f"found {by_name[name].type} {_written(declared)}"
            )


def _fits(found: Sequence[int | None], expected: Shape) -> bool:
    pairs = zip(found, expected, strict=False)
    return len(found) == len(expected) and all(None in (size, wanted) or size == wanted for size, wanted in pairs)


def _written(shape: Sequence[int | None]) -> str:
    return f"({', '.join('any' if size is None else str(size) for size in shape)})"


def _first_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else f"{text[:300]}…"
