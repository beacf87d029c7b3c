"""A Tk text window: python tk_window.py FILE. The file always holds what the window shows."""

from __future__ import annotations

import sys
import tkinter
from pathlib import Path


def main(path: Path) -> None:
    """Show the window, to its end."""
    root = tkinter.Tk(className="Tkwindow")
    text = tkinter.Text(root)
    text.pack()
    text.focus_force()

    def save() -> None:
        part = path.with_suffix(".part")
        part.write_text(text.get("1.0", "end-1c"), encoding="utf-8")
        part.replace(path)  # whoever reads it sees all of it
        root.after(20, save)

    root.after(100, save)
    root.mainloop()


main(Path(sys.argv[1]))
