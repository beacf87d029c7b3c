"""Checkpoints of recovery: what training needs to go on after an interruption, a file each in the cache folder.

A file is named by all that its result depends on (`fingerprint`): another lesson never takes it up. It is written anew
every minute, as a whole or not at all. When training has ended it holds the result alone and stays until the model is
written (`Checkpoints.clear`): an export that trains more than once loses none of it.
"""

from __future__ import annotations

import hashlib
import logging
import math
import shutil
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch

from edge.files import publish, workshop

_REVISION = 4
"""Revision of training and of what a file holds: older files are not used."""

_EVERY_S = 60.0
_MOST_SHARE = 0.05
"""Share of the time that may go into writing: a large model on a slow disk is written less often."""

_OLD_S = 14 * 24 * 3600
"""Age at which files of exports that nobody took up again are removed."""

_LOG = logging.getLogger("edge.export")

Table: TypeAlias = dict[str, torch.Tensor]


@dataclass(slots=True)
class State:
    """State of a training. The tables are float32, by name, alike in their shapes."""

    values: Table
    """Tensors that are trained; empty when training has ended."""
    average: Table
    """Running mean of the values, and what is judged; empty when training has ended."""
    best: Table
    """Average at the least loss."""
    first: Table = field(default_factory=dict)
    """Adam's averages of the gradients, and of their squares; without those that never had a gradient."""
    second: Table = field(default_factory=dict)
    before: float = 0.0
    """Loss on the kept clips at first."""
    least: float = 0.0
    """Loss on the kept clips at `best`."""
    n_steps: int = 0
    n_best: int = 0
    """Steps until `best`."""
    n_worse: int = 0
    """Number of looks at the kept clips without a gain, since the rate was halved."""
    n_halved: int = 0
    """Number of times that the rate was halved."""
    epoch: int = 0
    n_of_epoch: int = 0
    """Number of batches of this epoch that are done."""
    seconds: float = 0.0
    """Seconds of training so far, interruptions aside."""
    looked: float = 0.0
    """Share of the lesson that was over at the last look."""
    ended: bool = False


def fingerprint(*parts: object) -> str:
    """Hash tensors by name, and whatever else shows itself whole in its `repr`, with SHA-256."""
    digest = hashlib.sha256(str(_REVISION).encode())
    for part in parts:
        if isinstance(part, Mapping):
            for name in sorted(part):
                array = part[name].detach().numpy()
                digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
                digest.update(np.ascontiguousarray(array).reshape(-1).data)
        else:
            digest.update(f"{part!r}\n".encode())
    return digest.hexdigest()


class Checkpoints:
    """The checkpoints of one export."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[Path] = []

    def file(self, key: str) -> CheckpointFile:
        """Name the checkpoint file of the training with this `fingerprint`."""
        _sweep(self._folder)
        self._files.append(self._folder / f"recovery-{key[:16]}.pt")
        return CheckpointFile(self._files[-1])

    def clear(self) -> None:
        """Remove the checkpoints: what they led to is written."""
        for path in self._files:
            path.unlink(missing_ok=True)


@dataclass(slots=True)
class CheckpointFile:
    """Checkpoint file of one training."""

    path: Path
    _saved_at: float = -math.inf  # the first at once: a folder that cannot be written is known early
    _took_s: float = 0.0
    _fails: bool = False

    def load(self, begun: State) -> State | None:
        """Read what an interrupted training has left; None where there is nothing that fits what is `begun`."""
        try:
            with zipfile.ZipFile(self.path) as archive:  # torch does not look at the checksums that it writes
                damaged = archive.testzip()
            if damaged is not None:
                raise ValueError(f"{damaged} is damaged")
            return _checked(torch.load(self.path, map_location="cpu", weights_only=True), begun)
        except FileNotFoundError:
            return None
        except Exception as error:  # whatever a damaged file brings, training can begin anew
            _LOG.warning("%s: expected a checkpoint of recovery (%s); it is left aside", self.path, error)
            return None

    def is_due(self, *, looked: bool) -> bool:
        """Whether to save now; sooner when there was a look at the kept clips."""
        least_s = self._took_s / _MOST_SHARE
        return time.monotonic() - self._saved_at >= (least_s if looked else max(_EVERY_S, least_s))

    def save(self, state: State) -> None:
        """Replace the file. Where it cannot be written, a warning says so once, and training goes on without."""
        if self._fails:
            return
        began = time.monotonic()
        content = {entry.name: getattr(state, entry.name) for entry in fields(State)}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with workshop(self.path) as folder:
                torch.save(content, folder / "whole")
                publish(folder / "whole", self.path)
        except (OSError, RuntimeError) as error:  # the latter is torch's for a full disk
            self._fails = True
            _LOG.warning("%s: no checkpoint can be written (%s); an interruption would lose it all", self.path, error)
        self._saved_at = time.monotonic()
        self._took_s = self._saved_at - began


def _checked(found: object, begun: State) -> State:
    """Check that what a file holds could have come from what is `begun`.

    Raises:
        ValueError: it could not.
    """
    if not isinstance(found, dict) or set(found) != {entry.name for entry in fields(State)}:
        raise ValueError("other fields than a checkpoint's")
    for name, value in found.items():
        if type(value) is not type(getattr(begun, name)):
            raise ValueError(f"{name} is a {type(value).__name__}")
        if isinstance(value, dict):
            _check_table(name, value, begun.values)
        elif not 0 <= value < math.inf:
            raise ValueError(f"{name} is {value}")
    state = State(**found)
    whole = [state.best] if state.ended else [state.best, state.average, state.values]
    if any(set(table) != set(begun.values) for table in whole) or set(state.first) != set(state.second):
        raise ValueError("tensors are missing")
    return state


def _check_table(field_name: str, table: Mapping[object, object], shapes: Table) -> None:
    for name, tensor in table.items():
        if not isinstance(name, str) or name not in shapes or not isinstance(tensor, torch.Tensor):
            raise ValueError(f"{field_name} has an unknown {name!r}")
        if tensor.dtype != torch.float32 or tensor.shape != shapes[name].shape or not tensor.isfinite().all():
            raise ValueError(f"{field_name}: {name} is {tensor.dtype} {tuple(tensor.shape)}, or not finite")


def _sweep(folder: Path) -> None:
    """Remove files that nobody will take up, and what was half written when the power went."""
    now = time.time()
    for pattern, age_s in (("recovery-*.pt", _OLD_S), (".recovery-*.tmp", 3600)):
        for path in folder.glob(pattern):
            with suppress(OSError):  # another export may have been quicker
                if now - path.stat().st_mtime < age_s:
                    continue
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()
