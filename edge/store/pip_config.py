"""Where and how this user's pip reaches the package index, as `pip config list` tells it.

Only settings are read: nothing of pip is imported, and pip downloads, builds and installs nothing.
"""

from __future__ import annotations

import ast
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_INDEX = "https://pypi.org/simple"

_LOG = logging.getLogger(__name__)
_SECTIONS = ("global", "download", "install", ":env:")
"""Sections that matter to us, later ones winning, as in pip."""
_ASK_PIP_SECONDS = 60
_RUNS_CODE = ("PYTHONPATH", "PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONBREAKPOINT", "PYTHONWARNINGS")
_CONFIG_FILE = "PIP_CONFIG_FILE"


@dataclass(frozen=True, slots=True)
class PipSettings:
    """Settings of pip that a download through the user's package index needs."""

    indexes: tuple[str, ...] = (DEFAULT_INDEX,)
    """Simple indexes (PEP 503 or 691), in the order to ask them; user and password may be in the URL."""
    find_links: tuple[str, ...] = ()
    """Folders, HTML pages or archives to look at before any index."""
    proxy: str | None = None
    """Proxy for everything; None leaves it to the environment."""
    ca_file: str | None = None
    """Certificate authorities to trust, a file or a folder; None for the system's."""
    client_cert: str | None = None
    """File with a client certificate and its key."""
    trusted_hosts: frozenset[str] = frozenset()
    """Hosts (or host:port) whose certificate is not checked."""
    timeout_s: float = 15.0


def read_pip_settings() -> PipSettings:
    """Ask the pip of this Python for its settings; without one, read its PIP_… variables."""
    # Nothing that lies in the working folder is imported; unlike -I, -P leaves the user's own packages, and their pip.
    command = [sys.executable, "-P", "-X", "utf8", "-m", "pip", "--disable-pip-version-check", "config", "list"]
    try:
        answer = subprocess.run(
            command,
            cwd=sys.prefix,
            env=_for_pip(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=_ASK_PIP_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        _LOG.info("pip does not tell its settings (%s); reading its environment variables", error)
        return settings_from(_from_environment(os.environ))
    return settings_from(parse_config_list(answer.stdout))


def parse_config_list(text: str) -> dict[str, str]:
    """Parse the output of `pip config list` into options by name: lines such as `global.index-url='https://…'`."""
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in text.splitlines():
        key, separator, quoted = line.partition("=")
        section, _, option = key.strip().rpartition(".")
        if not separator or section not in found:
            continue
        try:
            value = ast.literal_eval(quoted.strip())
        except (SyntaxError, ValueError):
            continue
        if isinstance(value, str):
            found[section][option] = value
    merged: dict[str, str] = {}
    for section in _SECTIONS:
        merged.update(found[section])
    return merged


def settings_from(options: Mapping[str, str]) -> PipSettings:
    """Make settings of pip's options by their long names."""
    indexes = (options.get("index-url", DEFAULT_INDEX), *options.get("extra-index-url", "").split())
    if _is_true(options.get("no-index", "")):
        indexes = ()
    return PipSettings(
        indexes=indexes,
        find_links=tuple(options.get("find-links", "").split()),
        proxy=options.get("proxy") or None,
        ca_file=options.get("cert") or None,
        client_cert=options.get("client-cert") or None,
        trusted_hosts=frozenset(options.get("trusted-host", "").split()),
        timeout_s=_seconds(options.get("timeout") or options.get("default-timeout")),
    )


def _for_pip(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what makes Python run other code, for a pip that works in another folder."""
    kept = {name: value for name, value in environment.items() if name not in _RUNS_CODE}
    configured = kept.get(_CONFIG_FILE)
    if configured and configured != os.devnull:
        kept[_CONFIG_FILE] = str(Path(configured).absolute())
    return kept


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    prefix = "PIP_"
    return {
        name.removeprefix(prefix).lower().replace("_", "-"): value
        for name, value in environment.items()
        if name.startswith(prefix) and value
    }


def _is_true(value: str) -> bool:
    return value.strip().lower() in ("1", "true", "yes", "on", "y", "t")


def _seconds(value: str | None) -> float:
    try:
        return max(1.0, float(value)) if value else 15.0
    except ValueError:
        return 15.0
