"""The version, which the package's metadata, the command line and the store's requests take from here."""

from __future__ import annotations

__version__ = "0.1.0"
"""Release of edgewise, runtime and toolchain together, by semantic versioning."""
