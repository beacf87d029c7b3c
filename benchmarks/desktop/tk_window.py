"""A Tk text window: python tk_window.py FILE. The file holds what it shows, and FILE.times when that changed."""

from __future__ import annotations

import sys
import time
import tkinter
from pathlib import Path


def main(path: Path) -> None:
    """Show the window, to its end."""
    root = tkinter.Tk(className="Tkwindow")
    text = tkinter.Text(root)
    text.pack()
    text.focus_force()

    def save(*_: object) -> None:
        changed_s = time.monotonic()
        shown = text.get("1.0", "end-1c")
        text.edit_modified(False)
        with path.with_suffix(".times").open("a", encoding="ascii") as times:
            times.write(f"{changed_s:.6f} {len(shown)}\n")
        part = path.with_suffix(".part")
        part.write_text(shown, encoding="utf-8")
        part.replace(path)  # whoever reads it sees all of it

    def follow(*_: object) -> None:
        if text.edit_modified():  # it is told of the flag's going down as well
            save()

    text.bind("<<Modified>>", follow)
    root.after(100, save)
    root.mainloop()


main(Path(sys.argv[1]))
