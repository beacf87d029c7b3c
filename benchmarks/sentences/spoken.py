"""Let a voice speak sentences: makes a set of recordings with intents, for `python -m benchmarks sentences`.

The sentences are those of Home Assistant with a made-up home, a few of each intent, or lines with `text` and `intent`
(SLURP's), of which all are listed and some are spoken. The voice is a program that takes lines on its standard input:
with {file} in its command, it is run for each; with {folder}, once for all, and writes files whose names sort.
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import soundfile

from edge.audio import SAMPLE_RATE_HZ
from edge.audio.source import open_audio
from edge.sentences import Sentences, load

from ..arguments import positive
from ..errors import BenchmarkError
from ..progress import tell

EXAMPLES = """\
examples:
  python -m benchmarks spoken OUT/home --voice "espeak-ng --stdin -w {file}"
  python -m benchmarks spoken OUT/slurp --lines slurp/intents.jsonl --voice "piper -m joe.onnx -d {folder}"
"""

HOME = Path(__file__).with_name("home.yaml")
LISTED = "sentences.yaml"
"""Name of the file of all sentences, beside the recordings."""
_MOST_WORDS = 9
_TRIES = 40


@dataclass(frozen=True, slots=True)
class Command:
    """A sentence to be spoken, and what it asks for."""

    text: str
    intent: str
    slots: dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is spoken, by whom, and where it goes."""
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the recordings")
    parser.add_argument(
        "--voice", required=True, metavar="COMMAND", help="program that speaks, with {file} or {folder}"
    )
    parser.add_argument("--lines", type=Path, metavar="JSONL", help="lines with text and intent (default: the home's)")
    parser.add_argument("--count", type=positive, default=120, help="number of recordings (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="start of the choice (default %(default)s)")
    parser.set_defaults(json=None)


def run(arguments: argparse.Namespace) -> None:
    """Choose the sentences, have them spoken, and write the manifest."""
    chance = random.Random(arguments.seed)
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    if arguments.lines is None:
        commands = of_home(chance, arguments.count)
    else:
        commands = _of_lines(arguments.lines, out, chance, arguments.count)
    with tempfile.TemporaryDirectory() as name, (out / "manifest.jsonl").open("w", encoding="utf-8") as manifest:
        spoken = _speak([command.text for command in commands], arguments.voice, Path(name))
        for number, (command, wave) in enumerate(zip(commands, spoken, strict=True)):
            with open_audio(wave) as source:
                samples = next(iter(source))
            soundfile.write(out / f"{number:03}.flac", samples, SAMPLE_RATE_HZ)
            line = {"audio": f"{number:03}.flac", "lang": "en", "seconds": round(len(samples) / SAMPLE_RATE_HZ, 3)}
            manifest.write(json.dumps(line | asdict(command)) + "\n")
    print(f"{len(commands)} recordings in {out}")


def of_home(chance: random.Random, count: int) -> list[Command]:
    """Draw sentences of each intent of Home Assistant's in turn."""
    whole = load("homeassistant", HOME, context={"area": "kitchen"})
    parts = whole.by_intent()
    found: dict[str, Command] = {}
    for _ in range(_TRIES):
        for part in parts.values():
            text = _draw(part, chance)
            asked = whole.intent_of(text) if text else None
            if text and asked is not None and len(found) < count:
                found.setdefault(text, Command(text, *asked))
    return [*found.values()]


def _draw(sentences: Sentences, chance: random.Random) -> str | None:
    """Draw a sentence word by word; None where it gets long or leads nowhere."""
    graph, words = sentences.graph, list[str]()
    place = graph.start
    while len(words) <= _MOST_WORDS:
        following = graph.following(place)
        onward = sorted(following.words)
        if following.end is not None and (not onward or chance.random() < 0.7):
            return " ".join(words) or None
        if not onward:
            return None
        words.append(chance.choice(onward))
        place = following.words[words[-1]].place
    return None


def _of_lines(path: Path, out: Path, chance: random.Random, count: int) -> list[Command]:
    """List all lines in a file of sentences, and draw some of them."""
    table: dict[str, list[str]] = {}
    commands: list[Command] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        text = " ".join("".join(sign if sign.isalnum() or sign in "' " else " " for sign in one["text"]).split())
        if text:
            table.setdefault(one["intent"], []).append(text)
            commands.append(Command(text, one["intent"], {}))
    if not commands:
        raise BenchmarkError(f"{path}: expected lines with text and intent, found none")
    intents = {intent: {"data": [{"sentences": sorted({*texts})}]} for intent, texts in table.items()}
    (out / LISTED).write_text(json.dumps({"language": "en", "intents": intents}, indent=1), encoding="utf-8")
    return chance.sample(commands, min(count, len(commands)))


def _speak(texts: Sequence[str], voice: str, folder: Path) -> Iterator[Path]:
    """Have texts spoken; gives a file for each."""
    if "{folder}" in voice:
        _start(voice.replace("{folder}", str(folder)), "\n".join(texts))
        files = sorted(folder.iterdir())
        if len(files) != len(texts):
            raise BenchmarkError(f"{voice}: expected {len(texts)} files, found {len(files)}")
        yield from files
        return
    for number, text in enumerate(texts):
        tell(f"speaking {number + 1} of {len(texts)}")
        file = folder / f"{number}.wav"
        _start(voice.replace("{file}", str(file)), text)
        yield file
    tell("")


def _start(command: str, text: str) -> None:
    try:
        subprocess.run(shlex.split(command), input=f"{text}\n", text=True, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchmarkError(f"the voice does not speak: {error}") from error
