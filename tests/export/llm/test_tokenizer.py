"""Byte-level BPE in and out of `tokenizer.json`, and the kinds that are refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from edge.errors import FormatError, ModelNotFoundError, UnsupportedModelError
from export.llm.tokenizer import (
    CONTROL,
    CUTS,
    NORMAL,
    UNUSED,
    TextTokenizer,
    read_tokenizer,
    tokenizer_config,
    tokenizer_json,
)

from .conftest import MERGES, N_VOCAB, SPECIALS, TEMPLATE, tokenizer, write_folder


def _read(folder: Path, content: Any = None, said: Any = None) -> TextTokenizer:
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer() if content is None else content))
    if said is not None:
        (folder / "tokenizer_config.json").write_text(json.dumps(said))
    return read_tokenizer(folder, N_VOCAB, {"eos_token_id": 2})


def test_what_is_read(folder: Path) -> None:
    found = read_tokenizer(folder, N_VOCAB, {"bos_token_id": 0, "pad_token_id": 0})
    assert found.tokens[:3] == SPECIALS
    assert found.types[:4] == (CONTROL, CONTROL, CONTROL, NORMAL)
    assert (found.tokens[-1], found.types[-1]) == (f"[PAD{N_VOCAB - 1}]", UNUSED)
    assert found.merges == MERGES
    assert found.cut == "smollm"
    assert found.special == {"bos": 1, "eos": 2, "pad": 0}  # the tokenizer's own word comes first
    assert not found.adds_bos
    assert found.chat_template == TEMPLATE


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("adds_bos", [False, True])
def test_round_trip(tmp_path: Path, folder: Path, cut: str, adds_bos: bool) -> None:
    source = dataclasses.replace(read_tokenizer(folder, N_VOCAB, {}), cut=cut, adds_bos=adds_bos)
    assert _read(tmp_path, tokenizer_json(source), tokenizer_config(source, 128)) == source


def test_merges_as_pairs_and_older_forms(tmp_path: Path) -> None:
    content = tokenizer()
    content["model"]["merges"] = [merge.split(" ") for merge in MERGES]
    content["pre_tokenizer"] = {"type": "ByteLevel", "add_prefix_space": False}
    found = _read(tmp_path, content)
    assert found.merges == MERGES
    assert found.cut == "gpt-2"
    assert found.special == {"eos": 2}
    assert found.chat_template is None


def test_template_of_its_own_file_and_by_name(tmp_path: Path) -> None:
    said = {"chat_template": [{"name": "tools", "template": "a"}, {"name": "default", "template": "b"}]}
    assert _read(tmp_path, said=said).chat_template == "b"
    (tmp_path / "chat_template.jinja").write_text("c")
    assert _read(tmp_path, said=said).chat_template == "c"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"type": "Unigram"}, "only byte-level BPE"),
        ({"byte_fallback": True}, "only byte-level BPE"),
        ({"ignore_merges": True}, "cut into pieces in a way"),
    ],
)
def test_other_kinds(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    content = tokenizer()
    content["model"] |= change
    with pytest.raises(UnsupportedModelError, match=words):
        _read(tmp_path, content)


@pytest.mark.parametrize("stage", [None, {"type": "Whitespace"}, {"type": "ByteLevel", "add_prefix_space": True}, 3])
def test_unknown_cuts(tmp_path: Path, stage: Any) -> None:
    with pytest.raises(UnsupportedModelError, match=r"known are llama\.cpp's gpt-2, smollm"):
        _read(tmp_path, tokenizer() | {"pre_tokenizer": stage})


def test_other_post_processors(tmp_path: Path) -> None:
    template = {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}]}
    with pytest.raises(UnsupportedModelError, match="post-processor"):
        _read(tmp_path, tokenizer() | {"post_processor": template})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vocab": {"a": N_VOCAB}}, f"'a' has id {N_VOCAB}; the model has {N_VOCAB} tokens"),
        ({"vocab": {"a": 5, "b": 5}}, "'a' and 'b' both have id 5"),
        ({"vocab": {"a": "b"}}, "'a' has id b"),
        ({"vocab": []}, "no model.vocab"),
        ({"merges": ["q zz"]}, "the merge 'q zz' does not join"),
        ({"merges": ["ab"]}, "the merge 'ab' does not join"),
        ({"merges": [["a", 3]]}, "expected pairs"),
        ({"merges": []}, "expected pairs"),
    ],
)
def test_damaged(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    content = tokenizer()
    content["model"] |= change
    with pytest.raises(FormatError, match=words):
        _read(tmp_path, content)


def test_special_token_out_of_range(tmp_path: Path) -> None:
    write_folder(tmp_path / "model")
    (tmp_path / "model" / "tokenizer_config.json").unlink()
    with pytest.raises(FormatError, match="eos is token 999"):
        read_tokenizer(tmp_path / "model", N_VOCAB, {"eos_token_id": 999})


def test_no_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"tokenizer\.json: no such file"):
        read_tokenizer(tmp_path, N_VOCAB, {})
