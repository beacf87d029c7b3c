"""The part of pynput's keyboard that edgewise uses, as pynput documents it."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

LISTENERS: list[Listener] = []
TYPED: list[str] = []


@dataclass(frozen=True)
class KeyCode:
    char: str

    @classmethod
    def from_char(cls, char: str) -> KeyCode:
        return cls(char)


class Key(enum.Enum):
    alt_l = 1
    backspace = 2
    ctrl_l = 3
    ctrl_r = 4
    esc = 5
    f9 = 6


class Listener:
    def __init__(self, on_press: Callable[[Key | KeyCode], None], on_release: Callable[[Key | KeyCode], None]) -> None:
        self.press, self.release = on_press, on_release

    def start(self) -> None:
        LISTENERS.append(self)

    def stop(self) -> None:
        LISTENERS.remove(self)

    def canonical(self, key: Key | KeyCode) -> Key | KeyCode:
        return KeyCode(key.char.lower()) if isinstance(key, KeyCode) else key


class Controller:
    alt_pressed = ctrl_pressed = shift_pressed = False

    def type(self, text: str) -> None:
        TYPED.extend(text)

    def tap(self, key: Key) -> None:
        assert key is Key.backspace
        TYPED.pop()
