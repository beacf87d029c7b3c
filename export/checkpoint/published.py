"""The names of the Whisper models that OpenAI has published, and the attention heads that follow the audio.

A head of the decoder's cross-attention "follows the audio" when the position it attends to moves forward
with the words; word times are read off those heads. Which ones do is a property of the trained weights, so
it is recorded here for the published ones and guessed for any other model.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.whisper.file.dims import WhisperDims
from edge.whisper.file.published import PUBLISHED

AlignmentHeads = tuple[tuple[int, int], ...]
"""Pairs of decoder layer and head, in ascending order."""

_ALIASES = {"large": "large-v3", "turbo": "large-v3-turbo"}

_HEADS_OF_LAYER: Mapping[str, Mapping[int, tuple[int, ...]]] = {
    "tiny.en": {1: (0,), 2: (0, 5), 3: (0, 1, 2, 3, 4)},
    "tiny": {2: (2,), 3: (0, 2, 3, 4, 5)},
    "base.en": {3: (3,), 4: (7,), 5: (1, 5, 7)},
    "base": {3: (1,), 4: (2, 3, 7), 5: (1, 2, 4, 6)},
    "small.en": {
        6: (6,),
        7: (0, 3, 8),
        8: (2, 5, 7),
        9: (0, 4, 8, 10),
        10: (0, 1, 2, 3, 6, 11),
        11: (2, 4),
    },
    "small": {5: (3, 9), 8: (0, 4, 7, 8), 9: (0, 7, 9), 10: (5,)},
    "medium.en": {
        11: (4,),
        14: (1, 12, 14),
        15: (4,),
        16: (0, 4, 9),
        17: (12, 14),
        18: (7, 10, 15),
        20: (0, 3, 9, 14),
        21: (12,),
    },
    "medium": {13: (15,), 15: (4, 15), 16: (1,), 20: (0,), 23: (4,)},
    "large-v1": {9: (19,), 11: (2, 4, 17), 22: (7, 11, 17), 23: (2, 15)},
    "large-v2": {
        10: (12,),
        13: (17,),
        16: (11, 12, 13),
        17: (15, 16),
        18: (4, 11, 19),
        19: (11,),
        21: (2, 3),
        22: (3, 9, 12),
        23: (5, 7, 13),
        25: (5,),
        26: (1, 12),
        27: (15,),
    },
    "large-v3": {
        7: (0,),
        10: (17,),
        12: (18,),
        13: (12,),
        16: (1,),
        17: (14,),
        19: (11,),
        21: (4,),
        24: (1,),
        25: (6,),
    },
    "large-v3-turbo": {2: (4, 11), 3: (3, 6, 11, 14)},
}


def canonical_name(name: str) -> str:
    """Strip a model's name of prefixes: "openai/whisper-tiny.en" and "ggml-tiny.en" become "tiny.en"."""
    bare = name.rstrip("/").rsplit("/", 1)[-1]
    for prefix in ("ggml-", "faster-", "whisper-"):
        bare = bare.removeprefix(prefix)
    return _ALIASES.get(bare, bare)


def guess_name(dims: WhisperDims, hint: str = "") -> str:
    """Guess the published name of a model: the hint when it is one and its sizes fit, else the one of these sizes.

    A model of no published size is called by the hint, or "whisper" when there is none.
    """
    name = canonical_name(hint)
    if PUBLISHED.get(name) == dims:
        return name
    for published, sizes in PUBLISHED.items():
        if sizes == dims:
            return published
    return name or "whisper"


def alignment_heads(name: str, dims: WhisperDims) -> AlignmentHeads:
    """Find the heads that follow the audio; in a model that was not published, all of the decoder's upper half."""
    if PUBLISHED.get(name) == dims:
        return tuple((layer, head) for layer, heads in _HEADS_OF_LAYER[name].items() for head in heads)
    upper = range(dims.n_text_layer // 2, dims.n_text_layer)
    return tuple((layer, head) for layer in upper for head in range(dims.n_text_head))
