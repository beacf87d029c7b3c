"""A program that records from the default microphone until its standard input ends: capture.py FOLDER RATE [DEVICE].

It writes all samples to FOLDER/samples.npy, and each piece as a line to FOLDER/pieces.jsonl.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import numpy as np

import edge
from edge.arrays import FloatArray


def main() -> None:
    folder, rate_hz = Path(sys.argv[1]), int(sys.argv[2])
    samples: list[FloatArray] = []
    with (folder / "pieces.jsonl").open("w") as lines, edge.Microphone(rate_hz=rate_hz or None) as microphone:

        def stop() -> None:
            sys.stdin.read()
            microphone.stop()

        threading.Thread(target=stop, daemon=True).start()
        print("open", flush=True)
        latest_s, longest_wait_s = time.monotonic(), 0.0
        for piece in microphone:
            longest_wait_s = max(longest_wait_s, time.monotonic() - latest_s)
            latest_s = time.monotonic()
            match piece:
                case edge.Captured():
                    samples.append(piece.samples)
                    line: list[object] = ["captured", piece.start, piece.end]
                case edge.Gap():
                    line = ["gap", round(piece.start * 16000), round(piece.end * 16000), piece.reason]
                case edge.Notice():
                    line = ["notice", round(piece.at * 16000), piece.kind, piece.text]
            lines.write(json.dumps([*line, time.time()]) + "\n")
            lines.flush()
    np.save(folder / "samples.npy", np.concatenate([np.zeros(0, np.float32), *samples]))
    print(f"{longest_wait_s:.3f}", flush=True)


if __name__ == "__main__":
    main()
