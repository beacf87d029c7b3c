"""How the words are searched for: the temperatures, which the command line gives as a first one and a way to go on."""

from __future__ import annotations

import argparse

from ...options import TEMPERATURES, TranscribeOptions
from ..parser import Parser
from .groups import add_settings

_FIRST, _SECOND, *_, _HIGHEST = TEMPERATURES
_STEP = _SECOND - _FIRST


def add_search(parser: Parser, title: str) -> None:
    """Declare the search."""
    group = parser.group(
        title,
        "Without these, the likeliest token is taken at each step, which is fastest;\n"
        "where the text of 30 s repeats itself or is a guess, tokens are drawn at\n"
        "rising temperatures until it is neither.",
    )
    add_settings(parser, title, TranscribeOptions, ("beam_size", "patience", "length_penalty"))
    group.add_argument(
        "--temperature",
        dest="first_temperature",
        type=float,
        metavar="T",
        help=f"temperature at which tokens are drawn by probability; 0 takes the likeliest (default: {_FIRST:g})",
    )
    group.add_argument(
        "--temperature-fallback",
        action=argparse.BooleanOptionalAction,
        default=True,
        help=f"try a failed window again at temperatures {_STEP:g} higher each, up to {_HIGHEST:g} (default: yes)",
    )
    add_settings(parser, title, TranscribeOptions, but="temperature")


def given_temperatures(args: argparse.Namespace) -> dict[str, tuple[float, ...]]:
    """Return the temperatures as a keyword argument, if any was asked for."""
    if args.first_temperature is None and args.temperature_fallback:
        return {}
    first = args.first_temperature or 0.0
    n_more = int((_HIGHEST - first) / _STEP + 1e-6) if args.temperature_fallback and 0 <= first <= _HIGHEST else 0
    return {"temperature": (first, *(round(first + _STEP * number, 3) for number in range(1, n_more + 1)))}
