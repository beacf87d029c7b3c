"""What a server needs to be installed."""

from __future__ import annotations

from importlib.util import find_spec

from ..errors import EdgeError

_NEEDED = ("starlette", "uvicorn", "websockets", "python_multipart", "wyoming")


def require() -> None:
    """Raise EdgeError where something is missing; it says what to install."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise EdgeError(f'a server needs {", ".join(missing)}: pip install "edgewise[serve]"')


def need_wyoming() -> None:
    """Raise EdgeError where what a satellite needs is missing; it says what to install."""
    missing = [name for name in ("wyoming", "zeroconf") if find_spec(name) is None]
    if missing:
        raise EdgeError(f'a satellite needs {", ".join(missing)}: pip install "edgewise[assist]"')
