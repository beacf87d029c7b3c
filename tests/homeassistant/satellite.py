"""Begin a satellite on a virtual microphone, and have Home Assistant's own integration lead it: led.py says how.

`run.sh` runs it, with the Python of the folder that has Home Assistant as its argument.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.desktop.cable import Cable, missing
from tests.edge.assist.dialogue import Dialogue
from tests.edge.assist.speech import RATE_HZ, is_here, silence, spoken

_LED = Path(__file__).with_name("led.py")


def main(python: str) -> int:
    """Run it; the exit status of Home Assistant's test."""
    if missing() or not is_here:
        print(missing() or "no voice: apt install espeak-ng", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name, Cable(Path(name) / "server") as cable:
        folder = Path(name)
        said = np.concatenate([spoken("alexa"), silence(0.4), spoken("turn on the kitchen lamp"), silence(2)])
        (said * 32767).astype("<i2").tofile(folder / "said.raw")
        options = ("--satellite-port", 0, "--satellite-name", "kitchen", "--wake", "alexa", "--voice", "none")
        dialogue = Dialogue(cable, folder, "satellite", *options)
        try:
            line = dialogue.lines[dialogue.wait_for("ready: Wyoming satellite") - 1]
            asked = os.environ | cable.environment
            asked["EDGEWISE_SATELLITE"] = line.partition("tcp://")[2].partition(";")[0]
            form = f"--raw --format=s16le --rate={RATE_HZ} --channels=1 --device=cable"
            asked["EDGEWISE_SAYS"] = f"paplay {form} {folder}/said.raw"
            command = [python, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider", "--asyncio-mode=auto"]
            command += ["--rootdir", str(folder), str(_LED)]
            status = subprocess.run(command, env=asked, check=False).returncode
        finally:
            dialogue.end()
        print("\n".join(dialogue.lines))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
