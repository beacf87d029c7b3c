"""Tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from ..machine import Machine

_BUSY_SHARE = 0.25
"""Load as a share of the cores above which times are worth little."""


def machine_line(machine: Machine, *more: str) -> str:
    """Write the machine and more facts of a run in a line, and a second one where the machine is busy."""
    facts = [
        machine.cpu,
        f"{machine.cores} cores",
        f"{machine.memory_gb:g} GB",
        f"governor {machine.governor or 'unknown'}",
        f"Linux {machine.kernel}" if machine.system.startswith("Linux") else machine.system,
        f"commit {machine.commit or 'unknown'}",
        *more,
    ]
    line = ", ".join(facts)
    if machine.load_average is not None and machine.load_average > _BUSY_SHARE * machine.cores:
        line += f"\nThe machine is busy (load {machine.load_average}): trust no time below."
    return line


def table(header: Sequence[str], rows: Sequence[Sequence[str]], n_left: int = 1) -> str:
    """Write a Markdown table, the first `n_left` columns aligned to the left and the others to the right."""
    # At least a dash and a colon, without which Markdown sees no table.
    widths = [max(2, *(len(row[column]) for row in (header, *rows))) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if column < n_left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rules = [
        ":" + "-" * (width - 1) if column < n_left else "-" * (width - 1) + ":" for column, width in enumerate(widths)
    ]
    return "\n".join([line(header), line(rules), *(line(row) for row in rows)])
