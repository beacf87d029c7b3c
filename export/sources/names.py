"""What our tensors are called elsewhere: in openai-whisper, whisper.cpp and Hugging Face checkpoints."""

from __future__ import annotations

from collections.abc import Mapping

_OPENAI_TOP: Mapping[str, str] = {
    "enc.conv.0": "encoder.conv1",
    "enc.conv.1": "encoder.conv2",
    "enc.pos_emb.weight": "encoder.positional_embedding",
    "enc.final_norm": "encoder.ln_post",
    "dec.token_embd": "decoder.token_embedding",
    "dec.pos_emb.weight": "decoder.positional_embedding",
    "dec.final_norm": "decoder.ln",
}
_OPENAI_BLOCK: Mapping[str, str] = {
    "norm_attn": "attn_ln",
    "norm_self": "attn_ln",
    "norm_cross": "cross_attn_ln",
    "norm_ffn": "mlp_ln",
    "ffn.fc1": "mlp.0",
    "ffn.fc2": "mlp.2",
    "attn": "attn",
    "self_attn": "attn",
    "cross_attn": "cross_attn",
}
_OPENAI_ATTENTION: Mapping[str, str] = {"q": "query", "k": "key", "v": "value", "out": "out"}

_HUGGINGFACE_TOP: Mapping[str, str] = {
    "enc.conv.0": "model.encoder.conv1",
    "enc.conv.1": "model.encoder.conv2",
    "enc.pos_emb.weight": "model.encoder.embed_positions.weight",
    "enc.final_norm": "model.encoder.layer_norm",
    "dec.token_embd": "model.decoder.embed_tokens",
    "dec.pos_emb.weight": "model.decoder.embed_positions.weight",
    "dec.final_norm": "model.decoder.layer_norm",
}
_HUGGINGFACE_BLOCK: Mapping[str, str] = {
    "norm_attn": "self_attn_layer_norm",
    "norm_self": "self_attn_layer_norm",
    "norm_cross": "encoder_attn_layer_norm",
    "norm_ffn": "final_layer_norm",
    "ffn.fc1": "fc1",
    "ffn.fc2": "fc2",
    "attn": "self_attn",
    "self_attn": "self_attn",
    "cross_attn": "encoder_attn",
}
_HUGGINGFACE_ATTENTION: Mapping[str, str] = {"q": "q_proj", "k": "k_proj", "v": "v_proj", "out": "out_proj"}

_SIDES: Mapping[str, str] = {"enc": "encoder", "dec": "decoder"}


def openai_name(name: str) -> str:
    """Find the name of one of our tensors in openai-whisper's state dict and in whisper.cpp's files."""
    return _translate(name, _OPENAI_TOP, "{side}.blocks", _OPENAI_BLOCK, _OPENAI_ATTENTION)


def huggingface_name(name: str) -> str:
    """Find the name of one of our tensors in a Hugging Face checkpoint."""
    return _translate(name, _HUGGINGFACE_TOP, "model.{side}.layers", _HUGGINGFACE_BLOCK, _HUGGINGFACE_ATTENTION)


def _translate(
    name: str, top: Mapping[str, str], blocks: str, parts: Mapping[str, str], attention: Mapping[str, str]
) -> str:
    if name in top:
        return top[name]
    stem, leaf = name.rsplit(".", 1)
    if stem in top:
        return f"{top[stem]}.{leaf}"
    side, _, layer, part = stem.split(".", 3)
    prefix = f"{blocks.format(side=_SIDES[side])}.{layer}"
    if part in parts:
        return f"{prefix}.{parts[part]}.{leaf}"
    module, projection = part.rsplit(".", 1)
    return f"{prefix}.{parts[module]}.{attention[projection]}.{leaf}"
