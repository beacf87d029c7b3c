"""`edgewise export`: a checkpoint becomes a model file, ours or another engine's."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from ..errors import EdgeError
from .arguments import HELP, ONNX_PRECISIONS, PRECISIONS, Subcommands
from .console import Console

TARGETS = ("gguf", "whispercpp", "huggingface", "ctranslate2", "onnx")

_EPILOG = """\
SOURCE is a CTranslate2 or Hugging Face folder, an openai-whisper .pt, a whisper.cpp .bin, a GGUF file,
or the name of a model that `edgewise models list` shows.

--calibration needs no transcripts: minutes of speech are enough, twenty are used. Never measure a model on the
recordings that it was calibrated with.

--to onnx writes a folder for onnxruntime, at f32, int8 (weights and activations), w8 or w4 (weights alone), and
compares it with transformers; it needs `pip install "edgewise[onnx-export]"`.

examples:
  edgewise export whisper whisper-small/ -o small-int8.gguf --precision int8
  edgewise export whisper base -o base-int4.gguf --precision int4 --calibration my-recordings/
  edgewise export whisper base -o ggml-base.bin --to whispercpp --precision f16
  edgewise export whisper base -o base-onnx/ --to onnx --precision int8
  edgewise transcribe talk.wav --model small-int8.gguf
  edgewise transcribe talk.wav --model base-onnx/ --engine onnxruntime
"""


def add_parser(commands: Subcommands) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "export",
        help="convert a checkpoint into a model file",
        description="Convert a checkpoint into a model file.",
    )
    families = parser.add_subparsers(title="families", metavar="FAMILY", required=True)
    whisper = families.add_parser(
        "whisper",
        help="a Whisper checkpoint of any size",
        description="Convert a Whisper checkpoint into a GGUF model file, or into another engine's form.",
        epilog=_EPILOG,
        formatter_class=HELP,
    )
    whisper.add_argument("source", metavar="SOURCE")
    whisper.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT", help="the file to write, or the folder"
    )
    whisper.add_argument(
        "--precision",
        choices=(*PRECISIONS, *ONNX_PRECISIONS),
        help="of the weights (default: int8, for other engines' forms f16); w8 and w4 are for --to onnx",
    )
    whisper.add_argument("--to", choices=TARGETS, default="gguf", help="the form to write (default: gguf)")
    whisper.add_argument(
        "--calibration",
        nargs="+",
        type=Path,
        default=(),
        metavar="PATH",
        help="recordings of speech like yours (files, folders, manifests), so that int8 and int4 lose less",
    )
    whisper.add_argument("--name", help="the model's name (default: what the source says)")
    whisper.add_argument("--offline", action="store_true", help="never use the network")
    whisper.set_defaults(run=_run)


def _run(args: argparse.Namespace, console: Console) -> int:
    try:
        from export.whisper import export_whisper
    except ImportError as error:
        advice = 'pip install "edgewise[export]"'
        raise EdgeError(f"the exporter cannot be imported ({error}): {advice}") from error
    from ..store import Store

    store = Store()
    bring = partial(store.ensure, offline=args.offline or None, progress=console.progress)
    source, name = Path(args.source), args.name
    if not source.exists() and source.name == args.source:  # a bare word is a model's name
        source, name = bring(args.source), name or args.source
    report = export_whisper(
        source,
        args.output,
        precision=args.precision,
        to=args.to,
        name=name,
        calibration=args.calibration,
        keep_in=store.home / "calibrations",
        assets=partial(bring, "whisper-tables"),
        clip=store.place("jfk") if store.is_here("jfk") else None,
        progress=console.progress,
    )
    console.clear()
    print(report)
    return 0
