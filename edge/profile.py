"""Profiles: how to run on one machine, as `edgewise tune` writes it, in a TOML file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .errors import OptionError
from .options import TranscribeOptions
from .settings import keywords_from
from .settings_file import read_file, toml_table
from .values import optional, shown, text, whole

_LOAD, _TRANSCRIBE, _MEASURED = "load", "transcribe", "measured"
_LONGEST = 4096
_MOST_THREADS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Profile:
    """Which model runs, on what, and with which settings; None leaves it to the default."""

    model: str | None = None
    precision: str | None = None
    threads: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings of transcription, by name, that are not their defaults."""
    measured: Mapping[str, object] = field(default_factory=dict)
    """Measurements that speak for it, for people."""

    @property
    def loading(self) -> dict[str, Any]:
        """Arguments of `edge.load` that it gives, by name."""
        named = {"model": self.model, "precision": self.precision, "threads": self.threads}
        return {name: value for name, value in named.items() if value is not None}


def read_profile(path: str | os.PathLike[str]) -> Profile:
    """Read a profile.

    Raises:
        OptionError: there is none, or it says something that cannot be; the message names the file.
    """
    found = read_file(Path(path), _profile)
    if found is None:
        raise OptionError(f"{path}: there is no such profile; `edgewise tune -o FILE` writes one")
    return found


def profile_text(profile: Profile) -> str:
    """Write a profile as TOML."""
    tables = {_LOAD: profile.loading, _TRANSCRIBE: profile.settings, _MEASURED: profile.measured}
    return "\n".join(line for name, table in tables.items() for line in toml_table(name, table))


def _profile(tables: Mapping[str, Any]) -> Profile:
    for name, table in tables.items():
        if name not in (_LOAD, _TRANSCRIBE, _MEASURED) or not isinstance(table, Mapping):
            raise OptionError(f"{shown(name)} is no section; expected [{_LOAD}], [{_TRANSCRIBE}] and [{_MEASURED}]")
    load, known = tables.get(_LOAD, {}), [one.name for one in fields(Profile)][:3]
    for name in load:
        if name not in known:
            raise OptionError(f"[{_LOAD}] has {shown(name)}; expected {', '.join(known)}")
    return Profile(
        model=optional(text, "model", load.get("model"), _LONGEST),
        precision=optional(text, "precision", load.get("precision"), _LONGEST),
        threads=optional(whole, "threads", load.get("threads"), 1, _MOST_THREADS, "1 or more"),
        settings=keywords_from(TranscribeOptions, tables.get(_TRANSCRIBE, {})),
        measured=tables.get(_MEASURED, {}),
    )
