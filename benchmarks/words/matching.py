"""Which of a transcript's words are right, and which word of the reference each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge.bench.scoring import normalizer


@dataclass(frozen=True, slots=True)
class Match:
    """Judgement of one word of a transcript."""

    correct: bool | None
    """Whether all of it is in the reference; None where nothing is left when normalized, as of "uh" or signs."""
    expected: tuple[int, ...]
    """Numbers of the words of the reference that it is."""


def match_words(expected: Sequence[str], words: Sequence[str], language: str | None) -> list[Match]:
    """Match the words of a transcript, which joined are its text, with those of a normalized reference.

    Normalizing rewrites across words ("twenty one" is 21, "mr" is mister), so the transcript is normalized whole; a
    second alignment, with its words normalized one by one, tells which words became what.
    """
    normalize = normalizer(language)
    whole = normalize("".join(words)).split()
    found = _equal(expected, whole)
    owners: list[int] = []
    pieces: list[str] = []
    for number, word in enumerate(words):
        parts = normalize(word).split()
        pieces += parts
        owners += [number] * len(parts)
    became: list[set[int]] = [set() for _ in words]
    for first, last, whole_first, whole_last in _chunks(pieces, whole):
        for owner in set(owners[first:last]):
            became[owner].update(range(whole_first, whole_last))
    return [
        _match(word, [found.get(index) for index in sorted(indices)])
        for word, indices in zip(words, became, strict=True)
    ]


def _match(word: str, expected: Sequence[int | None]) -> Match:
    if not expected or not any(character.isalnum() for character in word):
        return Match(None, ())
    right = tuple(index for index in expected if index is not None)
    return Match(len(right) == len(expected), right)


def _equal(expected: Sequence[str], found: Sequence[str]) -> dict[int, int]:
    """Map words of `found` to those of `expected` that they are, number to number."""
    import jiwer

    if not expected or not found:
        return {}
    (chunks,) = jiwer.process_words(" ".join(expected), " ".join(found)).alignments
    return {
        hypothesis: reference
        for chunk in chunks
        if chunk.type == "equal"
        for hypothesis, reference in zip(
            range(chunk.hyp_start_idx, chunk.hyp_end_idx), range(chunk.ref_start_idx, chunk.ref_end_idx), strict=True
        )
    }


def _chunks(pieces: Sequence[str], whole: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """Map stretches of `pieces` to what they are in `whole`: one by one where they are equal, else all for all."""
    import jiwer

    if not pieces or not whole:
        return []
    (chunks,) = jiwer.process_words(" ".join(pieces), " ".join(whole)).alignments
    stretches: list[tuple[int, int, int, int]] = []
    apart = True
    for chunk in chunks:
        stretch = (chunk.ref_start_idx, chunk.ref_end_idx, chunk.hyp_start_idx, chunk.hyp_end_idx)
        if chunk.type == "equal":
            first, last, whole_first, _ = stretch
            stretches += [(first + i, first + i + 1, whole_first + i, whole_first + i + 1) for i in range(last - first)]
            apart = True
        elif apart:
            stretches.append(stretch)
            apart = False
        else:  # next to another difference: one rewriting, not two
            first, _, whole_first, _ = stretches[-1]
            stretches[-1] = (first, stretch[1], whole_first, stretch[3])
    return stretches
