"""A language model of noise beside its arithmetic in numpy, and beside itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.cli.main import main
from edge.errors import FormatError, OptionError, UnsupportedModelError
from edge.gguf.file import MetadataValue, StoredTensor, open_gguf
from edge.gguf.types import TensorType
from edge.llm.file import check_file, scale_name
from edge.llm.model import open_model
from edge.llm.names import CACHES, Cache
from edge.ops import cpu_info

from .conftest import DIMS, Write, metadata

TEXTS = ["the cat", "the cab", "that cat the", "", "12 cats, the end\n"]
Doubles = NDArray[np.float64]


PLAIN = DIMS.rope_base ** (-np.arange(0, 64, 2) / 64)
"""Frequencies of rotary positions."""


def reference(path: Path, tokens: list[int], frequencies: Doubles = PLAIN) -> Doubles:
    """Compute the logits after each token in double precision, pairs of rows turned as llama.cpp turns them."""
    w: dict[str, Doubles] = {
        name: np.asarray(tensor.data, np.float64) for name, tensor in open_gguf(path).tensors.items()
    }
    n = len(tokens)
    angles = np.arange(n)[:, None] * frequencies

    def norm(x: Doubles, name: str) -> Doubles:
        return np.asarray(x / np.sqrt((x**2).mean(-1, keepdims=True) + DIMS.epsilon) * w[f"{name}.weight"])

    def turn(x: Doubles) -> Doubles:
        a, b, c, s = x[..., 0::2], x[..., 1::2], np.cos(angles)[:, None], np.sin(angles)[:, None]
        return np.stack([a * c - b * s, b * c + a * s], -1).reshape(x.shape)

    x = w["token_embd.weight"][tokens]
    for layer in range(DIMS.n_layer):
        at = f"blk.{layer}"
        h = norm(x, f"{at}.attn_norm")
        q, k, v = (
            (h @ w[f"{at}.attn_{part}.weight"].T).reshape(n, heads, 64)
            for part, heads in (("q", DIMS.n_head), ("k", DIMS.n_kv_head), ("v", DIMS.n_kv_head))
        )
        q, k = turn(q), turn(k).repeat(DIMS.n_head // DIMS.n_kv_head, 1)
        scores = np.einsum("ihd,jhd->hij", q, k) / 8 + np.triu(np.full((n, n), -np.inf), 1)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        context = np.einsum("hij,jhd->ihd", weights, v.repeat(DIMS.n_head // DIMS.n_kv_head, 1)).reshape(n, -1)
        x = x + context @ w[f"{at}.attn_output.weight"].T
        h = norm(x, f"{at}.ffn_norm")
        gate = h @ w[f"{at}.ffn_gate.weight"].T
        x = x + (gate / (1 + np.exp(-gate)) * (h @ w[f"{at}.ffn_up.weight"].T)) @ w[f"{at}.ffn_down.weight"].T
    logits: Doubles = norm(x, "output_norm") @ w["token_embd.weight"].T
    return logits


def test_float32_log_probabilities_are_those_of_the_arithmetic(write: Write) -> None:
    path = write()
    model = open_model(path, precision="f32", threads=1)
    for text, nats in zip(TEXTS, model.score(TEXTS), strict=True):
        tokens = [0, *model.tokenizer.encode(text)]
        logits = reference(path, tokens)
        expected = sum(logits[i, t] - np.log(np.exp(logits[i]).sum()) for i, t in enumerate(tokens[1:]))
        assert nats == pytest.approx(float(expected), abs=2e-4)


PRECISIONS = [("f32", "f32"), ("int8", "f32"), ("int4", "f32"), ("f32", "int8"), ("int8", "int8")]
"""Precisions of weights, and of keys and values."""


@pytest.mark.parametrize(("precision", "cache"), PRECISIONS)
def test_a_tree_gives_each_text_the_bits_it_has_alone(write: Write, precision: str, cache: Cache) -> None:
    path = write()
    together = open_model(path, precision=precision, threads=2, cache=cache).score(TEXTS, before="the", after="\n")
    model = open_model(path, precision=precision, threads=1, cache=cache)
    assert together == [model.score([text], before="the", after="\n")[0] for text in TEXTS]


@pytest.mark.parametrize(("precision", "cache"), PRECISIONS)
def test_every_level_gives_the_same_bits(
    write: Write, precision: str, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, found = write(), set()
    for level in cpu_info().supported:
        monkeypatch.setenv("EDGE_CPU", level)
        model = open_model(path, precision=precision, threads=1, n_ctx=20, cache=cache)
        found.add((*model.score(TEXTS), *model.generate("the cat", most=40)))
    assert len(found) == 1


def test_int8_keys_and_values_are_near_those_in_float32(write: Write) -> None:
    path = write()
    exact, near = (open_model(path, precision="f32", threads=1, cache=cache) for cache in CACHES)
    tokens = [0, *exact.tokenizer.encode("the cat on that cab, 12 cats")]
    difference = near.logits(tokens) - exact.logits(tokens)
    assert 0 < np.abs(difference).max() < 0.05
    states = [model.new_state() for model in (exact, near)]
    for state in states:
        state.read(tokens[:9])
        state.drop(2, 4)
    kept = [state.read([tokens[9]]).copy() for state in states]
    np.testing.assert_allclose(kept[1], kept[0], atol=0.05)
    with pytest.raises(OptionError, match="cache"):
        open_model(path, cache="int4")  # type: ignore[arg-type]


def test_a_text_goes_on_past_what_the_model_looks_back_at(write: Write) -> None:
    model = open_model(write(), threads=1, n_ctx=16)
    assert list(model.generate("the cat", most=60)) == list(model.generate("the cat", most=60))
    drawn = "".join(model.generate("the cat", most=60, temperature=1.0, seed=3))
    assert drawn == "".join(model.generate("the cat", most=60, temperature=1.0, seed=3))
    assert drawn != "".join(model.generate("the cat", most=60, temperature=1.0, seed=4))


def test_a_text_longer_than_the_context_is_refused(write: Write) -> None:
    model = open_model(write(), threads=1, n_ctx=8)
    with pytest.raises(OptionError, match="looks back at 8"):
        model.score(["0123456789"])
    with pytest.raises(OptionError, match="looks back at 8"):
        model.generate("0123456789")


def test_files_that_are_not_whole_are_refused(write: Write) -> None:
    bad = np.full((DIMS.n_state,), np.nan, np.float32)
    name = "output_norm.weight"
    with pytest.raises(FormatError, match="finite"):
        open_model(write(tensors={name: StoredTensor(name, TensorType.F32, bad.shape, bad)}))
    codes, scales = np.full((96, DIMS.n_state), 127, np.int8), np.full(96, 3e38, np.float32)
    name = "blk.0.ffn_up.weight"
    widened = {
        name: StoredTensor(name, TensorType.I8, codes.shape, codes),
        scale_name(name): StoredTensor(scale_name(name), TensorType.F32, scales.shape, scales),
    }
    with pytest.raises(FormatError, match="finite"):
        open_model(write(tensors=widened), precision="f32")
    large = np.full((96, DIMS.n_state), 1e6, np.float32)
    with pytest.raises(FormatError, match="float16"):
        open_model(write(tensors={name: StoredTensor(name, TensorType.F32, large.shape, large)}), precision="int4")
    with pytest.raises(FormatError, match="missing"):
        open_model(write(tensors={name: None}))
    with pytest.raises(FormatError, match="2000000000 layers, and the file has"):
        check_file(open_gguf(write({"llama.block_count": 2_000_000_000})))
    with pytest.raises(FormatError, match="tokens, and the model has"):
        check_file(open_gguf(write({"llama.vocab_size": DIMS.n_vocab, "tokenizer.ggml.tokens": ["a"]})))
    for change in ({"llama.attention.head_count": 4}, {"tokenizer.ggml.pre": "qwen2"}, {"llama.expert_count": 8}):
        with pytest.raises(UnsupportedModelError):
            open_model(write(change))


def test_the_command_writes_on_and_scores(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(write())
    assert main(["generate", "the cat", "--model", path, "--tokens", "4"]) == 0
    assert capsys.readouterr().out.startswith("the cat")
    assert main(["generate", "--score", "the cat", "the", "--model", path]) == 0
    assert [line.split(maxsplit=1)[1] for line in capsys.readouterr().out.splitlines()] == ["the cat", "the"]


def test_a_text_that_is_read_half_leaves_the_model_to_others(write: Write) -> None:
    model = open_model(write(), threads=1)
    alone = list(model.generate("the cat", most=20))
    half = model.generate("the cat", most=20)
    begun = next(half)
    scores = model.score(TEXTS)
    other = list(model.generate("that", most=5))
    assert [begun, *half] == alone
    assert (model.score(TEXTS), list(model.generate("that", most=5))) == (scores, other)


def llama_3_factors(factor: float = 32.0, low: float = 1.0, high: float = 4.0, trained: int = 8192) -> Doubles:
    """Give by what Llama 3.2 divides its frequencies: few turns within what it was trained on, and it is `factor`."""
    turns = trained * PLAIN / (2 * np.pi)
    smooth = np.clip((turns - low) / (high - low), 0, 1)
    return np.asarray(1 / ((1 - smooth) / factor + smooth), np.float64)


def test_scaled_rotary_positions_are_those_of_the_formula(write: Write) -> None:
    factors = llama_3_factors(trained=64)
    assert (factors[0], factors[-1]) == (1.0, 32.0)
    stored = StoredTensor("rope_freqs.weight", TensorType.F32, (32,), factors.astype(np.float32))
    tokens = [0, *range(3, 40)]
    cases: list[tuple[dict[str, MetadataValue], dict[str, StoredTensor | None], Doubles]] = [
        ({}, {stored.name: stored}, PLAIN / factors),
        ({"llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": 4.0}, {}, PLAIN / 4),
    ]
    for changed, tensors, frequencies in cases:
        path = write(changed, tensors)
        got = open_model(path, precision="f32", threads=1).logits(tokens)
        np.testing.assert_allclose(got, reference(path, tokens, frequencies), atol=1e-4)
        assert np.abs(got - reference(path, tokens)).max() > 0.01


def test_rotary_positions_that_are_not_known_are_refused(write: Write) -> None:
    with pytest.raises(UnsupportedModelError, match="expected none or linear, found 'yarn'"):
        open_model(write({"llama.rope.scaling.type": "yarn"}))
    for shape, number in (((31,), 1.0), ((32,), 0.0), ((32,), np.nan)):
        bad = StoredTensor("rope_freqs.weight", TensorType.F32, shape, np.full(shape, number, np.float32))
        with pytest.raises(FormatError, match="rope_freqs"):
            open_model(write(tensors={bad.name: bad}))


def test_a_model_cut_as_llama_3_takes_words_that_are_tokens_whole(write: Write) -> None:
    tokens = [*metadata()["tokenizer.ggml.tokens"], "catat"]  # type: ignore[misc]
    sizes = {"llama.vocab_size": len(tokens), "tokenizer.ggml.token_type": np.array([3] + [1] * (len(tokens) - 1))}
    more = np.zeros((len(tokens), DIMS.n_state), np.float32)
    embedding = {"token_embd.weight": StoredTensor("token_embd.weight", TensorType.F32, more.shape, more)}
    path = write({"tokenizer.ggml.tokens": tokens, "tokenizer.ggml.pre": "llama-bpe"} | sizes, embedding)
    tokenizer = check_file(open_gguf(path)).tokenizer
    assert tokenizer.encode("catat") == [len(tokens) - 1]
    assert [tokenizer.decode([token]) for token in tokenizer.encode("the cats")] == ["the", " cat", "s"]
