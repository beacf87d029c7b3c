"""openai-whisper's `.pt` files: tensors only, through torch's restricted loader only."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from edge.errors import EdgeError, FormatError
from export.checkpoint.types import Checkpoint
from export.sources.names import openai_name
from export.sources.openai import read_openai
from export.writers.huggingface import tokenizer_json

MadeCheckpoint = Callable[..., Checkpoint]
SameCheckpoint = Callable[[Checkpoint, Checkpoint], None]


def _state(torch: ModuleType, checkpoint: Checkpoint) -> dict[str, Any]:
    return {openai_name(name): torch.from_numpy(np.array(t)) for name, t in checkpoint.tensors.items()}


@pytest.fixture
def write_pt(tmp_path: Path, make_checkpoint: MadeCheckpoint) -> Callable[..., Path]:
    """Write tiny.en as openai-whisper would, after `change(content)`."""
    torch = pytest.importorskip("torch")

    def write(change: Callable[[dict[str, Any]], object] = lambda content: None) -> Path:
        import json

        checkpoint = make_checkpoint("tiny.en")
        content = {"dims": dataclasses.asdict(checkpoint.dims), "model_state_dict": _state(torch, checkpoint)}
        changed = change(content)
        path = tmp_path / "tiny.en.pt"
        torch.save(content if changed is None else changed, path)
        (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer_json(checkpoint)))
        return path

    return write


def test_file_gives_the_checkpoint(
    write_pt: Callable[..., Path], make_checkpoint: MadeCheckpoint, assert_same: SameCheckpoint
) -> None:
    assert_same(read_openai(write_pt()), make_checkpoint("tiny.en"))


def test_constants_are_ignored_and_bfloat16_widened(write_pt: Callable[..., Path]) -> None:
    torch = pytest.importorskip("torch")

    def change(content: dict[str, Any]) -> None:
        state = content["model_state_dict"]
        state["decoder.mask"] = torch.zeros(3, 3)
        state["encoder.conv1.bias"] = torch.linspace(-2, 2, 64).bfloat16()

    found = read_openai(write_pt(change)).tensors["enc.conv.0.bias"]
    np.testing.assert_array_equal(found, torch.linspace(-2, 2, 64).bfloat16().float().numpy())


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("evil",)


def test_code_is_not_run(write_pt: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_pt(lambda content: {**content, "extra": _Evil()})
    with pytest.raises(FormatError, match="holds more than tensors"):
        read_openai(path)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: [1], "holds a list"),
        (lambda c: {"state": 1}, "no dims and model_state_dict"),
        (lambda c: c["dims"].pop("n_mels"), r"dims\['n_mels'\] is None"),
        (lambda c: c["dims"].update(n_mels=True), r"dims\['n_mels'\] is True"),
        (lambda c: c["dims"].update(n_vocab=-1), "n_vocab is -1"),
        (lambda c: c["dims"].update(n_text_ctx=13), r"decoder\.positional_embedding has shape \(12, 64\)"),
        (lambda c: c["model_state_dict"].pop("decoder.ln.bias"), r"decoder\.ln\.bias is missing"),
        (lambda c: c["model_state_dict"].update({"decoder.ln.bias": 3}), r"decoder\.ln\.bias is missing"),
        (
            lambda c: c["model_state_dict"].update(extra=c["model_state_dict"]["decoder.ln.bias"]),
            "tensor 'extra' is no part",
        ),
        (
            lambda c: c["model_state_dict"]["decoder.ln.bias"].fill_(float("nan")),
            r"dec\.final_norm\.bias holds",
        ),
    ],
)
def test_contents_that_are_no_whisper(
    write_pt: Callable[..., Path], change: Callable[[dict[str, Any]], object], message: str
) -> None:
    def apply(content: dict[str, Any]) -> object:
        result = change(content)
        return result if isinstance(result, list) or (isinstance(result, dict) and "state" in result) else content

    path = write_pt(apply)
    with pytest.raises(EdgeError, match=message):
        read_openai(path)


def test_tensor_larger_than_its_bytes(write_pt: Callable[..., Path]) -> None:
    torch = pytest.importorskip("torch")

    def change(content: dict[str, Any]) -> None:
        content["model_state_dict"]["decoder.token_embedding.weight"] = torch.zeros(1, 64).expand(51864, 64)

    with pytest.raises(FormatError, match=r"a tensor of shape \(51864, 64\) is larger than its bytes"):
        read_openai(write_pt(change))


def test_tensors_that_share_their_bytes(write_pt: Callable[..., Path]) -> None:
    """Else a small file, whose numbers are not stored as they are used, would fill the memory."""
    torch = pytest.importorskip("torch")

    def change(content: dict[str, Any]) -> None:
        state = content["model_state_dict"]
        one = torch.zeros(64 * 256, dtype=torch.bfloat16)
        for name, tensor in state.items():
            if tensor.numel() <= len(one):
                state[name] = one[: tensor.numel()].reshape(tensor.shape)

    with pytest.raises(FormatError, match="shares its bytes in the file with others"):
        read_openai(write_pt(change))


def test_damaged_files(write_pt: Callable[..., Path]) -> None:
    path = write_pt()
    data = path.read_bytes()
    for size in (0, 1, 4, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        with pytest.raises(FormatError, match=r"tiny\.en\.pt"):
            read_openai(path)


def test_it_is_read_without_torch(write_pt: Callable[..., Path], tmp_path: Path) -> None:
    path = write_pt()
    program = f"""
import sys
sys.modules["torch"] = None
from pathlib import Path
from export.sources.openai import read_openai
print(len(read_openai(Path({str(path)!r})).tensors))
"""
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 40


def test_tensors_stay_in_the_file(write_pt: Callable[..., Path]) -> None:
    tensors = read_openai(write_pt()).tensors
    assert tensors["enc.conv.0.bias"] is not tensors["enc.conv.0.bias"]
