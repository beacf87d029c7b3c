"""Checkpoints and model files of the user's own become models by name."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import edge
from edge.adopt import adopt
from edge.errors import (
    FormatError,
    IntegrityError,
    ModelNotFoundError,
    OfflineError,
    OptionError,
    StoreError,
    UnsupportedModelError,
)
from edge.prepare import prepare_model
from edge.store import Store
from export.checkpoint.types import Checkpoint
from export.maker import make_plain
from export.writers.huggingface import tokenizer_json, write_huggingface

from ..export.conftest import make_checkpoint as make_checkpoint
from ..export.sources.pt_files import write_pt

MadeCheckpoint = Callable[..., Checkpoint]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty store, which `edge.load` uses as well."""
    monkeypatch.setenv("EDGEWISE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EDGEWISE_OFFLINE", "1")
    return Store()


@pytest.fixture
def folder(tmp_path: Path, make_checkpoint: MadeCheckpoint) -> Path:
    """A Hugging Face folder."""
    write_huggingface(make_checkpoint("base"), tmp_path / "hf", "f16")
    return tmp_path / "hf"


@pytest.fixture
def pt(tmp_path: Path, make_checkpoint: MadeCheckpoint) -> Path:
    """A `.pt` file, beside which lies its vocabulary."""
    made = make_checkpoint("tiny")
    (tmp_path / "pt").mkdir()
    write_pt(tmp_path / "pt" / "mine.pt", made.dims, made.tensors)
    (tmp_path / "pt" / "tokenizer.json").write_text(json.dumps(tokenizer_json(made)))
    return tmp_path / "pt" / "mine.pt"


@pytest.fixture
def gguf(tmp_path: Path, make_checkpoint: MadeCheckpoint) -> Path:
    """A model file of ours at INT4."""
    make_plain(make_checkpoint("tiny.en"), "int4").write(tmp_path / "mine.gguf")
    return tmp_path / "mine.gguf"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_folder(home: Store, folder: Path) -> None:
    asset = adopt("mine", str(folder), store=home)
    assert {file.name for file in asset.files} > {"config.json", "model.safetensors"}
    model = edge.load("mine", precision="int4")
    assert (model.name, model.precision) == ("mine", "int4")
    assert edge.load("mine").precision == "int8"
    assert [path.name.split("-r")[0] for path in home.made("mine")] == ["mine-int4", "mine-int8"]
    home.remove("mine")
    assert list((home.home / "models").iterdir()) == []
    assert (folder / "model.safetensors").exists()
    with pytest.raises(ModelNotFoundError):
        edge.load("mine")


def test_a_checkpoint_with_another_hash_is_made_anew(home: Store, pt: Path, make_checkpoint: MadeCheckpoint) -> None:
    adopt("mine", str(pt), sha256=_sha256(pt).upper(), store=home)
    first = prepare_model("mine", store=home)
    made = make_checkpoint("tiny")
    write_pt(pt, made.dims, {name: -tensor for name, tensor in made.tensors.items()})
    with pytest.raises(IntegrityError, match="holds other bytes than when it was added"):
        prepare_model("mine", "int4", store=home)
    home.remove("mine")
    adopt("mine", str(pt), store=home)
    assert prepare_model("mine", store=home) != first


def test_a_model_file_runs_as_it_is(home: Store, gguf: Path) -> None:
    assert adopt("mine", str(gguf), store=home).precision == "int4"
    assert prepare_model("mine", store=home) == gguf
    assert edge.load("mine").precision == "int4"
    assert edge.load("mine", precision="int4").path == gguf
    with pytest.raises(UnsupportedModelError, match="export whisper mine -o FILE --precision int8"):
        edge.load("mine", precision="int8")
    gguf.write_bytes(gguf.read_bytes() + b"\0")
    with pytest.raises(IntegrityError, match="when it was added"):
        edge.load("mine")


def test_what_is_no_model_gets_no_name(home: Store, tmp_path: Path, gguf: Path, pt: Path) -> None:
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(gguf.read_bytes()[:5000])
    (tmp_path / "empty").mkdir()
    refusals: list[tuple[type[Exception], str, str | None]] = [
        (FormatError, str(damaged), None),
        (ModelNotFoundError, str(tmp_path / "none.pt"), None),
        (ModelNotFoundError, str(tmp_path / "empty"), None),
        (UnsupportedModelError, str(Path(__file__)), None),
        (IntegrityError, str(pt), "0" * 64),
        (IntegrityError, str(gguf), "0" * 64),
        (OptionError, str(gguf), "0" * 63),
        (OptionError, "https://example.org/mine.pt", None),
        (OptionError, "https://[mine.pt", "0" * 64),
        (ModelNotFoundError, "~nobody-here/mine.pt", None),
        (ModelNotFoundError, "mine\0.pt", None),
        (OptionError, "https://me:secret@example.org/mine.pt", "0" * 64),
        (OfflineError, "https://example.org/mine.pt", "0" * 64),
    ]
    for kind, source, sha256 in refusals:
        offline = "secret" not in source
        with pytest.raises(kind) as raised:
            adopt("mine", source, sha256=sha256, store=home, offline=offline)
        assert "secret" not in str(raised.value)
    assert list(home.known()) == list(home.catalogue)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_is_not_waited_for(home: Store, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelNotFoundError):
        adopt("mine", str(tmp_path / "pipe"), store=home)


def test_a_taken_name_is_told_before_anything_is_read(home: Store) -> None:
    with pytest.raises(OptionError, match="base is a model already"):
        adopt("base", "/nowhere", store=home)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address at which the files of `tmp_path` are served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=tmp_path))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.loopback
def test_an_address(home: Store, gguf: Path, address: str) -> None:
    asset = adopt("mine", f"{address}/mine.gguf", sha256=_sha256(gguf), store=home, offline=False)
    assert (asset.folder, asset.precision) == ("", "int4")
    path = prepare_model("mine", store=home)
    assert path == home.home / "assets" / "mine" / "mine.gguf"
    path.unlink()
    with pytest.raises(OfflineError, match="edgewise models pull mine"):
        prepare_model("mine", store=home)
    assert prepare_model("mine", store=home, offline=False).read_bytes() == gguf.read_bytes()
    home.remove("mine")
    assert not path.exists()


@pytest.mark.loopback
def test_an_address_of_other_bytes_leaves_nothing(home: Store, gguf: Path, address: str, tmp_path: Path) -> None:
    (tmp_path / "text.pt").write_text("no model")
    for file, sha256 in (("mine.gguf", "0" * 64), ("none.gguf", "0" * 64), ("text.pt", _sha256(tmp_path / "text.pt"))):
        with pytest.raises((StoreError, UnsupportedModelError)):
            adopt("mine", f"{address}/{file}", sha256=sha256, store=home, offline=False)
    assert list(home.known()) == list(home.catalogue)
    assert not (home.home / "assets" / "mine").exists()
