"""What several tests need: real speech and a real model, where this machine has them.

No test touches the network. Speech comes from the folder that EDGEWISE_TEST_DATA names, or from `shared/data`
beside the checkout; models come from edgewise's own cache, which `edgewise transcribe --demo` fills once.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # for `benchmarks`; last, so that an installed `edge` wins over the sources


SERVERS = {"make_site", "make_server", "served"}
"""Fixtures that start a server on 127.0.0.1."""


SCREENS = {"display_name", "sway"}
"""Fixtures that start a display server and programs on it."""


REAL = {"tiny_en_int8", "jfk_clip", "shared_data"}
"""Fixtures of real models and real speech."""


def pytest_configure() -> None:
    """Let Ctrl-C reach what tests start, where a shell has it ignored by what it starts in the background."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark who asks for a server, which tests/offline leaves out, or for what is real, which .ci/check leaves out."""
    for item in items:
        if isinstance(item, pytest.Function):
            if (SERVERS | SCREENS) & set(item.fixturenames):
                item.add_marker("loopback")
            if (REAL | SCREENS) & set(item.fixturenames):
                item.add_marker("slow")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of speech sets, each with its `manifest.jsonl`."""
    named = os.environ.get("EDGEWISE_TEST_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no speech in {folder}; EDGEWISE_TEST_DATA names another folder")
    return folder


@pytest.fixture(scope="session")
def store_offline_ok() -> bool:
    """Whether the default store holds the demo's model and clip: no test fetches them."""
    from edge.store import Store

    store = Store()
    return store.is_here("tiny.en") and store.is_here("jfk")


@pytest.fixture(scope="session")
def tiny_en_int8(store_offline_ok: bool) -> Path:
    """Whisper tiny.en as the runtime opens it; exported on first use."""
    from edge.prepare import prepare_model

    if not store_offline_ok:
        pytest.skip("tiny.en is not in the store: run `edgewise transcribe --demo` once")
    return prepare_model("tiny.en", "int8", offline=True)


@pytest.fixture(scope="session")
def jfk_clip(store_offline_ok: bool) -> Path:
    """Eleven seconds of real speech: "ask not what your country can do for you"."""
    from edge.store import ensure

    if not store_offline_ok:
        pytest.skip("the clip is not in the store: run `edgewise transcribe --demo` once")
    return ensure("jfk", offline=True)
