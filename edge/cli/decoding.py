"""How to decode, on the command line: the options of `edgewise transcribe` about the language, the search and words."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..errors import OptionError
from .arguments import language, positive

if TYPE_CHECKING:
    from ..options import Settings

_PASSED_ON = (
    *("context", "language", "languages", "multilingual", "task"),
    *("beam_size", "patience", "length_penalty", "best_of", "n_best", "seed"),
    *("initial_prompt", "vocabulary_strength"),
)
"""The options that are named as the settings are."""

_STEP = 0.2
_HIGHEST = 1.0

_MOST_BYTES = 8_000_000
"""Of a file of words: more than twice what the longest vocabulary takes."""


def add_language_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is spoken and what is written."""
    group = parser.add_argument_group("language")
    group.add_argument(
        "-l", "--language", type=language, metavar="LANG", help="such as en or German (default: detect it)"
    )
    group.add_argument(
        "--languages", type=_languages, metavar="LANG,LANG", help="detect one of these, such as en,de (default: any)"
    )
    group.add_argument(
        "--multilingual",
        action="store_true",
        default=None,
        help="the language changes: detect it in every window, not only once",
    )
    group.add_argument(
        "--task",
        choices=("transcribe", "translate"),
        help="write what is said, or the same in English (default: transcribe)",
    )


def add_search_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how the words are searched for. What is not given is left to `TranscribeOptions`."""
    group = parser.add_argument_group(
        "search",
        "Without these, the likeliest token is taken at each step, which is fastest; where the text of 30 s repeats\n"
        "itself or is a guess, tokens are drawn at rising temperatures until it is neither.",
    )
    group.add_argument(
        "--beam-size", type=positive, metavar="N", help="follow the N likeliest texts; 5 makes fewer errors, slower"
    )
    group.add_argument(
        "--patience", type=float, metavar="P", help="end the beam search when P x N texts are complete (default: 1.0)"
    )
    group.add_argument(
        "--length-penalty", type=float, metavar="A", help="rank by length to this power, 0 to 1 (default: by the mean)"
    )
    group.add_argument(
        "--temperature", type=float, metavar="T", help="draw tokens by probability; 0 takes the likeliest (default: 0)"
    )
    group.add_argument(
        "--temperature-fallback",
        action=argparse.BooleanOptionalAction,
        default=True,
        help=f"try a failed window again at temperatures {_STEP} higher each, up to {_HIGHEST} (default: yes)",
    )
    group.add_argument(
        "--best-of", type=positive, metavar="N", help="draw N texts at a temperature, take the likeliest (default: 5)"
    )
    group.add_argument(
        "--n-best",
        type=positive,
        metavar="N",
        help="with --format json, up to N different readings of each segment, with scores; also sets --beam-size",
    )
    group.add_argument(
        "--seed", type=int, metavar="N", help="of what is drawn: the same gives the same text (default: 0)"
    )


def add_word_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is to be told of each word."""
    group = parser.add_argument_group("words")
    group.add_argument(
        "--word-timestamps",
        action="store_true",
        help="place every word in time: JSON gets words, the times of segments get exact",
    )
    group.add_argument(
        "--confidence",
        action="store_true",
        help="colour words that are in doubt (text on a terminal); JSON gets words and how likely each is right",
    )


def add_vocabulary_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is likely to be said."""
    group = parser.add_argument_group("vocabulary")
    group.add_argument(
        "--vocabulary",
        type=Path,
        metavar="FILE",
        help="words and names that are likely to be said, one a line, spelled as they are to be written;\n"
        "one is put where the text is in doubt and sounds like it. Up to 10,000; # begins a remark",
    )
    group.add_argument(
        "--vocabulary-strength",
        type=float,
        metavar="S",
        help="how much likelier they are taken to be, in nats a token; 0 only where the model agrees (default: 3.5)",
    )
    group.add_argument(
        "--initial-prompt",
        metavar="TEXT",
        help="show the model this before every 30 s, as if it had been said: style, spelling, a topic; its last\n"
        "223 tokens count, and it has at most 10,000 characters",
    )


def decoding_settings(args: argparse.Namespace) -> Settings:
    """What was asked for, and nothing else; OptionError if it cannot be."""
    from ..options import TranscribeOptions

    given = {name: getattr(args, name) for name in _PASSED_ON if getattr(args, name) is not None}
    if args.temperature is not None or not args.temperature_fallback:
        given["temperature"] = _temperatures(args.temperature or 0.0, fallback=args.temperature_fallback)
    if args.vocabulary is not None:
        given["vocabulary"] = _read_words(args.vocabulary)
    if args.word_timestamps or args.confidence:
        given["word_timestamps"] = True
    settings = cast("Settings", given)
    TranscribeOptions(**settings)  # what cannot be is said before a model is loaded
    return settings


def _temperatures(first: float, *, fallback: bool) -> tuple[float, ...]:
    if not fallback:
        return (first,)
    n_more = int((_HIGHEST - first) / _STEP + 1e-6) if 0 <= first <= _HIGHEST else 0
    return (first, *(round(first + _STEP * number, 3) for number in range(1, n_more + 1)))


def _read_words(path: Path) -> tuple[str, ...]:
    """The lines of a file of words; OptionError where it is none."""
    from ..options import word_list

    try:
        if path.exists() and not path.is_file():
            raise OptionError("expected a file of words, found a folder, a pipe or a device")
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise OptionError(f"expected a file of words of at most {_MOST_BYTES / 1e6:.0f} MB, found more")
        lines = data.decode("utf-8-sig").splitlines()
        words = word_list(line for line in lines if not line.lstrip().startswith("#"))
    except UnicodeDecodeError as error:
        raise OptionError(f"{path}: expected UTF-8 text, one word a line ({error.reason})") from None
    except OSError as error:
        raise OptionError(f"{path}: {error.strerror or error}") from error
    except OptionError as error:
        raise OptionError(f"{path}: {error}") from None
    if not words:
        raise OptionError(f"{path}: expected words, one a line, found none")
    return words


def _languages(text: str) -> tuple[str, ...]:
    """Codes of a comma list of languages."""
    codes = tuple(language(name) for name in text.split(","))
    if None in codes:
        raise argparse.ArgumentTypeError("auto is no language to choose among: leave --languages out for all")
    return tuple(code for code in codes if code is not None)
