"""`edgewise sentences`: which of the listed sentences is said in a recording, and what it asks for."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from ..errors import EdgeError, OptionError
from .console.bar import Console
from .console.streams import put, report
from .options.model import add_model, add_offline, add_precision, add_threads
from .parser import Parser

if TYPE_CHECKING:
    from ..sentences import Match, Sentences

_EPILOG = """\
examples:
  edgewise sentences lights.txt command.wav
  edgewise sentences --lists home.yaml --context area=kitchen homeassistant command.wav
  edgewise sentences --format jsonl sentences/ recordings/*.wav
  edgewise sentences --text "Turn on the lights, please." lights.txt
  edgewise sentences lights.txt

SENTENCES is a plain list (.txt), a sentence a line, in hassil's syntax: `turn (on|off) [the] light[s]`; a sentence file
of Home Assistant's (.yaml), which has intents and slots; a folder of both; or the word homeassistant, for what Home
Assistant ships. Without AUDIO they are only checked.

A line says what was heard: `sentence` with the intent and the slots, `free` with what was said instead, or `nothing`.
A recording may be 30 s long.

exit status: 0 done; 1 a recording failed; 2 wrong usage
"""
_NAME, _EQUALS = "KEY=VALUE", "="


def declare(parser: Parser) -> None:
    """Declare the command."""
    parser.usage = "%(prog)s [options] SENTENCES [AUDIO...]"
    parser.description = "Tell which of the listed sentences is said in a recording, and what it asks for."
    parser.epilog = _EPILOG
    parser.add_argument("sentences", metavar="SENTENCES", help="file or folder of sentences, or homeassistant")
    parser.add_argument("audio", nargs="*", metavar="AUDIO", help="recordings to listen to")
    parser.add_argument("--lists", metavar="FILE", action="append", default=[], help="more lists, rules or sentences")
    parser.add_argument(
        "--context", metavar=_NAME, action="append", default=[], help="what is known, such as area=kitchen"
    )
    parser.add_argument("--text", metavar="TEXT", help="take this as what was said, and listen to nothing")
    parser.add_argument("--language", metavar="CODE", help="language of the sentences (default: the file's, or en)")
    parser.add_argument(
        "--strictness", type=float, default=0.0, metavar="N", help="how much surer than usual, from -10 to 10"
    )
    parser.add_argument("-f", "--format", choices=("txt", "jsonl"), default="txt", help="default: %(default)s")
    group = parser.group("model")
    add_model(group)
    add_precision(group)
    add_threads(group)
    add_offline(group)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Check the sentences, and listen for them."""
    from ..sentences import load

    if not -10 <= args.strictness <= 10:
        raise OptionError(f"--strictness is {args.strictness:g}; expected a number from -10 to 10")
    sentences = load(args.sentences, *args.lists, language=args.language, context=_context(args.context))
    if args.text is not None:
        _put_match("", _match_of_text(sentences, args.text), args.format)
        return 0
    if not args.audio:
        report(sentences.summary())
        return 0
    return _listen(args, sentences, console)


def _listen(args: argparse.Namespace, sentences: Sentences, console: Console) -> int:
    from .. import load
    from ..sentences import recognize

    model = load(
        args.model,
        kind="speech",
        precision=args.precision,
        threads=args.threads,
        offline=args.offline or None,
        progress=console.progress,
    )
    console.clear()
    status = 0
    for name in args.audio:
        try:
            match = recognize(model, name, sentences, strictness=args.strictness)
        except EdgeError as error:
            console.say(str(error))
            status = 1
        else:
            _put_match(name, match, args.format)
    return status


def _context(given: list[str]) -> dict[str, str]:
    for one in given:
        if not one.partition(_EQUALS)[2]:
            raise OptionError(f"--context is {one!r}; expected {_NAME}, such as area=kitchen")
    return {key: value for key, _, value in (one.partition(_EQUALS) for one in given)}


def _match_of_text(sentences: Sentences, text: str) -> Match:
    from ..sentences import Match

    read = sentences.read(text)
    if read is None:
        return Match("free", text, free_text=text)
    sentence, intent, slots = read
    return Match("sentence", sentence, intent, slots, free_text=text)


def _put_match(name: str, match: Match, kind: str) -> None:
    """Print what was heard in a recording; `name` is empty for a text."""
    if kind == "jsonl":
        table: dict[str, Any] = {
            "audio": name or None,
            "kind": match.kind,
            "text": match.text,
            "intent": match.intent,
            "slots": dict(match.slots),
            "score": round(match.score, 3),
            "margin": round(match.margin, 3),
            "free_text": match.free_text,
            "others": list(match.others),
        }
        put(json.dumps(table, ensure_ascii=False, default=str) + "\n", is_json=True)
        return
    slots = "".join(f" {slot}={value}" for slot, value in match.slots.items())
    asked = f" {match.intent}{slots}" if match.intent else ""
    said = f": {match.text}" if match.text else ""
    report(f"{f'{name}: ' if name else ''}{match.kind}{asked}{said}")
