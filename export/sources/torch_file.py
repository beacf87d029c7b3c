"""Tensors in torch's zip files (`.pt`), read without torch.

Such a file is a zip archive: `data.pkl`, a pickle of what was saved, and one entry for the bytes of each storage. A
pickle can run any code, so none is run here: `_Machine` knows the few opcodes and the few names that a dictionary of
tensors needs, and refuses everything else.
"""

from __future__ import annotations

import io
import math
import os
import pickletools
import reprlib
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge.errors import EdgeError, FormatError, UnsupportedModelError

_MAX_PICKLE_BYTES = 1 << 20
"""Bytes that the pickle may have, three times what the largest Whisper's has."""
_MAX_READ = 4 << 20
"""Bytes that are read of the archive's directory, enough for fifty thousand entries."""
_MAX_RANK = 8
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
"""Header in front of an entry's bytes, without its name and extra field."""

_TYPES: Mapping[str, np.dtype[Any]] = {
    "HalfStorage": np.dtype("<f2"),
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "BFloat16Storage": np.dtype("<u2"),
}
"""Types of storages whose numbers can be weights; bfloat16 is read as its bits."""

_MARK: Final = object()

_DAMAGE = (zipfile.BadZipFile, struct.error, EOFError, ValueError, LookupError, ArithmeticError, OSError, RuntimeError)
"""Exceptions that a damaged archive or pickle can raise in zipfile, struct and pickletools."""


@dataclass(frozen=True, slots=True)
class Storage:
    """The bytes of one or more tensors, as an entry of the archive."""

    type_name: str
    """Name of its type in torch, such as "HalfStorage"."""
    offset: int
    """Byte of the file at which it begins."""
    n_bytes: int


@dataclass(frozen=True, slots=True)
class TorchTensor:
    """A tensor in the file, whose numbers are read when they are asked for."""

    path: Path
    storage: Storage
    first: int
    """Element of the storage at which it begins."""
    shape: tuple[int, ...]

    @property
    def n_bytes(self) -> int:
        """Bytes of the file that hold its numbers."""
        return math.prod(self.shape) * _TYPES[self.storage.type_name].itemsize

    def read(self) -> NDArray[Any]:
        """Read the numbers: float16 or float32 as they are stored, others as float32.

        Raises:
            FormatError: the file has become shorter since it was opened.
        """
        kind = _TYPES[self.storage.type_name]
        count = math.prod(self.shape)
        found = np.fromfile(self.path, kind, count, offset=self.storage.offset + self.first * kind.itemsize)
        if len(found) != count:
            raise FormatError(f"{self.path}: it was cut short while it was read")
        if self.storage.type_name == "BFloat16Storage":
            found = (found.astype(np.uint32) << 16).view(np.float32)
        elif kind.itemsize == 8:
            found = found.astype(np.float32)
        return found.reshape(self.shape)


@dataclass(frozen=True, slots=True)
class _Name:
    """Something that a pickle asks for by module and name."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True)
class _Ignored:
    """A value that no weight is made of, such as a sparse tensor."""


def shown(value: object) -> str:
    """Show a value of a pickle, in steps that do not grow with how often it holds itself."""
    return reprlib.repr(value)


def read_torch_file(path: Path) -> Any:
    """Read what `torch.save` wrote: dictionaries, lists, numbers and texts, with a `TorchTensor` for each tensor.

    Raises:
        FormatError: the file is damaged, or holds more than tensors.
        UnsupportedModelError: it is no zip file of torch, or has tensors of another kind.
    """
    try:
        with _Bounded(path) as file, zipfile.ZipFile(file) as archive:
            return _read(path, archive)
    except (EdgeError, FileNotFoundError):
        raise
    except _DAMAGE as error:
        raise FormatError(f"{path}: damaged, or no file of torch: {str(error)[:200]}") from None


class _Bounded(io.FileIO):
    """A file of which no more is read at once than an archive of tensors needs, whatever its directory says."""

    def read(self, size: int | None = -1) -> bytes:
        """Read that many bytes, or to the end."""
        wanted = os.fstat(self.fileno()).st_size - self.tell() if size is None or size < 0 else size
        if wanted > _MAX_READ:
            raise FormatError(f"{self.name}: its directory is larger than {_MAX_READ} bytes; no model's is")
        return super().read(wanted)


def _read(path: Path, archive: zipfile.ZipFile) -> Any:
    entries = {info.filename: info for info in archive.infolist()}
    roots = [name.removesuffix("data.pkl") for name in entries if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise FormatError(f"{path}: expected one data.pkl in the archive, found {len(roots)}")
    root = roots[0]
    if f"{root}byteorder" in entries and _small(path, archive, entries[f"{root}byteorder"]) != b"little":
        raise UnsupportedModelError(f"{path}: its numbers are big-endian; save it again on a usual machine")
    size = path.stat().st_size

    def storage(type_name: str, key: str) -> Storage:
        info = entries.get(f"{root}data/{key}")
        if info is None:
            raise FormatError(f"{path}: the bytes of storage {key!r:.80} are missing")
        return _storage(path, archive, info, type_name, size)

    return _Machine(path, storage).run(_small(path, archive, entries[f"{root}data.pkl"]))


def _small(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Read an entry that has to be small and stored as it is."""
    if info.file_size > _MAX_PICKLE_BYTES or info.compress_type != zipfile.ZIP_STORED:
        raise FormatError(
            f"{path}: {info.filename!r:.80} has {info.file_size} bytes; expected at most {_MAX_PICKLE_BYTES}, stored"
        )
    return archive.read(info)


