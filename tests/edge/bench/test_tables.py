"""The machine in words, and tables for people."""

from __future__ import annotations

from dataclasses import replace

from edge.bench.tables import machine_line, table
from edge.machine import describe_machine


def test_facts_of_a_run_stand_on_the_machines_own_line() -> None:
    idle = replace(describe_machine("abc"), cpu="a board", load_average=0.0)
    assert machine_line(idle).startswith("a board, ")
    assert machine_line(idle, "2 threads", "kernels avx2").endswith("commit abc, 2 threads, kernels avx2")
    busy = machine_line(replace(idle, load_average=100.0), "2 threads").splitlines()
    assert busy[0].endswith("2 threads")
    assert busy[1] == "The machine is busy (load 100.0): trust no time below."


def test_numbers_are_aligned_to_the_right() -> None:
    assert table(("engine", "ms"), [("a", "1"), ("longer", "123")]).splitlines() == [
        "| engine |  ms |",
        "| :----- | --: |",
        "| a      |   1 |",
        "| longer | 123 |",
    ]


def test_a_narrow_column_has_a_rule_that_markdown_knows() -> None:
    assert table(("a", "n"), [("b", "5")]).splitlines() == ["| a  |  n |", "| :- | -: |", "| b  |  5 |"]
