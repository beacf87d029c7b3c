"""Fuzzes the reader of openai-whisper's `.pt` files: torch's archives, and the pickle in them.

    python tests/fuzz/fuzz_torch_file.py [--runs N] [--seed S] [--ledger]

Mutations of small valid files: of bytes, of the archive's entries and directory, and of the pickle's opcodes and their
arguments. Each is refused with an EdgeError, or read with all its tensors; anything else (another exception, a warning,
a message that is long or holds control characters, more than a second, 256 MiB more) is a finding and is kept.
"""

from __future__ import annotations

import argparse
import io
import json
import pickletools
import random
import resource
import runpy
import struct
import subprocess
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import EdgeError
from edge.whisper.file.dims import WhisperDims, tensor_shapes
from export.sources.openai import read_openai
from export.sources.torch_file import TorchTensor, read_torch_file

HERE = Path(__file__).resolve().parent
WRITER = HERE.parent / "export" / "sources" / "pt_files.py"
MOST_SECONDS = 1.0
MOST_MORE_BYTES = 256 << 20
MOST_CHARACTERS = 2000
SMALL = WhisperDims(4, 40, 4, 64, 1, 1, 2, 64, 1, 1)
"""With too few tokens for a vocabulary, which is found after all tensors."""

NUMBERS = (0, 1, 2, 255, 256, 65535, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 40, (1 << 64) - 1)
NAMES = ("os\nsystem\n", "builtins\neval\n", "torch\nload\n", "torch\n\x1bStorage\n", "torch\nBFloat16Storage\n",
         "torch\nLongStorage\n", "torch._utils\n_rebuild_parameter\n", "torch\nSize\n", "\n\n")  # fmt: skip


def mutate_bytes(rng: random.Random, body: bytes) -> bytes:
    """Another file: bytes and numbers changed, mostly in the directory at its end, parts cut out, doubled or lost."""
    data = bytearray(body)
    for _ in range(rng.choice((1, 1, 2, 5))):
        back = rng.choice((22, 100, 4000, len(data)))
        at = rng.randrange(max(0, len(data) - back), len(data)) if data else 0
        kind = rng.randrange(6)
        if kind <= 1:
            data[at : at + 1] = bytes([rng.randrange(256)])
        elif kind == 2:
            layout = rng.choice("HIQ")
            size = struct.calcsize(layout)
            data[at : at + size] = struct.pack("<" + layout, rng.choice(NUMBERS) % (1 << 8 * size))
        elif kind == 3:
            del data[at : at + rng.choice((1, 4, 46, 1000))]
        elif kind == 4:
            data[at:at] = data[at : at + rng.choice((1, 4, 46, 1000))]
        else:
            del data[rng.randrange(len(data) + 1) :]
    return bytes(data)


def opcodes_of(pickled: bytes) -> list[bytes]:
    """The opcodes of a sound pickle, each with its argument."""
    starts = [position for _, _, position in pickletools.genops(io.BytesIO(pickled)) if position is not None]
    return [pickled[start:end] for start, end in zip(starts, [*starts[1:], len(pickled)], strict=True)]


def random_opcode(rng: random.Random) -> bytes:
    """Any opcode, with an argument that may be one."""
    kind = rng.randrange(8)
    if kind == 0:
        return b"c" + rng.choice(NAMES).encode()
    if kind == 1:
        return b"J" + struct.pack("<I", rng.choice(NUMBERS) % (1 << 32))
    if kind == 2:
        size = rng.choice((1, 8, 9, 255))
        return b"\x8a" + bytes([size]) + rng.randbytes(size)
    if kind == 3:
        text = rng.choice((b"", b"storage", b"dims", b"\xff", b"\x1b[2J", b"0", b"a" * 300))
        return b"X" + struct.pack("<I", rng.choice((len(text), len(text) + 1, 1 << 31))) + text
    if kind == 4:
        return rng.choice((b"h", b"q")) + bytes([rng.randrange(4)])
    if kind == 5:
        return b"q\x00h\x00\x86" * rng.choice((1, 40))
    if kind == 6:
        return rng.choice((b")", b"}", b"]", b"(", b"N", b"\x85", b"\x86", b"\x87", b"t", b"Q", b"R", b"b", b"s", b"u"))
    return rng.choice(pickletools.opcodes).code.encode("latin-1") + rng.randbytes(rng.randrange(9))


