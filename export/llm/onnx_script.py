"""Run as a program: `onnx_script.py SOURCE OUT PRECISION`. Its last line on standard output is JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnxruntime

_OPSET = 18
"""Version of ONNX's operators. Below 21 NNCF writes MatMulNBits for 4 bits, for which onnxruntime has kernels."""
_GROUP = 32
"""Number of weights that share a scale in 4 bits; it divides the rows of every model of the family."""
_N_PROMPT, _N_TOKENS = 32, 16


def main(source: str, out: str, precision: str) -> None:
    """Write the folder `out`, and print how it compares."""
    from optimum.exporters.onnx import main_export

    main_export(
        source,
        out,
        task="text-generation-with-past",
        opset=_OPSET,
        dtype="fp32",
        local_files_only=True,
        do_validation=False,  # with tokens out of the cache, and it only warns; `_compare` is stricter
    )
    model = Path(out) / "model.onnx"
    if precision != "f32":
        _compress(model, precision)
    print(json.dumps(_compare(source, model)))


def _compress(path: Path, precision: str) -> None:
    import nncf
    import onnx

    modes = nncf.CompressWeightsMode
    settings: dict[str, Any] = {"mode": modes.INT8_SYM}
    if precision == "w4":
        settings = {"mode": modes.INT4_SYM, "group_size": _GROUP, "backup_mode": nncf.BackupMode.INT8_SYM}
    compressed = nncf.compress_weights(onnx.load(path), **settings)
    path.with_name(f"{path.name}_data").unlink(missing_ok=True)  # the float32 weights of a model above 2 GB
    # A graph of more than 2 GB cannot hold its numbers.
    onnx.save(compressed, path, save_as_external_data=True, location=f"{path.name}_data")


def _compare(source: str, path: Path) -> dict[str, float | int]:
    """Compare logits over a text, and a greedy continuation with the cache, with transformers'.

    The text is what transformers says of itself: tokens by chance are so unlike any text that 4 bits look ruinous.
    """
    import numpy as np
    import onnxruntime
    import torch
    import transformers

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(source, local_files_only=True, dtype=torch.float32)
    ids = torch.tensor([[model.config.bos_token_id or 0]])
    with torch.no_grad():
        while ids.shape[1] < _N_PROMPT + _N_TOKENS:
            ids = torch.cat([ids, model(ids).logits[:, -1:].argmax(-1)], dim=1)
        theirs = model(ids[:, :_N_PROMPT]).logits.numpy()
    ours, tokens = _greedy(session, ids[:, :_N_PROMPT].numpy())
    same = [found == expected for found, expected in zip(tokens, ids[0, _N_PROMPT:].tolist(), strict=True)]
    spread = theirs - theirs.mean(axis=-1, keepdims=True)
    off = np.abs(ours - ours.mean(axis=-1, keepdims=True) - spread)  # a softmax ignores what a whole row is off by
    return {
        "error": float(np.sqrt(np.square(off).mean() / np.square(spread).mean())),
        "largest": float(off.max()),
        "mean": float(off.mean()),
        "n_same": [*same, False].index(False),
        "n_tokens": _N_TOKENS,
    }


def _greedy(session: onnxruntime.InferenceSession, prompt: Any) -> tuple[Any, list[int]]:
    """Give the prompt's logits, (1, tokens, vocabulary), and the tokens that follow, step by step with the cache."""
    import numpy as np

    names = {entry.name for entry in session.get_inputs()}
    outputs = [entry.name for entry in session.get_outputs()]
    past = {
        entry.name: np.zeros((1, entry.shape[1], 0, entry.shape[3]), np.float32)
        for entry in session.get_inputs()
        if entry.name.startswith("past_key_values.")
    }
    step, n_past, logits, tokens = prompt, 0, None, []
    for _ in range(_N_TOKENS):
        n_past += step.shape[1]
        given = {
            "input_ids": step,
            "attention_mask": np.ones((1, n_past), np.int64),
            "position_ids": np.arange(n_past - step.shape[1], n_past)[None],
        }
        feed = {name: value for name, value in given.items() if name in names}
        found = dict(zip(outputs, session.run(None, feed | past), strict=True))
        logits = found["logits"] if logits is None else logits
        past = {name: found[name.replace("past_key_values", "present")] for name in past}
        tokens.append(int(found["logits"][0, -1].argmax()))
        step = np.array([[tokens[-1]]])
    return logits, tokens


if __name__ == "__main__":
    main(*sys.argv[1:])
