"""Language models in whatever form they are, behind one Protocol: tokens in, logits out."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from edge.bench.probabilities import Logits
from edge.errors import EdgeError
from edge.gguf.file import open_gguf
from edge.llm.file import PRECISION_KEY
from edge.llm.names import CACHES, Cache

from ..errors import BenchmarkError

if TYPE_CHECKING:
    from edge.llm.model import LanguageModel as OwnModel

_OWN = "edgewise:"


class LanguageModel(Protocol):
    """A loaded language model: tokens in, logits out."""

    engine: str
    n_bytes: int
    """Bytes of the files that hold the weights."""

    def tokenize(self, text: str) -> list[int]:
        """Cut a text into tokens, without special ones around them."""
        ...

    def logits(self, tokens: list[int]) -> Logits:
        """Compute the logits after each token, (tokens, vocabulary), of a text that begins with the first."""
        ...


def load(path: Path, context: int, threads: int) -> LanguageModel:
    """Open our own files with edgewise, other GGUF files with llama.cpp, ONNX folders, Hugging Face folders.

    `edgewise:` before a GGUF file of llama.cpp's, with `@int4` or another precision behind it, opens it with edgewise;
    one more, `@int8@int8`, is that of the keys and values.

    Raises:
        BenchmarkError: there is no such model, or no package that runs it.
    """
    own = own_file(path)
    if own is not None:
        return Edgewise(own, context, threads)
    try:
        if path.is_file():
            return LlamaCpp(path, context, threads)
        if (path / "model.onnx").is_file():
            return OnnxRuntime(path, threads)
        if (path / "config.json").is_file():
            return Transformers(path, threads)
    except ImportError as error:
        raise BenchmarkError(f"{path}: {error.name} is missing; `pip install` it to run this model") from error
    raise BenchmarkError(f"{path}: expected a .gguf file, or a folder with model.onnx or config.json")


def own_file(path: Path) -> OwnFile | None:
    """Find what edgewise is to open; None where another engine is."""
    text = str(path)
    if text.startswith(_OWN):
        file, _, precisions = text.removeprefix(_OWN).partition("@")
        precision, _, cache = precisions.partition("@")
        if cache not in ("", *CACHES):
            raise BenchmarkError(f"{text}: expected {_OWN}FILE[@PRECISION[@CACHE]], the last f32 or int8")
        return OwnFile(Path(file), precision or None, "int8" if cache == "int8" else "f32")
    try:
        with open_gguf(path) as found:
            return OwnFile(path) if PRECISION_KEY in found.metadata else None
    except (EdgeError, OSError):
        return None


def add_own_model(parser: argparse.ArgumentParser) -> None:
    """Add the model of a measurement that only edgewise can be measured by."""
    parser.add_argument("model", type=Path, metavar="MODEL", help="file of ours, or edgewise:FILE[@PRECISION[@CACHE]]")


def open_own_model(path: Path, context: int, threads: int) -> OwnModel:
    """Load that model; raises BenchmarkError where it is another engine's."""
    file = own_file(path)
    if file is None:
        raise BenchmarkError(f"{path}: expected a file of ours, or edgewise: before another GGUF file")
    return file.open(context, threads)


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file that edgewise is to open, and how."""

    path: Path
    precision: str | None = None
    cache: Cache = "f32"

    def open(self, context: int, threads: int) -> OwnModel:
        """Load it."""
        from edge.llm.model import open_model

        return open_model(self.path, precision=self.precision, threads=threads, n_ctx=context, cache=self.cache)


class Edgewise:
    """Model in our own engine."""

    engine = "edgewise"

    def __init__(self, file: OwnFile, context: int, threads: int) -> None:
        self.n_bytes = file.path.stat().st_size
        self.model = file.open(context, threads)

    def tokenize(self, text: str) -> list[int]:
        """See `LanguageModel`."""
        return self.model.tokenizer.encode(text)

    def logits(self, tokens: list[int]) -> Logits:
        """See `LanguageModel`."""
        return self.model.logits(tokens)


class LlamaCpp:
    """Model in llama.cpp, through llama-cpp-python."""

    engine = "llama.cpp"

    def __init__(self, path: Path, context: int, threads: int) -> None:
        from llama_cpp import Llama

        self.n_bytes = path.stat().st_size
        try:
            self._model = Llama(
                str(path), n_ctx=context, n_batch=context, n_threads=threads, logits_all=True, verbose=False
            )
        except ValueError as error:
            raise BenchmarkError(f"{path}: llama.cpp does not open it") from error

    def tokenize(self, text: str) -> list[int]:
        """See `LanguageModel`."""
        return list(self._model.tokenize(text.encode(), add_bos=False, special=False))

    def logits(self, tokens: list[int]) -> Logits:
        """See `LanguageModel`."""
        self._model.reset()
        self._model.eval(tokens)
        scores: Logits = self._model.scores[: len(tokens)]
        return scores


class OnnxRuntime:
    """Graph with a cache, which is given an empty one."""

    engine = "onnxruntime"

    def __init__(self, folder: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.n_bytes = sum(file.stat().st_size for file in folder.glob("model.onnx*"))
        self._tokenizer = _tokenizer(folder)
        try:
            self._session = onnxruntime.InferenceSession(
                str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its errors have no base of their own
            raise BenchmarkError(f"{folder}: onnxruntime does not open it: {error}") from error

    def tokenize(self, text: str) -> list[int]:
        """See `LanguageModel`."""
        return _ids(self._tokenizer, text)

    def logits(self, tokens: list[int]) -> Logits:
        """See `LanguageModel`."""
        positions = np.arange(len(tokens))[None]
        given = {
            "input_ids": np.array([tokens]),
            "attention_mask": np.ones_like(positions),
            "position_ids": positions,
        }
        feed = {
            entry.name: given[entry.name]
            if entry.name in given
            else np.zeros((1, entry.shape[1], 0, entry.shape[3]), np.float32)
            for entry in self._session.get_inputs()
        }
        (found,) = self._session.run(["logits"], feed)
        logits: Logits = found[0]
        return logits


class Transformers:
    """Model in PyTorch, in float32."""

    engine = "transformers"

    def __init__(self, folder: Path, threads: int) -> None:
        import torch
        import transformers

        torch.set_num_threads(threads)
        self.n_bytes = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
        self._tokenizer = _tokenizer(folder)
        self._model: Any = transformers.AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32
        )

    def tokenize(self, text: str) -> list[int]:
        """See `LanguageModel`."""
        return _ids(self._tokenizer, text)

    def logits(self, tokens: list[int]) -> Logits:
        """See `LanguageModel`."""
        import torch

        with torch.no_grad():
            logits: Logits = self._model(torch.tensor([tokens])).logits[0].numpy()
        return logits


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=False).ids)
