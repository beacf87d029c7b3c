from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.bench.sets import read_manifest
from edge.bench.spoken import SET, Spoken, joined, read_spoken, some_of, spread_out
from edge.store import read_catalogue


def _of(n: int) -> list[Spoken]:
    return [Spoken(f"{number}", f"word {number}", np.full(16000, number, np.float32)) for number in range(n)]


def test_some_are_of_all_readers() -> None:
    assert [one.name for one in some_of(_of(60), 6)] == ["0", "10", "20", "30", "40", "50"]
    assert len(some_of(_of(60), 60)) == 60
    assert some_of([], 5) == []


def test_the_first_few_are_as_long_and_as_short_as_all() -> None:
    spoken = [Spoken(f"{n}", "", np.zeros(n, np.float32)) for n in (3, 1, 7, 5, 2, 6, 4)]
    assert [one.name for one in spread_out(spoken)] == ["5", "2", "7", "4", "1", "6", "3"]
    assert spread_out([]) == []


def test_recordings_are_joined_with_pauses() -> None:
    whole = joined(_of(3))
    assert whole.text == "word 0 word 1 word 2"
    assert whole.seconds == pytest.approx(3 + 2 * 0.4)


def test_each_recording_of_the_set_is_pinned(shared_data: Path) -> None:
    """And it is what the set of the same name in the test data has."""
    spoken = read_spoken(shared_data / "librispeech_test_other")
    assert [one.name for one in spoken] == [file.name for file in read_catalogue()[SET].files]
    manifest = read_manifest(shared_data / "librispeech_test_other")
    assert [one.text for one in spoken] == [one.text for one in manifest.utterances]
