"""The option that names a profile, whose values hold where the command line says nothing."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ...errors import OptionError
from ..parser import Parser

_OPTION = "--profile"


def add_profile(parser: Parser, title: str) -> None:
    """Declare --profile; what the profile says is the default of the other options, which are declared by then."""
    parser.group(title).add_argument(
        _OPTION, type=Path, metavar="FILE", help="what `edgewise tune` found best here, for what is not given"
    )
    parser.take_defaults(_defaults)


def _defaults(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> dict[str, object]:
    """Read the defaults that the profile among the arguments gives; none where none is named."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    early.add_argument(_OPTION)
    try:
        path = early.parse_known_args(list(arguments))[0].profile
    except argparse.ArgumentError:
        return {}  # the parser itself complains
    if path is None:
        return {}
    from ...profile import read_profile

    profile = read_profile(path)
    defaults = profile.loading | dict(profile.settings)
    known = {action.dest for action in parser._actions}
    for name in defaults:
        if name not in known:
            raise OptionError(f"{path} sets {name}, which this command does not have")
    return defaults
