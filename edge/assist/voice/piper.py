"""Piper: neural voices. It is a program of its own (GPL-3.0), started once, which speaks a line at a time."""

from __future__ import annotations

import queue
import shutil
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from ...errors import OutputError
from .protocol import Spoken
from .wav import read_wav

PROGRAM = "piper"
_WITHIN_S = 30.0
"""Seconds that a line may take; the first one waits for the voice to load."""


class Piper:
    """A voice of Piper's (edge.assist.voice.protocol.Voice)."""

    def __init__(self, program: str, model: Path) -> None:
        """Start the program, which loads the voice while nobody waits for it yet.

        Raises:
            OutputError: the program or the voice is not here.
        """
        path = shutil.which(program)
        if path is None:
            raise OutputError(f"the program {program!r} is not here: `pip install piper-tts`, or set piper to its path")
        if not model.is_file():
            raise OutputError(f"{model}: there is no such voice; expected the .onnx file of one, such as joe-us's")
        self.name = f"{PROGRAM} ({model.stem})"
        self._command = [path, "--model", str(model), "--output_dir"]
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="edgewise-voice-")
        self._start()

    def speak(self, text: str) -> Spoken:
        """Make speech of a text; OutputError if that fails."""
        line = " ".join(text.split())
        with self._lock:
            for is_last in (False, True):
                if self._process.poll() is not None:
                    self._start()
                try:
                    return self._say(line)
                except OutputError:
                    if is_last:
                        raise
                    self._end()
        raise AssertionError("it has spoken or raised")

    def close(self) -> None:
        """End the program; harmless after that."""
        self._end()
        self._folder.cleanup()

    def _start(self) -> None:
        pipe = subprocess.PIPE
        self._written: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        try:
            self._process = subprocess.Popen(
                [*self._command, self._folder.name],
                stdin=pipe,
                stdout=pipe,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                process_group=0,
            )
        except OSError as error:
            raise OutputError(f"{self.name} cannot be started: {error}") from error
        threading.Thread(target=_follow, args=(self._process, self._written), daemon=True).start()

    def _say(self, line: str) -> Spoken:
        """Give the program a line, and read the file that it says it wrote."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
            path = self._written.get(timeout=_WITHIN_S)
        except (OSError, queue.Empty) as error:
            raise OutputError(f"{self.name} does not speak ({error!r})") from error
        if path is None:
            raise OutputError(f"{self.name} has ended: try it by hand, `{' '.join(self._command[:3])}`")
        with path.open("rb") as file:
            spoken = read_wav(file, self.name)
        path.unlink()
        return spoken

    def _end(self) -> None:
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()


def _follow(process: subprocess.Popen[str], written: queue.SimpleQueue[Path | None]) -> None:
    """Read what the program says: the last word of a line that ends in .wav is a file that is whole."""
    assert process.stdout is not None
    with suppress(OSError, ValueError):  # it was ended meanwhile
        for line in process.stdout:
            if line.rstrip().endswith(".wav"):
                written.put(Path(line[line.index("/") :].strip()))
    written.put(None)
