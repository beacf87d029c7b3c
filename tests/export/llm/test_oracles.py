"""The same tokens, logits and greedy words from llama.cpp as from transformers, which both read what we wrote."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from export.llm.export import export_llm, read_model
from export.llm.to_gguf import write_gguf
from export.llm.tokenizer import tokenizer_json

from .conftest import write_folder
from .test_rope import LINEAR, LLAMA3

torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")
llama_cpp = pytest.importorskip("llama_cpp", reason="the extra `llm` is not installed")

PROMPT = "In 1912, the inner thing 12 the hen's\n\n  tents\tand  ünïcode 日本 🙂 !?…  "
N_TOKENS = 24


Logits = Callable[[list[int]], NDArray[np.float32]]


def _llama(path: Path) -> Any:
    return llama_cpp.Llama(str(path), n_ctx=256, n_batch=256, n_threads=1, logits_all=True, verbose=False)


def _transformers(folder: Path) -> Any:
    return transformers.AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=torch.float32)


def _greedy(logits: Logits, prompt: list[int]) -> list[int]:
    tokens = list(prompt)
    for _ in range(N_TOKENS):
        tokens.append(int(logits(tokens)[-1].argmax()))
    return tokens[len(prompt) :]


def _both(gguf: Path, folder: Path) -> tuple[Logits, Logits]:
    theirs, ours = _transformers(folder), _llama(gguf)

    def of_transformers(tokens: list[int]) -> NDArray[np.float32]:
        with torch.no_grad():
            logits: NDArray[np.float32] = theirs(torch.tensor([tokens])).logits[0].numpy()
            return logits

    def of_llama(tokens: list[int]) -> NDArray[np.float32]:
        ours.reset()
        ours.eval(tokens)
        scores: NDArray[np.float32] = ours.scores[: len(tokens)].copy()
        return scores

    return of_transformers, of_llama


def test_logits_and_greedy_tokens(tmp_path: Path, folder: Path) -> None:
    export_llm(folder, tmp_path / "f16.gguf", precision="f16")
    theirs, ours = _both(tmp_path / "f16.gguf", folder)
    tokens = _llama(tmp_path / "f16.gguf").tokenize(PROMPT.encode(), add_bos=False)
    np.testing.assert_allclose(ours(tokens), theirs(tokens), atol=1e-2)
    assert _greedy(ours, tokens) == _greedy(theirs, tokens)


@pytest.mark.parametrize("said", [LINEAR, LLAMA3])
def test_scaled_positions(tmp_path: Path, said: dict[str, Any]) -> None:
    source = write_folder(tmp_path / "source", changes={"rope_scaling": said})
    export_llm(source, tmp_path / "f16.gguf", precision="f16")
    theirs, ours = _both(tmp_path / "f16.gguf", source)
    tokens = list(range(3, 200))
    np.testing.assert_allclose(ours(tokens), theirs(tokens), atol=1e-2)


def test_folder_from_gguf_is_the_same_model(tmp_path: Path, folder: Path) -> None:
    export_llm(folder, tmp_path / "f16.gguf", precision="f16")
    export_llm(tmp_path / "f16.gguf", tmp_path / "back", to="huggingface")
    tokens = torch.arange(3, 60)[None]
    with torch.no_grad():
        first, again = (_transformers(at)(tokens).logits for at in (folder, tmp_path / "back"))
    assert torch.equal(first, again)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "back", local_files_only=True)
    assert tokenizer(PROMPT).input_ids == _llama(tmp_path / "f16.gguf").tokenize(PROMPT.encode(), add_bos=False)
    assert tokenizer.decode(tokenizer(PROMPT).input_ids) == PROMPT
    assert (tokenizer.bos_token, tokenizer.eos_token) == ("<|im_start|>", "<|im_end|>")
    assert tokenizer.apply_chat_template([{"role": "user", "content": "the"}], tokenize=False) == "the"


@pytest.mark.parametrize("cut", ["gpt-2", "smollm", "llama-bpe"])
@pytest.mark.parametrize("adds_bos", [False, True])
def test_cuts_are_llama_cpps(tmp_path: Path, folder: Path, cut: str, adds_bos: bool) -> None:
    import tokenizers

    model = read_model(folder)
    changed = dataclasses.replace(model.tokenizer, cut=cut, adds_bos=adds_bos)
    write_gguf(dataclasses.replace(model, tokenizer=changed), tmp_path / "model.gguf", "f16")
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer_json(changed)))
    theirs = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    ours = _llama(tmp_path / "model.gguf")
    for text in (PROMPT, "123456 1 the\r\n\r\n x", "<|im_start|>in the 12<|im_end|>", "", " "):
        found = ours.tokenize(text.encode(), add_bos=True, special=True)
        assert found == theirs.encode(text).ids, text


def test_real_model(tmp_path: Path) -> None:
    """SmolLM2 of the store, to a folder and to float16: transformers and llama.cpp tell the same."""
    from edge.store import Store

    store = Store()
    if not store.is_here("smollm2-135m"):
        pytest.skip("SmolLM2 is not in the store: run `edgewise models pull smollm2-135m` once")
    source = store.place("smollm2-135m")
    export_llm(source, tmp_path / "folder", to="huggingface")
    export_llm(tmp_path / "folder", tmp_path / "f16.gguf", precision="f16")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "folder", local_files_only=True)
    question = [{"role": "user", "content": "What is the capital of France?"}]
    prompt = tokenizer.apply_chat_template(question, tokenize=False, add_generation_prompt=True)
    ours = _llama(tmp_path / "f16.gguf")
    tokens = ours.tokenize(prompt.encode(), add_bos=False, special=True)
    assert tokenizer(prompt, add_special_tokens=False).input_ids == tokens
    said = ours.create_completion(prompt, max_tokens=12, temperature=0)["choices"][0]["text"]
    model = _transformers(tmp_path / "folder")
    answer = model.generate(torch.tensor([tokens]), max_new_tokens=12, do_sample=False)[0, len(tokens) :]
    assert tokenizer.decode(answer, skip_special_tokens=True) == said
    assert "Paris" in said
