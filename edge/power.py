"""Whether the computer runs on its battery, as Linux tells."""

from __future__ import annotations

from pathlib import Path

_SUPPLIES = Path("/sys/class/power_supply")


def is_on_battery(supplies: Path = _SUPPLIES) -> bool:
    """Whether a battery of the computer's own is being discharged; no where the system does not tell."""
    try:
        return any(_is_discharging(supply) for supply in sorted(supplies.iterdir()))
    except OSError:
        return False


def _is_discharging(supply: Path) -> bool:
    # A mouse has a battery as well, with the scope "Device".
    is_own = _fact(supply, "type") == "Battery" and _fact(supply, "scope") != "Device"
    return is_own and _fact(supply, "status") == "Discharging"


def _fact(supply: Path, name: str) -> str:
    try:
        return (supply / name).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
