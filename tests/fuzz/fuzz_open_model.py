"""Fuzzes what stands above the GGUF parser: `open_model`, `describe`, and the engine on what they let through.

    python tests/fuzz/fuzz_open_model.py [--kind whisper|language] [--runs N] [--seed S] [--ledger]

Mutations of small valid models, which differ in sizes and precisions: of bytes, and of keys and tensors. Each is
refused with an EdgeError, or opens and runs; anything else (another exception, a warning, more than a second, 256 MiB
more) is a finding and is kept.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import runpy
import struct
import subprocess
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import EdgeError
from edge.gguf.file import StoredTensor
from edge.gguf.types import BLOCKS, TensorType
from edge.gguf.writer import write_gguf
from edge.quant import quantize_int8
from edge.whisper.engines.native import WhisperEngine
from edge.whisper.file.dims import HEAD_DIM, LayerShape, WhisperDims
from edge.whisper.file.inspect import describe
from edge.whisper.file.layers import layers_metadata
from edge.whisper.file.model import open_model

HERE = Path(__file__).resolve().parent
SMALL_MODEL = HERE.parent / "edge" / "whisper" / "file" / "conftest.py"
MOST_SECONDS = 1.0
MOST_MORE_BYTES = 256 << 20
MUTATIONS_OF_ONE = 25
"""Runs on the same model, the first of which leaves it as it is."""

Metadata = dict[str, Any]
Tensors = dict[str, StoredTensor]

_NUMBERS = (0, 1, 2, 3, 7, 8, 31, 32, 64, 127, 128, 255, 1611, 1612, 1613, 65535, 65536, 2**31 - 1, 2**32 - 1)
_FLOATS = (np.nan, np.inf, -np.inf, -1.0, 0.0, 3e38, -3e38, 1e-45)


def mutate_bytes(rng: random.Random, data: bytes, n_header: int) -> bytes:
    """A few changes to the file as it is, most of them in its header."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(n_header if rng.random() < 0.8 else len(changed)) % max(len(changed), 1)
        match rng.randrange(6):
            case 0:
                changed[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                changed[at : at + 4] = struct.pack("<I", rng.choice(_NUMBERS))
            case 2:
                changed[at : at + 8] = struct.pack("<Q", rng.choice((*_NUMBERS, 2**40, 2**63, 2**64 - 1)))
            case 3:
                del changed[at : at + rng.randint(1, 64)]
            case 4:
                changed[at:at] = changed[at : at + rng.randint(1, 64)]
            case _:
                del changed[rng.randrange(len(changed)) if rng.random() < 0.2 else len(changed) - rng.randint(0, 64) :]
        if not changed:
            break
    return bytes(changed)


def mutate_value(rng: random.Random, value: Any) -> Any:
    """Another value for a key: near the old one, extreme, or of another type."""
    others: list[Callable[[], Any]] = [
        lambda: rng.choice(_NUMBERS),
        lambda: rng.choice((True, False)),
        lambda: rng.choice((0.5, float("nan"), 1e30)),
        lambda: rng.choice(("", "whisper", "int8", "x\x1b[2J", "\0", "é" * 300)),
        lambda: [],
        lambda: ["a", "<|endoftext|>"] * rng.randint(1, 900),
        lambda: np.array([rng.choice((-1, 0, 1, 1611, 1612)) for _ in range(rng.randint(0, 9))], np.int32),
        lambda: np.zeros(rng.choice((0, 1, 5000)), rng.choice(("u1", "f4", "?", "i8"))),
    ]
    if isinstance(value, int) and not isinstance(value, bool) and rng.random() < 0.5:
        return max(0, value + rng.randint(-2, 2))
    if isinstance(value, list) and value and rng.random() < 0.7:
        changed = list(value)
        changed[rng.randrange(len(changed))] = rng.choice(("", "\n", " ", "Ġ", "€", "𐍈", "<|endoftext|>", "\u0143"))
        if rng.random() < 0.3:
            changed.insert(rng.randrange(len(changed)), changed.pop(rng.randrange(len(changed))))
        return changed
    return rng.choice(others)()


def mutate_tensor(rng: random.Random, tensor: StoredTensor) -> StoredTensor:
    """Another type, shape or content, still well-formed GGUF."""
    kind = rng.randrange(4)
    if kind == 0 and tensor.data.dtype.kind == "f":
        data = tensor.data.copy()
        with np.errstate(over="ignore"):  # into float16
            data.reshape(-1)[rng.randrange(data.size)] = rng.choice(_FLOATS)
        return replace(tensor, source=data)
    shape = tensor.shape
    if kind == 1:
        shape = tuple(max(1, n + rng.randint(-1, 1)) for n in shape)
    elif kind == 2:
        shape = rng.choice((shape[::-1], shape[1:] or (1,), (*shape, 1)[:4], (1, *shape)[:4]))
    weights, n_bytes = BLOCKS[type_ := rng.choice(list(TensorType)) if rng.random() < 0.6 else tensor.type]
    if shape[-1] % weights:
        return replace(tensor, name=f"{tensor.name}x")
    size = int(np.prod(shape)) // weights * n_bytes
    return replace(tensor, type=type_, shape=shape, source=np.frombuffer(rng.randbytes(size), np.uint8))


def mutate_model(rng: random.Random, metadata: Metadata, tensors: Tensors) -> tuple[Metadata, Tensors]:
    """One or two keys or tensors changed, dropped or moved to the end."""
    metadata, tensors = dict(metadata), dict(tensors)
    for _ in range(rng.randint(1, 2)):
        part: dict[str, Any] = rng.choice((metadata, metadata, tensors))
        key = rng.choice(list(part))
        value = part.pop(key)
        match rng.randrange(6):
            case 0:
                continue
            case 1:
                part[key] = value
            case _ if part is tensors:
                changed = mutate_tensor(rng, value)
                part[changed.name] = changed
            case _:
                part[key] = mutate_value(rng, value)
    return metadata, tensors


def random_dims(rng: random.Random) -> WhisperDims:
    """Sizes that a sound model can have, if no published one does."""
    width = HEAD_DIM * (heads := rng.choice((1, 1, 2)))
    contexts = (1, 2, 4, 15, 16, 17, 40)
    n_layers = rng.choice((1, 1, 2))
    shapes = tuple(
        LayerShape(16 * rng.randint(1, 4), 32 * rng.randint(1, width // 8), *(32 * rng.randint(0, 2) for _ in "123"))
        for _ in range(n_layers)
    )
    return WhisperDims(
        *(rng.choice((1, 2, 3, 80, 86, 128, 512)), 1612, rng.choice(contexts), width, heads, n_layers),
        *(rng.choice(contexts), width, heads, rng.choice((1, 1, 2))),
        layers=rng.choice(((), shapes)),
    )


def retyped(rng: random.Random, tensor: StoredTensor) -> Iterator[StoredTensor]:
    """A float tensor as INT8 with its scales, or as float16, where its place allows."""
    if tensor.type is TensorType.F32 and len(tensor.shape) == 3 and rng.random() < 0.5:
        codes, scales = quantize_int8(tensor.data.reshape(tensor.shape[0], -1))
        yield replace(tensor, type=TensorType.I8, source=codes.reshape(tensor.shape))
        yield StoredTensor(f"{tensor.name}_scale", TensorType.F32, scales.shape, scales)
    elif tensor.type is TensorType.F32 and tensor.name.startswith(("enc.", "dec.")) and "_scale" not in tensor.name:
        half = rng.random() < 0.3
        yield replace(tensor, type=TensorType.F16, source=tensor.data.astype(np.float16)) if half else tensor
    else:
        yield tensor


_small: dict[str, Any] = runpy.run_path(str(SMALL_MODEL))


def random_model(rng: random.Random) -> tuple[Metadata, Tensors]:
    """A whole model of random sizes."""
    dims = random_dims(rng)
    tensors = (changed for tensor in _small["small_tensors"](dims).values() for changed in retyped(rng, tensor))
    return _small["small_metadata"](dims) | layers_metadata(dims), {tensor.name: tensor for tensor in tensors}


def run(path: Path) -> str:
    """What became of a file: "refused", "opened" or "ran"."""
    try:
        describe(path, tensors=True)
        with open_model(path) as model:
            engine = WhisperEngine(model, threads=1)
            state = engine.new_state()
            state.encode(np.ones((2 * model.dims.n_audio_ctx, model.dims.n_mels), np.float32))
            state.decode(np.array([[0, 1]], np.int32), alignment=engine.n_alignment_heads > 0)
    except EdgeError as error:
        if not str(error).isprintable():
            raise AssertionError(f"a message with control characters: {error!r}") from error
        return f"refused: {type(error).__name__}"
    return "ran"


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of models: how one is made, and what is done with a file."""

    make: Callable[[random.Random], tuple[Metadata, Tensors]]
    run: Callable[[Path], str]


def target(kind: str) -> Target:
    """The functions for a kind of models."""
    if kind == "whisper":
        return Target(random_model, run)
    language = runpy.run_path(str(HERE / "language_model.py"))
    return Target(language["random_model"], language["run"])


def fuzz(target: Target, runs: int, seed: int, folder: Path) -> tuple[Counter[str], list[Path]]:
    """Run that many mutations; how they ended, and the files that are findings."""
    path = folder / "mutated.gguf"
    ends: Counter[str] = Counter()
    found = []
    for number in range(runs):
        rng = random.Random(f"{seed}/{number}")
        if number % MUTATIONS_OF_ONE == 0:
            metadata, tensors = target.make(rng)
            path.unlink(missing_ok=True)
            write_gguf(path, metadata, tensors.values())
            data = path.read_bytes()
            n_header = len(data) - sum(tensor.data.nbytes for tensor in tensors.values())
        elif rng.random() < 0.5:
            path.write_bytes(mutate_bytes(rng, data, n_header))
        else:
            changed_metadata, changed_tensors = mutate_model(rng, metadata, tensors)
            path.unlink(missing_ok=True)
            try:
                write_gguf(path, changed_metadata, changed_tensors.values())
            except ValueError:
                ends["not written"] += 1
                continue
        began = time.process_time()
        try:
            end = target.run(path)
            if time.process_time() - began > MOST_SECONDS:
                raise TimeoutError(f"{time.process_time() - began:.1f} s")
        except Exception:
            end = "finding"
            found.append(Path(f"finding-{seed}-{number}.gguf"))
            found[-1].write_bytes(path.read_bytes())
            print(f"{found[-1]}:\n{traceback.format_exc()}")
        ends[end] += 1
    return ends, found


def main() -> int:
    """Parse the command line, fuzz, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kind", choices=("whisper", "language"), default="whisper", help="kind of models")
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    parser.add_argument("--unlimited", action="store_true", help="no limit on memory, as under a sanitizer")
    parser.add_argument("--ledger", action="store_true", help="append a line to ledger.jsonl")
    arguments = parser.parse_args()
    warnings.simplefilter("error")
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    if not arguments.unlimited:
        resource.setrlimit(resource.RLIMIT_AS, (used + MOST_MORE_BYTES, -1))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        ends, found = fuzz(target(arguments.kind), arguments.runs, arguments.seed, Path(folder))
    commit = ["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]
    line = {
        "target": "open_model" if arguments.kind == "whisper" else "open_model: language",
        "commit": subprocess.run(commit, capture_output=True, text=True, check=False).stdout.strip(),
        "executions": arguments.runs,
        "seconds": round(time.monotonic() - began),
        "seed": arguments.seed,
        "ends": dict(ends.most_common()),
        "findings": len(found),
    }
    print(json.dumps(line))
    if arguments.ledger:
        with (HERE / "ledger.jsonl").open("a") as ledger:
            ledger.write(json.dumps(line) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
