"""Predict what boards that are not here would need for a command, from the instructions that the ARM wheel executes.

Predicted, not measured. The wheel transcribes the demo's clip under qemu, once and twice; it encodes as much once and
twice, and decodes some steps and more of them. What the longer of two runs adds is counted block by block, and
llvm-mca's model of each processor gives the cycles of each block. Its caches hit and its branches are foreseen, so a
board is slower than this; what memory adds at most is told by the bytes of the weights that are read and the published
rate of the board's memory. `edgewise bench` on a board replaces the prediction.

ROOTS is the folder that tests/emulated/run.sh keeps where ROOTS is set, WHEEL what tests/wheels/build.sh builds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge.bench.result_file import make_result
from edge.bench.roofline import weight_bytes
from edge.bench.tables import table as as_table
from edge.machine import describe_machine
from edge.prepare import prepare_model
from edge.store import ensure
from edge.whisper.file.model import open_model
from edge.whisper.tokens import Tokenizer

from ..arguments import add_json
from ..errors import BenchmarkError
from ..progress import tell
from .blocks import Counts, less, predict_cycles, read_counts, work_of

EXAMPLES = """\
examples:
  ROOTS=roots bash tests/emulated/run.sh --short && bash tests/wheels/build.sh wheels aarch64
  python -m benchmarks boards --roots roots --wheel wheels/edgewise-*_aarch64.whl
"""

HERE = Path(__file__).resolve().parent
PROMPT_TOKENS = 3


@dataclass(frozen=True, slots=True)
class Board:
    """A board as its maker describes it."""

    name: str
    emulated: str
    """Processor as which qemu runs the wheel."""
    modelled: str
    """Processor of llvm-mca; it has no model of its own for Cortex-A76, which Neoverse N1 was made from."""
    clock_hz: float
    memory_bytes_s: float
    """Transfers a second times the width of the bus, as published."""
    target_s: float | None
    """Seconds within which a command of 3 s should be read."""


BOARDS = (
    Board("Raspberry Pi 4", "cortex-a72", "cortex-a72", 1.8e9, 3200e6 * 4, 0.400),
    Board("Raspberry Pi 5", "cortex-a76", "neoverse-n1", 2.4e9, 4267e6 * 4, 0.150),
)


@dataclass(frozen=True, slots=True)
class Doing:
    """What one run under qemu does."""

    clips: int
    """Transcriptions of the clip."""
    encodings: int
    steps: int
    """Steps of the decoder, after the encodings."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the work, which a run does more often than another run."""

    name: str
    fewer: Doing
    more: Doing
    times: int
    """Number of times that it does it more often."""


PARTS = (
    Part("all of it", Doing(1, 0, 0), Doing(2, 0, 0), 1),
    Part("the encoder", Doing(0, 1, 8), Doing(0, 2, 8), 1),
    Part("a decoder step", Doing(0, 1, 8), Doing(0, 1, 24), 16),
)
ALL = PARTS[0]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a board would need for a part of the work on one clip."""

    board: str
    part: str
    instructions: int
    vector: int
    memory: int
    cycles: float
    compute_s: float
    """Seconds of one core, with all in its caches."""
    read_bytes: float
    """Bytes of weights that are read, where no cache keeps any."""
    read_s: float
    """Seconds that reading them takes at the published rate."""
    target_s: float | None
    """Seconds that all of the work may take; None for the other parts."""

    @property
    def total_s(self) -> float:
        """Seconds if nothing of the reading is hidden behind the computing."""
        return self.compute_s + self.read_s


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--roots", required=True, type=Path, help="folder of the arm64 Debian and its packages")
    parser.add_argument("--wheel", required=True, type=Path, help="wheel for ARM")
    parser.add_argument("--model", default="tiny.en", help="model in INT8 (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=3.0, help="how much of the clip (default: %(default)s)")
    parser.add_argument("--mca", default="llvm-mca-19", help="llvm-mca of LLVM 15 or later (default: %(default)s)")
    add_json(parser)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Count, predict and print the table."""
    for tool in ("qemu-aarch64", "gcc", "aarch64-linux-gnu-objdump", options.mca):
        if shutil.which(tool) is None:
            raise BenchmarkError(f"{tool} is missing; Debian's qemu-user, gcc, binutils-aarch64-linux-gnu and llvm-19")
    model, clip = prepare_model(options.model, "int8", offline=True), ensure("jfk", offline=True)
    predictions, text = [], ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build = ["gcc", "-O2", "-shared", "-fPIC", "-o", str(folder / "count.so"), str(HERE / "count.c")]
        subprocess.run(build, check=True)
        with zipfile.ZipFile(options.wheel) as archive:
            archive.extractall(folder / "installed")
        for board in BOARDS:
            files: dict[Doing, Path] = {}
            for number, doing in enumerate(dict.fromkeys(doing for part in PARTS for doing in (part.fewer, part.more))):
                tell(f"{board.name}: {number + 1} ...")
                files[doing] = folder / f"{board.emulated}-{number}"
                told = _listen(
                    options, folder, board, [str(model), str(clip), str(options.seconds)], doing, files[doing]
                )
                text = told.partition("\n")[0] or text
            read = read_bytes_of(model, text)
            for part in PARTS:
                counts = less(read_counts(files[part.more]), read_counts(files[part.fewer]))
                predictions.append(predict(board, part, counts, read[part.name], folder, options.mca))
    tell("")
    print(table(predictions, options.seconds, text))
    return make_result(
        "boards", describe_machine(), predictions=[asdict(prediction) for prediction in predictions], text=text
    )


