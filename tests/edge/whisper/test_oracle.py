"""Decoding against transformers' own, on its float32 model: EDGEWISE_TEST_HF_TINY_EN names such a folder."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.audio import open_audio
from edge.options import TranscribeOptions
from edge.whisper.features import raw_log_mel, window_features
from edge.whisper.file.dims import WhisperDims
from edge.whisper.segments import decoding_of
from edge.whisper.tokens import Tokenizer

from .run import transcribe

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

FOLDER = os.environ.get("EDGEWISE_TEST_HF_TINY_EN")
pytestmark = pytest.mark.skipif(not FOLDER, reason="EDGEWISE_TEST_HF_TINY_EN names no Hugging Face folder")


class TorchState:
    """The decoder of transformers with its cache, one sequence."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.rewind(0)

    def encode(self, mel: NDArray[np.float32]) -> None:
        with torch.inference_mode():
            self._encoded = self._model.model.encoder(torch.from_numpy(mel.T.copy())[None])[0]
        self.rewind(0)

    def decode(self, tokens: NDArray[np.int32], *, last_only: bool = True) -> NDArray[np.float32]:
        with torch.inference_mode():
            states = self._model.model.decoder(
                input_ids=torch.from_numpy(tokens.astype(np.int64)),
                encoder_hidden_states=self._encoded,
                past_key_values=self._cache,
                use_cache=True,
            ).last_hidden_state
            logits = self._model.proj_out(states[:, -1:] if last_only else states)
        self.n_past += tokens.shape[1]
        return np.asarray(logits.numpy())

    def rewind(self, n_past: int) -> None:
        assert n_past == 0, "greedy search goes back only to the start"
        self.n_past = 0
        cache = transformers.cache_utils
        self._cache = cache.EncoderDecoderCache(cache.DynamicCache(), cache.DynamicCache())


@pytest.fixture(scope="module")
def checkpoint() -> Any:
    sources = pytest.importorskip("export.sources")
    return sources.read_checkpoint(Path(str(FOLDER)))


@pytest.fixture(scope="module")
def torch_model() -> Any:
    model = transformers.WhisperForConditionalGeneration.from_pretrained(FOLDER, dtype=torch.float32)
    return model.eval()


@pytest.fixture(scope="module")
def torch_engine(torch_model: Any, checkpoint: Any) -> Any:
    dims: WhisperDims = checkpoint.dims
    return SimpleNamespace(
        dims=dims,
        new_state=lambda n_beams=1: TorchState(torch_model),
        tail=None,
        n_alignment_heads=0,
        verifies_drafts=False,
    )


def clips(shared_data: Path) -> list[Path]:
    return [shared_data / "misc_read_en" / "jfk.flac", *sorted(shared_data.glob("timit_sample/*.flac"))[:4]]


@pytest.mark.parametrize("suppress", [True, False])
def test_greedy_tokens_equal_those_of_generate(
    shared_data: Path, torch_engine: Any, torch_model: Any, checkpoint: Any, suppress: bool
) -> None:
    tokenizer = Tokenizer(checkpoint.vocabulary)
    options = TranscribeOptions(timestamps=False, suppress_tokens=None if suppress else ())
    for clip in clips(shared_data):
        result = transcribe(torch_engine, torch_engine.new_state(), tokenizer, checkpoint, open_audio(clip), options)
        samples = np.concatenate(list(open_audio(clip)))
        mel = window_features(raw_log_mel(samples, checkpoint.mel_filters), 3000)
        settings = {} if suppress else {"suppress_tokens": None}
        generated = torch_model.generate(torch.from_numpy(mel.T.copy())[None], return_timestamps=False, **settings)[
            0
        ].tolist()
        expected = [token for token in generated if token < tokenizer.eot]
        assert [token for segment in result.segments for token in decoding_of(segment).tokens] == expected, clip


def test_timestamps_equal_those_of_generate(
    shared_data: Path, torch_engine: Any, torch_model: Any, checkpoint: Any
) -> None:
    tokenizer = Tokenizer(checkpoint.vocabulary)
    for clip in clips(shared_data):
        result = transcribe(
            torch_engine, torch_engine.new_state(), tokenizer, checkpoint, open_audio(clip), TranscribeOptions()
        )
        samples = np.concatenate(list(open_audio(clip)))
        mel = window_features(raw_log_mel(samples, checkpoint.mel_filters), 3000)
        generated = torch_model.generate(torch.from_numpy(mel.T.copy())[None], return_timestamps=True)
        expected = [
            token for token in generated[0].tolist() if token < tokenizer.eot or token >= tokenizer.timestamp_begin
        ]
        assert [token for segment in result.segments for token in decoding_of(segment).tokens] == expected, clip
