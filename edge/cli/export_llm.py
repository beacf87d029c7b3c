"""`edgewise export llm`: a small language model becomes a quantized file, or takes another form."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from ..errors import EdgeError
from ..names import given_path
from .console import streams
from .console.bar import Console
from .options.model import add_offline
from .parser import Parser

TARGETS = ("gguf", "huggingface", "onnx")
"""Forms to write; a test holds them and their home (export.llm.export) together."""

_EPILOG = """\
SOURCE is a Hugging Face folder (config.json, safetensors, tokenizer.json), a GGUF file of the llama architecture, or
the name of a language model that `edgewise models list` shows; of the Llama family, with byte-level BPE, like SmolLM2.

precisions:
  gguf         int8 (the default), int4: for edgewise; int4 is rounded by what it does to texts, those of --calibration,
               a text like those it is for, or of Python's own help, and takes minutes
               f16, q8_0, q4_0, iq4_nl: for llama.cpp; its IQ4_NL is as small as q4_0 and closer to the original
  huggingface  f16, bf16, f32; by default the narrowest that loses nothing
  onnx         f32 (the default), w8, w4: weights in 8 or 4 bits, by NNCF

what to install:
  pip install "edgewise[llm]"            for q8_0, q4_0 and iq4_nl; compiles llama.cpp for 5 to 30 minutes
  pip install "edgewise[onnx-export]"    for onnx: optimum, torch and NNCF, which are large

examples:
  edgewise export llm smollm2-135m -o smollm2-int4.gguf --precision int4
  edgewise export llm smollm2-135m -o smollm2/ --to huggingface
  edgewise export llm smollm2/ -o smollm2-onnx/ --to onnx --precision w8
"""


def declare(parser: Parser) -> None:
    """Declare the family."""
    parser.usage = "%(prog)s SOURCE -o OUT [options]"
    parser.description = "Convert a small language model into a GGUF file, or a folder for transformers or ONNX."
    parser.epilog = _EPILOG
    parser.add_argument("source", metavar="SOURCE", help="checkpoint, or the name of a model; see below")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT", help="file to write; for other forms the folder"
    )
    parser.add_argument("--precision", help="precision of the weights, see below")
    parser.add_argument("--to", choices=TARGETS, default=TARGETS[0], help="form to write (default: %(default)s)")
    parser.add_argument("--name", help="name of the model (default: what the source says)")
    parser.add_argument(
        "--calibration", type=Path, metavar="FILE", help="text that int4 is rounded by (default: the help of Python)"
    )
    add_offline(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Export, and report what was made."""
    try:
        from export.llm.export import export_llm
    except ImportError as error:
        raise EdgeError(f'the exporter cannot be imported ({error}): pip install "edgewise[export]"') from error
    from ..store import Store

    bring = partial(Store().ensure, offline=args.offline or None, progress=console.progress)
    source, name = given_path(args.source), args.name
    if source is None:
        source, name = bring(args.source), name or args.source
    report = export_llm(
        source,
        args.output,
        precision=args.precision,
        to=args.to,
        name=name,
        calibration=args.calibration,
        progress=console.progress,
    )
    console.clear()
    streams.report(str(report))
    return 0
