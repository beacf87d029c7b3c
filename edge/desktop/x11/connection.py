"""A connection to the X server. python-xlib is not made for threads: each thread opens its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ...errors import DesktopError

MISSING = "keys and typing under X11 need python-xlib: pip install 'edgewise[dictate]'"


def connect() -> Any:
    """Open a connection to the display that DISPLAY names.

    Raises:
        DesktopError: there is no display, it does not answer, or python-xlib is missing.
    """
    try:
        from Xlib import display, error
    except ImportError:
        raise DesktopError(MISSING) from None
    name = os.environ.get("DISPLAY", "")
    if not name:
        raise DesktopError("there is no X11 display: DISPLAY is not set; run this in a graphical session")
    try:
        opened = display.Display(name)
    except (error.DisplayError, error.XauthError, OSError) as failure:
        raise DesktopError(
            f"the X11 display {name} does not answer ({failure}); is DISPLAY the right one?"
        ) from failure
    if not opened.has_extension("XTEST"):
        opened.close()
        raise DesktopError(f"the X11 display {name} has no XTEST extension, without which no key can be typed")
    opened.set_error_handler(ignore)
    return opened


def ignore(*_: object) -> None:
    """Take note of nothing: a window that is gone is an everyday error here, and python-xlib would print it."""


def refusal(display: Any, ask: Callable[[Any], None]) -> Any:
    """Return the error that a request without a reply ended in; None where it was granted."""
    from Xlib import error

    caught = error.CatchError()
    ask(caught)
    display.sync()
    return caught.get_error()
