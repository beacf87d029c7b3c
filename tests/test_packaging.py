"""What a user installs: one wheel with the runtime, the toolchain and the compiled part, and nothing else."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

NO_BACKEND = (
    "No matching distribution found",
    "Could not find a version",
    "Cannot import 'scikit_build_core",
)
"""What pip says when the build itself could not start, which on a machine without a network is no failure."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout as `pip install .` builds it."""
    if not any(shutil.which(compiler) for compiler in ("cc", "gcc", "clang")):
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("wheel")
    have_backend = importlib.util.find_spec("scikit_build_core") is not None
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--retries", "0"]
    command += ["--wheel-dir", str(folder), "--config-settings", f"build-dir={folder / 'build'}"]
    command += ["--no-build-isolation"] if have_backend else []
    done = subprocess.run([*command, str(ROOT)], capture_output=True, text=True, check=False)
    if done.returncode and any(words in done.stderr for words in NO_BACKEND):
        pytest.skip("the build backend is not installed and cannot be fetched")
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def members(wheel: Path) -> set[str]:
    """Names of the files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def test_one_wheel_serves_all_later_pythons(wheel: Path) -> None:
    name, _, python, abi, _platform = wheel.stem.split("-")
    assert (name, python, abi) == ("edgewise", "cp311", "abi3")


def test_it_installs_only_the_two_packages(members: set[str]) -> None:
    tops = {name.partition("/")[0] for name in members}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"edge", "export"}


def test_it_holds_every_module_the_stub_and_the_typing_marker(members: set[str]) -> None:
    modules = {str(path.relative_to(ROOT)) for package in ("edge", "export") for path in (ROOT / package).rglob("*.py")}
    assert modules - members == set()
    assert {"edge/_kernels.abi3.so", "edge/_kernels.pyi", "edge/py.typed"} <= members


def test_it_holds_no_sources_of_the_kernels(members: set[str]) -> None:
    assert {name for name in members if name.endswith((".c", ".h", ".o", ".a", ".txt.in"))} == set()


def test_it_offers_the_command_and_the_licence(wheel: Path, members: set[str]) -> None:
    (entry_points,) = (name for name in members if name.endswith("entry_points.txt"))
    with zipfile.ZipFile(wheel) as archive:
        assert "edgewise = edge.cli.start:main" in archive.read(entry_points).decode()
    assert any(name.endswith("/LICENSE") for name in members)


@pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf is not installed")
def test_the_compiled_part_needs_only_the_c_library(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        library = archive.extract("edge/_kernels.abi3.so", tmp_path)
    done = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True)
    needed = {
        line.rpartition("[")[2].rstrip("]").partition(".")[0] for line in done.stdout.splitlines() if "(NEEDED)" in line
    }
    assert needed <= {"libc", "libm", "libpthread", "ld-linux-x86-64", "ld-linux-aarch64"}
