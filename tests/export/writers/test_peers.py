"""Other engines open what we write; with real weights they say what was spoken."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.store import Store
from edge.whisper.file.roles import Precision
from export.checkpoint.types import Checkpoint
from export.maker import make_plain
from export.whisper import export_whisper
from export.writers.huggingface import write_huggingface
from export.writers.whispercpp import write_whispercpp

MadeCheckpoint = Callable[..., Checkpoint]

SPOKEN = "ask not what your country can do for you, ask what you can do for your country"


@pytest.fixture(scope="module")
def tiny_en() -> Path:
    folder = Store().place("tiny.en")
    if not folder.is_dir():
        pytest.skip("tiny.en is not in the cache: edgewise models pull tiny.en")
    return folder


@pytest.fixture(scope="module")
def speech() -> NDArray[np.float32]:
    path = Store().place("jfk")
    if not path.is_file():
        pytest.skip("the clip is not in the cache: edgewise models pull jfk")
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return samples.astype(np.float32) / np.float32(32768)


def _words(text: str) -> str:
    return " ".join(text.lower().replace(",", " ").replace(".", " ").split())


def _transcribe_cpp(path: Path, speech: NDArray[np.float32]) -> str:
    engine = pytest.importorskip("transcribe_cpp")
    with engine.Model(path, backend="cpu") as model, model.session(n_threads=1) as session:
        return str(session.run(speech, language="en").text)


@pytest.mark.parametrize("precision", ["f32", "f16", "q8_0"])
@pytest.mark.parametrize("name", ["tiny.en", "base", "large-v3-turbo"])
def test_transcribe_cpp_accepts_the_layout(
    tmp_path: Path, make_checkpoint: MadeCheckpoint, precision: Precision, name: str
) -> None:
    engine = pytest.importorskip("transcribe_cpp")
    path = tmp_path / "model.gguf"
    make_plain(make_checkpoint(name), precision).write(path)
    with engine.Model(path, backend="cpu") as model:
        assert model.arch == "whisper"
        assert model.variant.startswith("whisper-")


@pytest.mark.parametrize("precision", ["f16", "q8_0"])
def test_transcribe_cpp_understands_our_model(
    tmp_path: Path, tiny_en: Path, speech: NDArray[np.float32], precision: str
) -> None:
    pytest.importorskip("transcribe_cpp")
    path = tmp_path / "tiny.en.gguf"
    export_whisper(tiny_en, path, precision=precision)
    assert _words(SPOKEN) in _words(_transcribe_cpp(path, speech))


def test_whisper_cpp_understands_our_model(tmp_path: Path, tiny_en: Path, speech: NDArray[np.float32]) -> None:
    engine = pytest.importorskip("pywhispercpp.model")
    path = tmp_path / "ggml-tiny.en.bin"
    export_whisper(tiny_en, path, precision="f16", to="whispercpp")
    model = engine.Model(str(path), n_threads=1, print_progress=False, redirect_whispercpp_logs_to=None)
    assert _words(SPOKEN) in _words(" ".join(segment.text for segment in model.transcribe(speech)))


def test_transcribe_cpp_reads_our_bin(tmp_path: Path, make_checkpoint: MadeCheckpoint) -> None:
    engine = pytest.importorskip("transcribe_cpp")
    write_whispercpp(make_checkpoint("large-v3"), tmp_path / "ggml.bin")
    with engine.Model(tmp_path / "ggml.bin", backend="cpu") as model:
        assert model.arch == "whisper"


def test_safetensors_reads_our_folder(tmp_path: Path, make_checkpoint: MadeCheckpoint) -> None:
    library = pytest.importorskip("safetensors.numpy")
    checkpoint = make_checkpoint("tiny.en")
    write_huggingface(checkpoint, tmp_path / "hf", "f16")
    found = library.load_file(tmp_path / "hf" / "model.safetensors")
    np.testing.assert_array_equal(found["model.encoder.conv2.weight"], checkpoint.tensors["enc.conv.1.weight"])
    assert len(found) == len(checkpoint.tensors)


def test_tokenizers_reads_our_folder(tmp_path: Path, make_checkpoint: MadeCheckpoint) -> None:
    library = pytest.importorskip("tokenizers")
    checkpoint = make_checkpoint("tiny.en")
    write_huggingface(checkpoint, tmp_path / "hf", "f16")
    tokenizer = library.Tokenizer.from_file(str(tmp_path / "hf" / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == checkpoint.dims.n_vocab
    assert tokenizer.token_to_id("<|30.00|>") == checkpoint.dims.n_vocab - 1
