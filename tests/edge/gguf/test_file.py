"""The container: what it holds comes back, and a file that lies is refused before anything is allocated."""

from __future__ import annotations

import os
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.errors import EdgeError, FormatError, ModelNotFoundError
from edge.gguf.file import MetadataValue, StoredTensor, open_gguf
from edge.gguf.strings import ByteStrings
from edge.gguf.types import BLOCKS, TensorType
from edge.gguf.writer import write_gguf
from edge.ops import gguf_strings

METADATA: dict[str, MetadataValue] = {
    "text": "zwei 二",
    "flag": True,
    "count": 7,
    "ratio": 0.5,
    "strings": ["", "a", "ä"],
    "numbers": np.array([-1, 2], np.int32),
}


def tensors() -> list[StoredTensor]:
    rng = np.random.default_rng(0)
    return [
        StoredTensor("f32", TensorType.F32, (2, 3), rng.random((2, 3), np.float32)),
        StoredTensor("f16", TensorType.F16, (4,), np.arange(4, dtype=np.float16)),
        StoredTensor("i8", TensorType.I8, (3, 5), np.arange(15, dtype=np.int8).reshape(3, 5)),
        StoredTensor("q4_0", TensorType.Q4_0, (2, 64), np.arange(72, dtype=np.uint8).reshape(2, 36)),
    ]


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "sound.gguf"
    write_gguf(path, METADATA, tensors())
    return path


def header(n_tensors: int = 0, n_keys: int = 0, *, magic: bytes = b"GGUF", version: int = 3) -> bytes:
    return struct.pack("<4sIQQ", magic, version, n_tensors, n_keys)


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def tensor(name: bytes, *ne: int, kind: int = 0, offset: int = 0, n_dims: int | None = None) -> bytes:
    n_dims = len(ne) if n_dims is None else n_dims
    return text(name) + struct.pack(f"<I{len(ne)}QIQ", n_dims, *ne, kind, offset)


def padded(data: bytes, n_bytes: int = 0) -> bytes:
    return data + bytes(-len(data) % 32 + n_bytes)


def test_everything_comes_back(sound: Path) -> None:
    with open_gguf(sound) as file:
        for key, value in METADATA.items():
            assert np.array_equal(file.metadata[key], value), key
        assert list(file.metadata) == list(METADATA)
        for written in tensors():
            read = file.tensors[written.name]
            assert (read.type, read.shape) == (written.type, written.shape)
            assert np.array_equal(read.data, written.data)
            assert not read.data.flags.writeable


def test_gguf_py_reads_what_we_write(sound: Path) -> None:
    gguf = pytest.importorskip("gguf")
    reader = gguf.GGUFReader(sound)
    assert [t.name for t in reader.tensors] == [t.name for t in tensors()]
    for theirs, ours in zip(reader.tensors, tensors(), strict=True):
        assert theirs.tensor_type == int(ours.type)
        assert theirs.data.tobytes() == ours.data.tobytes()
    assert bytes(reader.fields["text"].parts[-1]).decode() == METADATA["text"]


