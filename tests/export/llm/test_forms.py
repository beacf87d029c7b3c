"""From folder to GGUF and back, with the numbers and the tokenizer that were there before."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import gguf
import numpy as np
import pytest

from edge.gguf.file import StoredTensor, open_gguf
from export.llm.export import export_llm, read_model
from export.llm.model import FloatType
from export.llm.names import from_gguf_rows, gguf_name
from export.sources.safetensors import read_safetensors

from .conftest import DIMS, MERGES, N_VOCAB, TEMPLATE, tensors, write_folder


def test_gguf_as_its_own_library_reads_it(tmp_path: Path, folder: Path) -> None:
    export_llm(folder, tmp_path / "model.gguf", precision="f16")
    reader = gguf.GGUFReader(tmp_path / "model.gguf")
    said = {key: field.contents() for key, field in reader.fields.items()}
    assert said["general.architecture"] == "llama"
    assert said["general.name"] == "tiny-llama"
    assert said["llama.attention.head_count_kv"] == DIMS.n_kv_head
    assert said["llama.rope.freq_base"] == DIMS.rope_theta
    assert said["llama.vocab_size"] == N_VOCAB
    assert said["general.file_type"] == gguf.LlamaFileType.MOSTLY_F16
    assert said["tokenizer.ggml.model"] == "gpt2"
    assert said["tokenizer.ggml.pre"] == "smollm"
    assert said["tokenizer.ggml.merges"] == list(MERGES)
    assert said["tokenizer.ggml.token_type"][:4] == [3, 3, 3, 1]
    assert said["tokenizer.ggml.eos_token_id"] == 2
    assert said["tokenizer.ggml.add_bos_token"] is False
    assert said["tokenizer.chat_template"] == TEMPLATE
    stored = {tensor.name: tensor for tensor in reader.tensors}
    for name, expected in tensors().items():
        found = stored.pop(gguf_name(name))
        kind = np.float32 if expected.ndim == 1 else np.float16
        assert found.data.dtype == kind
        np.testing.assert_array_equal(from_gguf_rows(name, found.data, DIMS), expected.astype(np.float16))
    assert not stored


@pytest.mark.parametrize("kind", ["f16", "bf16", "f32"])
def test_folder_of_the_narrowest_type(tmp_path: Path, kind: FloatType) -> None:
    source = write_folder(tmp_path / "source", kind)
    report = export_llm(source, tmp_path / "again", to="huggingface")
    assert report.precision == kind
    assert report.n_bytes == sum(file.stat().st_size for file in (tmp_path / "again").iterdir())
    found, expected = (read_safetensors(at / "model.safetensors") for at in (tmp_path / "again", source))
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor)


def test_there_and_back(tmp_path: Path, folder: Path) -> None:
    export_llm(folder, tmp_path / "model.gguf", precision="f16")
    export_llm(tmp_path / "model.gguf", tmp_path / "back", to="huggingface")
    first, again = read_model(folder), read_model(tmp_path / "back")
    assert again.dims == first.dims
    assert again.tokenizer == first.tokenizer
    for name, tensor in first.tensors.items():
        assert again.tensors[name].type == "f16"
        np.testing.assert_array_equal(again.tensors[name].read(), tensor.read())
    assert json.loads((tmp_path / "back" / "generation_config.json").read_text())["eos_token_id"] == 2


def test_untied_model_in_shards(tmp_path: Path) -> None:
    weights = tensors()
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"] + 1
    source = write_folder(tmp_path / "source", "f32", changes={"tie_word_embeddings": False}, weights=weights)
    shard = source / "model-00001-of-00001.safetensors"
    (source / "model.safetensors").rename(shard)
    (source / "model.safetensors.index.json").write_text(json.dumps({"weight_map": dict.fromkeys(weights, shard.name)}))
    export_llm(source, tmp_path / "model.gguf", precision="f16")
    model = read_model(tmp_path / "model.gguf")
    assert model.dims == dataclasses.replace(DIMS, is_tied=False)
    expected = weights["lm_head.weight"].astype(np.float16)
    np.testing.assert_array_equal(model.tensors["lm_head.weight"].read(), expected)


def test_stored_head_of_a_tied_model(tmp_path: Path) -> None:
    weights = tensors()
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    weights["model.layers.0.self_attn.rotary_emb.inv_freq"] = np.ones(8, np.float32)
    assert read_model(write_folder(tmp_path / "source", weights=weights)).dims == DIMS


def test_theta_where_transformers_5_keeps_it(tmp_path: Path) -> None:
    parameters = {"rope_theta": 5e4, "rope_type": "default"}
    source = write_folder(tmp_path / "source", changes={"rope_theta": None, "rope_parameters": parameters})
    assert read_model(source).dims.rope_theta == 5e4


@pytest.mark.parametrize("kind", ["Q4_1", "Q8_0", "BF16"])
def test_quantized_source_gives_the_numbers_that_it_stands_for(tmp_path: Path, kind: str) -> None:
    export_llm(write_folder(tmp_path / "source", "bf16"), tmp_path / "f16.gguf", precision="f16")
    expected = _rewrite(tmp_path / "f16.gguf", tmp_path / "made.gguf", gguf.GGMLQuantizationType[kind])
    report = export_llm(tmp_path / "made.gguf", tmp_path / "folder", to="huggingface")
    assert report.precision == ("bf16" if kind == "BF16" else "f32")
    found = read_safetensors(tmp_path / "folder" / "model.safetensors")
    for name, tensor in found.items():
        np.testing.assert_array_equal(tensor, from_gguf_rows(name, expected[gguf_name(name)], DIMS))


def _rewrite(source: Path, out: Path, kind: gguf.GGMLQuantizationType) -> dict[str, np.ndarray]:
    """The file with its matrices in another type, by gguf-py alone; the numbers in it."""
    from edge.gguf.types import TensorType
    from edge.gguf.writer import write_gguf

    numbers, to_write = {}, []
    with open_gguf(source) as file:
        for name, stored in file.tensors.items():
            wide = stored.data.astype(np.float32)
            data = gguf.quants.quantize(wide, kind) if wide.ndim > 1 else wide
            numbers[name] = gguf.quants.dequantize(data, kind).reshape(wide.shape) if wide.ndim > 1 else wide
            type_ = TensorType[kind.name] if wide.ndim > 1 else TensorType.F32
            to_write.append(StoredTensor(name, type_, wide.shape, data))
        write_gguf(out, dict(file.metadata), to_write)
    return numbers
