"""A small window that says what a dictation does: what is in it, and where it stands. `x11` and `wayland` open it."""

from __future__ import annotations
