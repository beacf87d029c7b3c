"""The sizes of the Whisper models that OpenAI has published."""

from __future__ import annotations

from collections.abc import Mapping

from .dims import HEAD_DIM, WhisperDims

N_AUDIO_CTX = 1500
N_TEXT_CTX = 448

_ENGLISH, _MULTILINGUAL, _WITH_CANTONESE = 51864, 51865, 51866


def _sizes(width: int, encoder_layers: int, decoder_layers: int, n_vocab: int, n_mels: int = 80) -> WhisperDims:
    heads = width // HEAD_DIM
    return WhisperDims(
        n_mels=n_mels,
        n_vocab=n_vocab,
        n_audio_ctx=N_AUDIO_CTX,
        n_audio_state=width,
        n_audio_head=heads,
        n_audio_layer=encoder_layers,
        n_text_ctx=N_TEXT_CTX,
        n_text_state=width,
        n_text_head=heads,
        n_text_layer=decoder_layers,
    )


PUBLISHED: Mapping[str, WhisperDims] = {
    "tiny.en": _sizes(384, 4, 4, _ENGLISH),
    "tiny": _sizes(384, 4, 4, _MULTILINGUAL),
    "base.en": _sizes(512, 6, 6, _ENGLISH),
    "base": _sizes(512, 6, 6, _MULTILINGUAL),
    "small.en": _sizes(768, 12, 12, _ENGLISH),
    "small": _sizes(768, 12, 12, _MULTILINGUAL),
    "medium.en": _sizes(1024, 24, 24, _ENGLISH),
    "medium": _sizes(1024, 24, 24, _MULTILINGUAL),
    # Version 2 has the sizes of version 1; it comes first because it is the one in use.
    "large-v2": _sizes(1280, 32, 32, _MULTILINGUAL),
    "large-v1": _sizes(1280, 32, 32, _MULTILINGUAL),
    "large-v3": _sizes(1280, 32, 32, _WITH_CANTONESE, n_mels=128),
    "large-v3-turbo": _sizes(1280, 32, 4, _WITH_CANTONESE, n_mels=128),
}
"""Sizes by name; where two names share their sizes, the likelier one comes first."""
