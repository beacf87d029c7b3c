"""Sources that are damaged, hostile or of another kind: an error that names the culprit, and no output."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import EdgeError, FormatError, ModelNotFoundError, UnsupportedModelError
from edge.gguf.file import StoredTensor, open_gguf
from edge.gguf.types import TensorType
from edge.gguf.writer import write_gguf
from export.llm.export import export_llm

from .conftest import tensors, write_folder

K_PROJ = "model.layers.1.self_attn.k_proj.weight"


def _refused(source: Path, kind: type[EdgeError], words: str, *, to: str = "gguf", precision: str = "f16") -> None:
    out = source.parent / "out"
    with pytest.raises(kind, match=words):
        export_llm(source, out, to=to, precision=precision)
    assert [path for path in source.parent.iterdir() if path != source] == []


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("to", ["gguf", "huggingface"])
def test_numbers_that_are_none(tmp_path: Path, value: float, to: str) -> None:
    weights = tensors()
    weights[K_PROJ][3, 5] = value
    _refused(write_folder(tmp_path / "source", "f32", weights=weights), FormatError, f"{K_PROJ} holds NaN", to=to)


@pytest.mark.parametrize("to", ["gguf", "huggingface"])
def test_numbers_out_of_range(tmp_path: Path, to: str) -> None:
    weights = tensors()
    weights[K_PROJ][3, 5] = 1e5
    source = write_folder(tmp_path / "source", "bf16", weights=weights)
    _refused(source, UnsupportedModelError, f"{K_PROJ} is out of float16's range", to=to)


def _missing(weights: dict[str, Any]) -> None:
    del weights[K_PROJ]


def _misshapen(weights: dict[str, Any]) -> None:
    weights[K_PROJ] = weights[K_PROJ][:-1]


def _unknown(weights: dict[str, Any]) -> None:
    weights["model.layers.0.self_attn.q_proj.bias"] = np.zeros(64, np.float32)


def _two_heads(weights: dict[str, Any]) -> None:
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"] * 2


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_missing, f"tensor {K_PROJ} is missing"),
        (_misshapen, rf"tensor {K_PROJ} has shape \(31, 64\), expected \(32, 64\)"),
        (_unknown, r"q_proj\.bias is no part of"),
        (_two_heads, r"lm_head\.weight differs from model\.embed_tokens\.weight"),
    ],
)
def test_tensors_that_do_not_fit(tmp_path: Path, damage: Callable[[dict[str, Any]], None], words: str) -> None:
    weights = tensors()
    damage(weights)
    _refused(write_folder(tmp_path / "source", weights=weights), FormatError, words)


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"model_type": "mistral"}, UnsupportedModelError, "model_type is 'mistral'; only 'llama'"),
        ({"hidden_act": "gelu"}, UnsupportedModelError, "hidden_act is 'gelu'"),
        ({"attention_bias": True}, UnsupportedModelError, "attention_bias is True"),
        ({"rope_scaling": {"rope_type": "llama3"}}, FormatError, "factor of scaled rotary positions is None"),
        ({"rope_parameters": "yarn"}, FormatError, "rope_parameters is yarn, expected an object"),
        ({"quantization_config": {"bits": 4}}, UnsupportedModelError, "weights are quantized"),
        ({"hidden_size": None}, FormatError, "hidden_size is None, expected an integer"),
        ({"hidden_size": 64.0}, FormatError, r"hidden_size is 64\.0, expected an integer"),
        ({"num_hidden_layers": 10**9}, FormatError, "n_layer is 1000000000, expected 1 to 512"),
        ({"num_hidden_layers": 3}, FormatError, r"model\.layers\.2\..* is missing"),
        ({"num_attention_heads": 0}, FormatError, "num_attention_heads is 0"),
        ({"num_key_value_heads": 3}, FormatError, "4 heads cannot share 3 heads"),
        ({"head_dim": 15}, FormatError, "heads are 15 wide"),
        ({"intermediate_size": 128}, FormatError, r"gate_proj\.weight has shape \(96, 64\), expected \(128, 64\)"),
        ({"rms_norm_eps": 0}, FormatError, r"epsilon is 0\.0, expected a positive number"),
        ({"rms_norm_eps": 10**400}, FormatError, "rms_norm_eps is 1000.*, expected a number"),
        ({"rope_theta": "big"}, FormatError, "rope_theta is 'big', expected a number"),
        ({"vocab_size": 100}, FormatError, "the model has 100 tokens|has shape"),
    ],
)
def test_configurations(tmp_path: Path, changes: dict[str, Any], kind: type[EdgeError], words: str) -> None:
    _refused(write_folder(tmp_path / "source", changes=changes), kind, words)


@pytest.mark.parametrize("keep", [0, 7, 100, 40_000, -1])
def test_truncated_weights(tmp_path: Path, keep: int) -> None:
    source = write_folder(tmp_path / "source")
    weights = source / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    _refused(source, FormatError, r"model\.safetensors")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_incomplete_folders(tmp_path: Path, name: str) -> None:
    source = write_folder(tmp_path / "source")
    (source / name).unlink()
    _refused(source, ModelNotFoundError, name)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json"])
def test_damaged_json(tmp_path: Path, name: str) -> None:
    source = write_folder(tmp_path / "source")
    (source / name).write_text("{")
    _refused(source, FormatError, f"{name}: not valid JSON")


@pytest.fixture
def made(tmp_path: Path, folder: Path) -> Path:
    """A GGUF file, alone in its folder."""
    export_llm(folder, tmp_path / "made.gguf", precision="f16")
    return tmp_path / "made.gguf"


def _rewritten(made: Path, change: Callable[[dict[str, Any], dict[str, StoredTensor]], object]) -> Path:
    with open_gguf(made) as file:
        metadata: dict[str, Any] = dict(file.metadata)
        stored = {
            name: StoredTensor(name, tensor.type, tensor.shape, tensor.data) for name, tensor in file.tensors.items()
        }
        change(metadata, stored)
        write_gguf(made, metadata, stored.values())
    return made


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.999])
def test_truncated_gguf(made: Path, share: float) -> None:
    data = made.read_bytes()
    made.write_bytes(data[: int(share * len(data))])
    _refused(made, EdgeError, r"made\.gguf")


@pytest.mark.parametrize(
    ("key", "value", "kind", "words"),
    [
        ("general.architecture", "qwen2", UnsupportedModelError, "the architecture is 'qwen2'; only 'llama'"),
        ("llama.rope.scaling.type", "yarn", UnsupportedModelError, "'yarn'"),
        ("llama.expert_count", 8, UnsupportedModelError, "mixture of experts"),
        ("llama.block_count", 1, FormatError, r"blk\.1\..* is no part of"),
        ("llama.block_count", 3, FormatError, r"tensor blk\.2\.attn_norm\.weight is missing"),
        ("llama.block_count", "2", FormatError, "expected one integer, found 2"),
        ("llama.block_count", (1 << 32) - 1, FormatError, "n_layer is 4294967295"),
        ("llama.embedding_length", 0, FormatError, "over a width of 0"),
        ("llama.attention.head_count", 0, FormatError, "0 heads"),
        ("llama.attention.layer_norm_rms_epsilon", float("nan"), FormatError, "epsilon is nan"),
        ("llama.rope.dimension_count", 8, UnsupportedModelError, "dimension_count is 8"),
        ("llama.vocab_size", 3, FormatError, "token_embd|tokens"),
        ("tokenizer.ggml.model", "llama", UnsupportedModelError, "the tokenizer is 'llama'"),
        ("tokenizer.ggml.pre", "qwen2", UnsupportedModelError, "tokenizer.ggml.pre is 'qwen2'"),
        ("tokenizer.ggml.tokens", ["a"], FormatError, "1 tokens, and the model has 265"),
        ("tokenizer.ggml.tokens", ["a"] * 265, FormatError, "the token 'a' stands twice"),
        ("tokenizer.ggml.tokens", 3, FormatError, "expected a list of strings"),
        ("tokenizer.ggml.token_type", np.ones(3, np.int32), FormatError, "expected 265 integers"),
        ("tokenizer.ggml.merges", ["x"], FormatError, "the merge 'x' does not join"),
        ("tokenizer.ggml.eos_token_id", 999, FormatError, "eos is token 999"),
    ],
)
def test_keys_of_a_gguf(made: Path, key: str, value: Any, kind: type[EdgeError], words: str) -> None:
    _refused(_rewritten(made, lambda metadata, _: metadata.update({key: value})), kind, words)


def test_scaled_positions_of_a_gguf(made: Path) -> None:
    scales = StoredTensor("rope_freqs.weight", TensorType.F32, (7,), np.ones(7, np.float32))
    changed = _rewritten(made, lambda _, stored: stored.update({"rope_freqs.weight": scales}))
    _refused(changed, FormatError, r"rope_freqs.weight: expected 8 float32 numbers, found F32 \(7,\)")
    scales = StoredTensor("rope_factors_long.weight", TensorType.F32, (8,), np.ones(8, np.float32))
    changed = _rewritten(made, lambda _, stored: stored.update({"rope_factors_long.weight": scales}))
    _refused(changed, UnsupportedModelError, "rope_factors_long.weight: .* depend on a text's length")


def test_missing_tensors_of_a_gguf(made: Path) -> None:
    _refused(_rewritten(made, lambda _, stored: stored.pop("token_embd.weight")), FormatError, "token_embd.weight")


def test_damaged_scale_of_a_block(made: Path) -> None:
    """A block of NaNs in a quantized tensor is found where it is widened."""

    def change(_: dict[str, Any], stored: dict[str, StoredTensor]) -> None:
        data = np.zeros((64, 2 * 34), np.uint8)
        data[7, 34:36] = np.array([np.nan], np.float16).view(np.uint8)
        stored["blk.0.attn_output.weight"] = StoredTensor("blk.0.attn_output.weight", TensorType.Q8_0, (64, 64), data)

    words = r"blk\.0\.attn_output\.weight: expected finite numbers"
    _refused(_rewritten(made, change), FormatError, words, to="huggingface", precision="f32")


def test_type_without_numbers(made: Path) -> None:
    tensor = StoredTensor("blk.0.attn_output.weight", TensorType.I32, (64, 64), np.zeros((64, 64), np.int32))
    changed = _rewritten(made, lambda _, stored: stored.update({tensor.name: tensor}))
    _refused(changed, UnsupportedModelError, r"blk\.0\.attn_output\.weight is I32")


def test_no_model_at_all(tmp_path: Path) -> None:
    source = tmp_path / "source"
    _refused(source, ModelNotFoundError, "no such file or folder; expected a Hugging Face folder")
    source.write_bytes(b"words")
    _refused(source, UnsupportedModelError, "no known kind of model")
    source.write_bytes(b"")
    _refused(source, UnsupportedModelError, "no known kind of model")
    source.unlink()
    source.mkdir()
    _refused(source, ModelNotFoundError, r"config\.json")
    (source / "config.json").write_text(json.dumps({"model_type": "whisper"}))
    _refused(source, UnsupportedModelError, "model_type is 'whisper'")
