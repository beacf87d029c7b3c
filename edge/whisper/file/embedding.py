"""Stores the token embedding, which is also the output projection, as integers.

Its channels differ a hundredfold in size, so that a single scale for each row would round the small ones away: at INT8
that is half of all that rounding costs. `dec.token_embd.channel_scale` (float32, one for each column) evens them out: a
row is its codes times its scale times these. At INT4 the rows lie in three bands: frequent tokens and special ones at
INT8, the rare ones between them at INT4. Token ids are ranks of byte-pair merges, so lower ids are more frequent.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import FormatError
from ...gguf.file import GgufFile, StoredTensor
from ...gguf.types import TensorType

EMBEDDING = "dec.token_embd"
BANDS = (EMBEDDING, f"{EMBEDDING}.rare", f"{EMBEDDING}.special")
CHANNEL_SCALE = f"{EMBEDDING}.channel_scale"

BAND_STEP = 16
"""Step of the number of rows in every band but the last: a tile of the kernels."""

FREQUENT = 7_008
"""Number of tokens, by rank, in the first band of an INT4 file that edgewise writes; most others are hardly ever
spoken."""


def embedding_bands(tensors: Mapping[str, StoredTensor]) -> tuple[str, ...]:
    """Give the stems of the tensors that hold the rows of the embedding, in order."""
    return BANDS if f"{BANDS[1]}.weight" in tensors else BANDS[:1]


def embedding_shapes(file: GgufFile, n_vocab: int, width: int) -> dict[str, tuple[int, ...]]:
    """Compute the shapes that the embedding's tensors should have.

    Raises:
        FormatError: the bands do not make a vocabulary.
    """
    bands = embedding_bands(file.tensors)
    if len(bands) == 1:
        return {f"{EMBEDDING}.weight": (n_vocab, width)}
    rows = []
    for stem in bands:
        tensor = file.tensors.get(f"{stem}.weight")
        if tensor is None:
            raise FormatError(f"{file.path}: the tensor {stem}.weight is missing")
        rows.append(tensor.shape[0] if len(tensor.shape) == 2 else 0)
    if min(rows) < 1 or sum(rows) != n_vocab or any(n % BAND_STEP for n in rows[:-1]):
        raise FormatError(
            f"{file.path}: {EMBEDDING}: expected {n_vocab} rows in bands of multiples of {BAND_STEP}, found {rows}"
        )
    return {f"{stem}.weight": (n, width) for stem, n in zip(bands, rows, strict=True)}


def check_channel_scale(file: GgufFile, width: int) -> None:
    """Refuse scales of the columns, where there are some, that are not numbers above 0.

    Raises:
        FormatError: they are not.
    """
    scale = file.tensors.get(CHANNEL_SCALE)
    if scale is None:
        return
    if scale.type is not TensorType.F32 or scale.shape != (width,):
        raise FormatError(f"{file.path}: {CHANNEL_SCALE}: expected {width} float32 numbers, found {scale.shape}")
    if not bool(((scale.data > 0) & (scale.data < float("inf"))).all()):
        raise FormatError(f"{file.path}: {CHANNEL_SCALE}: expected finite numbers above 0")
