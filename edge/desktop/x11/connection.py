"""A connection to the X server. python-xlib is not made for threads: each thread opens its own."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from ...errors import DesktopError

_LOCAL = re.compile(r":(\d+)(\.\d+)?$")

MISSING = "keys and typing under X11 need python-xlib: pip install 'edgewise[dictate]'"


Given = ParamSpec("Given")
Result = TypeVar("Result")


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
        # With "unix", python-xlib does not go on to try the network where this machine's own server is not there.
        opened = display.Display(f"unix{name}" if _knock(name) else name)
    except (error.DisplayError, error.XauthError, OSError) as failure:
        raise DesktopError(
            f"the X11 display {name} does not answer ({failure}); is DISPLAY the right one?"
        ) from failure
    if not opened.has_extension("XTEST"):
        opened.close()
        raise DesktopError(f"the X11 display {name} has no XTEST extension, without which no key can be typed")
    opened.set_error_handler(ignore)
    return opened


def disconnect(display: Any) -> None:
    """Close a connection; one that the server closed before is closed."""
    from Xlib import error

    with suppress(error.ConnectionClosedError):
        display.close()


def _knock(name: str) -> bool:
    """Return whether a display is this machine's; raise OSError where it is and nobody is there.

    python-xlib would find that out as well, and leave its socket open.
    """
    number = _LOCAL.match(name)
    if number is None:
        return False
    path = f"/tmp/.X11-unix/X{number[1]}"
    with socket.socket(socket.AF_UNIX) as trial:
        trial.connect(path if Path(path).exists() else f"\0{path}")
    return True


def ignore(*_: object) -> None:
    """Take note of nothing: a window that is gone is an everyday error here, and python-xlib would print it."""


def told_when_gone(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Have a function raise DesktopError where the X server went away."""

    @wraps(function)
    def run(*args: Given.args, **keywords: Given.kwargs) -> Result:
        from Xlib import error

        try:
            return function(*args, **keywords)
        except error.ConnectionClosedError as failure:
            raise DesktopError("the X11 server is gone; start the dictation again in the new session") from failure

    return run


def refusal(display: Any, ask: Callable[[Any], None]) -> Any:
    """Return the error that a request without a reply ended in; None where it was granted."""
    from Xlib import error

    caught = error.CatchError()
    ask(caught)
    display.sync()
    return caught.get_error()
