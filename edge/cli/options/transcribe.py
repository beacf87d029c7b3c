"""The options of `edgewise transcribe`: the commonest first, then all others by what they are about."""

from __future__ import annotations

import argparse
from typing import Any

from ...options import TranscribeOptions
from ..parser import Parser
from .correction import add_correction, given_correction
from .groups import add_settings, given
from .model import add_engine, add_model
from .output import add_output, add_places
from .profile import add_profile
from .recordings import add_reading, add_recordings, given_reading
from .search import add_search, given_temperatures
from .vocabulary import add_vocabulary, given_words

_COMMON = "common options"


def add_options(parser: Parser) -> None:
    """Declare arguments and options."""
    add_recordings(parser)
    common = parser.group(_COMMON)
    add_model(common)
    add_settings(parser, _COMMON, TranscribeOptions, ["language"])
    add_places(common)
    add_settings(parser, _COMMON, TranscribeOptions, ["task", "word_timestamps"])
    common.add_argument(
        "--confidence",
        action="store_true",
        help="color words that are in doubt (text on a terminal); JSON gets words and how likely each is right",
    )
    common.add_argument(
        "--demo", action="store_true", help="fetch the model and a public-domain clip, and transcribe it"
    )
    add_engine(parser, "model")
    add_profile(parser, "model")
    add_reading(parser.group("recordings"))
    add_settings(parser, "language", TranscribeOptions)
    add_vocabulary(parser, "vocabulary")
    add_correction(parser, "correction")
    add_search(parser, "search")
    for title in ("thresholds", "windows", "speech detection"):
        add_settings(parser, title, TranscribeOptions)
    add_output(parser, "output")


def given_settings(args: argparse.Namespace) -> dict[str, Any]:
    """Return what was asked for as keyword arguments of `Recognizer.transcribe`, and nothing else.

    Raises:
        OptionError: it cannot be, which is said before a model is loaded.
    """
    settings = given(args, TranscribeOptions) | given_temperatures(args) | given_words(args) | given_correction(args)
    if args.confidence:
        settings["word_timestamps"] = True
    TranscribeOptions(**settings)
    return settings | given_reading(args)
