"""X11: keys by XGrabKey, text by XTEST or by a selection of our own. All of it speaks through python-xlib."""

from __future__ import annotations
