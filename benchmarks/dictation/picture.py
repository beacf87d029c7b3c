"""A picture of a dictation on a real screen: `python -m benchmarks.dictation.picture FILE.png`.

A letter has the text of a first dictation, and the overlay shows what is understood of a second one. What
is on the virtual screen is what is in the picture.
"""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge.desktop.x11.overlay import CLASS

from ..desktop.screen import Window, wait_for, wait_for_focus
from .rig import Rig, rig
from .speech import speech_like

_LETTER = (356, 540, 568, 112)
"""Place and size of the editor: the overlay stands below it."""

_PICTURE = (340, 504, 600, 296)
_EDITOR = """
import tkinter
root = tkinter.Tk(className="Letter")
text = tkinter.Text(root, font=("DejaVu Sans", 12), wrap="word", padx=8, pady=8)
text.pack(fill="both", expand=True)
text.focus_force()
root.mainloop()
"""

_UNDERSTOOD = 45
"""Letters that the overlay has when the picture is taken."""


def main(arguments: Sequence[str]) -> int:
    """Dictate into an editor, and write the picture to the file that is named."""
    (name,) = arguments
    with rig("--overlay", "--model", "tiny.en") as made:
        window = _open_editor(made)
        made.start()
        (clip,) = speech_like(8, 1, (), made.folder)
        made.dictate(clip, 0.3)
        made.text_after(0)
        with made.held():
            made.cable.play(clip.path)
            wait_for(lambda: len(_overlay_words(made.display)) > _UNDERSTOOD, "the overlay", 30)
            _write_png(Path(name), _pixels(made.display))
        window.close()
    return 0


def _open_editor(made: Rig) -> Window:
    from edge.desktop.x11.windows import focused_target, focused_window

    window = Window(made.folder, sys.executable, "-c", _EDITOR)
    wait_for_focus(lambda: focused_target(made.display), (None,), "the editor to have the focus")
    x, y, width, height = _LETTER
    focused_window(made.display).configure(x=x, y=y, width=width, height=height)
    made.display.sync()
    return window


def _overlay_words(display: Any) -> str:
    """Return what the overlay says."""
    for window in display.screen().root.query_tree().children:
        if (window.get_wm_class() or ("",))[0] == CLASS:
            found = window.get_full_property(display.get_atom("_NET_WM_NAME"), 0)
            return found.value.decode() if found else ""
    return ""


def _pixels(display: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    from Xlib import X

    x, y, width, height = _PICTURE
    image = display.screen().root.get_image(x, y, width, height, X.ZPixmap, 0xFFFFFFFF)
    return np.frombuffer(image.data, np.uint8).reshape(height, width, 4)[:, :, 2::-1]


def _write_png(path: Path, pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
