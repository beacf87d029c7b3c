"""Writes on from a prompt, token by token, or in drafts that come out the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from ..arrays import FloatArray
from .drafts import Drafter
from .protocol import TextState

SINKS = 4
"""First tokens that stay when older ones are forgotten: attention leans on them (StreamingLLM)."""


def write_tokens(
    state: TextState,
    prompt: Sequence[int],
    n_ctx: int,
    ends: Collection[int],
    choose: Callable[[FloatArray], int],
    drafter: Drafter | None,
) -> Iterator[int]:
    """Read a prompt into an empty state, and write on until a token that ends it.

    When `n_ctx` tokens are full, the older half is forgotten but for the first few. With a drafter, tokens that seem to
    be copied are read in one call, and taken as far as they are those that would have been chosen one by one.
    """
    if drafter is not None:
        for each in prompt:
            drafter.add(each)
    token = choose(state.read(list(prompt)))
    while token not in ends:
        yield token
        if state.n_past == n_ctx:
            state.drop(min(SINKS, n_ctx // 2), n_ctx // 2)
        if drafter is None:
            token = choose(state.read([token]))
            continue
        drafter.add(token)
        draft = drafter.draft(n_ctx - state.n_past - 1)
        if not draft:
            token = choose(state.read([token]))
            continue
        kept = state.n_past + 1
        rows = state.read_all([token, *draft])
        token = choose(rows[0])
        for row, guess in zip(rows[1:], draft, strict=True):
            if token != guess or token in ends:
                break
            yield token
            drafter.add(token)
            token, kept = choose(row), kept + 1
        state.rewind(kept)