def _listen(
    options: argparse.Namespace, folder: Path, board: Board, arguments: Sequence[str], doing: Doing, out: Path
) -> str:
    """Do some work under qemu, with the counts in a file; gives the texts."""
    root = options.roots / "bookworm-arm64"
    paths = f"{folder / 'installed'}:{options.roots / 'packages-arm64'}"
    command = ["qemu-aarch64", "-cpu", board.emulated, "-plugin", str(folder / "count.so"), "-d", "plugin"]
    command += ["-D", str(out), "-L", str(root), str(root / "usr/bin/python3.11"), "-B", str(HERE / "listen.py")]
    command += [*arguments, str(doing.clips), str(doing.encodings), str(doing.steps)]
    environment = {**os.environ, "PYTHONPATH": paths, "EDGEWISE_OFFLINE": "1", "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise BenchmarkError(f"{board.emulated}: {done.stderr.strip()[-500:]}")
    return done.stdout.strip()


def read_bytes_of(model: Path, text: str) -> dict[str, float]:
    """Count the bytes of weights that each part reads, for a clip with this text."""
    with open_model(model) as file:
        step, encoder = weight_bytes(file.tensors), float(file.dims.encoder_weights)
        n_steps = len(Tokenizer(file.vocabulary).encode(" " + text)) + PROMPT_TOKENS
    return dict(zip((part.name for part in PARTS), (n_steps * step + encoder, encoder, step), strict=True))


def predict(board: Board, part: Part, more: Counts, read_bytes: float, folder: Path, mca: str) -> Prediction:
    """Compute a prediction from what a run did more than another."""
    work = work_of(more)
    cycles = predict_cycles(more, board.modelled, folder, mca) / part.times
    return Prediction(
        board.name,
        part.name,
        *(work.instructions // part.times, work.vector // part.times, work.memory // part.times),
        cycles,
        cycles / board.clock_hz,
        read_bytes,
        read_bytes / board.memory_bytes_s,
        board.target_s if part is ALL else None,
    )


def table(predictions: Sequence[Prediction], seconds: float, text: str) -> str:
    """Write the predictions as Markdown."""
    header = ["predicted, not measured", "of", "M instructions", "a second of speech", "vector", "loads, stores"]
    header += ["M cycles", "compute ms", "weights read MB", "reading ms", "together ms", "target ms"]
    rows = [
        (
            *(p.board, p.part, f"{p.instructions / 1e6:.3g}"),
            "" if p.part == PARTS[2].name else f"{p.instructions / seconds / 1e6:.3g}",
            f"{p.vector / p.instructions:.0%}",
            f"{p.memory / p.instructions:.0%}",
            f"{p.cycles / 1e6:.3g}",
            f"{p.compute_s * 1e3:.3g}",
            f"{p.read_bytes / 1e6:.3g}",
            f"{p.read_s * 1e3:.2g}",
            f"{p.total_s * 1e3:.3g}",
            "" if p.target_s is None else f"{p.target_s * 1e3:.0f}",
        )
        for p in predictions
    ]
    return f"{seconds:g} s of the demo's clip, one core: {text!r}\n\n{as_table(header, rows, n_left=2)}"
