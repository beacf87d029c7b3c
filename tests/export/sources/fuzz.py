"""Damages small sound checkpoints at random and reads them: `fuzz.py SOURCE FILE SEED RUNS`, a process of its own.

SOURCE is what is read, FILE the file of it that is damaged. Every reading must end in a checkpoint or an EdgeError,
soon and in little memory; what does not is printed with its number, and ends the process with status 1.
"""

from __future__ import annotations

import json
import random
import resource
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path

from edge.errors import EdgeError
from export.sources import read_checkpoint

MAX_BYTES = 2 << 30
"""Of address space, libraries and mapped files included."""
MAX_S = 20
"""For one reading."""

_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 62, (1 << 64) - 1)
_VALUES: tuple[object, ...] = (
    None,
    True,
    -1,
    0,
    1.5,
    1 << 40,
    10**400,
    "",
    "\x1b[2J\n",
    "\ud800",
    [],
    [[]],
    {},
    {"a": [None]},
    float("nan"),
)


class TooSlow(BaseException):
    """A reading that does not end."""


def damage(chance: random.Random, body: bytes) -> bytes:
    """Another file: bytes and numbers changed, mostly near its beginning, parts cut out, doubled or lost at its end."""
    data = bytearray(body)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(min(len(data), chance.choice((64, 512, 8192, len(data)))) or 1)
        kind = chance.randrange(6)
        if kind == 0:
            data[at : at + 1] = bytes([chance.randrange(256)])
        elif kind <= 2:
            layout = chance.choice("BHIQ")
            number = chance.choice((*_NUMBERS, chance.randrange(1 << 64))) % (1 << (8 * struct.calcsize(layout)))
            data[at : at + struct.calcsize(layout)] = struct.pack("<" + layout, number)
        elif kind == 3:
            del data[at : at + chance.choice((1, 4, 100, 10_000))]
        elif kind == 4:
            data[at:at] = data[at : at + chance.choice((1, 4, 100, 10_000))]
        else:
            del data[chance.randrange(len(data)) :]
            break
    return bytes(data)


def damage_json(chance: random.Random, body: bytes) -> bytes:
    """Another JSON text: values changed, or bytes as in any file."""
    if chance.random() < 0.3:
        return damage(chance, body)
    content = json.loads(body)
    for _ in range(chance.choice((1, 1, 3))):
        place = content
        while isinstance(place, dict | list) and place:
            key = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
            inner = place[key]
            if not (isinstance(inner, dict | list) and inner) or chance.random() < 0.15:
                place[key] = chance.choice((*_VALUES, content if chance.random() < 0.05 else 7))
                break
            place = inner
    try:
        return json.dumps(content).encode()
    except ValueError:  # it holds itself
        return b"[" * 100_000


def damage_safetensors(chance: random.Random, body: bytes) -> bytes:
    """Another file of safetensors, mostly with another header of the right length."""
    if chance.random() < 0.4:
        return damage(chance, body)
    (length,) = struct.unpack_from("<Q", body)
    header = damage_json(chance, body[8 : 8 + length])
    return struct.pack("<Q", len(header)) + header + body[8 + length :]


def main() -> int:
    """Read as many damaged files as asked for; 1 if one of them did something else than is allowed."""
    source, file, seed, n_runs = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    signal.signal(signal.SIGALRM, _give_up)
    kinds: dict[str, Callable[[random.Random, bytes], bytes]] = {
        ".json": damage_json, ".safetensors": damage_safetensors,
    }  # fmt: skip
    change, body = kinds.get(file.suffix, damage), file.read_bytes()
    n_read = n_wrong = 0
    for run in range(n_runs):
        file.write_bytes(change(random.Random(f"{seed} {run}"), body))
        signal.alarm(MAX_S)
        try:
            read_checkpoint(source)
            n_read += 1
        except EdgeError as error:
            if len(str(error)) > 2000:
                n_wrong += 1
                print(f"run {run}: a message of {len(str(error))} characters")
        except BaseException as error:
            n_wrong += 1
            print(f"run {run}: {type(error).__name__}: {error!s:.200}")
        finally:
            signal.alarm(0)
    file.write_bytes(body)
    print(f"{n_runs} damaged, {n_read} read all the same, {n_wrong} wrong")
    return 1 if n_wrong else 0


def _give_up(number: int, frame: object) -> None:
    raise TooSlow(f"still reading after {MAX_S} s")


if __name__ == "__main__":
    sys.exit(main())
