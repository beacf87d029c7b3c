"""`edgewise transcribe`: recordings in, transcripts on standard output or in files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .arguments import HELP, PRECISIONS, Subcommands, language, positive
from .console import Console
from .failures import explain, is_debugging
from .vad_options import declare_vad, vad_settings

if TYPE_CHECKING:
    from ..transcript import Transcript
    from ..whisper.model import Model

FORMATS = ("txt", "srt", "vtt", "json")
CONTEXTS = ("tail", "full")
STANDARD_INPUT = "-"

_EPILOG = """\
examples:
  edgewise transcribe talk.mp3
  edgewise transcribe talk.mp3 --format srt > talk.srt
  edgewise transcribe day1.wav day2.flac --format vtt --output-dir subtitles
  edgewise transcribe gespräch.ogg --model base --language de
  arecord -f S16_LE -r 16000 -d 10 | edgewise transcribe -
  edgewise transcribe --demo

The first use of a model fetches it and converts it, once; after that nothing needs the network.
--model also takes a .gguf file. Transcripts go to standard output, everything else to standard error.
"""


def add_parser(commands: Subcommands) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "transcribe",
        help="turn recordings into text",
        description="Turn recordings into text: any format that soundfile reads, any rate, any channels.",
        epilog=_EPILOG,
        formatter_class=HELP,
    )
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="recordings; - reads a WAV or raw 16 kHz PCM from standard input",
    )
    parser.add_argument(
        "-m", "--model", default="tiny.en", metavar="NAME", help="name or .gguf file (default: tiny.en)"
    )
    parser.add_argument("--precision", choices=PRECISIONS, help="of a model given by name (default: int8)")
    parser.add_argument(
        "-l", "--language", type=language, metavar="LANG", help="such as en or German (default: detect it)"
    )
    parser.add_argument("--format", choices=FORMATS, default="txt", help="of the transcript (default: txt)")
    parser.add_argument("-o", "--output-dir", type=Path, metavar="DIR", help="write one file for each recording there")
    parser.add_argument("-t", "--threads", type=positive, metavar="N", help="(default: the processor's physical cores)")
    parser.add_argument(
        "--context",
        choices=CONTEXTS,
        default="tail",
        help="what stands behind a short clip: tail, the padding in a nutshell; full, all 30 s of it (default: tail)",
    )
    parser.add_argument("--offline", action="store_true", help="never use the network")
    parser.add_argument(
        "--demo", action="store_true", help="fetch the model and a public-domain clip, and transcribe it"
    )
    parser.add_argument("--timing", action="store_true", help="say on standard error where the time went")
    declare_vad(parser)
    parser.set_defaults(run=_run, parser=parser)


def _run(args: argparse.Namespace, console: Console) -> int:
    if args.demo:
        if args.files:
            args.parser.error("--demo brings its own recording: give no FILE with it")
        from .demo import run_demo

        return run_demo(args, console)
    if not args.files:
        args.parser.error("no FILE given (try --demo, or - for standard input)")
    if args.files.count(STANDARD_INPUT) > 1:
        args.parser.error("standard input (-) can be read only once")
    targets = _targets(args)
    sound = [name for name in args.files if _opens(name, console)]
    failed = [name for name in args.files if name not in sound]
    if sound:
        from .. import load

        model = load(
            args.model,
            precision=args.precision,
            threads=args.threads,
            offline=args.offline or None,
            progress=console.progress,
        )
        console.clear()
        for name in sound:
            if not _one(name, targets.get(name), model, args, console):
                failed.append(name)
    if failed and len(args.files) > 1:
        console.say(f"{len(failed)} of {len(args.files)} recordings failed: {', '.join(failed)}")
    return 1 if failed else 0


def _one(name: str, target: Path | None, model: Model, args: argparse.Namespace, console: Console) -> bool:
    """Transcribe one recording and write the result; False if that failed, which has been said."""
    from .outputs import put

    try:
        transcript = model.transcribe(
            sys.stdin.buffer if name == STANDARD_INPUT else name,
            language=args.language,
            context=args.context,
            **vad_settings(args),
            progress=console.progress,
        )
        console.clear()
        if target is None and len(args.files) > 1:
            console.show(f"==> {name} <==")
        put(transcript, args.format, target)
    except BrokenPipeError:
        raise
    except Exception as error:  # whatever it is, the other recordings are not lost
        return _said(name, error, console)
    if target is not None:
        console.say(f"wrote {target}")
    if args.timing:
        console.show(timing_line(name, transcript))
    return True


def _said(name: str, error: Exception, console: Console) -> bool:
    """Tell why a recording failed; always False."""
    if is_debugging():
        raise error
    message = explain(error)
    console.say(message if Path(name).name in message else f"{name}: {message}")
    return False


def _opens(name: str, console: Console) -> bool:
    """Whether a recording can be opened: found out before a model is fetched or loaded for it."""
    path = Path(name)
    if name == STANDARD_INPUT or (path.exists() and not path.is_file() and not path.is_dir()):
        return True  # a pipe can be opened only once
    from ..audio import open_audio

    try:
        open_audio(path).close()
    except Exception as error:
        return _said(name, error, console)
    return True


def _targets(args: argparse.Namespace) -> dict[str, Path]:
    """The file to write for each recording, with --output-dir."""
    if args.output_dir is None:
        return {}
    taken: dict[Path, str] = {}
    for name in dict.fromkeys(args.files):
        stem = "stdin" if name == STANDARD_INPUT else Path(name).stem
        target = args.output_dir / f"{stem}.{args.format}"
        if target in taken:
            args.parser.error(f"{taken[target]} and {name} would both be written to {target}")
        taken[target] = name
    args.output_dir.mkdir(parents=True, exist_ok=True)
    return {name: target for target, name in taken.items()}


def timing_line(name: str, transcript: Transcript) -> str:
    """Where the time of one transcription went, on a line."""
    timing = transcript.timing
    speed = transcript.duration / timing.total_s if timing.total_s else 0.0
    steps = (
        ("load", timing.load_s),
        ("audio", timing.audio_s),
        ("features", timing.features_s),
        ("encode", timing.encode_s),
        ("decode", timing.decode_s),
    )
    again = f", looked at again {timing.n_second_looks}" if timing.n_second_looks else ""
    parts = ", ".join(f"{step} {seconds * 1000:.0f} ms" for step, seconds in steps)
    return (
        f"{name}: {transcript.duration:.1f} s of audio in {timing.total_s:.2f} s ({speed:.1f} x real time): "
        f"{parts}; windows {timing.n_windows}, tokens {timing.n_tokens}{again}"
    )
