"""Forked children: a pool whose first caller is not alone, and states that were running when the process forked."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

HEAD = """
import os, sys, threading, time
sys.path[:0] = sys.argv[1:]
import numpy as np
import tiny_model as tiny
from edge import _kernels

def in_child(check):
    child = os.fork()
    if child == 0:
        status = 99
        try:
            status = check()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""

FIRST_CALLS = """
model = tiny.new_model(threads=3)
states = [tiny.new_state(model) for _ in range(6)]
expected = tiny.run(states[0])

def all_at_once():
    barrier, found = threading.Barrier(len(states)), []
    def call(state):
        barrier.wait()
        found.append(tiny.run(state))
    threads = [threading.Thread(target=call, args=(state,)) for state in states]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return sum(logits != expected for logits in found) + len(states) - len(found)

print([in_child(all_at_once) for _ in range(20)], in_child(lambda: in_child(all_at_once)))
assert tiny.run(states[0]) == expected
"""

RUNNING = """
dims = (80, 100, 1500, 512, 8, 6, 9, 512, 8, 1)
model = tiny.new_model(dims=dims, threads=2, level=_kernels.best_cpu_level())
state, other = _kernels.State(model, 1), _kernels.State(model, 1)
features = tiny.mel(3000, n_mels=80)
running = threading.Thread(target=state.encode, args=(features, 3000, None))
calls = [
    lambda: state.encode(features, 3000, None),
    lambda: state.decode(np.zeros(1, np.int32), 1, 1, np.empty(100, np.float32), True, None),
    lambda: state.rewind(0),
    lambda: state.n_past,
]

def refused():
    wrong = 0
    for call in calls:
        try:
            call()
            wrong += 1
        except RuntimeError as error:
            wrong += "was running when the process forked: make a new one" not in str(error)
    other.encode(features[:40], 40, None)  # the model's other states go on
    return wrong + (other.n_ctx != 20)

def is_running():
    try:
        state.n_past
    except RuntimeError as error:
        return "another thread" in str(error)
    return False

running.start()
while not is_running() and running.is_alive():
    time.sleep(0.001)
seen = is_running()
print(in_child(refused) if seen else "too fast")
running.join()
state.rewind(0)
"""


def output(script: str) -> str:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", HEAD + script, *sys.path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_several_threads_may_be_first_in_a_child() -> None:
    assert output(FIRST_CALLS) == f"{[0] * 20} 0\n"


def test_a_state_that_was_running_is_refused_in_the_child() -> None:
    assert output(RUNNING) == "0\n"
