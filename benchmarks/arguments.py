"""The arguments of every command."""

from __future__ import annotations

import argparse
from pathlib import Path

_DEFAULT_ENGINES = "edgewise:int8,faster-whisper:int8,transcribe-cpp:q8_0,pywhispercpp:q8_0"

_GUARDED_ENGINES = (
    "edgewise:int8,edgewise:int8:vad=off,edgewise:int8:vad=on,faster-whisper:int8,faster-whisper:int8:vad=on,"
    "transcribe-cpp:q8_0,pywhispercpp:q8_0"
)


def build_parser(description: str | None = None) -> argparse.ArgumentParser:
    """The parser of `python -m benchmarks`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=description)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_asr(commands.add_parser("asr", help="engines side by side over sets of recordings"))
    _add_hallucination(commands.add_parser("hallucination", help="words written where nobody speaks"))
    _add_kernels(commands.add_parser("kernels", help="kernels at real shapes beside the machine's peak"))
    _add_step(commands.add_parser("step", help="one step of the decoder beside the memory's bandwidth"))
    _add_nbest(commands.add_parser("nbest", help="the best of the n best readings: what rescoring could reach"))
    _add_coverage(commands.add_parser("coverage", help="words lost in repetition, behind pauses, silence and noise"))
    _add_vocabulary(commands.add_parser("vocabulary", help="rare words that are listed, lists of words not said"))
    _add_perplexity(commands.add_parser("perplexity", help="what quantizing a language model costs, on a text"))
    _add_words(commands.add_parser("words", help="how exactly engines tell when words are said"))
    _add_confidence(commands.add_parser("confidence", help="whether words that are given 0.8 are right 8 times of 10"))
    _add_precisions(commands.add_parser("precisions", help="what rounding costs: files of one Whisper side by side"))
    _add_compression(commands.add_parser("compression", help="smaller encoders at each precision: size, time, words"))
    comparison = commands.add_parser("compare", help="two result files: what changed beyond the noise")
    comparison.add_argument("first", type=Path, metavar="A.json")
    comparison.add_argument("second", type=Path, metavar="B.json")
    return parser


def _add_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", type=_names, default=("tiny.en",), help="comma list (default tiny.en)")
    parser.add_argument("--threads", type=_positive, default=2, help="of each engine (default 2)")


def _add_asr(parser: argparse.ArgumentParser) -> None:
    _add_sets(parser)
    parser.add_argument("--min-seconds", type=float, metavar="S", help="only recordings that are at least so long")
    parser.add_argument("--max-seconds", type=float, metavar="S", help="only recordings that are at most so long")
    parser.add_argument(
        "--engines",
        type=_names,
        default=_names(_DEFAULT_ENGINES),
        help="comma list of name:precision, with :beam=N behind it; edgewise also with :context=tail|full, "
        ":fallback=off|on and :cpu=LEVEL "
        f"(default {_DEFAULT_ENGINES})",
    )
    parser.add_argument(
        "--models",
        type=_names,
        default=("tiny.en",),
        help="comma list (default tiny.en); edgewise alone also takes a .gguf file, edgewise-onnx a folder",
    )
    parser.add_argument("--threads", type=_positive, default=2, help="of each engine (default 2)")
    parser.add_argument("--repeats", type=_positive, default=3, help="passes over each set (default 3)")
    parser.add_argument("--beam", type=_positive, default=1, help="beams; 1 is greedy (default)")
    parser.add_argument(
        "--timestamps",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="decode segment times",
    )
    _add_json(parser)


def _add_sets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--manifest",
        type=_names,
        action="append",
        required=True,
        metavar="SET[,SET...]",
        help="a manifest.jsonl, the folder it lies in, or that folder's name in ROOT; may be given again",
    )
    parser.add_argument("--data", type=Path, metavar="ROOT", help="folder of sets (default: EDGEWISE_TEST_DATA)")
    parser.add_argument("--limit", type=_positive, help="only so many recordings, from the first of each set")


def _add_nbest(parser: argparse.ArgumentParser) -> None:
    _add_sets(parser)
    _add_models(parser)
    parser.add_argument("--precision", default="int8", help="of the weights (default int8)")
    parser.add_argument("--n", type=_counts, default=(5, 10), help="comma list of readings to ask for (default 5,10)")
    _add_json(parser)


def _add_coverage(parser: argparse.ArgumentParser) -> None:
    _add_sets(parser)
    _add_models(parser)
    parser.add_argument("--precision", default="int8", help="of the weights (default int8)")
    parser.add_argument("--recordings", type=_positive, default=20, metavar="N", help="of each kind (default 20)")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn: another one, other recordings")
    parser.add_argument("--timestamps", action=argparse.BooleanOptionalAction, default=True, help="as users get them")
    _add_json(parser)


def _add_vocabulary(parser: argparse.ArgumentParser) -> None:
    _add_sets(parser)
    _add_models(parser)
    parser.add_argument("--precision", default="int8", help="of the weights (default int8)")
    parser.add_argument("--beam-size", type=_positive, default=1, help="of the search (default 1)")
    parser.add_argument("--strength", type=float, metavar="S", help="of the vocabulary (default: the runtime's)")
    parser.add_argument(
        "--texts",
        default="text_calibration",
        metavar="PATH",
        help="texts that tell which words are rare, and that the others come from: a file, or a folder of .txt files, "
        "also by its name in ROOT (default text_calibration)",
    )
    parser.add_argument("--distractors", type=_positive, default=1000, metavar="N", help="words not said (1000)")
    _add_json(parser)


def _add_hallucination(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--silent",
        type=_names,
        default=("silence", "noise_esc10", "noise_ambient", "music", "generated"),
        metavar="SET[,SET...]",
        help="sets in which nobody speaks; generated is ten minutes of noise made here (default: all there are)",
    )
    parser.add_argument(
        "--speech",
        type=_names,
        default=("librispeech_test_other",),
        metavar="SET[,SET...]",
        help="sets of speech for word error rates, the first also with pauses in it (default librispeech_test_other)",
    )
    parser.add_argument("--data", type=Path, metavar="ROOT", help="folder of sets (default: EDGEWISE_TEST_DATA)")
    parser.add_argument("--limit", type=_positive, help="only so many recordings of each set of speech")
    parser.add_argument(
        "--engines",
        type=_names,
        default=_names(_GUARDED_ENGINES),
        help=f"comma list of name:precision, with :vad=on|off behind some (default {_GUARDED_ENGINES})",
    )
    _add_models(parser)
    parser.add_argument(
        "--timestamps",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="decode segment times, as users get them (default)",
    )
    _add_json(parser)


def _add_kernels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models",
        type=_names,
        default=("tiny", "base", "small"),
        help="comma list (default tiny,base,small)",
    )
    _add_thread_counts(parser)
    parser.add_argument("--seconds", type=float, default=0.1, help="for each measurement (default 0.1)")
    parser.add_argument("--rounds", type=_positive, default=3, help="passes over all shapes (default 3)")
    parser.add_argument(
        "--checkasm",
        type=Path,
        metavar="PROGRAM",
        help="a built checkasm, to time the kernels that are no products as well",
    )
    _add_json(parser)


def _add_step(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models",
        type=_names,
        default=("tiny.en", "base"),
        help="comma list of names and .gguf files (default tiny.en,base)",
    )
    parser.add_argument(
        "--precision",
        type=_names,
        default=("int8",),
        help="of models given by name, a comma list that takes turns (default int8)",
    )
    _add_thread_counts(parser)
    parser.add_argument(
        "--seconds",
        type=_numbers,
        default=(30.0, 8.0),
        help="comma list of lengths of the clip that is attended to (default 30,8)",
    )
    parser.add_argument("--steps", type=_positive, default=24, help="in a round (default 24)")
    parser.add_argument("--rounds", type=_positive, default=3, help="of each measurement (default 3)")
    _add_json(parser)


def _add_perplexity(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "models",
        type=Path,
        nargs="+",
        metavar="MODEL",
        help="GGUF files, Hugging Face folders, ONNX folders; the first is what the others are held against",
    )
    parser.add_argument("--text", type=Path, metavar="FILE", help="default: a calibration text in EDGEWISE_TEST_DATA")
    parser.add_argument("--tokens", type=_positive, default=8192, help="of the text (default 8192); half are scored")
    parser.add_argument("--context", type=_positive, default=512, help="tokens of a window (default 512)")
    parser.add_argument("--threads", type=_positive, default=2, help="of each engine (default 2)")
    _add_json(parser)


def _add_precisions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "models",
        type=Path,
        nargs="+",
        metavar="MODEL",
        help="GGUF files of one Whisper; the first, float32 say, is what the others are held against",
    )
    _add_sets(parser)
    parser.add_argument(
        "--levels",
        type=_numbers,
        default=(0.0,),
        metavar="DB[,DB...]",
        help="hear every recording so many decibels louder (default 0: as it is); the mean over several, such as "
        "-6,-3,0,3,6, hangs less on chance. After a minus write --levels=-6,…",
    )
    parser.add_argument("--threads", type=_positive, default=2, help="of each engine (default 2)")
    _add_json(parser)


def _add_compression(parser: argparse.ArgumentParser) -> None:
    _add_sets(parser)
    parser.add_argument(
        "--calibration",
        nargs="+",
        required=True,
        metavar="SET",
        help="recordings to listen to (sets, files, folders), none of them in the manifests",
    )
    parser.add_argument(
        "--models",
        type=_names,
        default=("tiny.en",),
        help="comma list (default tiny.en); a .gguf file, kept earlier or exported at f32, goes on from its size",
    )
    parser.add_argument(
        "--reductions", type=_shares, default=(0.0, 0.08, 0.15, 0.25), help="of the encoder (default 0,0.08,0.15,0.25)"
    )
    parser.add_argument(
        "--precisions", type=_names, default=("f32", "int8", "int4"), help="comma list (default f32,int8,int4)"
    )
    parser.add_argument(
        "--recovered", type=_shares, default=(), metavar="SHARES", help="and these, what is left being trained"
    )
    parser.add_argument(
        "--recover-minutes", type=_positive, default=60, metavar="M", help="to train each of them (default 60)"
    )
    _add_thread_counts(parser)
    parser.add_argument(
        "--rounds", type=_positive, default=10, help="in which the encoders encode 20 clips in turns (default 10)"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="leave the model files there, from which the same command goes on after an interruption",
    )
    _add_json(parser)


def _add_words(parser: argparse.ArgumentParser) -> None:
    _add_sets(parser)
    parser.add_argument(
        "--engines",
        type=_names,
        default=("edgewise:int8", "faster-whisper:int8"),
        help="comma list of name:precision (default edgewise:int8,faster-whisper:int8)",
    )
    _add_models(parser)
    _add_json(parser)


def _add_confidence(parser: argparse.ArgumentParser) -> None:
    sets = "comma list of manifests, folders, or names of folders in ROOT"
    parser.add_argument("--fit", type=_names, default=(), metavar="SETS", help=f"find a calibration for these: {sets}")
    parser.add_argument("--evaluate", type=_names, required=True, metavar="SETS", help="and show how it does on these")
    parser.add_argument("--data", type=Path, metavar="ROOT", help="folder of sets (default: EDGEWISE_TEST_DATA)")
    parser.add_argument("--limit", type=_positive, help="only so many recordings, from the first of each set")
    parser.add_argument("--precision", default="int8", help="of the weights (default int8)")
    _add_models(parser)
    _add_json(parser)


def _add_thread_counts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=_counts, default=(1, 2), help="comma list (default 1,2)")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="OUT", help="write everything to this file")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _counts(text: str) -> tuple[int, ...]:
    return tuple(_positive(word) for word in text.split(","))


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(word) for word in text.split(","))


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _shares(text: str) -> tuple[float, ...]:
    values = tuple(float(part) for part in text.split(","))
    if not all(0 <= value < 1 for value in values):
        raise argparse.ArgumentTypeError(f"expected shares below 1, such as 0,0.15, found {text!r}")
    return values
