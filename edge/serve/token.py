"""The secret of a server that others can reach."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from ..errors import OptionError

_BYTES = 32
_LEAST_LETTERS = 16
_MOST_BYTES = 1000


def read_token(path: Path) -> str:
    """Read the token in a file; where there is none, one is made, which its owner alone can read.

    Raises:
        OptionError: the file holds something else, or others may read it.
        OSError: it can be neither read nor made.
    """
    with suppress(FileExistsError):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(_BYTES) + "\n")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise OptionError(f"{path}: others can read the token in it; `chmod 600` the file, or let another be made")
    with path.open("rb") as file:
        token = file.read(_MOST_BYTES).decode("utf-8", "replace").strip()
    if len(token) < _LEAST_LETTERS or not token.isascii() or not token.isprintable() or " " in token:
        raise OptionError(f"{path}: expected a token of {_LEAST_LETTERS} letters or more, found something else")
    return token
