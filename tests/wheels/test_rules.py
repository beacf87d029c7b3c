"""The rules of a wheel: each finds what it is there for, in a wheel that is right but for that."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.wheels.rules import LIBRARY, MACHINES, faults_of_wheel, main

MACHINE = "x86_64"
COMPILER = f"{MACHINE}-linux-gnu-gcc"
TAG = f"cp311-abi3-manylinux_2_99_{MACHINE}"
SOURCE = """
#include <assert.h>
#include <stdio.h>
#include <string.h>
__attribute__((visibility("default"))) int PyInit__kernels(const char *from, int n) {
    char text[64];
    memcpy(text, from, (size_t)n);
    assert(n < 60);
    return puts(text);
}
#ifdef MORE
__attribute__((visibility("default"))) int more(void) { return 1; }
#endif
"""
FLAGS = ["-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"]
FLAGS += ["-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"]
WHEEL = f"Wheel-Version: 1.0\nTag: {TAG}\n"

pytestmark = [
    pytest.mark.skipif(shutil.which(COMPILER) is None, reason=f"{COMPILER} is not installed"),
    pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf is not installed"),
]


def build(
    folder: Path,
    *,
    flags: Sequence[str] = (),
    tag: str = TAG,
    more: Mapping[str, str] | None = None,
    date: tuple[int, int, int, int, int, int] = (2026, 1, 1, 0, 0, 0),
) -> Path:
    """A wheel as it should be, but for what is given."""
    (folder / "code.c").write_text(SOURCE)
    library = folder / "library.so"
    command = [COMPILER, *FLAGS, "-o", library.name, "code.c", *flags]
    subprocess.run(command, check=True, cwd=folder)
    wheel = folder / f"edgewise-1.0-{tag}.whl"
    files = {"edge/a.py": "", "export/b.py": "", "edgewise-1.0.dist-info/WHEEL": WHEEL, **(more or {})}
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(zipfile.ZipInfo(LIBRARY, date), library.read_bytes())
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
    return wheel


def test_a_wheel_as_it_should_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wheel = build(tmp_path)
    assert faults_of_wheel(wheel) == []
    assert main([str(wheel)]) == 0
    assert capsys.readouterr().out == f"{wheel.name}: as it should be\n"


@pytest.mark.parametrize(
    ("flags", "fault"),
    [
        (["-fno-stack-protector"], "no canary"),
        (["-U_FORTIFY_SOURCE"], "copies are not checked"),
        (["-Wl,-z,execstack"], "stack can be executed"),
        (["-Wl,-z,lazy"], "stays writable"),
        (["-Wl,-z,norelro"], "stays writable"),
        (["-Wl,-rpath,/somewhere"], "RPATH"),
        (["-Wl,--no-as-needed", "-l:libresolv.so.2"], "expected glibc alone"),
        (["-DMORE"], "to others"),
        (["-ffile-prefix-map=code.c=/home/me/code.c"], "a path of a machine: /home/me/code.c"),
    ],
)
def test_a_library_that_is_built_otherwise(tmp_path: Path, flags: list[str], fault: str) -> None:
    faults = faults_of_wheel(build(tmp_path, flags=flags))
    assert len(faults) == 1
    assert fault in faults[0]


def test_a_symbol_that_is_younger_than_the_name_says(tmp_path: Path) -> None:
    tag = TAG.replace("2_99", "2_3")
    (fault,) = faults_of_wheel(build(tmp_path, tag=tag, more={"edgewise-1.0.dist-info/WHEEL": WHEEL.replace(TAG, tag)}))
    assert fault.startswith("it needs glibc 2.")
    assert fault.endswith("expected at most 2.3")


def test_another_processor(tmp_path: Path) -> None:
    tag = TAG.replace(MACHINE, "aarch64")
    wheel = build(tmp_path, tag=tag, more={"edgewise-1.0.dist-info/WHEEL": WHEEL.replace(TAG, tag)})
    assert faults_of_wheel(wheel) == ["it is not for aarch64"]
    assert set(MACHINES) == {MACHINE, "aarch64"}


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"tests/__init__.py": ""}, "installs tests beside"),
        ({"edge/kernels.c": ""}, "nobody runs: edge/kernels.c"),
        ({"edge/other.so": ""}, "nobody runs: edge/other.so"),
        ({"edgewise-1.0.dist-info/WHEEL": "Tag: cp311-abi3-linux_x86_64\n"}, f"does not say Tag: {TAG}"),
    ],
)
def test_files_that_do_not_belong_there(tmp_path: Path, more: dict[str, str], fault: str) -> None:
    faults = faults_of_wheel(build(tmp_path, more=more))
    assert len(faults) == 1
    assert fault in faults[0]


def test_files_of_several_times(tmp_path: Path) -> None:
    wheel = build(tmp_path, date=(2025, 1, 1, 0, 0, 0))
    assert faults_of_wheel(wheel) == ["its files are of 2 times; expected one, the commit's"]


def test_a_name_that_an_index_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wheel = build(tmp_path, tag="cp311-abi3-linux_x86_64")
    assert main([str(wheel)]) == 1
    assert "expected cp311-abi3-manylinux" in capsys.readouterr().out


def test_a_wheel_without_the_compiled_part(tmp_path: Path) -> None:
    wheel = build(tmp_path)
    bare = tmp_path / "bare" / wheel.name
    bare.parent.mkdir()
    with zipfile.ZipFile(bare, "w") as archive:
        archive.writestr(zipfile.ZipInfo("edgewise-1.0.dist-info/WHEEL", (2026, 1, 1, 0, 0, 0)), WHEEL)
    assert faults_of_wheel(bare) == [f"it has no {LIBRARY}"]