def mutate_pickle(rng: random.Random, pickled: bytes) -> bytes:
    """Another pickle: opcodes put in, left out, doubled, swapped or changed."""
    parts = opcodes_of(pickled)
    for _ in range(rng.choice((1, 1, 2, 6))):
        at = rng.randrange(len(parts))
        kind = rng.randrange(6)
        if kind <= 1:
            parts.insert(at, random_opcode(rng))
        elif kind == 2:
            parts[at] = random_opcode(rng)
        elif kind == 3:
            del parts[at : at + rng.choice((1, 1, 2, 20))]
        elif kind == 4:
            parts[at:at] = parts[at : at + rng.choice((1, 3, 20))] * rng.choice((1, 1, 500))
        else:
            other = rng.randrange(len(parts))
            parts[at], parts[other] = parts[other], parts[at]
        parts = parts or [b"."]
    whole = b"".join(parts)
    return mutate_bytes(rng, whole) if rng.random() < 0.1 else whole


def mutate_archive(rng: random.Random, entries: Mapping[str, bytes]) -> bytes:
    """Another archive: entries left out, renamed, doubled, shortened, compressed; or with another pickle."""
    made = io.BytesIO()
    changed = list(entries.items())
    if rng.random() < 0.7:
        changed = [(name, mutate_pickle(rng, one) if name.endswith(".pkl") else one) for name, one in changed]
    else:
        changed = [entry for name, body in changed for entry in mutate_entry(rng, name, body)]
    with zipfile.ZipFile(made, "w") as archive:
        for name, body in changed:
            method = zipfile.ZIP_DEFLATED if rng.random() < 0.02 else zipfile.ZIP_STORED
            archive.writestr(name, body, method)
        if rng.random() < 0.05:
            archive.comment = rng.randbytes(rng.choice((1, 100, 65535)))
    return made.getvalue()


def mutate_entry(rng: random.Random, name: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    """What becomes of an entry; most stay as they are."""
    kind = rng.randrange(20)
    if kind == 0:
        return
    if kind == 1:
        name = rng.choice(("file/data.pkl", "data.pkl", "../data/0", "file/byteorder", "file/data/0", "\x1b[2J"))
    elif kind == 2:
        body = body[: rng.randrange(len(body) + 1)]
    elif kind == 3:
        yield name + "x", body
    yield name, body


def read(path: Path) -> str:
    """What became of a file: "refused" or "read"."""
    ends = []
    for reader in (read_torch_file, read_openai):
        try:
            _touch(reader(path))
            ends.append("read")
        except EdgeError as error:
            if not str(error).isprintable() or len(str(error)) > MOST_CHARACTERS:
                raise AssertionError(f"a message that is long or has control characters: {error!r:.500}") from error
            ends.append(f"refused: {type(error).__name__}")
    return ends[0]


def _touch(content: Any) -> None:
    """Read every tensor of a dictionary of dictionaries."""
    if isinstance(content, TorchTensor):
        content.read()
    elif isinstance(content, dict):
        for value in content.values():
            if isinstance(value, dict | TorchTensor) and value is not content:
                _touch(value)


def fuzz(runs: int, seed: int, folder: Path) -> tuple[Counter[str], list[Path]]:
    """Run that many mutations; how they ended, and the files that are findings."""
    path = folder / "file.pt"
    generator = np.random.default_rng(0)
    tensors = {name: generator.standard_normal(shape, np.float32) for name, shape in tensor_shapes(SMALL).items()}
    runpy.run_path(str(WRITER))["write_pt"](path, SMALL, tensors)
    body = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    assert read(path) == "read"
    ends: Counter[str] = Counter()
    found = []
    for number in range(runs):
        rng = random.Random(f"{seed}/{number}")
        path.write_bytes(mutate_bytes(rng, body) if rng.random() < 0.3 else mutate_archive(rng, entries))
        began = time.process_time()
        try:
            end = read(path)
            if time.process_time() - began > MOST_SECONDS:
                raise TimeoutError(f"{time.process_time() - began:.1f} s")
        except Exception:
            end = "finding"
            found.append(Path(f"finding-{seed}-{number}.pt"))
            found[-1].write_bytes(path.read_bytes())
            print(f"{found[-1]}:\n{traceback.format_exc()}")
        ends[end] += 1
    return ends, found


def main() -> int:
    """Parse the command line, fuzz, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    parser.add_argument("--ledger", action="store_true", help="append a line to ledger.jsonl")
    arguments = parser.parse_args()
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", "Duplicate name")  # of the archives that are written here
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MOST_MORE_BYTES, -1))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        ends, found = fuzz(arguments.runs, arguments.seed, Path(folder))
    commit = ["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]
    line = {
        "target": "torch_file",
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
