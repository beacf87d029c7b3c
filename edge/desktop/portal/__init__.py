"""The desktop portal: keys and typing where the user allows them, in GNOME, KDE Plasma and their like."""

from __future__ import annotations
