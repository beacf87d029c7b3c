"""Does many faults at random to a microphone of a real sound server, and counts what went wrong.

python -m tests.edge.audio.microphone.many_faults [--faults 200] [--seed N] [--only NAME…], from the root of the
sources: about four seconds a fault. Each of several recordings is checked as in test_faults.py: no sample lost without
a gap, no hang, no traceback, and sound again within a second and a half.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.desktop.cable import Cable, missing

from .faults import FAULTS, Bench, Fault, check
from .recorder import Recorder

_AT_ONCE = 10
_LENGTHS_S = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.1, 1.6, 2.5, 4.0)


def main() -> None:
    """Run the faults; the exit status is 1 where a recording was not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--faults", type=int, default=200, metavar="N", help="number of faults")
    parser.add_argument("--only", nargs="+", default=list(FAULTS), type=_fault, metavar="FAULT", help="these, by name")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="seed of the choice")
    given = parser.parse_args()
    if missing():
        parser.error(f"install {missing()}")
    print(f"seed {given.seed}", flush=True)
    generator = random.Random(given.seed)
    done: Counter[str] = Counter()
    n_missing = n_wrong = 0
    while done.total() < given.faults:
        n = min(_AT_ONCE, given.faults - done.total())
        chosen = [(generator.choice(given.only), generator.choice(_LENGTHS_S)) for _ in range(n)]
        shown = ", ".join(f"{fault.__name__} {seconds:g}" for fault, seconds in chosen)
        with tempfile.TemporaryDirectory() as named, Cable(Path(named) / "server") as cable:
            recorder = Recorder(cable, Path(named) / "recording")
            try:
                n_missing += check(Bench(cable, recorder, Path(named)), chosen)
                print(f"right: {shown}", flush=True)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                n_wrong += 1
                print(f"WRONG: {shown}\n{error}", flush=True)
            finally:
                recorder.process.kill()
                recorder.process.wait()
        done.update(fault.__name__ for fault, _ in chosen)
    print(f"{done.total()} faults: {', '.join(f'{n} {name}' for name, n in sorted(done.items()))}")
    print(f"{n_missing / 16000:.2f} s of sound missing, all in gaps; {n_wrong} recordings not as they should be")
    raise SystemExit(n_wrong > 0)


def _fault(name: str) -> Fault:
    return next(fault for fault in FAULTS if fault.__name__ == name)


if __name__ == "__main__":
    main()
