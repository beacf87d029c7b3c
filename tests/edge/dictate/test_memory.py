"""What leaves the memory while nobody speaks, and comes back."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import weakref

from edge.dictate.memory import OnDemand, give_back


def wait_until_gone(kept: OnDemand[str]) -> None:
    until_s = time.monotonic() + 5
    while kept.kept is not None:
        assert time.monotonic() < until_s
        time.sleep(0.001)


def test_it_is_loaded_once_and_leaves_when_nobody_needs_it() -> None:
    loads = iter("ab")
    kept = OnDemand[str](lambda: next(loads), lambda: 0.0)
    assert kept.get() + kept.get() == "aa"
    kept.rest(is_idle=True)
    wait_until_gone(kept)
    assert kept.get() == "b"


def test_it_stays_while_it_is_needed_and_where_it_is_to_stay() -> None:
    kept = OnDemand[object](object, lambda: 0.05)
    kept.get()
    kept.rest(is_idle=True)
    kept.rest(is_idle=False)
    time.sleep(0.1)
    assert kept.kept is not None
    for_good = OnDemand[object](object, lambda: None)
    for_good.get()
    for_good.rest(is_idle=True)
    time.sleep(0.05)
    assert for_good.kept is not None


def test_who_needs_it_or_not_is_heard_while_it_is_loaded() -> None:
    may_load = threading.Event()
    is_gone = threading.Event()

    class Model:
        def __del__(self) -> None:
            is_gone.set()

    def load() -> Model:
        assert may_load.wait(10)
        return Model()

    kept = OnDemand[Model](load, lambda: 0.0, lambda: not may_load.is_set())
    loading = threading.Thread(target=kept.get)
    loading.start()
    kept.rest(is_idle=False)
    kept.rest(is_idle=True)
    may_load.set()
    loading.join()
    assert is_gone.wait(5)
    assert kept.kept is None


def test_code_that_is_given_back_runs_again() -> None:
    program = "import numpy; from edge.dictate.memory import give_back; n = give_back()"
    after = "; print(n, numpy.linalg.norm(numpy.ones((4, 4))))"
    done = subprocess.run([sys.executable, "-P", "-c", program + after], capture_output=True, text=True, check=True)
    n_bytes, norm = done.stdout.split()
    assert norm == "4.0"
    assert (int(n_bytes) > 1_000_000) == sys.platform.startswith("linux")


def test_what_nobody_refers_to_is_given_back() -> None:
    class Kept:
        itself: object = None

    one = Kept()
    one.itself = one
    gone = weakref.ref(one)
    del one
    give_back()
    assert gone() is None
