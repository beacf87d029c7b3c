"""The settings file of `edgewise assist`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..options import settings_file as option
from ..parser import Parser

if TYPE_CHECKING:
    from ...assist.settings import AssistSettings


def add_settings_file(parser: Parser) -> None:
    """Declare which settings file is read."""
    option.add_settings_file(parser, "assist.toml")


def settings_file(args: argparse.Namespace) -> Path:
    """Return the settings file that is meant."""
    from ...assist.places import settings_path

    return option.settings_file(args, settings_path())


def wanted_settings(args: argparse.Namespace) -> AssistSettings:
    """Read the settings, and let what was given on the command line override them; OptionError if that cannot be."""
    from ...assist.options import AssistOptions
    from ...assist.settings import read_settings
    from ...settings import keywords_from, settings_of

    settings = read_settings(option.existing(args, settings_file(args), "assist"))
    given = {name: getattr(args, name) for name in settings_of(AssistOptions) if hasattr(args, name)}
    return replace(settings, assist=replace(settings.assist, **keywords_from(AssistOptions, given)))
