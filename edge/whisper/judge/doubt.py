"""Tells how sure the words of a segment are, counted as blanks divide them."""

from __future__ import annotations

import math
from itertools import accumulate

from ...correct.edits import letters_of, words_of
from ...transcript.types import Segment
from ..segments import decoding_of
from ..tokens import Tokenizer


def word_probabilities(segment: Segment, tokenizer: Tokenizer) -> list[float]:
    """Compute the probability that each word is correct: that all of its tokens are, signs left out."""
    decoding = decoding_of(segment)
    said = [
        (tokenizer.decode_bytes([token]), probability)
        for token, probability in zip(decoding.tokens, decoding.token_probabilities, strict=True)
        if token < tokenizer.eot
    ]
    text = segment.text.encode()
    ends = list(accumulate(len(piece) for piece, _ in said))
    found = []
    place = 0
    for word in words_of(segment.text):
        start = text.index(word.encode(), place)
        place = start + len(word.encode())
        of_word = [
            probability
            for (piece, probability), end in zip(said, ends, strict=True)
            if end > start and end - len(piece) < place and letters_of(piece.decode(errors="replace"))
        ]
        found.append(math.prod(of_word))
    return found
