"""A model file that changes while it is read: an error that names it, never the end of the process."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from edge.errors import FormatError
from edge.gguf.contents import Contents
from edge.gguf.file import open_gguf
from edge.whisper.engines.native import WhisperEngine
from edge.whisper.file.model import open_model

from .conftest import WriteModel

CUT_SHORT = r"{name}: expected {before} bytes, as when it was opened, found \d+: it was cut short .* export it again"


@pytest.mark.parametrize("part", [0.0, 0.3, 0.6, 0.99])
def test_a_file_cut_short_after_it_was_opened_is_refused(write_model: WriteModel, part: float) -> None:
    path = write_model()
    before = path.stat().st_size
    with open_model(path) as model:
        os.truncate(path, int(part * before))
        with pytest.raises(FormatError, match=CUT_SHORT.format(name=path.name, before=before)):
            WhisperEngine(model, threads=1)


def test_metadata_stay_readable_whatever_becomes_of_the_file(write_model: WriteModel) -> None:
    path = write_model()
    with open_gguf(path) as file:
        os.truncate(path, 0)
        assert file.metadata["general.name"] == "whisper-small-test"
        assert len(file.metadata.raw_strings("tokenizer.ggml.tokens")) == 1612


def test_a_file_that_is_replaced_is_read_as_it_was(write_model: WriteModel, tmp_path: Path) -> None:
    path = write_model()
    with open_gguf(path) as file:
        tensor = file.tensors["enc.final_norm.bias"]
        expected = np.array(tensor.data)
        other = tmp_path / "other"
        other.write_bytes(b"something else")
        other.replace(path)
        assert np.array_equal(tensor.data, expected)
    assert np.array_equal(tensor.data, expected)  # and for as long as somebody has a tensor


def test_threads_read_the_bytes_that_they_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    numbers = np.arange(1 << 16, dtype="<u4")
    path.write_bytes(numbers.tobytes())
    contents = Contents(path)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: contents.read(4 * i, 4096).view("<u4"), range(0, 1 << 14, 7)))
    assert all(np.array_equal(part, numbers[i : i + 1024]) for part, i in zip(found, range(0, 1 << 14, 7), strict=True))


def test_what_was_read_cannot_be_written(write_model: WriteModel) -> None:
    with open_gguf(write_model()) as file:
        assert not any(tensor.data.flags.writeable for tensor in file.tensors.values())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc")
def test_the_file_is_closed_with_the_last_of_its_tensors(write_model: WriteModel) -> None:
    path = write_model()

    def n_open() -> int:
        return sum(os.path.realpath(link) == str(path) for link in Path("/proc/self/fd").iterdir())

    with open_gguf(path) as file:
        kept = file.tensors["enc.final_norm.bias"]
        assert n_open() == 1
    assert n_open() == 1
    del kept, file
    assert n_open() == 0


def test_a_long_header_is_read_on(write_model: WriteModel, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_model()
    with open_model(path) as model:
        n_tensors = len(model.tensors)
    for first_read in (1, 24, 1000, 30_000):
        monkeypatch.setattr("edge.gguf.file._FIRST_READ", first_read)
        with open_model(path) as model:
            assert model.name == "small-test"
            assert len(model.tensors) == n_tensors


def test_a_file_that_ends_while_its_header_is_read_does_not_end_the_process(write_model: WriteModel) -> None:
    path = write_model()
    script = f"""
import os
from edge.errors import FormatError
from edge.gguf import contents
from edge.whisper.file.model import open_model
whole = contents.Contents.read_into
def cut(self, data, offset):
    os.truncate({str(path)!r}, 50)
    whole(self, data, offset)
contents.Contents.read_into = cut
try:
    open_model({str(path)!r})
except FormatError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "found 50: it was cut short" in done.stdout
