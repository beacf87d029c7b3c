"""Several processes on one cache: two at once, and one that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.prepare import model_place, prepare_model
from edge.store import Store, read_catalogue

from .conftest import Site, World

PULL = """
import pickle, sys
from pathlib import Path
from edge.store import Store
from edge.store.pip_config import PipSettings
home, catalogue, index = sys.argv[1:]
settings = PipSettings(indexes=(index,), timeout_s=10)
store = Store(Path(home), pickle.loads(Path(catalogue).read_bytes()), lambda: settings)
for _ in range(3):
    print(store.ensure("tiny"))
"""


@pytest.fixture
def start(world: World, site: Site, tmp_path: Path) -> Callable[[], subprocess.Popen[str]]:
    """Starts a process that brings `tiny` into the shared cache."""
    import pickle

    catalogue = tmp_path / "catalogue"
    catalogue.write_bytes(pickle.dumps(world.catalogue))
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", PULL, str(tmp_path / "home"), str(catalogue), f"{site.url}/simple"]
    return lambda: subprocess.Popen(
        command,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_at_once_download_once(
    published: Site,
    start: Callable[[], subprocess.Popen[str]],
    tmp_path: Path,
    files_under: Callable[[Path], list[str]],
) -> None:
    processes = [start() for _ in range(3)]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    assert published.paths().count("/files/tiny-1.0.whl") == 1
    assert files_under(tmp_path / "home") == ["assets/tiny/config.json", "assets/tiny/model.bin"]


def test_a_killed_one_leaves_nothing_that_looks_whole(
    published: Site, start: Callable[[], subprocess.Popen[str]], tmp_path: Path
) -> None:
    published.cuts[:] = [150_000, *[0] * 1000]  # after half of the archive the server only hangs up
    process = start()
    part = tmp_path / "home" / "downloads" / "tiny"
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size >= 150_000 for path in part.glob("*.part")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "home" / "assets" / "tiny" / "model.bin").exists()
    published.cuts.clear()
    published.requests.clear()
    after = start()
    assert after.communicate(timeout=60)[0].count("tiny\n") == 3
    assert "bytes=150000-" in [request.range for request in published.requests]


def test_ctrl_c_in_the_middle_of_a_download(site: Site, tmp_path: Path) -> None:
    """The real command and the real catalogue; the server never gets further than half of the archive."""
    archive = read_catalogue()["jfk"].files[0].members[0].archive
    site.files[f"/simple/{archive.project}/"] = f'<a href="/f/{archive.filename}">it</a>'.encode()
    site.files[f"/f/{archive.filename}"] = bytes(archive.size)
    site.stalls = True
    root = Path(__file__).parents[3]
    process = subprocess.Popen(
        [sys.executable, "-m", "edge.cli", "models", "pull", "jfk"],
        cwd=root,
        env={**os.environ, "EDGEWISE_HOME": str(tmp_path / "home"), "PIP_INDEX_URL": f"{site.url}/simple"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What a shell starts in the background ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.rglob("*.part")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "edgewise: interrupted\n")


EXPORT = """
import os, pickle, shutil, signal, sys, types
from pathlib import Path
from edge.prepare import prepare_model
from edge.store import Store

home, catalogue, die_at = sys.argv[1:]
n_steps = 0


def dying(real):
    def step(*args, **kwargs):
        global n_steps
        if n_steps == int(die_at):
            os.kill(os.getpid(), signal.SIGKILL)
        n_steps += 1
        return real(*args, **kwargs)

    return step


def export_whisper(source, out, *, precision, name, assets, progress):
    out.write_text("the model")


module = types.ModuleType("export.whisper")
module.export_whisper = dying(export_whisper)
sys.modules["export.whisper"] = module
steps = [(Path, "replace"), (Path, "unlink"), (Path, "mkdir"), (shutil, "rmtree"), (os, "fsync"), (os, "utime")]
for owner, name in steps:
    setattr(owner, name, dying(getattr(owner, name)))
store = Store(Path(home), pickle.loads(Path(catalogue).read_bytes()))
print(prepare_model("tiny", "int8", offline=True, store=store).read_text())
"""


@pytest.mark.parametrize("damaged", [False, True])
def test_an_export_killed_at_any_step_leaves_nothing_that_lasts(
    world: World,
    published: Site,
    store: Store,
    tmp_path: Path,
    files_under: Callable[[Path], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    damaged: bool,
) -> None:
    import pickle

    exporter = types.SimpleNamespace(export_whisper=lambda source, out, **how: out.write_text("the model"))
    monkeypatch.setitem(sys.modules, "export.whisper", exporter)

    store.ensure("tiny")
    target = model_place("tiny", "int8", store=store)
    (tmp_path / "catalogue").write_bytes(pickle.dumps(world.catalogue))
    root = Path(__file__).parents[3]
    n_killed = 0

    def run(die_at: int) -> subprocess.CompletedProcess[str]:
        # The checkout comes last: an installed edgewise has the compiled part, and the catalogue is of these tests.
        script = f"import sys\nsys.path.append({str(root)!r})\n{EXPORT}"
        command = [sys.executable, "-P", "-c", script, str(store.home), str(tmp_path / "catalogue"), str(die_at)]
        return subprocess.run(command, capture_output=True, text=True)

    while True:
        target.unlink(missing_ok=True)
        if damaged:
            target.parent.mkdir(exist_ok=True)
            target.write_text("the mode1")
            target.with_name(f"{target.name}.sha256").write_text("00" * 32)
        died = run(n_killed)
        if died.returncode == 0:
            break
        assert died.returncode == -signal.SIGKILL, died.stderr
        n_killed += 1
        assert prepare_model("tiny", "int8", offline=True, store=store).read_text() == "the model"
        assert store.verify("tiny") == []
        assert files_under(target.parent) == [target.name, f"{target.name}.sha256"]
    assert n_killed >= 8
