"""A stand-in for sounddevice, which does what no sound server can be told to do.

The file that STAND names holds, as JSON, the devices (`names`) and what is wrong (`fault`); it is read again and again.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_STATE = Path(os.environ["STAND"])
_BLOCK_S = 0.02


class PortAudioError(Exception):
    """The error of the real one."""


def _state() -> dict[str, Any]:
    state: dict[str, Any] = json.loads(_STATE.read_text(encoding="utf-8"))
    return state


def _fail(fault: str) -> None:
    if fault == "no sounddevice":
        raise ImportError("No module named 'sounddevice'")
    if fault == "no library":
        raise OSError("PortAudio library not found")
    if fault == "broken":
        raise PortAudioError("Error initializing PortAudio")


_fail(_state().get("fault", ""))
_NAMES: list[str] = _state()["names"]


def query_hostapis() -> list[dict[str, str]]:
    return [{"name": "Stand"}]


def query_devices(kind: str | None = None) -> Any:
    listed = [
        {"name": name, "hostapi": 0, "default_samplerate": 44100.0, "max_input_channels": 4, "index": index}
        for index, name in enumerate(_NAMES)
    ]
    if kind is None:
        return listed
    if not listed:
        raise PortAudioError("there is none")
    return listed[0]


class RawInputStream:
    """A stream whose every block holds the same number, until something is wrong."""

    def __init__(
        self,
        *,
        samplerate: int,
        channels: int,
        device: int,
        callback: Callable[..., None],
        finished_callback: Callable[[], None],
        **_: object,
    ) -> None:
        state = _state()
        self._name, self._callback, self._finished_callback = _NAMES[device], callback, finished_callback
        self._n_frames, self._n_channels = round(samplerate * _BLOCK_S), channels
        if state.get("fault") == "hangs when opened":
            time.sleep(3600)
        if samplerate in state.get("refused rates", ()):
            raise PortAudioError("Invalid sample rate", -9997)
        if channels in state.get("refused channels", ()):
            raise PortAudioError("Invalid number of channels", -9998)

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        frames = bytes(4 * self._n_channels * self._n_frames)
        while True:
            time.sleep(_BLOCK_S)
            state = _state()
            fault = state.get("fault")
            if self._name not in state["names"]:
                return self._finished_callback()
            if fault == "crashes":
                os.abort()
            if fault == "loops":
                while True:
                    pass
            if fault != "silent":
                self._callback(frames, self._n_frames, None, SimpleNamespace(input_overflow=fault == "overflows"))
