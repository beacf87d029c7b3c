"""`edgewise generate`: a language model writes on from a prompt, or scores texts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..errors import OptionError
from ..llm.names import CACHES, DEFAULT_LANGUAGE_MODEL, LANGUAGE_ENGINES
from .console.bar import Console
from .console.streams import put, report
from .options.model import add_offline
from .parser import Parser

if TYPE_CHECKING:
    from ..llm.chat.prompt import Message

_EPILOG = """\
examples:
  edgewise generate "The capital of France is"
  edgewise generate "Once upon a time" --temperature 0.8 --seed 7 --tokens 200
  edgewise generate --chat "Name a planet." "Mars." "Another one."
  edgewise generate --score "the cat sat on the mat" "the cat sad on them at"
"""


def declare(parser: Parser) -> None:
    """Declare the command."""
    parser.description = "Let a small language model write on from a prompt, or tell how likely texts are."
    parser.epilog = _EPILOG
    parser.add_argument(
        "text", nargs="+", metavar="TEXT", help="prompt; with --score the texts to compare, with --chat the turns"
    )
    parser.add_argument("--model", default=DEFAULT_LANGUAGE_MODEL, help="name or GGUF file (default: %(default)s)")
    parser.add_argument("--precision", help="f32, int8 (the default) or int4")
    parser.add_argument(
        "--llm-engine",
        dest="engine",
        default="edgewise",
        choices=LANGUAGE_ENGINES,
        help="engine that runs the model; llama.cpp has to be installed (default: %(default)s)",
    )
    parser.add_argument("--context", type=int, metavar="N", help="tokens that the model looks back at (default: 2048)")
    parser.add_argument("--cache", default="f32", choices=CACHES, help="precision of their keys and values")
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads (default: the physical cores)")
    parser.add_argument("--tokens", type=int, default=128, metavar="N", help="most tokens (default: %(default)s)")
    parser.add_argument(
        "--temperature", type=float, default=0.0, metavar="T", help="0, the default: the likeliest token"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="start of the draws (default: %(default)s)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--score", action="store_true", help="print the log-probability of each text instead")
    which.add_argument(
        "--chat", action="store_true", help="answer: texts are turns of you and the model, your question the last"
    )
    parser.add_argument("--system", metavar="TEXT", help="what the model of a --chat is told first")
    add_offline(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Write, or score."""
    from .. import load

    if args.tokens < 1 or args.seed < 0 or not 0 <= args.temperature <= 100:
        raise OptionError("expected --tokens of 1 or more, --seed of 0 or more and --temperature from 0 to 100")
    if len(args.text) > 1 and not (args.score or args.chat):
        raise OptionError(f"expected one prompt, found {len(args.text)} texts; quote the prompt, or add --score")
    if args.system is not None and not args.chat:
        raise OptionError("--system is about a conversation: give --chat with it")
    if args.chat and len(args.text) % 2 == 0:
        raise OptionError(f"expected turns of you and the model, yours last, found {len(args.text)}")
    model = load(
        args.model,
        kind="language",
        precision=args.precision,
        engine=args.engine,
        n_ctx=args.context,
        cache=args.cache,
        threads=args.threads,
        offline=args.offline or None,
        progress=console.progress,
    )
    console.clear()
    if args.score:
        for text, nats in zip(args.text, model.score(args.text), strict=True):
            report(f"{nats:10.3f}  {text}")
        return 0
    write = partial(model.generate, most=args.tokens, temperature=args.temperature, seed=args.seed)
    if args.chat:
        pieces = write(messages=_conversation(args.text, args.system))
    else:
        pieces = write(args.text[0])
        put(args.text[0])
    for piece in pieces:
        put(piece)
    put("\n")
    return 0


def _conversation(turns: Sequence[str], system: str | None) -> list[Message]:
    """Tell who says what."""
    first: list[Message] = [] if system is None else [{"role": "system", "content": system}]
    roles = ("user", "assistant")
    return first + [{"role": roles[at % 2], "content": turn} for at, turn in enumerate(turns)]
