"""What a user's hands do on the virtual screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def hold(display: Any, *keys: str) -> Iterator[Callable[[], None]]:
    """Hold keys down; what is given lets go of them before the block ends."""
    from Xlib import X

    from edge.desktop.x11.keymap import Keymap

    keymap = Keymap.of(display)
    keycodes = [keymap.keycode(key) for key in keys]

    def send(event: int, keycode: int) -> None:
        display.xtest_fake_input(event, keycode)
        display.sync()

    def release() -> None:
        while keycodes:
            send(X.KeyRelease, keycodes.pop())

    for keycode in keycodes:
        send(X.KeyPress, keycode)
    try:
        yield release
    finally:
        release()


def press_key(display: Any, key: str) -> None:
    """Press and release a key."""
    with hold(display, key):
        pass
