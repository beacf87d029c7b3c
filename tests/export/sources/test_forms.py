"""The same model read from every form gives the same arrays; every published size loads from every form."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.errors import EdgeError, ModelNotFoundError, UnsupportedModelError
from edge.whisper.file.published import PUBLISHED
from export.checkpoint.types import Checkpoint
from export.maker import make_plain
from export.sources import read_checkpoint
from export.sources.names import openai_name
from export.writers.ctranslate2 import write_ctranslate2
from export.writers.huggingface import tokenizer_json, write_huggingface
from export.writers.whispercpp import write_whispercpp

MadeCheckpoint = Callable[..., Checkpoint]
SameCheckpoint = Callable[[Checkpoint, Checkpoint], None]


def _ctranslate2(checkpoint: Checkpoint, folder: Path) -> Path:
    write_ctranslate2(checkpoint, folder / "ct2", "f32")
    return folder / "ct2"


def _huggingface(checkpoint: Checkpoint, folder: Path) -> Path:
    write_huggingface(checkpoint, folder / "hf", "f32")
    return folder / "hf"


def _openai(checkpoint: Checkpoint, folder: Path) -> Path:
    torch = pytest.importorskip("torch")
    state = {openai_name(name): torch.from_numpy(np.array(t)) for name, t in checkpoint.tensors.items()}
    torch.save({"dims": dataclasses.asdict(checkpoint.dims), "model_state_dict": state}, folder / "model.pt")
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json(checkpoint)))
    return folder / "model.pt"


def _whispercpp(checkpoint: Checkpoint, folder: Path) -> Path:
    write_whispercpp(checkpoint, folder / "ggml.bin", "f32")
    return folder / "ggml.bin"


def _gguf(checkpoint: Checkpoint, folder: Path) -> Path:
    make_plain(checkpoint, "f32").write(folder / "model.gguf")
    return folder / "model.gguf"


FORMS = (_ctranslate2, _huggingface, _openai, _whispercpp, _gguf)


@pytest.mark.parametrize("write", FORMS)
@pytest.mark.parametrize("kind", ["float16", "float32"])
def test_every_form_gives_equal_arrays(
    tmp_path: Path,
    make_checkpoint: MadeCheckpoint,
    assert_same: SameCheckpoint,
    write: Callable[[Checkpoint, Path], Path],
    kind: str,
) -> None:
    checkpoint = make_checkpoint("base", kind)
    assert_same(read_checkpoint(write(checkpoint, tmp_path)), checkpoint)


@pytest.mark.parametrize("write", FORMS)
@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_structure_loads(
    tmp_path: Path,
    make_checkpoint: MadeCheckpoint,
    assert_same: SameCheckpoint,
    write: Callable[[Checkpoint, Path], Path],
    name: str,
) -> None:
    checkpoint = make_checkpoint(name)
    assert_same(read_checkpoint(write(checkpoint, tmp_path)), checkpoint)


def _weights_file(path: Path) -> Path:
    return path if path.is_file() else next(iter([*path.glob("*.safetensors"), *path.glob("model.bin")]))


def _mutated(data: bytes, places: list[int], generator: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(generator.choice((1, 1, 2, 4))):
        at = max(0, generator.choice(places) + generator.randint(-40, 60))
        new = generator.choice((b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0\0\0\x80", bytes(4), b"\1", b""))
        changed[at : at + generator.choice((len(new), 1))] = new
    return bytes(changed)


@pytest.mark.parametrize("write", [_ctranslate2, _huggingface, _whispercpp, _gguf])
def test_damaged_directories_are_refused_or_read(
    tmp_path: Path, make_checkpoint: MadeCheckpoint, write: Callable[[Checkpoint, Path], Path]
) -> None:
    """Bytes changed around the names of tensors, where sizes, types and offsets are too."""
    source = write(make_checkpoint("tiny.en"), tmp_path)
    file = _weights_file(source)
    data = file.read_bytes()
    places = [match.start() for match in re.finditer(rb"(model|encoder|decoder|enc|dec|stt)[./]", data)]
    generator = random.Random(1)
    n_refused = 0
    for _ in range(20):
        file.write_bytes(_mutated(data, [0, *places], generator))
        try:
            read_checkpoint(source)
        except EdgeError:
            n_refused += 1
    assert n_refused > 0


def test_name_can_be_given(tmp_path: Path, make_checkpoint: MadeCheckpoint) -> None:
    path = _whispercpp(make_checkpoint("tiny.en"), tmp_path)
    assert read_checkpoint(path, name="mine").name == "mine"


@pytest.mark.parametrize(("write", "file"), [(_ctranslate2, "model.bin"), (_huggingface, "model.safetensors")])
def test_a_file_stands_for_its_folder(
    tmp_path: Path,
    make_checkpoint: MadeCheckpoint,
    assert_same: SameCheckpoint,
    write: Callable[[Checkpoint, Path], Path],
    file: str,
) -> None:
    checkpoint = make_checkpoint("tiny.en")
    assert_same(read_checkpoint(write(checkpoint, tmp_path) / file), checkpoint)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnsupportedModelError, match="neither a file nor a folder"):
        read_checkpoint(tmp_path / "pipe")


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no such file or folder"):
        read_checkpoint(tmp_path / "gone")
    with pytest.raises(UnsupportedModelError, match=r"neither model\.safetensors nor model\.bin"):
        read_checkpoint(tmp_path)
    for content in (b"", b"RI", b"RIFF....WAVE"):
        (tmp_path / "talk.wav").write_bytes(content)
        with pytest.raises(UnsupportedModelError, match="no known kind of model file"):
            read_checkpoint(tmp_path / "talk.wav")
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(UnsupportedModelError, match="safe_serialization"):
        read_checkpoint(tmp_path)