def test_we_read_what_gguf_py_writes(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    path = tmp_path / "theirs.gguf"
    writer = gguf.GGUFWriter(path, "llama", use_temp_file=False)
    writer.add_uint8("u8", 200)
    writer.add_int64("i64", -(2**40))
    writer.add_float64("f64", 0.1)
    writer.add_bool("no", False)
    writer.add_array("floats", [0.5, -2.0])
    writer.add_array("strings", ["x", "Ġy"])
    values = np.random.default_rng(1).standard_normal((3, 512)).astype(np.float32)
    for kind in ("Q5_0", "Q8_0"):
        type_ = gguf.GGMLQuantizationType[kind]
        writer.add_tensor(kind, gguf.quants.quantize(values, type_), raw_dtype=type_)
    writer.add_tensor("f32", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with open_gguf(path) as file:
        expected = {"general.architecture": "llama", "u8": 200, "i64": -(2**40), "f64": 0.1, "no": False}
        assert {key: file.metadata[key] for key in expected} == expected
        assert np.array_equal(file.metadata["floats"], np.array([0.5, -2], np.float32))
        assert file.metadata["strings"] == ["x", "Ġy"]
        assert np.array_equal(file.tensors["f32"].data, values)
        assert file.tensors["Q5_0"].shape == (3, 512)
        assert np.array_equal(file.tensors["Q8_0"].data, gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q8_0))


@pytest.mark.parametrize("type_", TensorType)
def test_every_type_of_ggml_is_measured_alike(type_: TensorType, tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    weights, n_bytes = BLOCKS[type_]
    if type_ is not TensorType.Q8_1:  # gguf-py counts its scales as float32; GGML's are float16
        assert gguf.constants.GGML_QUANT_SIZES[gguf.GGMLQuantizationType(type_)] == (weights, n_bytes)
    path = tmp_path / "typed.gguf"
    data = np.zeros((2, 3 * n_bytes), np.uint8)
    write_gguf(path, {}, [StoredTensor("t", type_, (2, 3 * weights), data)])
    with open_gguf(path) as file:
        assert (file.tensors["t"].type, file.tensors["t"].shape) == (type_, (2, 3 * weights))
        assert file.tensors["t"].n_bytes == data.nbytes


def test_only_the_types_of_ggml_are_known(tmp_path: Path) -> None:
    path = tmp_path / "typed.gguf"
    for kind in set(range(64)) - set(TensorType):
        path.write_bytes(padded(header(1) + tensor(b"t", 256, kind=kind), 1024))
        with pytest.raises(FormatError, match=f"expected a known tensor type, found {kind}"):
            open_gguf(path)


def test_a_question_about_a_key_does_not_read_it(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_gguf(sound) as file:
        monkeypatch.setattr("edge.gguf.file.gguf_strings", None)
        assert "strings" in file.metadata
        assert "stringss" not in file.metadata
        assert file.metadata.count("strings") == 3
        assert file.metadata.is_array("strings")
        assert file.metadata.holds_strings("text")
        assert not file.metadata.is_array("text")


def test_a_long_list_can_be_read_in_part(sound: Path) -> None:
    with open_gguf(sound) as file:
        assert list(file.metadata.raw_strings("strings", 2)) == [b"", b"a"]
        with pytest.raises(FormatError, match="numbers: expected strings, found int32"):
            file.metadata.raw_strings("numbers")


@pytest.mark.parametrize(
    ("offset", "n_bytes", "count", "problem"),
    [
        (0, 18, 3, "runs past its array"),
        (0, 17, 2, "runs past its array"),
        (0, 18, 1 << 62, "runs past its array"),
        (1, 17, 1, "runs past its array"),
        (0, 19, 2, "outside the file"),
        (-1, 18, 2, "outside the file"),
        (19, 0, 0, "outside the file"),
        (0, 18, -1, "outside the file"),
    ],
)
def test_strings_are_looked_for_before_memory_is(offset: int, n_bytes: int, count: int, problem: str) -> None:
    data = text(b"") + text(b"ab")
    assert list(ByteStrings(*gguf_strings(data, 0, len(data), 2))) == [b"", b"ab"]
    with pytest.raises(ValueError, match=problem):
        gguf_strings(data, offset, n_bytes, count)


def test_a_message_says_what_is_wrong_and_what_stands_there(tmp_path: Path) -> None:
    path = tmp_path / "wrong.gguf"
    path.write_bytes(header(0, 1) + text(b"a\x1b[2J") + struct.pack("<I", 77))
    with pytest.raises(FormatError) as caught:
        open_gguf(path)
    assert str(caught.value) == (
        f"{path}: not a sound GGUF file: at byte 37: 'a?[2J': expected a known value type (arrays of arrays are not), "
        "found 77"
    )


def test_every_truncation_is_refused(sound: Path, tmp_path: Path) -> None:
    data = sound.read_bytes()
    broken = tmp_path / "broken.gguf"
    for n in range(len(data) - 24):  # the end is padding after 8 bytes of the last tensor
        broken.write_bytes(data[:n])
        with pytest.raises(FormatError):
            open_gguf(broken)


def test_no_flipped_bit_does_harm(sound: Path, tmp_path: Path) -> None:
    data = bytearray(sound.read_bytes())
    broken = tmp_path / "broken.gguf"
    for bit in range(8 * len(data)):
        data[bit // 8] ^= 1 << bit % 8
        broken.write_bytes(data)
        try:
            with open_gguf(broken) as file:
                for key in file.metadata:
                    assert file.metadata[key] is not None
        except EdgeError:
            pass
        data[bit // 8] ^= 1 << bit % 8


U32_TYPE, STRING_TYPE, ARRAY_TYPE, BOOL_TYPE = 4, 8, 9, 7
ALIGNMENT = text(b"general.alignment") + struct.pack("<I", U32_TYPE)

HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "another magic": (header(magic=b"GGML"), "byte 0: expected GGUF"),
    "big-endian": (struct.pack(">4sIQQ", b"GGUF", 3, 0, 0), "version 2 or 3"),
    "version 1": (header(version=1), "version 2 or 3"),
    "2^64 keys": (header(0, 2**64 - 1), "at most 65536"),
    "2^63 tensors": (header(2**63, 0), "at most 65536"),
    "keys that are not there": (header(0, 1000), "key"),
    "a key of 2^60 bytes": (header(0, 1) + struct.pack("<Q", 2**60), "key of 1 to 65535"),
    "an empty key": (header(0, 1) + text(b"") + struct.pack("<IB", 0, 0), "key of 1 to 65535"),
    "a key that is not text": (header(0, 1) + text(b"\xff") + struct.pack("<IB", 0, 0), "UTF-8"),
    "an unknown value type": (header(0, 1) + text(b"k") + struct.pack("<I", 13), "value type"),
    "a boolean of 2": (header(0, 1) + text(b"k") + struct.pack("<IB", BOOL_TYPE, 2), "boolean"),
    "an array of 2^40": (
        header(0, 1) + text(b"k") + struct.pack("<IIQ", ARRAY_TYPE, 4, 2**40),
        "16 M elements",
    ),
    "an array past the end": (
        header(0, 1) + text(b"k") + struct.pack("<IIQ", ARRAY_TYPE, 4, 2**20),
        "inside the file",
    ),
    "an array of arrays": (
        header(0, 1) + text(b"k") + struct.pack("<IIQ", ARRAY_TYPE, ARRAY_TYPE, 1),
        "arrays of arrays",
    ),
    "a string of 2^63": (header(0, 1) + text(b"k") + struct.pack("<IQ", STRING_TYPE, 2**63), "string"),
    "a key twice": (header(0, 2) + 2 * (text(b"k") + struct.pack("<IB", 0, 0)), "occurs twice"),
    "alignment 0": (header(0, 1) + ALIGNMENT + struct.pack("<I", 0), "alignment"),
    "alignment 48": (header(0, 1) + ALIGNMENT + struct.pack("<I", 48), "alignment"),
    "alignment 2^31": (header(0, 1) + ALIGNMENT + struct.pack("<I", 2**31), "alignment"),
    "alignment in text": (
        header(0, 1) + text(b"general.alignment") + struct.pack("<I", STRING_TYPE) + text(b"32"),
        "alignment",
    ),
    "five dimensions": (padded(header(1) + tensor(b"t", 1, 1, 1, 1, 1), 32), "at most 4 dimensions"),
    "a dimension of 0": (padded(header(1) + tensor(b"t", 0), 32), "at least 1"),
    "2^40 elements": (padded(header(1) + tensor(b"t", 2**40), 32), "fits the file"),
    "a product of 2^64": (padded(header(1) + tensor(b"t", 2**32, 2**32), 32), "fits the file"),
    "an unknown tensor type": (padded(header(1) + tensor(b"t", 8, kind=99), 32), "known tensor type"),
    "a removed tensor type": (padded(header(1) + tensor(b"t", 32, kind=4), 32), "known tensor type"),
    "half a block": (padded(header(1) + tensor(b"t", 16, kind=2), 32), "blocks divide the rows"),
    "data past the end": (padded(header(1) + tensor(b"t", 64), 32), "inside the file|ends with its last"),
    "overlapping data": (
        padded(header(2) + tensor(b"a", 8) + tensor(b"b", 8, offset=0), 64),
        "right after the tensor before",
    ),
    "a hole": (
        padded(header(2) + tensor(b"a", 8) + tensor(b"b", 8, offset=64), 96),
        "right after the tensor before",
    ),
    "a tensor twice": (padded(header(2) + tensor(b"a", 8) + tensor(b"a", 8, offset=32), 64), "occurs twice"),
    "nothing but something behind the end": (padded(header()) + bytes(32), "ends with its last tensor"),
    "an alignment of 2^16 and nothing there": (
        header(1, 1) + ALIGNMENT + struct.pack("<I", 65536) + tensor(b"t", 8) + bytes(64),
        "ends with its last tensor",
    ),
    "something behind the end": (padded(header(1) + tensor(b"t", 8), 64), "ends with its last tensor"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_lies_is_refused(name: str, tmp_path: Path) -> None:
    data, message = HOSTILE[name]
    path = tmp_path / "hostile.gguf"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=message) as caught:
        open_gguf(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("claim", [lambda: header(0, 65536), lambda: header(65536, 0)])
def test_a_claim_allocates_nothing(claim: Callable[[], bytes], tmp_path: Path) -> None:
    path = tmp_path / "claim.gguf"
    path.write_bytes(claim() + bytes(150))
    tracemalloc.start()
    with pytest.raises(FormatError):
        open_gguf(path)
    assert tracemalloc.get_traced_memory()[1] < 64 << 10
    tracemalloc.stop()


def test_a_missing_file_and_a_folder_are_said_to_be_that(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no such model file"):
        open_gguf(tmp_path / "none.gguf")
    with pytest.raises(ModelNotFoundError, match="no such model file"):
        open_gguf(__file__ + "/none.gguf")
    with pytest.raises(FormatError, match="found a folder"):
        open_gguf(tmp_path)
    with pytest.raises(FormatError, match="NUL"):
        open_gguf("a\0b")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    with pytest.raises(FormatError, match="something that is not a file"):
        open_gguf(tmp_path / "pipe.gguf")
