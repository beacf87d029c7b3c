"""CTranslate2 folders: a binary `model.bin`, `config.json` and a vocabulary.

`model.bin` version 6 is little-endian: the version (u32), the name of the model's specification, its
revision (u32), the variables, then the aliases. A string is a u16 length that counts a closing NUL, and the
bytes. A variable is its name, rank (u8), sizes (u32 each), type (u8), length in bytes (u32) and the bytes,
in the order that numpy uses. An alias is two names.

Projections that read the same input are joined: queries, keys and values of self-attention, keys and values
of cross-attention. Joined biases hold zeros for the keys, which have none in Whisper. Quantized variables
come with a `_scale` by which their integers are to be divided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import FormatError, UnsupportedModelError
from edge.files import sha256_of
from edge.whisper.file.dims import WhisperDims, tensor_shapes

from ..checkpoint.types import Checkpoint, Hints, build_checkpoint, check_dims
from ..checkpoint.vocabulary import Assets, read_vocabulary
from ..tools.files import Cursor, read_json_object

WEIGHTS = "model.bin"
VERSION = 6
SPECIFICATION = "WhisperSpec"

MAX_NAME_BYTES = 4096
MAX_RANK = 8
MAX_VARIABLES = 65536

# bfloat16 is read as its bits, the only unsigned type, and widened afterwards.
_TYPES: Mapping[int, np.dtype[Any]] = {
    0: np.dtype("<f4"),
    1: np.dtype("<i1"),
    2: np.dtype("<i2"),
    3: np.dtype("<i4"),
    4: np.dtype("<f2"),
    5: np.dtype("<u2"),
}

Variables = Mapping[str, NDArray[Any]]


def read_ctranslate2(folder: Path, *, assets: Assets | None = None) -> Checkpoint:
    """Read a CTranslate2 folder in any of its precisions."""
    path = folder / WEIGHTS
    variables = read_variables(path)
    dims = _dims(path, variables)
    check_dims(path, dims)
    _check_specification(path, variables)
    floats = _Floats(path, variables)
    tensors = {name: _tensor(floats, name) for name in tensor_shapes(dims)}
    config = folder / "config.json"
    said = read_json_object(config) if config.is_file() else {}
    return build_checkpoint(
        path,
        dims,
        tensors,
        read_vocabulary(folder, dims, assets),
        Hints(
            name=folder.resolve().name,
            alignment_heads=said.get("alignment_heads"),
            suppress_tokens=said.get("suppress_ids"),
            suppress_begin=said.get("suppress_ids_begin"),
            source_sha256=sha256_of(path),
        ),
    )


def read_variables(path: Path) -> dict[str, NDArray[Any]]:
    """Read every variable of a `model.bin`, aliases included, as views of the mapped file."""
    cursor = Cursor(path)
    version = cursor.integer("I", "version")
    if version != VERSION:
        raise UnsupportedModelError(
            f"{path}: version {version} of CTranslate2's format; only {VERSION} is read, "
            "convert the model again with a current CTranslate2"
        )
    specification = _string(cursor, "specification")
    if specification != SPECIFICATION:
        raise UnsupportedModelError(f"{path}: holds a {specification} model, expected {SPECIFICATION}")
    cursor.integer("I", "revision")
    count = cursor.integer("I", "number of variables")
    if count > MAX_VARIABLES:
        raise FormatError(f"{path}: {count} variables; at most {MAX_VARIABLES} are accepted")
    variables: dict[str, NDArray[Any]] = {}
    for _ in range(count):
        name, value = _variable(cursor)
        if name in variables:
            raise FormatError(f"{path}: variable {name} appears twice")
        variables[name] = value
    for alias, target in _aliases(cursor):
        if alias in variables or target not in variables:
            raise FormatError(f"{path}: alias {alias} of {target}: the first is taken or the second does not exist")
        variables[alias] = variables[target]
    cursor.end()
    return variables


def _string(cursor: Cursor, what: str) -> str:
    data = cursor.text(cursor.integer("H", what), MAX_NAME_BYTES, what)
    text = data.removesuffix(b"\0").decode("latin-1")
    if not (text.isascii() and text.isprintable()):
        raise FormatError(f"{cursor.path}: {what} before byte {cursor.position} is not printable ASCII")
    return text


def _variable(cursor: Cursor) -> tuple[str, NDArray[Any]]:
    name = _string(cursor, "variable name")
    rank = cursor.integer("B", f"rank of {name}")
    if rank > MAX_RANK:
        raise FormatError(f"{cursor.path}: {name} has {rank} dimensions; at most {MAX_RANK} are accepted")
    shape = cursor.unpack(f"{rank}I", f"shape of {name}")
    type_id = cursor.integer("B", f"type of {name}")
    if type_id not in _TYPES:
        raise FormatError(f"{cursor.path}: {name} has type {type_id}; known are 0 to {max(_TYPES)}")
    n_bytes = cursor.integer("I", f"length of {name}")
    start = cursor.position
    value = cursor.array(_TYPES[type_id], shape, name)
    if cursor.position - start != n_bytes:
        raise FormatError(f"{cursor.path}: {name} has {n_bytes} bytes, its shape {shape} needs {value.nbytes}")
    return name, value


def _aliases(cursor: Cursor) -> Iterator[tuple[str, str]]:
    count = cursor.integer("I", "number of aliases")
    if count > MAX_VARIABLES:
        raise FormatError(f"{cursor.path}: {count} aliases; at most {MAX_VARIABLES} are accepted")
    for _ in range(count):
        alias = _string(cursor, "alias")
        yield alias, _string(cursor, f"target of alias {alias}")


def _get(path: Path, variables: Variables, name: str, rank: int) -> NDArray[Any]:
    value = variables.get(name)
    if value is None:
        raise FormatError(f"{path}: variable {name} is missing; the file is not a whole Whisper model")
    if value.ndim != rank:
        raise FormatError(f"{path}: variable {name} has shape {value.shape}, expected {rank} dimensions")
    return value


def _integer(path: Path, variables: Variables, name: str) -> int:
    value = _get(path, variables, name, 0)
    if value.dtype.kind != "i":
        raise FormatError(f"{path}: variable {name} is {value.dtype}, expected an integer")
    return int(value)


def _dims(path: Path, variables: Variables) -> WhisperDims:
    conv = _get(path, variables, "encoder/conv1/weight", 3)
    embedding = _get(path, variables, "decoder/embeddings/weight", 2)
    audio_positions = _get(path, variables, "encoder/position_encodings/encodings", 2)
    text_positions = _get(path, variables, "decoder/position_encodings/encodings", 2)
    return WhisperDims(
        n_mels=conv.shape[1],
        n_vocab=embedding.shape[0],
        n_audio_ctx=audio_positions.shape[0],
        n_audio_state=audio_positions.shape[1],
        n_audio_head=_integer(path, variables, "encoder/num_heads"),
        n_audio_layer=_count_layers(variables, "encoder"),
        n_text_ctx=text_positions.shape[0],
        n_text_state=text_positions.shape[1],
        n_text_head=_integer(path, variables, "decoder/num_heads"),
        n_text_layer=_count_layers(variables, "decoder"),
    )


def _count_layers(variables: Variables, side: str) -> int:
    return len(
        {name.split("/", 2)[1] for name in variables if name.startswith(f"{side}/layer_") and name.count("/") > 2}
    )


def _check_specification(path: Path, variables: Variables) -> None:
    """Refuse a model with settings that Whisper leaves alone; it would need other code."""
    for name in ("decoder/alibi", "decoder/scale_embeddings", "decoder/start_from_zero_embedding"):
        if name in variables and variables[name].any():
            raise UnsupportedModelError(f"{path}: {name} is set, which no Whisper model does")
    projection = variables.get("decoder/projection/weight")
    embedding = variables["decoder/embeddings/weight"]
    if projection is not None and projection is not embedding and not np.array_equal(projection, embedding):
        raise UnsupportedModelError(
            f"{path}: the output projection differs from the token embedding; expected one matrix"
        )


_TOP = {
    "enc.conv.0": "encoder/conv1",
    "enc.conv.1": "encoder/conv2",
    "enc.pos_emb.weight": "encoder/position_encodings/encodings",
    "enc.final_norm.weight": "encoder/layer_norm/gamma",
    "enc.final_norm.bias": "encoder/layer_norm/beta",
    "dec.token_embd": "decoder/embeddings",
    "dec.pos_emb.weight": "decoder/position_encodings/encodings",
    "dec.final_norm.weight": "decoder/layer_norm/gamma",
    "dec.final_norm.bias": "decoder/layer_norm/beta",
}
_SIDES = {"enc": "encoder", "dec": "decoder"}
_MODULES = {"attn": "self_attention", "self_attn": "self_attention", "cross_attn": "attention", "ffn": "ffn"}
_NORMS = {
    "norm_attn": "self_attention/layer_norm",
    "norm_self": "self_attention/layer_norm",
    "norm_cross": "attention/layer_norm",
    "norm_ffn": "ffn/layer_norm",
}
_NORM_LEAVES = {"weight": "gamma", "bias": "beta"}

# Where a projection lives: which linear of its module, which part of it, out of how many.
_SELF_PARTS = {"q": (0, 0, 3), "k": (0, 1, 3), "v": (0, 2, 3), "out": (1, 0, 1)}
_CROSS_PARTS = {"q": (0, 0, 1), "k": (1, 0, 2), "v": (1, 1, 2), "out": (2, 0, 1)}
_FFN_PARTS = {"fc1": (0, 0, 1), "fc2": (1, 0, 1)}
_PARTS = {"attn": _SELF_PARTS, "self_attn": _SELF_PARTS, "cross_attn": _CROSS_PARTS, "ffn": _FFN_PARTS}


class _Floats:
    """Variables in floating point; what several names stand for is widened once."""

    def __init__(self, path: Path, variables: Variables) -> None:
        self.path = path
        self._variables = variables
        self._widened: dict[tuple[int, int], NDArray[Any]] = {}  # by identity, of the variable and of its scale

    def __contains__(self, name: str) -> bool:
        return name in self._variables

    def __getitem__(self, name: str) -> NDArray[Any]:
        value = self._variables.get(name)
        if value is None:
            raise FormatError(f"{self.path}: variable {name} is missing; the file is not a whole Whisper model")
        scale = self._variables.get(f"{name}_scale")
        key = id(value), id(scale)
        if key not in self._widened:
            self._widened[key] = self._widen(name, value, scale)
        return self._widened[key]

    def _widen(self, name: str, value: NDArray[Any], scale: NDArray[Any] | None) -> NDArray[Any]:
        """Give a variable as it is stored, or its integers divided by their scale."""
        if value.dtype.kind != "i":
            return _widen_bfloat16(value)
        scale = None if scale is None else _widen_bfloat16(scale)
        if scale is None or scale.dtype.kind != "f" or scale.shape not in ((), value.shape[:1]):
            raise FormatError(f"{self.path}: variable {name} holds integers and has no fitting {name}_scale")
        if not (np.isfinite(scale) & (scale > 0)).all():
            raise FormatError(f"{self.path}: variable {name}_scale must be positive and finite")
        with np.errstate(over="ignore"):  # infinity is found with the other damaged weights
            widened: NDArray[Any] = value.astype(np.float32)
            widened /= scale.reshape(scale.shape + (1,) * (value.ndim - scale.ndim))
        return widened


def _widen_bfloat16(value: NDArray[Any]) -> NDArray[Any]:
    return (value.astype(np.uint32) << 16).view(np.float32) if value.dtype.kind == "u" else value


def _tensor(floats: _Floats, name: str) -> NDArray[Any]:
    stem, leaf = name.rsplit(".", 1)
    if name in _TOP:
        return floats[_TOP[name]]
    if stem in _TOP:
        return floats[f"{_TOP[stem]}/{leaf}"]
    side, _, layer, part = stem.split(".", 3)
    prefix = f"{_SIDES[side]}/layer_{layer}"
    if part in _NORMS:
        return floats[f"{prefix}/{_NORMS[part]}/{_NORM_LEAVES[leaf]}"]
    module, projection = part.rsplit(".", 1)
    linear, index, count = _PARTS[module][projection]
    linear_name = f"{prefix}/{_MODULES[module]}/linear_{linear}"
    if projection == "k":
        _check_key_bias(floats, f"{linear_name}/bias", index, count)
    return _part(floats, f"{linear_name}/{leaf}", index, count)


def _part(floats: _Floats, name: str, index: int, count: int) -> NDArray[Any]:
    joined = floats[name]
    if joined.ndim == 0 or joined.shape[0] % count:
        raise FormatError(f"{floats.path}: variable {name} has shape {joined.shape}, expected {count} equal parts")
    rows = joined.shape[0] // count
    return joined[index * rows : (index + 1) * rows]


def _check_key_bias(floats: _Floats, name: str, index: int, count: int) -> None:
    if name in floats and _part(floats, name, index, count).any():
        raise UnsupportedModelError(f"{floats.path}: the keys' part of {name} is not zero; Whisper's keys have no bias")
