"""`edgewise serve`: one model for programs that speak OpenAI's protocol, or Home Assistant's."""

from __future__ import annotations

import argparse
from pathlib import Path

from .console.bar import Console
from .options.groups import add_settings, given
from .options.model import add_engine, add_model
from .options.profile import add_profile
from .parser import Parser

_FACES = ("openai", "wyoming")
_FILES = {
    "token": "file with the token that programs have to send; it is made where it is not there",
    "tls-cert": "certificate in PEM, for HTTPS: browsers give a page the microphone over HTTPS alone",
    "tls-key": "its key, where the same file does not hold it",
}
_EPILOG = """\
examples:
  edgewise serve
  edgewise serve --model base --port 8000
  edgewise serve openai --host 0.0.0.0 --token token.txt --tls-cert cert.pem --tls-key key.pem
  edgewise serve wyoming --host 0.0.0.0 --allow 192.168.1.0/24
  edgewise serve openai --host 0.0.0.0 --token ~/.config/edgewise/token
  curl -F file=@talk.mp3 -F response_format=srt http://127.0.0.1:8383/v1/audio/transcriptions

Only this machine can reach the server unless --host says otherwise; then it wants a token that programs send, or the
networks that may use it. Wyoming has no tokens: it wants networks. Nothing that is heard or written is kept.

Ctrl-C or SIGTERM ends it: what is being read is finished first, within ten seconds.

exit status: 0 ended as it was asked to; 1 failed; 2 wrong usage
"""


def declare(parser: Parser) -> None:
    """Declare the command."""
    from ..serve.options import ServeOptions

    parser.usage = "%(prog)s [options] [FACE ...]"
    parser.description = "Serve a model to other programs: openai over HTTP with a page, wyoming for Home Assistant."
    parser.epilog = _EPILOG
    parser.add_argument("faces", nargs="*", metavar="FACE", help=f"{' or '.join(_FACES)} (default: both)")
    add_model(parser.group("model"))
    add_engine(parser, "model")
    add_profile(parser, "model")
    add_settings(parser, "where and who", ServeOptions)
    for name, words in _FILES.items():
        parser.group("where and who").add_argument(f"--{name}", type=Path, metavar="FILE", help=words)
    add_settings(parser, "limits", ServeOptions)
    parser.set_defaults(run=run, parser=parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Serve until the end is asked for."""
    from ..serve.options import ServeOptions
    from ..serve.requirements import require

    for face in args.faces:
        if face not in _FACES:
            args.parser.error(f"there is no face {face!r}; expected {' or '.join(_FACES)}")
    options = ServeOptions(**given(args, ServeOptions))
    require()
    from ..serve.server import FACES
    from .serving import Serving

    faces = [face for face in FACES if face in args.faces] or FACES
    Serving(args, options, faces, console).run()
    return 0
