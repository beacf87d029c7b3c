"""Byte strings in two buffers behave as a tuple of them does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.gguf.strings import ByteStrings

lists = st.lists(st.binary(max_size=3), max_size=12)


@given(lists, st.slices(12))
def test_it_is_the_sequence_it_was_made_of(strings: list[bytes], part: slice) -> None:
    packed = ByteStrings.of(strings)
    assert len(packed) == len(strings)
    assert list(packed) == strings
    assert packed[part] == tuple(strings[part])
    for index in range(-len(strings), len(strings)):
        assert packed[index] == strings[index]
    for outside in (len(strings), -len(strings) - 1):
        with pytest.raises(IndexError):
            packed[outside]


@given(lists, st.binary(max_size=3))
def test_find_gives_the_first_that_is_equal(strings: list[bytes], wanted: bytes) -> None:
    assert ByteStrings.of(strings).find(wanted) == (strings.index(wanted) if wanted in strings else None)


def test_it_is_equal_by_what_it_holds() -> None:
    one, same, other = (ByteStrings.of(strings) for strings in ([b"a", b"bc"], [b"a", b"bc"], [b"ab", b"c"]))
    assert (one == same, one == other) == (True, False)
    assert len({one, same, other}) == 2
