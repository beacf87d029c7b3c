"""The settings file of `edgewise dictate`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..options import settings_file as option
from ..parser import Parser

if TYPE_CHECKING:
    from ...dictate.settings import DictateSettings


def add_settings_file(parser: Parser) -> None:
    """Declare which settings file is read."""
    option.add_settings_file(parser, "dictate.toml")


def settings_file(args: argparse.Namespace) -> Path:
    """Return the settings file that is meant."""
    from ...dictate.places import settings_path

    return option.settings_file(args, settings_path())


def wanted_settings(args: argparse.Namespace) -> DictateSettings:
    """Read the settings; OptionError if they cannot be."""
    from ...dictate.settings import read_settings

    return read_settings(option.existing(args, settings_file(args), "dictate"))
