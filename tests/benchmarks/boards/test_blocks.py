"""Counted blocks: what one run did more than another, what kinds of instructions, how many cycles."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.boards.blocks import less, predict_cycles, read_counts, work_of
from benchmarks.boards.boards import ALL, BOARDS, Doing, Part, Prediction, predict, table
from benchmarks.errors import BenchmarkError

MCA = "llvm-mca-19"
MUL, ADD = 0x9B017C00, 0x8B010000  # mul x0, x0, x1; add x0, x0, x1
LOAD, SDOT, STORE, CALL = 0xF9400020, 0x4E819400, 0x3D800000, 0x94000010  # ldr x0, [x1]; sdot; str q0, [x0]; bl


def test_counts_of_a_file_are_added_up(tmp_path: Path) -> None:
    path = tmp_path / "counts.txt"
    path.write_text("3 9b017c00 8b010000\n2 8b010000\n4 9b017c00 8b010000\n")
    assert read_counts(path) == {(MUL, ADD): 7, (ADD,): 2}
    path.write_text("")
    with pytest.raises(BenchmarkError, match="has no block"):
        read_counts(path)


def test_what_a_longer_run_did_more() -> None:
    assert less({(MUL,): 7, (ADD,): 2, (LOAD,): 1}, {(MUL,): 3, (ADD,): 2, (SDOT,): 9}) == {(MUL,): 4, (LOAD,): 1}


def test_kinds_of_instructions() -> None:
    work = work_of({(MUL, LOAD, SDOT, STORE): 10, (SDOT,): 5, (CALL,): 1})
    assert (work.instructions, work.vector, work.memory) == (46, 15, 20)


@pytest.mark.skipif(shutil.which(MCA) is None, reason=f"{MCA} is not installed")
@pytest.mark.skipif(shutil.which("aarch64-linux-gnu-objdump") is None, reason="no objdump for ARM")
def test_a_chain_waits_and_calls_do_not(tmp_path: Path) -> None:
    chain = predict_cycles({(MUL,): 1000}, "neoverse-n1", tmp_path, MCA)
    assert chain == pytest.approx(4000, rel=0.05)  # four cycles until the product is there
    free = predict_cycles({(CALL,): 1000}, "neoverse-n1", tmp_path, MCA)
    assert free < 2000
    both = predict_cycles({(MUL,): 1000, (CALL,): 1000}, "neoverse-n1", tmp_path, MCA)
    assert both == pytest.approx(chain + free, rel=0.05)


def test_an_answer_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    if shutil.which("aarch64-linux-gnu-objdump") is None:
        pytest.skip("no objdump for ARM")
    with pytest.raises(BenchmarkError, match="answered for 0 of 1 blocks"):
        predict_cycles({(MUL,): 1}, "neoverse-n1", tmp_path, "true")


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
def test_the_plugin_compiles_without_a_warning(tmp_path: Path) -> None:
    source = Path(__file__).resolve().parents[3] / "benchmarks" / "boards" / "count.c"
    command = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(tmp_path / "count.so")]
    subprocess.run([*command, str(source)], check=True)


def test_the_table_says_that_it_is_a_prediction() -> None:
    board = BOARDS[0]
    whole = Prediction(board.name, "all of it", 3_000_000, 1_500_000, 300_000, 1.8e6, 0.25, 128e6, 0.01, board.target_s)
    step = Prediction(board.name, "a decoder step", 1_500_000, 750_000, 150_000, 1.8e6, 0.001, 25.6e6, 0.002, None)
    lines = table([whole, step], 3.0, "Hello.").splitlines()
    assert lines[0] == "3 s of the demo's clip, one core: 'Hello.'"
    assert lines[2].startswith("| predicted, not measured |")
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[4:]]
    assert cells[0] == [board.name, "all of it", "3", "1", "50%", "10%", "1.8", "250", "128", "10", "260", "400"]
    assert cells[1] == [board.name, "a decoder step", "1.5", "", "50%", "10%", "1.8", "1", "25.6", "2", "3", ""]


def test_parts_are_counted_by_how_often_they_are_done(tmp_path: Path) -> None:
    if shutil.which(MCA) is None or shutil.which("aarch64-linux-gnu-objdump") is None:
        pytest.skip(f"{MCA} or objdump for ARM is not installed")
    part = Part("a decoder step", Doing(0, 1, 1), Doing(0, 1, 5), 4)
    found = predict(BOARDS[0], part, {(MUL, LOAD): 4000, (SDOT,): 400}, 12.8e9, tmp_path, MCA)
    assert (found.instructions, found.vector, found.memory, found.target_s) == (2100, 100, 1000, None)
    assert found.cycles == pytest.approx(found.compute_s * BOARDS[0].clock_hz)
    assert found.read_s == 1.0
    whole = predict(BOARDS[0], ALL, {(MUL,): 8}, 1.0, tmp_path, MCA)
    assert (whole.instructions, whole.target_s) == (8, BOARDS[0].target_s)
