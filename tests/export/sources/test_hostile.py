"""Hostile checkpoints of every kind: each ends in an error that says what is wrong, soon and in little memory."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.errors import EdgeError, FormatError
from export.checkpoint.types import Checkpoint
from export.maker import make_plain
from export.sources import read_checkpoint
from export.sources.ctranslate2 import read_variables
from export.writers.ctranslate2 import write_ctranslate2
from export.writers.huggingface import tokenizer_json, write_huggingface
from export.writers.whispercpp import write_whispercpp

from .pt_files import write_pt

pytest.importorskip("resource")

MadeCheckpoint = Callable[..., Checkpoint]

RUNS = int(os.environ.get("EDGEWISE_FUZZ_RUNS", "40"))
SEED = int(os.environ.get("EDGEWISE_FUZZ_SEED", "1"))

KINDS = {
    "ctranslate2": ("", ("model.bin", "config.json", "vocabulary.json")),
    "huggingface": ("", ("model.safetensors", "config.json", "generation_config.json", "preprocessor_config.json")),
    "whispercpp": ("ggml.bin", ("ggml.bin",)),
    "gguf": ("model.gguf", ("model.gguf",)),
    "openai": ("model.pt", ("model.pt",)),
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory, make_checkpoint: MadeCheckpoint) -> Path:
    """A folder with a sound checkpoint of every kind."""
    folder, made = tmp_path_factory.mktemp("sources"), make_checkpoint("tiny.en")
    write_ctranslate2(made, folder / "ctranslate2", "f16")
    write_huggingface(made, folder / "huggingface", "f16")
    for kind in ("whispercpp", "gguf", "openai"):
        (folder / kind).mkdir()
    write_whispercpp(made, folder / "whispercpp" / "ggml.bin", "f16")
    make_plain(made, "f16").write(folder / "gguf" / "model.gguf")
    write_pt(folder / "openai" / "model.pt", made.dims, made.tensors)
    (folder / "openai" / "tokenizer.json").write_text(json.dumps(tokenizer_json(made)))
    return folder


@pytest.mark.parametrize(("kind", "file"), [(kind, file) for kind, (_, files) in KINDS.items() for file in files])
def test_damaged_files_end_in_an_error_or_are_read(sources: Path, kind: str, file: str) -> None:
    """EDGEWISE_FUZZ_RUNS and EDGEWISE_FUZZ_SEED make it longer, and another one."""
    target = sources / kind / file
    if not target.exists():
        pytest.skip(f"our writer makes no {file}")
    script = Path(__file__).with_name("fuzz.py")
    command = [sys.executable, str(script), str(sources / kind / KINDS[kind][0]), str(target), str(SEED), str(RUNS)]
    found = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    assert found.returncode == 0, found.stdout + found.stderr


def _config() -> dict[str, object]:
    sizes = {"d_model": 64, "encoder_ffn_dim": 256, "decoder_ffn_dim": 256, "num_mel_bins": 80, "vocab_size": 51864}
    layers = {"encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 1, "decoder_attention_heads": 1}
    return {"model_type": "whisper", "max_source_positions": 16, "max_target_positions": 8, **sizes, **layers}


@pytest.mark.parametrize(
    "name",
    [
        "\x1b[2J.safetensors",
        "a\0.safetensors",
        "a" * 4000 + ".safetensors",
        "\ud800.safetensors",
        "..safetensors/x",
        "../x.safetensors",
        "/x.safetensors",
        "C:x.safetensors",
        "x.safetensors:stream",
        "con .safetensors",
        "",
    ],
)
def test_an_index_names_files_of_its_folder_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps(_config()))
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": name}}))
    with pytest.raises(FormatError, match="is no name of a safetensors file in this folder") as raised:
        read_checkpoint(tmp_path)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("file", ["config.json", "model.safetensors.index.json"])
def test_a_pipe_where_a_file_is_meant_is_not_waited_for(tmp_path: Path, file: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps(_config()))
    (tmp_path / "model.safetensors").write_bytes(b"")
    if file != "config.json":
        (tmp_path / "model.safetensors").unlink()
    (tmp_path / file).unlink(missing_ok=True)
    os.mkfifo(tmp_path / file)
    with pytest.raises(EdgeError):
        read_checkpoint(tmp_path)


def _safetensors(header: object) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(16)


@pytest.mark.parametrize(
    "header",
    [
        {"a\x1b[2J": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}},
        {"a": {"dtype": "\x1b[2J", "shape": [4], "data_offsets": [0, 16]}},
        {"a": {"dtype": "F32", "shape": ["\x1b[2J"], "data_offsets": [0, 16]}},
        {"a": {"dtype": ["x" * 100_000], "shape": [4], "data_offsets": [0, 16]}},
    ],
)
def test_messages_are_short_and_printable(tmp_path: Path, header: object) -> None:
    (tmp_path / "config.json").write_text(json.dumps(_config()))
    (tmp_path / "model.safetensors").write_bytes(_safetensors(header))
    with pytest.raises(EdgeError) as raised:
        read_checkpoint(tmp_path)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize(
    "value", ["\x1b[2J", ["x" * 100_000], 10**4000, {"a": 1}], ids=["escape", "list", "number", "object"]
)
def test_messages_about_sizes_are_short_and_printable(tmp_path: Path, value: object) -> None:
    (tmp_path / "model.safetensors").write_bytes(_safetensors({}))
    for key in ("d_model", "model_type", "activation_function", "vocab_size"):
        (tmp_path / "config.json").write_text(json.dumps({**_config(), key: value}))
        with pytest.raises(EdgeError) as raised:
            read_checkpoint(tmp_path)
        assert str(raised.value).isprintable()
        assert len(str(raised.value)) < 1000


def test_what_nests_too_deep_is_an_error(tmp_path: Path) -> None:
    for depth in (400, 900, 980, 100_000):
        deep = "[" * depth + "]" * depth
        (tmp_path / "model.safetensors").write_bytes(b"")
        (tmp_path / "config.json").write_text(f'{{"model_type": {deep}}}')
        with pytest.raises(EdgeError):
            read_checkpoint(tmp_path)


def _ctranslate2(variables: dict[str, np.ndarray], aliases: dict[str, str]) -> bytes:
    def text(name: str) -> bytes:
        return struct.pack("<H", len(name) + 1) + name.encode() + b"\0"

    parts = [struct.pack("<I", 6), text("WhisperSpec"), struct.pack("<II", 3, len(variables))]
    for name, value in variables.items():
        type_id = {"f": 0, "i": 1}[value.dtype.kind]
        sizes = struct.pack(f"<B{value.ndim}IBI", value.ndim, *value.shape, type_id, value.nbytes)
        parts += [text(name), sizes, value.tobytes()]
    parts.append(struct.pack("<I", len(aliases)))
    parts += [text(alias) + text(target) for alias, target in aliases.items()]
    return b"".join(parts)


def test_a_variable_of_many_names_is_widened_once(tmp_path: Path) -> None:
    """Else a file of a megabyte would fill the memory."""
    from export.sources.ctranslate2 import _Floats

    matrix = np.ones((1024, 1024), np.int8)
    names = {f"copy{index}": "one" for index in range(20_000)}
    scales = {f"copy{index}_scale": "one_scale" for index in range(20_000)}
    body = _ctranslate2({"one": matrix, "one_scale": np.array([2], np.float32)}, {**names, **scales})
    (tmp_path / "model.bin").write_bytes(body)
    floats = _Floats(tmp_path, read_variables(tmp_path / "model.bin"))
    with pytest.raises(FormatError, match="no fitting"):
        floats["one"]  # a scale for each row, or one without a dimension
    body = _ctranslate2({"one": matrix, "one_scale": np.full(1024, 2, np.float32)}, {**names, **scales})
    (tmp_path / "model.bin").write_bytes(body)
    floats = _Floats(tmp_path, read_variables(tmp_path / "model.bin"))
    assert len({id(floats[name]) for name in names}) == 1
    assert floats["copy7"][3, 3] == 0.5


@pytest.mark.parametrize("text", ["a\x1b[2J", "ä"])
def test_names_of_variables_are_printable(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.bin").write_bytes(_ctranslate2({text: np.array([1], np.float32)}, {}))
    with pytest.raises(FormatError, match=r"not printable ASCII") as raised:
        read_variables(tmp_path / "model.bin")
    assert str(raised.value).isprintable()
