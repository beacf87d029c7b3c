"""Wayland: the compositor's own protocols for typing, the clipboard and the focus, spoken without any library."""

from __future__ import annotations
