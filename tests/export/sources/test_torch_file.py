"""torch's zip files, read without torch: the same tensors, and nothing that a pickle could do besides."""

from __future__ import annotations

import random
import tracemalloc
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import EdgeError, FormatError, UnsupportedModelError
from export.checkpoint.types import Checkpoint
from export.sources.openai import read_openai
from export.sources.torch_file import TorchTensor, read_torch_file

from .pt_files import write_pt

Save = Callable[[Any], Path]
Zipped = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write an object as torch does."""
    torch = pytest.importorskip("torch")

    def write(content: Any) -> Path:
        torch.save(content, tmp_path / "file.pt")
        return tmp_path / "file.pt"

    return write


@pytest.fixture
def zipped(tmp_path: Path) -> Zipped:
    """Write an archive as torch's, around a pickle of the test's own."""

    def write(pickled: bytes, storages: dict[str, bytes] | None = None, compression: int = zipfile.ZIP_STORED) -> Path:
        path = tmp_path / "file.pt"
        with zipfile.ZipFile(path, "w", compression) as archive:
            archive.writestr("file/data.pkl", pickled)
            archive.writestr("file/byteorder", "little", zipfile.ZIP_STORED)
            for key, data in (storages or {}).items():
                archive.writestr(f"file/data/{key}", data)
        return path

    return write


def test_tensors_are_those_that_torch_wrote(save: Save) -> None:
    torch = pytest.importorskip("torch")
    state = OrderedDict(
        half=torch.randn(3, 4).half(),
        parameter=torch.nn.Parameter(torch.randn(5)),
        part=torch.randn(6)[2:5],
        brain=torch.randn(2, 2).bfloat16(),
        double=torch.randn(2).double(),
        scalar=torch.tensor(1.5),
    )
    state._metadata = OrderedDict(x={"version": 1})  # type: ignore[attr-defined]
    content = read_torch_file(save({"dims": {"n": 80, "wide": 1 << 40, "is": True}, "state": state}))
    assert content["dims"] == {"n": 80, "wide": 1 << 40, "is": True}
    assert list(content["state"]) == list(state)
    for name, tensor in state.items():
        expected = tensor.detach().float().numpy() if name in ("brain", "double") else tensor.detach().numpy()
        found = content["state"][name].read()
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_what_is_not_a_weight_is_there_and_not_a_tensor(save: Save) -> None:
    torch = pytest.importorskip("torch")
    content = read_torch_file(save({"whole": torch.arange(3), "heads": torch.zeros(3, 3).to_sparse()}))
    assert not any(isinstance(value, TorchTensor) for value in content.values())


def test_another_order_of_numbers_is_refused(save: Save) -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(UnsupportedModelError, match=r"another order; save it again after \.contiguous"):
        read_torch_file(save({"turned": torch.zeros(3, 4).t()}))


def test_a_file_cut_short_while_it_is_read(save: Save) -> None:
    torch = pytest.importorskip("torch")
    path = save({"a": torch.zeros(1000)})
    content = read_torch_file(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(FormatError, match="cut short while it was read"):
        content["a"].read()


@pytest.mark.parametrize(
    ("pickled", "message"),
    [
        (b"cos\nsystem\n.", r"the name 'os\.system'"),
        (b"cbuiltins\neval\n.", r"the name 'builtins\.eval'"),
        (b"ctorch\nload\n.", r"the name 'torch\.load'"),
        (b"ctorch\\q\nload\n.", r"the name 'torch"),
        (b"ccollections\nOrderedDict\n)\x81.", "the opcode NEWOBJ"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "the opcode STACK_GLOBAL"),
        (b"(ios\nsystem\n.", "the opcode INST"),
        (b"G\x00.", "damaged"),
        (b"}K\x01", "damaged|no end"),
        (b"h\x05.", "damaged"),
        (b"0.", "the opcode POP"),
        (b"(.", "its pickle is damaged"),
        (b"}N}s.", "a dictionary of other keys than names"),
        (b"X\x00\x00\x00\x00}b.", "attributes of something"),
        (b"K\x01)R.", "a call of 1"),
        (b"]Q.", "the persistent id"),
        (b"r\xff\xff\xff\xff.", "damaged"),
        (b"X\xff\xff\xff\x7fabc.", "damaged"),
    ],
)
def test_pickles_that_want_more_than_tensors(zipped: Zipped, pickled: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_torch_file(zipped(pickled))


def tensor_of(shape: bytes, first: int = 0) -> bytes:
    """Pickle one tensor of the storage "0"; `shape` are the opcodes of its sizes and strides."""
    storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K" + bytes([first]) + shape + b"\x89NtR."


ONE_BY_FOUR = b"K\x01K\x04\x86K\x04K\x01\x86"


@pytest.mark.parametrize(
    ("pickled", "message"),
    [
        (tensor_of(ONE_BY_FOUR, first=1), "larger than its bytes"),
        (tensor_of(b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86K\x00K\x00\x86"), "larger than its bytes"),
        (tensor_of(b"J\xff\xff\xff\xffK\x04\x86K\x04K\x01\x86"), "expected sizes"),
        (tensor_of(b"X\x01\x00\x00\x00aK\x04\x86K\x04K\x01\x86"), "expected sizes"),
        (tensor_of(b"K\x01K\x04\x86K\x01\x85"), "damaged"),
    ],
)
def test_tensors_that_cannot_be(zipped: Zipped, pickled: bytes, message: str) -> None:
    assert read_torch_file(zipped(tensor_of(ONE_BY_FOUR), {"0": bytes(16)})).shape == (1, 4)
    with pytest.raises(FormatError, match=message):
        read_torch_file(zipped(pickled, {"0": bytes(16)}))


def test_archives_that_torch_did_not_write(zipped: Zipped, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="storage '0' are missing"):
        read_torch_file(zipped(tensor_of(ONE_BY_FOUR)))
    with pytest.raises(FormatError, match="expected at most"):
        read_torch_file(zipped(bytes(1 << 20), compression=zipfile.ZIP_DEFLATED))
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme", "hello")
    with pytest.raises(FormatError, match=r"expected one data\.pkl in the archive, found 0"):
        read_torch_file(path)


def test_a_file_of_the_tests_is_one_of_torch(tmp_path: Path, make_checkpoint: Callable[..., Checkpoint]) -> None:
    torch = pytest.importorskip("torch")
    checkpoint = make_checkpoint("base")
    write_pt(tmp_path / "base.pt", checkpoint.dims, checkpoint.tensors)
    theirs = torch.load(tmp_path / "base.pt", weights_only=True)["model_state_dict"]
    ours = read_torch_file(tmp_path / "base.pt")["model_state_dict"]
    assert list(theirs) == list(ours)
    for name, tensor in theirs.items():
        np.testing.assert_array_equal(ours[name].read(), tensor.numpy())


def test_any_damage_is_a_clear_error(zipped: Zipped) -> None:
    path = zipped(tensor_of(ONE_BY_FOUR), {"0": bytes(16)})
    whole, generator = path.read_bytes(), random.Random(0)
    for _ in range(500):
        data = bytearray(whole)
        for _ in range(generator.randint(1, 4)):
            data[generator.randrange(len(data))] = generator.randrange(256)
        path.write_bytes(data[: generator.randrange(len(data))] if generator.random() < 0.1 else data)
        try:
            content = read_torch_file(path)
            if isinstance(content, TorchTensor):
                content.read()
        except EdgeError:
            continue


NESTED = b")" + b"q\x00h\x00\x86" * 60
"""Sixty pairs, each of the one before twice: to show it would take 2 ** 60 steps."""


@pytest.mark.parametrize(
    "pickled",
    [
        NESTED + b"Q.",
        NESTED + b")R.",
        b"}" + NESTED + b"Ns.",
        tensor_of(NESTED + b"K\x00\x86"),
    ],
)
def test_what_holds_itself_many_times_is_not_shown(zipped: Zipped, pickled: bytes) -> None:
    with pytest.raises(FormatError) as raised:
        read_torch_file(zipped(pickled, {"0": bytes(16)}))
    assert len(str(raised.value)) < 1000


def test_sizes_that_hold_themselves_many_times(zipped: Zipped) -> None:
    sizes = b"}X\x06\x00\x00\x00n_mels" + NESTED + b"s"
    path = zipped(b"}(X\x04\x00\x00\x00dims" + sizes + b"X\x10\x00\x00\x00model_state_dict}u.")
    with pytest.raises(FormatError, match=r"dims\['n_mels'\] is"):
        read_openai(path)


def test_a_deep_pickle_is_an_error(zipped: Zipped) -> None:
    with pytest.raises(FormatError):
        read_torch_file(zipped(b")" + b"\x85" * 1_000_000 + b"Q."))


@pytest.mark.parametrize("opcodes", [b"}", b"]", b")q\x00", b"(", b"G\x00\x00\x00\x00\x00\x00\x00\x00"])
def test_a_pickle_takes_little_memory(zipped: Zipped, opcodes: bytes) -> None:
    path = zipped(opcodes * (((1 << 20) - 1) // len(opcodes)))
    assert _peak_of(path) < 100_000_000


def test_an_archive_of_many_entries_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "many.pt"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(150_000):
            archive.writestr(f"{number}", b"")
    assert _peak_of(path) < 50_000_000


def _peak_of(path: Path) -> int:
    """Bytes that refusing a file takes at most."""
    tracemalloc.start()
    try:
        with pytest.raises(FormatError):
            read_torch_file(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
