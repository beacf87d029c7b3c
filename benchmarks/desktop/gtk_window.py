"""A GTK text window: python3 gtk_window.py FILE, with the system's Python. The file always holds what it shows."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path


def main(path: Path) -> None:
    """Show the window, to its end."""
    import_module("gi").require_version("Gtk", "3.0")
    gtk = import_module("gi.repository.Gtk")
    window = gtk.Window(title="gtk window")
    view = gtk.TextView()
    window.add(view)
    buffer = view.get_buffer()

    def save(*_: object) -> None:
        part = path.with_suffix(".part")
        part.write_text(buffer.get_text(buffer.get_start_iter(), buffer.get_end_iter(), True), encoding="utf-8")
        part.replace(path)  # whoever reads it sees all of it

    buffer.connect("changed", save)
    view.connect("focus-in-event", save)
    window.connect("destroy", gtk.main_quit)
    window.show_all()
    gtk.main()


main(Path(sys.argv[1]))
