"""A docstring is a sentence about its own name: it begins with a verb (function) or a noun (field or attribute).

What a test can hold is the first word.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("edge", "export", "benchmarks")

_VERBS = """
    Add Allow Announce Answer Append Apply Ask Average Begin Break Bring Build Capture Check Choose Close Collect
    Combine Compare Complain Compute Connect Convert Copy Count Cut Declare Decode Delete Describe Detect Dictate
    Divide Do Download Draw Encode End Escape Estimate Expand Explain Export Extend Feed Fetch Fill Find Fit Flush
    Follow Forbid Forget Gather Get Give Go Group Guess Hash Have Hear Hold Import Join Judge Keep Kill Lay Lead Leave
    Lend Let List Listen Load Lock Look Make Map Mark Match Measure Mend Mix Move Multiply Name Narrow Note Notice
    Open Pack Pair Parse Pass Place Plan Play Point Prepare Press Print Publish Put Quantize Raise Rank Read Reduce
    Refuse Release Remember Remove Repeat Replace Report Require Return Round Run Say Score See Send Serve Set Settle
    Show Skip Sleep Sort Speak Split Stack Stand Start Stop Store Strip Sum Summarize Take Tell Time Train Transcribe
    Translate Try Turn Type Understand Undo Wait Walk Widen Wrap Write Yield
"""
VERBS = frozenset(_VERBS.split())
"""Words that the docstrings of functions begin with. A verb that is missing belongs here, in alphabetical order."""

PREDICATES = frozenset({"Whether"})

_OPENERS = """
    As At Behind Beside Besides Between But By For From In Into Of On Out Over So That This These Those Their They It
    Its To Under Until What When Where Which While Who Whose Why With Within Without How
"""
OPENERS = frozenset(_OPENERS.split())
"""Prepositions, relative words and pronouns, which leave the noun to the reader."""


@dataclass(frozen=True, slots=True)
class Docstring:
    """One docstring, and what it is of."""

    place: str
    """File and line, and the name."""
    first: str
    """First word, without a comma or the like after it."""
    is_function: bool

    @property
    def is_right(self) -> bool:
        """Whether it begins as it should."""
        if self.is_function:
            return self.first in VERBS | PREDICATES
        return self.first not in OPENERS and not self.first.startswith("…")


def docstrings_of(path: Path) -> Iterator[Docstring]:
    """Yield all but those of modules and classes, which are titles."""
    yield from _within(ast.parse(path.read_text(encoding="utf-8")), str(path.relative_to(ROOT)))


def _within(node: ast.AST, file: str) -> Iterator[Docstring]:
    body = list(ast.iter_child_nodes(node))
    for number, child in enumerate(body):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(child)
            if text:
                yield _docstring(f"{file}:{child.lineno} {child.name}", text, is_function=not _is_property(child))
        elif isinstance(child, (ast.Assign, ast.AnnAssign)):
            below = body[number + 1] if number + 1 < len(body) else None
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                targets = child.targets[0] if isinstance(child, ast.Assign) else child.target
                name = f"{file}:{child.lineno} {ast.unparse(targets)}"
                yield _docstring(name, str(below.value.value), is_function=False)
        yield from _within(child, file)


def _docstring(place: str, text: str, *, is_function: bool) -> Docstring:
    return Docstring(place, text.split(maxsplit=1)[0].rstrip(",:;.") if text.strip() else "", is_function)


def _is_property(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in function.decorator_list)


def _wrong_in(folder: str) -> list[str]:
    found = (each for path in sorted((ROOT / folder).rglob("*.py")) for each in docstrings_of(path))
    return [f"{each.place}: {each.first}" for each in found if not each.is_right]


@pytest.mark.parametrize("package", PACKAGES)
def test_docstrings_begin_with_their_own_word(package: str) -> None:
    """Fields and attributes with a noun, functions with a verb, predicates with "Whether"."""
    assert _wrong_in(package) == []


def test_the_rule_sees_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "up.py").write_text(
        'LIMIT = 3\n"""At most."""\n'
        'def right() -> None:\n    """Return nothing."""\n'
        'def wrong() -> None:\n    """The nothing."""\n'
        "class A:\n"
        '    size: int\n    """Of it."""\n'
        '    name: str\n    """Name of it."""\n'
        '    @property\n    def whole(self) -> int:\n        """All of it."""\n'
        '    def is_it(self) -> bool:\n        """Whether it is."""\n'
        '    def __init__(self) -> None:\n        self.there = 1\n        """Where it is."""\n',
        encoding="utf-8",
    )
    assert [place.partition(" ")[2] for place in _wrong_in("made")] == [
        "LIMIT: At",
        "wrong: The",
        "size: Of",
        "self.there: Where",
    ]