def _storage(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, type_name: str, size: int) -> Storage:
    """Find the bytes of an entry, which must be stored as they are, and inside the file."""
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
        raise FormatError(f"{path}: {info.filename!r:.80} is compressed or encrypted, which torch never does")
    file = archive.fp
    assert file is not None
    file.seek(info.header_offset)
    magic, *_, n_name, n_extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    offset = info.header_offset + _LOCAL_HEADER.size + n_name + n_extra
    if magic != b"PK\x03\x04" or offset + info.file_size > size:
        raise FormatError(f"{path}: {info.filename!r:.80} is not where the archive says; it is cut short or damaged")
    return Storage(type_name, offset, info.file_size)


class _Machine:
    """Runs a pickle of tensors and nothing else: a stack, a memory, and one method an opcode."""

    def __init__(self, path: Path, storage: Callable[[str, str], Storage]) -> None:
        """Make a machine; `storage` finds the bytes of a storage by its type and key."""
        self._path = path
        self._storage = storage
        self._stack: list[Any] = []
        self._memory: dict[int, Any] = {}

    def run(self, pickled: bytes) -> Any:
        """Run to the end; gives what the pickle stands for."""
        file = io.BytesIO(pickled)
        while code := file.read(1):
            opcode = _OPCODES.get(code)
            if opcode is None:
                raise FormatError(f"{self._path}: its pickle is damaged; byte {file.tell() - 1} is no opcode")
            if opcode.name == "STOP":
                return self._pop()
            step = _STEPS.get(opcode.name)
            if step is None:
                raise self._refusal(f"the opcode {opcode.name}")
            step(self, _argument(opcode, file))
        raise FormatError(f"{self._path}: its pickle has no end")

    def _refusal(self, what: str) -> FormatError:
        return FormatError(f"{self._path}: holds more than tensors, {what}; it is not opened")

    def _pop(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise FormatError(f"{self._path}: its pickle is damaged")
        return value

    def push(self, value: Any) -> None:
        """Put a constant on the stack."""
        self._stack.append(value)

    def put(self, index: int) -> None:
        """Remember the top of the stack."""
        self._memory[index] = self._stack[-1]

    def get(self, index: int) -> None:
        """Put something remembered on the stack."""
        self._stack.append(self._memory[index])

    def take(self, n: int) -> tuple[Any, ...]:
        """Take the last n values."""
        return tuple(reversed([self._pop() for _ in range(n)]))

    def take_marked(self) -> list[Any]:
        """Take all values above the last mark, and the mark."""
        taken = []
        while (value := self._stack.pop()) is not _MARK:
            taken.append(value)
        return taken[::-1]

    def set_items(self, pairs: Sequence[Any]) -> None:
        """Put keys and values, by turns, into the dictionary on the stack."""
        target = self._stack[-1]
        if not isinstance(target, dict) or not all(isinstance(key, str | int) for key in pairs[::2]):
            raise self._refusal("a dictionary of other keys than names")
        target.update(zip(pairs[::2], pairs[1::2], strict=True))

    def append(self, values: Sequence[Any]) -> None:
        """Append values to the list on the stack."""
        target = self._stack[-1]
        if not isinstance(target, list):
            raise self._refusal("something to append to")
        target.extend(values)

    def name(self, argument: str) -> None:
        """Put a name on the stack, if it is one of those that tensors need."""
        module, _, name = argument.partition(" ")
        found = _Name(module, name)
        is_storage = module == "torch" and name.endswith("Storage")
        if not is_storage and found not in _CALLS and found not in _CONSTANTS:
            raise self._refusal(f"the name {str(found)!r:.80}")
        self._stack.append(found)

    def persistent(self) -> None:
        """Put the storage that a persistent id names on the stack: ("storage", type, key, device, elements)."""
        match self._pop():
            case ("storage", _Name(module="torch", name=type_name), str(key), str(_), int(_)):
                self._stack.append(self._storage(type_name, key))
            case other:
                raise self._refusal(f"the persistent id {shown(other)}")

    def call(self) -> None:
        """Replace a name and its arguments by what one of the few functions that tensors need gives."""
        arguments, name = self._pop(), self._pop()
        if not isinstance(arguments, tuple) or not isinstance(name, _Name) or name not in _CALLS:
            raise self._refusal(f"a call of {shown(str(name) if isinstance(name, _Name) else name)}")
        self._stack.append(_CALLS[name](self, arguments))

    def build(self) -> None:
        """Pass over the attributes of a dictionary: torch keeps versions of modules there."""
        self._pop()
        if not isinstance(self._stack[-1], dict):
            raise self._refusal("attributes of something that is no dictionary")

    def tensor(self, arguments: tuple[Any, ...]) -> TorchTensor | _Ignored:
        """Make a tensor of a storage from (storage, first element, shape, strides, …)."""
        match arguments:
            case (Storage() as storage, int(first), tuple(shape), tuple(strides), *_):
                return self._checked(storage, first, shape, strides)
            case _:
                raise self._refusal(f"a tensor made of {shown(arguments)}")

    def _checked(
        self, storage: Storage, first: int, shape: tuple[Any, ...], strides: tuple[Any, ...]
    ) -> TorchTensor | _Ignored:
        if len(shape) > _MAX_RANK or not all(type(n) is int and n >= 0 for n in (first, *shape)):
            raise FormatError(f"{self._path}: a tensor of shape {shown(shape)} at {shown(first)}; expected sizes")
        kind = _TYPES.get(storage.type_name)
        if kind is None:
            return _Ignored()  # whole numbers or truth values: no weights
        if (first + math.prod(shape)) * kind.itemsize > storage.n_bytes:
            raise FormatError(f"{self._path}: a tensor of shape {shape} is larger than its bytes in the file")
        expected, step = [], 1
        for size in reversed(shape):
            expected.append(step)
            step *= size
        usual = all(n == 1 or a == b for n, a, b in zip(shape, strides, expected[::-1], strict=True))
        if not usual:
            raise UnsupportedModelError(
                f"{self._path}: a tensor of shape {shape} is stored in another order; save it again after .contiguous()"
            )
        return TorchTensor(self._path, storage, first, shape)


def _argument(opcode: pickletools.OpcodeInfo, file: io.BytesIO) -> Any:
    """Read what follows an opcode; a name as its module and itself, with a blank between."""
    if opcode.name == "GLOBAL":
        return " ".join(file.readline().decode("ascii").removesuffix("\n") for _ in range(2))
    return None if opcode.arg is None else opcode.arg.reader(file)


_OPCODES: Mapping[bytes, pickletools.OpcodeInfo] = {
    opcode.code.encode("latin-1"): opcode for opcode in pickletools.opcodes
}


def _parameter(machine: _Machine, arguments: tuple[Any, ...]) -> Any:
    return arguments[0]


_CALLS: Mapping[_Name, Callable[[_Machine, tuple[Any, ...]], Any]] = {
    _Name("collections", "OrderedDict"): lambda machine, arguments: {},
    _Name("torch._utils", "_rebuild_tensor_v2"): _Machine.tensor,
    _Name("torch._utils", "_rebuild_parameter"): _parameter,
    _Name("torch._utils", "_rebuild_sparse_tensor"): lambda machine, arguments: _Ignored(),
    _Name("torch.serialization", "_get_layout"): lambda machine, arguments: _Ignored(),
    _Name("torch", "Size"): lambda machine, arguments: tuple(arguments[0]) if isinstance(arguments[0], tuple) else (),
}
"""Functions that a pickle of tensors calls, and what is done in their place."""

_CONSTANTS = frozenset({_Name("torch", kind) for kind in ("float16", "float32", "bfloat16", "sparse_coo", "strided")})

_STEPS: Mapping[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda machine, argument: None,
    "FRAME": lambda machine, argument: None,
    "MARK": lambda machine, argument: machine.push(_MARK),
    "EMPTY_DICT": lambda machine, argument: machine.push({}),
    "EMPTY_LIST": lambda machine, argument: machine.push([]),
    "EMPTY_TUPLE": lambda machine, argument: machine.push(()),
    "NONE": lambda machine, argument: machine.push(None),
    "NEWTRUE": lambda machine, argument: machine.push(True),
    "NEWFALSE": lambda machine, argument: machine.push(False),
    **{
        name: lambda machine, argument: machine.push(argument)
        for name in ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE")
    },
    **{name: lambda machine, argument: machine.put(argument) for name in ("BINPUT", "LONG_BINPUT")},
    **{name: lambda machine, argument: machine.get(argument) for name in ("BINGET", "LONG_BINGET")},
    "TUPLE": lambda machine, argument: machine.push(tuple(machine.take_marked())),
    "TUPLE1": lambda machine, argument: machine.push(machine.take(1)),
    "TUPLE2": lambda machine, argument: machine.push(machine.take(2)),
    "TUPLE3": lambda machine, argument: machine.push(machine.take(3)),
    "SETITEM": lambda machine, argument: machine.set_items(machine.take(2)),
    "SETITEMS": lambda machine, argument: machine.set_items(machine.take_marked()),
    "APPEND": lambda machine, argument: machine.append(machine.take(1)),
    "APPENDS": lambda machine, argument: machine.append(machine.take_marked()),
    "GLOBAL": lambda machine, argument: machine.name(argument),
    "BINPERSID": lambda machine, argument: machine.persistent(),
    "REDUCE": lambda machine, argument: machine.call(),
    "BUILD": lambda machine, argument: machine.build(),
}
"""Opcodes that `torch.save` writes for a dictionary of tensors."""
