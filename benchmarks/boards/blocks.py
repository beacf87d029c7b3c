"""Counted blocks of instructions, and the cycles that a model of a processor gives them."""

from __future__ import annotations

import re
import struct
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import BenchmarkError

Block = tuple[int, ...]
"""Words of a block's instructions."""
Counts = Mapping[Block, int]
"""Number of times that each block runs."""

COVERED = 0.98
"""Share of the instructions whose blocks are looked at one by one; the rest is given their mean."""
_ITERATIONS = 100
_REGION = re.compile(r"Code Region - b(\d+)\n.*?Total Cycles:\s+(\d+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Work:
    """Instructions of a piece of work."""

    instructions: int
    vector: int
    """Instructions of the unit for vectors and floating point."""
    memory: int
    """Loads and stores."""


def read_counts(path: Path) -> Counter[Block]:
    """Read what the plugin (count.c) wrote."""
    counts: Counter[Block] = Counter()
    for line in path.read_text(encoding="ascii").splitlines():
        times, *words = line.split()
        counts[tuple(int(word, 16) for word in words)] += int(times)
    if not counts:
        raise BenchmarkError(f"{path} has no block; did the plugin run?")
    return counts


def less(more: Counts, fewer: Counts) -> dict[Block, int]:
    """Take what one run did from what a longer one did: the work that it did more."""
    return {block: n for block, times in more.items() if (n := times - fewer.get(block, 0)) > 0}


def work_of(counts: Counts) -> Work:
    """Add up the instructions of blocks by A64's top-level groups: x1x0 loads and stores, x111 vectors and floats."""
    total = vector = memory = 0
    for block, times in counts.items():
        groups = [word >> 25 & 15 for word in block]
        total += times * len(block)
        vector += times * sum(group & 7 == 7 for group in groups)
        memory += times * sum(group & 5 == 4 for group in groups)
    return Work(total, vector, memory)


def predict_cycles(counts: Counts, cpu: str, folder: Path, mca: str) -> float:
    """Compute the cycles of blocks on a processor of llvm-mca, whose caches hit and whose branches are foreseen."""
    blocks = _hottest(counts)
    each = _cycles(_assembler(blocks, folder), cpu, mca)
    seen = sum(counts[block] * len(block) for block in blocks)
    cycles = sum(counts[block] * each[i] for i, block in enumerate(blocks))
    return cycles * work_of(counts).instructions / seen


def _hottest(counts: Counts) -> list[Block]:
    """Choose the blocks that make up nearly all instructions."""
    order = sorted(counts, key=lambda block: counts[block] * len(block), reverse=True)
    left = COVERED * work_of(counts).instructions
    for n, block in enumerate(order, 1):
        left -= counts[block] * len(block)
        if left <= 0:
            return order[:n]
    return order


def _assembler(blocks: Sequence[Block], folder: Path) -> list[list[str]]:
    """Write blocks as lines of assembler, a list for each."""
    code = folder / "blocks.bin"
    code.write_bytes(b"".join(struct.pack(f"<{len(block)}I", *block) for block in blocks))
    command = ["aarch64-linux-gnu-objdump", "-D", "-b", "binary", "-m", "aarch64", "--no-show-raw-insn", str(code)]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = iter(re.findall(r"^\s*[0-9a-f]+:\t(.+)$", listing, re.MULTILINE))
    return [[_plain(next(lines)) for _ in block] for block in blocks]


def _plain(line: str) -> str:
    """Make what objdump prints into what llvm-mca reads: a call is a branch, and what it does not know a nop."""
    line = re.sub(r"\s*(//|<).*", "", line)
    line = re.sub(r"^(b|b\.\w+|bl|cbn?z|tbn?z|adrp?)\t(.*?)0x[0-9a-f]+$", r"\1\t\g<2>0", line)  # where to is no matter
    line = re.sub(r"^bl(r?)\t", r"b\1\t", line).replace("ret", "br\tx30")
    return "nop" if line.startswith((".inst", "udf", "mrs", "msr", "dc\t", "ic\t")) else line


def _cycles(blocks: Iterable[list[str]], cpu: str, mca: str) -> list[float]:
    """Ask llvm-mca for the cycles of each block."""
    text = "".join(
        f"# LLVM-MCA-BEGIN b{i}\n" + "\n".join(block) + "\n# LLVM-MCA-END\n" for i, block in enumerate(blocks)
    )
    command = [
        mca,
        "-mtriple=aarch64-linux-gnu",
        f"-mcpu={cpu}",
        "-mattr=+dotprod,+i8mm,+lse",
        f"-iterations={_ITERATIONS}",
    ]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    found = {int(number): int(cycles) / _ITERATIONS for number, cycles in _REGION.findall(done.stdout)}
    n_blocks = text.count("MCA-BEGIN")
    if len(found) != n_blocks:
        raise BenchmarkError(f"{mca} answered for {len(found)} of {n_blocks} blocks: {done.stderr.strip()[:300]}")
    return [found[i] for i in range(n_blocks)]
