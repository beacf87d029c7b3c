"""Runs language models in llama.cpp, through llama-cpp-python: all architectures and precisions that it knows."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ..arrays import FloatArray, IntArray
from ..errors import EdgeError, KernelError, ModelNotFoundError, UnsupportedModelError

_BATCH = 128
"""Tokens of one call, which bounds the memory of logits."""
_MOST_PIECE = 256
_BYTES_OF_A_KEY = 1 << 20


def require_llama_cpp() -> ModuleType:
    """Import llama.cpp; EdgeError where it is not installed."""
    try:
        import llama_cpp
    except (ImportError, OSError, RuntimeError) as error:  # a library that is there may still not load
        raise EdgeError(
            f'llama.cpp is not here ({error}): pip install "edgewise[llm]", which compiles it, or leave the engine at '
            "edgewise"
        ) from error
    logging.getLogger("llama-cpp-python").setLevel(logging.ERROR)
    library: ModuleType = llama_cpp
    return library


@dataclass(frozen=True, slots=True)
class LlamaCppFacts:
    """What llama.cpp tells of a file."""

    path: Path
    name: str
    tokenizer: LlamaCppTokenizer
    start: int
    ends: tuple[int, ...]
    chat_template: str | None


class LlamaCppTokenizer:
    """The tokenizer of a model in llama.cpp."""

    def __init__(self, library: ModuleType, model: Any) -> None:
        self._library, self._model = library, model
        self._vocabulary = library.llama_model_get_vocab(model)
        self.n_vocab: int = library.llama_vocab_n_tokens(self._vocabulary)

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        """See `Tokenizer`."""
        data = text.encode()
        room = len(data) + 8
        ids = (self._library.llama_token * room)()
        n = self._library.llama_tokenize(self._vocabulary, data, len(data), ids, room, False, special)
        if n < 0:
            raise KernelError(f"llama.cpp gives {-n} tokens for a text of {len(data)} bytes")
        return list(ids[:n])

    def decode_bytes(self, tokens: Iterable[int]) -> bytes:
        """See `Tokenizer`."""
        return b"".join(self._piece(token, _MOST_PIECE) for token in tokens)

    def _piece(self, token: int, room: int) -> bytes:
        from ctypes import create_string_buffer

        found = create_string_buffer(room)
        n = self._library.llama_token_to_piece(self._vocabulary, token, found, room, 0, True)
        return found.raw[:n] if n >= 0 else self._piece(token, -n)


class LlamaCppEngine:
    """A model file in llama.cpp."""

    precision = "as in the file"
    is_exact = False

    def __init__(self, path: Path, *, threads: int, n_ctx: int) -> None:
        """Load a file.

        Raises:
            ModelNotFoundError: there is no such file.
            UnsupportedModelError: llama.cpp does not open it.
            EdgeError: llama.cpp is not installed.
        """
        self._library = library = require_llama_cpp()
        if not path.is_file():
            raise ModelNotFoundError(f"{path}: no such model file")
        settings = library.llama_model_default_params()
        settings.n_gpu_layers = 0
        self._model = library.llama_model_load_from_file(os.fsencode(path), settings)
        if not self._model:
            raise UnsupportedModelError(f"{path}: llama.cpp does not open it; our own files need the engine edgewise")
        self._close = weakref.finalize(self, library.llama_model_free, self._model)
        self._threads = threads
        self.n_ctx = min(n_ctx, int(library.llama_model_n_ctx_train(self._model)))
        self.facts = self._read_facts(path)

    def new_state(self) -> LlamaCppState:
        """Make a text in progress, which is empty."""
        settings = self._library.llama_context_default_params()
        settings.n_ctx = self.n_ctx
        settings.n_batch = settings.n_ubatch = min(_BATCH, self.n_ctx)
        settings.n_threads = settings.n_threads_batch = self._threads
        context = self._library.llama_init_from_model(self._model, settings)
        if not context:
            raise KernelError(f"{self.facts.path}: llama.cpp has no memory for a text of {self.n_ctx} tokens")
        return LlamaCppState(self, self._library, context)

    def _read_facts(self, path: Path) -> LlamaCppFacts:
        library, tokenizer = self._library, LlamaCppTokenizer(self._library, self._model)
        vocabulary = library.llama_model_get_vocab(self._model)
        end, of_answer = library.llama_vocab_eos(vocabulary), library.llama_vocab_eot(vocabulary)
        whole = tokenizer.encode("<|endoftext|>", special=True)
        start = whole[0] if len(whole) == 1 else library.llama_vocab_bos(vocabulary)
        return LlamaCppFacts(
            path=path,
            name=self._text_of("general.name") or path.stem,
            tokenizer=tokenizer,
            start=start if start >= 0 else end,
            ends=tuple(token for token in (end, of_answer, *whole[: len(whole) == 1]) if token >= 0),
            chat_template=self._text_of("tokenizer.chat_template"),
        )

    def _text_of(self, key: str) -> str | None:
        from ctypes import create_string_buffer

        found = create_string_buffer(_BYTES_OF_A_KEY)
        n = self._library.llama_model_meta_val_str(self._model, key.encode(), found, _BYTES_OF_A_KEY)
        return found.raw[:n].decode("utf-8", errors="replace") if 0 < n < _BYTES_OF_A_KEY else None


class LlamaCppState:
    """A text in progress."""

    def __init__(self, engine: LlamaCppEngine, library: ModuleType, context: Any) -> None:
        self._engine, self._library, self._context = engine, library, context  # the engine holds the weights
        self._memory = library.llama_get_memory(context)
        self._batch = library.llama_batch_init(_BATCH, 0, 1)
        self._n_vocab = engine.facts.tokenizer.n_vocab
        self.n_past = 0
        self._close = weakref.finalize(self, _free, library, context, self._batch)

    def read(self, tokens: list[int]) -> FloatArray:
        """See `TextState`."""
        for at in range(0, len(tokens), _BATCH):
            self._decode(tokens[at : at + _BATCH], all_logits=False)
        logits: FloatArray = self._logits(1)[0]
        return logits

    def read_all(self, tokens: list[int]) -> FloatArray:
        """See `TextState`."""
        logits = np.empty((len(tokens), self._n_vocab), np.float32)
        for at in range(0, len(tokens), _BATCH):
            part = tokens[at : at + _BATCH]
            self._decode(part, all_logits=True)
            logits[at : at + len(part)] = self._logits(len(part))
        return logits

    def score(self, tokens: IntArray, positions: IntArray, rows: IntArray, targets: IntArray) -> FloatArray:
        """See `TextState`."""
        out = np.empty(len(targets), np.float32)
        starts = [at for at in range(len(tokens)) if at == 0 or positions[at] != positions[at - 1] + 1]
        for start, stop in zip(starts, [*starts[1:], len(tokens)], strict=True):
            self.rewind(int(positions[start]))  # to where a branch leaves what was read
            for at in range(start, stop, _BATCH):
                end = min(at + _BATCH, stop)
                self._decode(tokens[at:end].tolist(), all_logits=True)
                asked = np.flatnonzero((rows >= at) & (rows < end))
                logits = self._logits(end - at)[rows[asked] - at]
                out[asked] = logits[np.arange(len(asked)), targets[asked]] - _log_sums(logits)
        return out

    def rewind(self, n_past: int) -> None:
        """See `TextState`."""
        self._library.llama_memory_seq_rm(self._memory, 0, n_past, -1)
        self.n_past = n_past

    def drop(self, first: int, n: int) -> None:
        """See `TextState`."""
        self._library.llama_memory_seq_rm(self._memory, 0, first, first + n)
        self._library.llama_memory_seq_add(self._memory, 0, first + n, -1, -n)
        self.n_past -= n

    def _decode(self, tokens: list[int], *, all_logits: bool) -> None:
        batch = self._batch
        batch.n_tokens = len(tokens)
        for at, token in enumerate(tokens):
            batch.token[at], batch.pos[at] = token, self.n_past + at
            batch.n_seq_id[at], batch.seq_id[at][0] = 1, 0
            batch.logits[at] = all_logits or at == len(tokens) - 1
        status = self._library.llama_decode(self._context, batch)
        if status != 0:
            raise KernelError(f"llama.cpp could not read {len(tokens)} tokens after {self.n_past}: status {status}")
        self.n_past += len(tokens)

    def _logits(self, n: int) -> FloatArray:
        """Give the last `n` rows of logits, valid until the next call."""
        found = self._library.llama_get_logits(self._context)
        logits: FloatArray = np.ctypeslib.as_array(found, shape=(n, self._n_vocab))
        return logits


def _free(library: ModuleType, context: Any, batch: Any) -> None:
    library.llama_batch_free(batch)
    library.llama_free(context)


def _log_sums(logits: FloatArray) -> FloatArray:
    """Compute the logarithm of each row's sum of exponentials."""
    most = logits.max(axis=-1, initial=-np.inf)
    sums: FloatArray = most + np.log(np.exp(logits - most[:, None]).sum(axis=-1, dtype=np.float64)).astype(np.float32)
    return sums
