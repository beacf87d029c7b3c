"""A model by name, from its publisher's address to a file that runs: openai's `.pt` without torch."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import edge
from edge.errors import StoreError
from edge.prepare import prepare_model
from edge.store import Store, ensure, read_catalogue
from edge.whisper.file.dims import tensor_shapes
from edge.whisper.file.published import PUBLISHED

from .pt_files import write_pt

pytestmark = [pytest.mark.loopback, pytest.mark.slow]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address at which its files are served."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_name_becomes_a_file_that_runs(served: tuple[Path, str], tmp_path: Path) -> None:
    try:
        tables = ensure("whisper-tables")
    except StoreError:
        pytest.skip("whisper-tables is not in the store: run `edgewise models pull whisper-tables` once")
    folder, address = served
    dims, generator = PUBLISHED["tiny"], np.random.default_rng(0)
    tensors = {
        name: (generator.standard_normal(shape, np.float32) * 0.02).astype(np.float16)
        for name, shape in tensor_shapes(dims).items()
    }
    write_pt(folder / "tiny.pt", dims, tensors)
    digest = hashlib.sha256((folder / "tiny.pt").read_bytes()).hexdigest()
    known = read_catalogue()
    file = replace(known["tiny"].files[0], sha256=digest, urls=(f"{address}/tiny.pt",))
    assert file.about < (folder / "tiny.pt").stat().st_size < 1.02 * file.about
    catalogue = {"tiny": replace(known["tiny"], files=(file,)), "whisper-tables": known["whisper-tables"]}
    store = Store(tmp_path / "home", catalogue)
    path = prepare_model("tiny", "int8", store=store, offline=False, folders=[tables])
    model = edge.load(path, offline=True)
    assert (model.name, model.precision, len(model.languages)) == ("tiny", "int8", 99)
    noise = generator.standard_normal(16_000).astype(np.float32) * 0.1
    assert model.transcribe(noise, language="de", vad=False, temperature=0).duration == 1


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_model_can_be_named(name: str) -> None:
    asset = read_catalogue()[name]
    assert asset.kind == "whisper"
    n_weights = sum(np.prod(shape) for shape in tensor_shapes(PUBLISHED[name]).values())
    assert asset.size == pytest.approx(2 * n_weights, rel=0.04)
