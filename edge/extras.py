"""Libraries that come with an extra of this package, and which of them are not here."""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version

_NAME = re.compile(r"[\w.-]+")
_OF_EXTRA = re.compile(r"""extra\s*==\s*["']([\w-]+)["']""")
_OF_SYSTEM = re.compile(r"""sys_platform\s*==\s*["'](\w+)["']""")


def missing_of(extra: str) -> list[str]:
    """List what an extra needs on this system and is not installed; nothing where the package itself is not."""
    try:
        wanted = requires("edgewise") or []
    except PackageNotFoundError:
        return []
    return [name for line in wanted if (name := _name_in(line, extra)) and not _is_installed(name)]


def _name_in(line: str, extra: str) -> str:
    """Return the library that a line asks for; nothing where it does not hold for the extra or for this system."""
    systems = _OF_SYSTEM.findall(line)
    found = _NAME.match(line)
    is_wanted = extra in _OF_EXTRA.findall(line) and (not systems or sys.platform in systems)
    return found[0] if found and is_wanted else ""


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
