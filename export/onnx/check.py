"""An exported folder, run as the runtime runs it, against transformers' own model of the same weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.arrays import FloatArray
from edge.audio import SAMPLE_RATE_HZ, open_audio
from edge.whisper.engines.onnx import OnnxEngine, OnnxState
from edge.whisper.engines.onnx_folder import DECODER, DECODER_WITH_PAST, ENCODER, open_folder
from edge.whisper.features import raw_log_mel, window_features
from edge.whisper.file.dims import FRAMES_PER_POSITION
from edge.whisper.tokens import Tokenizer

from ..checkpoint.types import Checkpoint
from ..errors import VerificationError
from .graphs import TorchModel
from .result import GraphReport, OnnxReport

MOST_ERROR: Mapping[str, float] = {"f32": 1e-3, "int8": 0.5, "w8": 0.2, "w4": 0.5}
"""Largest error of a graph, as a share of what it should give: above what rounding does; 1 is that of a guess."""

_LEAST_TOKENS, _MOST_TOKENS = 8, 32
_SPEECH_S = 4
_TIE = 1e-2
"""Distance below which two logits may change places in float32."""
_MOST_ATTENTION = 1e-3


@dataclass(frozen=True, slots=True)
class Reference:
    """Numbers that transformers computes for a clip."""

    mel: FloatArray
    """Features of the clip, (n_frames, n_mels)."""
    states: FloatArray
    """States of the encoder, (n_ctx, n_state)."""
    prompt: tuple[int, ...]
    tokens: tuple[int, ...]
    """Tokens after the prompt, each the likeliest; a few at least, if the text ends before."""
    n_said: int
    """Number of tokens up to the end of the text."""
    logits: FloatArray
    """Logits after each token of the prompt and of `tokens`, (n_tokens, n_vocab)."""
    attention: FloatArray
    """Attention of the alignment heads, (n_heads, n_tokens, n_ctx)."""


def make_reference(model: TorchModel, checkpoint: Checkpoint, clip: Path | None) -> Reference:
    """Run transformers over a recording, or over made-up sound."""
    import torch

    mel = _features(checkpoint, clip)
    tokenizer = Tokenizer(checkpoint.vocabulary)
    prompt = (*tokenizer.sot_sequence(), tokenizer.no_timestamps)
    n_most = min(len(prompt) + _MOST_TOKENS, checkpoint.dims.n_text_ctx)
    ids = list(prompt)
    with torch.inference_mode():
        encoded = model.model.encoder(torch.from_numpy(mel.T[None].copy()))
        while True:
            # All of them for each token: slower than with a cache, and what a cache is to be checked against.
            out = model(
                encoder_outputs=encoded, decoder_input_ids=torch.tensor([ids]), use_cache=False, output_attentions=True
            )
            if len(ids) == n_most or (tokenizer.eot in ids and len(ids) >= len(prompt) + _LEAST_TOKENS):
                break
            ids.append(int(out.logits[0, -1].argmax()))
    tokens = tuple(ids[len(prompt) :])
    heads = [out.cross_attentions[layer][0, head].numpy() for layer, head in checkpoint.alignment_heads]
    shape = (0, len(ids), checkpoint.dims.n_audio_ctx)
    return Reference(
        mel=mel,
        states=encoded[0][0].numpy(),
        prompt=prompt,
        tokens=tokens,
        n_said=tokens.index(tokenizer.eot) + 1 if tokenizer.eot in tokens else len(tokens),
        logits=out.logits[0].numpy(),
        attention=np.stack(heads) if heads else np.zeros(shape, np.float32),
    )


def check_folder(folder: Path, precision: str, reference: Reference, sizes: Mapping[str, int]) -> OnnxReport:
    """Compare a folder with the reference; `sizes` are the bytes of each graph with its weights, by its name.

    Raises:
        VerificationError: its numbers are too far from the reference's, or its words differ at float32.
    """
    with open_folder(folder) as facts:
        state = OnnxEngine(folder, facts).new_state()
    outputs, attention = _outputs(state, reference)
    graphs = tuple(_compare(name, n_bytes, *outputs[name]) for name, n_bytes in sizes.items())
    for graph in graphs:
        if not graph.error <= MOST_ERROR[precision]:  # NaN is not, either
            advice = "" if precision == "f32" else ", try w8 or f32"
            raise VerificationError(
                f"{graph.name} at {precision} is {graph.error:.2%} off transformers' numbers, at most "
                f"{MOST_ERROR[precision]:.2%} were expected; nothing is written{advice}"
            )
    n_same = _n_same(state, reference)
    if precision == "f32":
        _check_exact(attention, n_same, reference)
    return OnnxReport(graphs, n_same, reference.n_said)


def _outputs(state: OnnxState, reference: Reference) -> tuple[dict[str, tuple[FloatArray, FloatArray]], FloatArray]:
    """Run every graph: what each gives and what it should give, by its name, and the alignment heads' attention."""
    state.encode(reference.mel)
    first = np.array([reference.prompt], np.int32)
    logits = [state.decode(first, last_only=False, alignment=True)[0]]
    attention = [state.alignment()[0]]
    for token in reference.tokens:
        logits.append(state.decode(np.array([[token]], np.int32), alignment=True)[0])
        attention.append(state.alignment()[0])
    n_prompt = len(reference.prompt)
    outputs = {
        ENCODER: (state.encoder_output(), reference.states),
        DECODER: (logits[0], reference.logits[:n_prompt]),
        DECODER_WITH_PAST: (np.concatenate(logits[1:]), reference.logits[n_prompt:]),
    }
    return outputs, np.concatenate(attention, axis=1)


