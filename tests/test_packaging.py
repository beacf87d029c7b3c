"""What a user installs: one wheel with the runtime, the toolchain and the compiled part, and nothing else.

A packager takes the other archive: all the sources and their tests, and nothing made of them.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from edge.version import __version__

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

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
    command = ["wheel", "--no-deps", "--wheel-dir", str(folder), "--config-settings", f"build-dir={folder / 'build'}"]
    command += ["--no-build-isolation"] if have_backend else []
    _pip(*command, str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


def _pip(*arguments: str) -> None:
    """Run pip; skip the test where it cannot fetch the build's backend."""
    command = [sys.executable, "-m", "pip", arguments[0], "--quiet", "--retries", "0", *arguments[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and any(words in done.stderr for words in NO_BACKEND):
        pytest.skip("the build backend is not installed and cannot be fetched")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def members(wheel: Path) -> set[str]:
    """Names of the files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    """What an index and `pip show` say of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the files in the archive of sources, built by the backend as `python -m build --sdist` builds it."""
    folder = tmp_path_factory.mktemp("sdist")
    _pip("install", "--target", str(folder / "backend"), *PYPROJECT["build-system"]["requires"])
    program = "import sys; sys.path.insert(0, sys.argv[1]); from scikit_build_core.build import build_sdist; "
    program += "build_sdist(sys.argv[2])"
    command = [sys.executable, "-c", program, str(folder / "backend"), str(folder)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    with tarfile.open(folder / f"edgewise-{__version__}.tar.gz") as archive:
        return {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}


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


def test_the_version_has_one_home(wheel: Path, metadata: Message) -> None:
    assert "version" not in PYPROJECT["project"]
    assert metadata["Version"] == __version__ == wheel.name.split("-")[1]


def test_an_index_learns_what_it_is(metadata: Message) -> None:
    assert metadata["Author"] == "The edgewise authors"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert "transcription" in metadata["Keywords"].split(",")
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])


def test_extras_are_for_users_alone(metadata: Message) -> None:
    users = "assist chat cluster codecs dictate export llm mic onnx-export serve written"
    assert set(metadata.get_all("Provides-Extra", [])) == set(users.split())
    assert set(PYPROJECT["dependency-groups"]) == {"test", "dev", "bench"}
    for extra in ("codecs", "dictate", "mic", "serve", "written"):
        assert set(PYPROJECT["project"]["optional-dependencies"][extra]) <= set(PYPROJECT["dependency-groups"]["test"])


def test_the_sources_are_whole(sources: set[str]) -> None:
    folders = ("edge", "export", "kernels", "benchmarks", "tests")
    wanted = {path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".c", ".h")}
    assert {str(path.relative_to(ROOT)) for path in wanted} - sources == set()
    assert {"LICENSE", "README.md", "pyproject.toml", "kernels/CMakeLists.txt"} <= sources


def test_the_sources_hold_nothing_made_or_private(sources: set[str]) -> None:
    made = (".so", ".o", ".a", ".pyc", ".gguf", ".whl", ".wav", ".flac", ".mp3", ".log")
    assert {name for name in sources if name.endswith(made)} == set()
    folders = {name.partition("/")[0] for name in sources if "/" in name}
    assert folders <= {"edge", "export", "kernels", "benchmarks", "tests", "docs"}


@pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf is not installed")
def test_the_compiled_part_needs_only_the_c_library(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        library = archive.extract("edge/_kernels.abi3.so", tmp_path)
    done = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True)
    needed = {
        line.rpartition("[")[2].rstrip("]").partition(".")[0] for line in done.stdout.splitlines() if "(NEEDED)" in line
    }
    assert needed <= {"libc", "libm", "libpthread", "ld-linux-x86-64", "ld-linux-aarch64"}
