"""A certificate and its key, with which nobody on the way hears what is said."""

from __future__ import annotations

import ssl
from pathlib import Path

from ..errors import OptionError


def context_of(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """Load a certificate, whose file may hold its key as well; None where none is given.

    Raises:
        OptionError: a file cannot be read, holds something else, or the two do not belong together.
    """
    if cert is None:
        if key is not None:
            raise OptionError(f"{key}: a key belongs to a certificate: give --tls-cert FILE as well")
        return None
    for path in (cert, key):
        if path is not None and not path.is_file():
            raise OptionError(f"{path}: expected a file in PEM for TLS, found none")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key, password=_refuse)
    except (ssl.SSLError, ValueError, OSError) as error:
        files = f"{cert}" if key is None else f"{cert}, {key}"
        raise OptionError(
            f"{files}: expected a certificate and its key in PEM, without a password, found something else ({error})"
        ) from None
    return context


def _refuse() -> str:
    raise ValueError("the key has a password")
