"""eSpeak NG: a small, robotic voice in many languages, which speaks within milliseconds."""

from __future__ import annotations

import io
import shutil
import subprocess

from ...errors import OutputError
from .protocol import Spoken
from .wav import read_wav

PROGRAM = "espeak-ng"
_WITHIN_S = 20.0


class Espeak:
    """A voice of eSpeak NG's (edge.assist.voice.protocol.Voice)."""

    def __init__(self, language: str) -> None:
        """Choose a language.

        Raises:
            OutputError: the program is not here.
        """
        path = shutil.which(PROGRAM)
        if path is None:
            raise OutputError(f"{PROGRAM} is not here: install it, such as with `sudo apt install {PROGRAM}`")
        self._command = [path, "-v", language, "--stdin", "--stdout"]
        self.name = f"{PROGRAM} ({language})"

    def speak(self, text: str) -> Spoken:
        """Make speech of a text; OutputError if that fails."""
        try:
            done = subprocess.run(self._command, input=text.encode(), capture_output=True, timeout=_WITHIN_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OutputError(f"{self.name} does not speak: {error}") from error
        if done.returncode:
            raise OutputError(f"{self.name} does not speak: {done.stderr.decode(errors='replace').strip()[:200]}")
        return read_wav(io.BytesIO(done.stdout), self.name)

    def close(self) -> None:
        """End nothing: each text has a process of its own."""
