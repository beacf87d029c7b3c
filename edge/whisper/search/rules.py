"""Applies openai-whisper's rules on which token may come next to the logits of one sequence.

They are SuppressBlank, SuppressTokens and ApplyTimestampRules of the original, and give the same tokens.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from ... import ops
from ...arrays import FloatArray
from ...errors import KernelError
from ..tokens import SECONDS_PER_TIMESTAMP, Tokenizer, default_suppress_begin, default_suppress_tokens

IdArray = np.ndarray[tuple[int], np.dtype[np.intp]]

NO_NUMBER = "the decoder's logits hold no number to choose by; the model file may be damaged"
_NEVER = np.float32(-np.inf)
_ROWS = 64  # of the table in which the likeliest tokens are found


class TokenRules:
    """Rules for one model and one way of decoding. Each thread needs its own, since they hold a buffer."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        suppress_tokens: Iterable[int] | None = None,
        suppress_begin: Iterable[int] | None = None,
        timestamps: bool = True,
        max_initial_timestamp: float | None = 1.0,
    ) -> None:
        """Prepare the rules.

        None for a list takes openai-whisper's own; task tokens are never sampled in any case.
        """
        self._tokenizer = tokenizer
        self._timestamps = timestamps
        if suppress_tokens is None:
            suppress_tokens = default_suppress_tokens(tokenizer)
        if suppress_begin is None:
            suppress_begin = default_suppress_begin(tokenizer)
        suppressed = {*suppress_tokens}
        suppressed |= {tokenizer.sot, tokenizer.sot_lm, tokenizer.sot_prev, tokenizer.no_speech}
        suppressed |= {tokenizer.transcribe, tokenizer.translate}
        if timestamps:
            suppressed.add(tokenizer.no_timestamps)
        self._suppressed = _token_ids(suppressed, tokenizer)
        self._suppressed_first = _token_ids(suppress_begin, tokenizer)
        self._last_first_timestamp = tokenizer.n_vocab - 1
        if max_initial_timestamp is not None:
            index = round(max_initial_timestamp / SECONDS_PER_TIMESTAMP)
            self._last_first_timestamp = min(tokenizer.timestamp_begin + index, tokenizer.n_vocab - 1)
        self._buffer = np.empty(tokenizer.n_vocab, np.float32)

    def apply(self, logits: FloatArray, sampled: Sequence[int]) -> FloatArray:
        """Copy `logits` (n_vocab,) after the tokens `sampled`, with -inf for all that may not come next.

        The result is a buffer of this object, valid until the next call.
        """
        np.copyto(self._buffer, logits)
        self.mask(self._buffer, sampled)
        return self._buffer

    def mask(self, masked: FloatArray, sampled: Sequence[int]) -> None:
        """Write -inf over all logits (n_vocab,) of what may not come after the tokens `sampled`."""
        masked[self._suppressed] = _NEVER
        if not sampled:
            masked[self._suppressed_first] = _NEVER
        if self._timestamps:
            self._mask_timestamps(masked, sampled)
            self._prefer_timestamps(masked)

    def _mask_timestamps(self, masked: FloatArray, sampled: Sequence[int]) -> None:
        begin = self._tokenizer.timestamp_begin
        if not sampled:  # a window opens with a timestamp
            masked[:begin] = _NEVER
            masked[self._last_first_timestamp + 1 :] = _NEVER
            return
        last_is_timestamp = sampled[-1] >= begin
        pair_is_complete = len(sampled) < 2 or sampled[-2] >= begin
        # Timestamps come in pairs, the end of a segment and the start of the next, except before the end of the text.
        if last_is_timestamp and pair_is_complete:
            masked[begin:] = _NEVER
        elif last_is_timestamp:
            masked[: self._tokenizer.eot] = _NEVER
        latest = next((token for token in reversed(sampled) if token >= begin), None)
        if latest is not None:
            # Timestamps never decrease, and no segment is empty: only the second of a pair may repeat the first.
            may_repeat = last_is_timestamp and not pair_is_complete
            masked[begin : latest if may_repeat else latest + 1] = _NEVER

    def _prefer_timestamps(self, masked: FloatArray) -> None:
        """Forbid text where all timestamps together are likelier than the likeliest text token."""
        begin = self._tokenizer.timestamp_begin
        best_text = float(masked[:begin].max())
        timestamps = masked[begin:]
        best = float(timestamps.max())
        # Their sum lies between the best one and the best times their number; often that settles it.
        if best + math.log(len(timestamps)) <= best_text or best == -math.inf:
            return
        if best > best_text or best + math.log(ops.sum_exp(timestamps, best)) > best_text:
            masked[:begin] = _NEVER


def pick_greedy(masked: FloatArray) -> tuple[int, float]:
    """Find the likeliest token of masked logits (n_vocab,), and its log-probability among those allowed."""
    token = int(masked.argmax())
    best = float(masked[token])
    if not math.isfinite(best):
        raise KernelError(NO_NUMBER)
    return token, -math.log(ops.sum_exp(masked, best))


def top_tokens(masked: FloatArray, n: int) -> IdArray:
    """Find the n likeliest tokens of masked logits (n_vocab,), the likeliest first, the lower id of two that are equal.

    There are fewer where fewer are allowed.
    """
    n_columns = len(masked) // _ROWS
    largest = masked[: n_columns * _ROWS].reshape(_ROWS, n_columns).max(axis=0)
    # n columns reach this bound, so at least n tokens do: one pass over all of them, and few to sort.
    bound = np.partition(largest, -n)[-n]
    tokens = np.flatnonzero(masked >= bound if bound > _NEVER else masked > _NEVER)
    return tokens[np.argsort(-masked[tokens], kind="stable")[:n]]


def probability(logits: FloatArray, token: int) -> float:
    """Compute the softmax of logits (n_vocab,) at one token."""
    best = float(logits.max())
    return math.exp(float(logits[token]) - best) / ops.sum_exp(logits, best)


def _token_ids(tokens: Iterable[int], tokenizer: Tokenizer) -> IdArray:
    ids = sorted(tokens)
    if ids and (ids[0] < 0 or ids[-1] >= tokenizer.n_vocab):
        raise ValueError(f"suppressed tokens are {ids[0]} to {ids[-1]}; expected ids from 0 to {tokenizer.n_vocab - 1}")
    return np.array(ids, np.intp)