def _compare(name: str, n_bytes: int, found: FloatArray, expected: FloatArray) -> GraphReport:
    found = found - found.mean(axis=-1, keepdims=True)
    expected = expected - expected.mean(axis=-1, keepdims=True)
    off = np.abs(found - expected)
    error = np.sqrt(np.square(off).mean() / np.square(expected).mean())
    return GraphReport(name, n_bytes, error=float(error), largest=float(off.max()), mean=float(off.mean()))


def _n_same(state: OnnxState, reference: Reference) -> int:
    state.rewind(0)
    step = np.array([reference.prompt], np.int32)
    for n_same, expected in enumerate(reference.tokens[: reference.n_said]):
        token = int(state.decode(step)[0, -1].argmax())
        if token != expected:
            return n_same
        step = np.array([[token]], np.int32)
    return reference.n_said


def _check_exact(attention: FloatArray, n_same: int, reference: Reference) -> None:
    worst = float(np.abs(attention - reference.attention).max(initial=0))
    if not worst <= _MOST_ATTENTION:
        raise VerificationError(f"the alignment heads' attention is {worst:.4f} off transformers'; nothing is written")
    if n_same < reference.n_said:
        best = np.sort(reference.logits[len(reference.prompt) - 1 + n_same])[-2:]
        if best[1] - best[0] > _TIE:
            raise VerificationError(f"token {n_same + 1} of the clip is not transformers'; nothing is written")


def _features(checkpoint: Checkpoint, clip: Path | None) -> FloatArray:
    n_frames = FRAMES_PER_POSITION * checkpoint.dims.n_audio_ctx
    if clip is None:
        samples = _made_up_sound()
    else:
        with open_audio(clip) as source:
            samples = np.concatenate(list(source))
    return window_features(raw_log_mel(samples, checkpoint.mel_filters), n_frames)


def _made_up_sound() -> FloatArray:
    """Make bursts of a gliding tone in a little noise, (n_samples,): no words, but loud and quiet, high and low."""
    time_s = np.arange(_SPEECH_S * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    glide = np.cumsum(200 + 150 * np.sin(2 * np.pi * 0.7 * time_s)) / SAMPLE_RATE_HZ
    voice = sum(np.sin(2 * np.pi * harmonic * glide) / harmonic for harmonic in range(1, 12))
    bursts = np.maximum(np.sin(2 * np.pi * 3 * time_s), 0)
    noise = np.random.default_rng(0).standard_normal(len(time_s))
    return (0.2 * voice * bursts + 0.002 * noise).astype(np.float32)
