"""Chooses what is heard here and in the emulator: clips.py FOLDER [--short] writes hear.py's arguments to FOLDER."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import soundfile

from edge.prepare import prepare_model
from edge.store import Store

N_UTTERANCES = 10
SHORT_SAMPLES = 3 * 16_000


def main(arguments: list[str]) -> int:
    """Write the paths of the model, the detector and the clips, one a line."""
    folder = Path(arguments[0])
    folder.mkdir(parents=True)
    store = Store()
    if missing := [name for name in ("tiny.en", "jfk", "silero-vad") if not store.is_here(name)]:
        print(f"the store has no {', '.join(missing)}: run `edgewise transcribe --demo` once", file=sys.stderr)
        return 77
    clips = [store.place("jfk")]
    if "--short" in arguments:
        samples, rate = soundfile.read(clips[0], frames=SHORT_SAMPLES, dtype="int16")
        clips = [folder / "short.wav"]
        soundfile.write(clips[0], samples, rate)
    elif speech := os.environ.get("EDGEWISE_TEST_DATA"):
        utterances = sorted(Path(speech, "librispeech_test_other").glob("*.flac"))
        clips += sorted(utterances, key=lambda path: soundfile.info(path).frames)[:N_UTTERANCES]
    model = prepare_model("tiny.en", "int8", offline=True)
    paths = [model, store.place("silero-vad"), *clips]
    (folder / "arguments").write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
