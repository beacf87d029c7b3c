"""A loaded language model: log-probabilities of texts, and texts that go on from a prompt."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from ..arrays import FloatArray
from ..errors import OptionError
from ..gguf.file import open_gguf
from ..memory import give_back_holes
from ..threads import usable_threads
from ..values import choice, whole
from .chat.prompt import Message, to_prompt
from .drafts import Drafter
from .engine import PRECISIONS, LlamaEngine, Precision
from .file import check_file
from .names import CACHES, LANGUAGE_ENGINES, Cache, LanguageEngine
from .protocol import Engine, Facts, TextState
from .tree import build_tree
from .writing import write_tokens

DEFAULT_PRECISION: Precision = "int8"

DEFAULT_CONTEXT = 2048
"""Tokens that a model looks back at, unless it was trained on fewer."""
_MOST_CONTEXT = 1 << 18


class LanguageModel:
    """A language model that scores texts and writes on from prompts. Threads may share it."""

    def __init__(self, facts: Facts, engine: Engine) -> None:
        self.name, self.path = facts.name, facts.path
        self.precision = engine.precision
        self.tokenizer = facts.tokenizer
        self.n_ctx = engine.n_ctx
        self.start = facts.start
        self._facts = facts
        self._engine = engine
        self._idle = [engine.new_state()]

    def new_state(self) -> TextState:
        """Make a text in progress of its own, which another thread may read while this model is in use."""
        return self._engine.new_state()

    @contextmanager
    def _state(self) -> Iterator[TextState]:
        """Lend an empty text in progress; one is kept for whoever comes next."""
        try:
            state = self._idle.pop()
        except IndexError:  # others are at work
            state = self._engine.new_state()
        try:
            state.rewind(0)
            yield state
        finally:
            self._idle[:] = [state]

    def score(self, texts: Sequence[str], *, before: str = "", after: str = "") -> list[float]:
        """Give the log-probability of each text, in nats, the first token's included.

        All texts are read as one tree. A text's number does not depend on the others, bit for bit.

        Args:
            texts: what to score; an empty text gives 0.
            before: what stands before them, which is read but not scored.
            after: what has to follow each, scored as part of it, such as a line's end.

        Raises:
            OptionError: a text is longer than the model looks back at.
        """
        encode = self.tokenizer.encode
        known = [self.start, *encode(before)]
        tails = [[*encode(text), *encode(after)] for text in texts]
        longest = len(known) + max(map(len, tails), default=0)
        if longest > self.n_ctx:
            raise OptionError(f"a text of {longest} tokens; this model looks back at {self.n_ctx}")
        if not any(tails):
            return [0.0] * len(texts)
        tree = build_tree([known + tail for tail in tails], 0, len(known))
        with self._state() as state:
            got = state.score(tree.tokens, tree.positions, tree.rows, tree.targets).astype(np.float64)
        return [float(sum(got[at] for at in path)) for path in tree.paths]

    def logits(self, tokens: Sequence[int]) -> FloatArray:
        """Give the logits after each token of a text, (n, n_vocab); the text is these tokens and nothing before them.

        Raises:
            OptionError: there is no token, or there are more than the model looks back at.
        """
        if not 0 < len(tokens) <= self.n_ctx:
            raise OptionError(f"expected 1 to {self.n_ctx} tokens, found {len(tokens)}")
        with self._state() as state:
            return state.read_all(list(tokens))

    def generate(
        self,
        prompt: str | None = None,
        *,
        messages: Sequence[Message] | None = None,
        most: int = 128,
        temperature: float = 0.0,
        top_p: float = 0.95,
        seed: int = 0,
        special: bool = False,
    ) -> Iterator[str]:
        """Write on from a prompt, or answer a conversation, piece by piece, until the model ends it.

        When the tokens that the model looks back at are full, the older half is forgotten but for the first few, so it
        goes on in constant memory. At temperature 0 what is copied from before is read several tokens at once, which
        changes no token.

        Args:
            prompt: what to go on from.
            messages: conversation to answer, in place of a prompt: `{"role": "user", "content": "..."}` and the like,
                written as the model file's own template says. Needs `edgewise[chat]`.
            most: most tokens to write.
            temperature: 0 takes the likeliest token each time; otherwise tokens are drawn.
            top_p: draws among the likeliest tokens of so much probability together.
            seed: start of the draws; the same seed writes the same text.
            special: whether names such as <|im_end|> in the prompt are the tokens that they name.

        Raises:
            OptionError: the prompt is longer than the model looks back at; there is none, or a conversation as well;
                or the model takes no such conversation.
            FormatError: the template of conversations is broken, takes too long, or writes too much.
            EdgeError: Jinja is not installed.
        """
        if messages is not None and prompt is None:
            tokens = self.tokenizer.encode(to_prompt(self._facts, messages), special=True)
        elif prompt is not None and messages is None:
            tokens = self.tokenizer.encode(prompt, special=special)
        else:
            raise OptionError("expected a prompt or messages, one of the two")
        if not (special or messages) or not tokens:
            tokens = [self.start, *tokens]
        if len(tokens) > self.n_ctx:
            raise OptionError(f"a prompt of {len(tokens)} tokens; this model looks back at {self.n_ctx}")
        return self._written(tokens, most, temperature, top_p, np.random.default_rng(seed))

    def _written(
        self, tokens: list[int], most: int, temperature: float, top_p: float, random: np.random.Generator
    ) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        pick = partial(choose, temperature=temperature, top_p=top_p, random=random)
        drafter = Drafter() if temperature <= 0 and self._engine.is_exact else None
        with self._state() as state:
            written = write_tokens(state, tokens, self.n_ctx, self._facts.ends, pick, drafter)
            for token in islice(written, most):
                piece = decoder.decode(self.tokenizer.decode_bytes([token]))
                if piece:
                    yield piece
        rest = decoder.decode(b"", final=True)
        if rest:
            yield rest


def choose(logits: FloatArray, temperature: float, top_p: float, random: np.random.Generator) -> int:
    """Choose the next token: the likeliest, or one drawn among the likeliest of `top_p` together."""
    if temperature <= 0:
        return int(np.argmax(logits))
    scaled = logits.astype(np.float64) / temperature
    weights = np.exp(scaled - scaled.max())
    weights /= weights.sum()
    order = np.argsort(-weights, kind="stable")
    kept = order[: int(np.searchsorted(np.cumsum(weights[order]), top_p)) + 1]
    return int(random.choice(kept, p=weights[kept] / weights[kept].sum()))


def open_model(
    path: Path,
    *,
    precision: str | None = None,
    engine: LanguageEngine = "edgewise",
    threads: int | None = None,
    n_ctx: int | None = None,
    cache: Cache = "f32",
) -> LanguageModel:
    """Load a GGUF file of the llama architecture (F32, F16, Q8_0, Q4_0, Q4_1, ours) at f32, int8 or int4.

    Without a precision, one of our files has its own, another int8. llama.cpp opens whatever it knows, as it is.
    `n_ctx` is how many tokens it looks back at, and `cache` the precision of their keys and values.

    Raises:
        ModelNotFoundError, FormatError, UnsupportedModelError: there is no such file, or it is damaged, or not one to
            run.
        OptionError: an unknown engine or precision, or a precision for llama.cpp.
        EdgeError: llama.cpp is asked for, and not installed.
    """
    choice("engine", engine, LANGUAGE_ENGINES)
    choice("cache", cache, CACHES)
    n_ctx = DEFAULT_CONTEXT if n_ctx is None else whole("n_ctx", n_ctx, 1, _MOST_CONTEXT, f"1 to {_MOST_CONTEXT}")
    if precision is not None:
        choice("precision", precision, PRECISIONS)
    if engine == "llama.cpp":
        from .llama_cpp import LlamaCppEngine

        if precision is not None:
            raise OptionError(f"precision is {precision}; llama.cpp runs a file as it is: leave the precision out")
        if cache != "f32":
            raise OptionError(f"cache is {cache}; llama.cpp keeps float16 here: leave the cache out")
        other = LlamaCppEngine(path, threads=usable_threads(threads), n_ctx=n_ctx)
        return LanguageModel(other.facts, other)
    file = check_file(open_gguf(path))
    give_back_holes()  # names of fifty thousand tokens came and went
    asked = precision or file.precision
    wanted = next((known for known in PRECISIONS if known == asked), DEFAULT_PRECISION)
    threads = usable_threads(threads)
    return LanguageModel(file, LlamaEngine(file, precision=wanted, threads=threads, n_ctx=n_ctx, cache=cache))
