"""What the compiled extension is protected by, as readelf tells."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from edge import _kernels

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("readelf") is None, reason="needs Linux and readelf"
)


def readelf(*options: str) -> str:
    command = ["readelf", "--wide", *options, str(_kernels.__file__)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_no_memory_is_both_writable_and_executable() -> None:
    segments = [
        line for line in readelf("--program-headers").splitlines() if line.split()[:1] in (["LOAD"], ["GNU_STACK"])
    ]
    flags = ["".join(line.split()[-3:-1]) for line in segments]  # such as "0x00710RW" or "RE"
    assert len(flags) > 2
    assert not any("W" in of_segment and "E" in of_segment for of_segment in flags)


def test_what_the_loader_resolves_is_read_only_afterwards() -> None:
    assert "GNU_RELRO" in readelf("--program-headers")
    assert "NOW" in readelf("--dynamic")


def test_functions_with_arrays_have_a_canary() -> None:
    assert "__stack_chk_fail" in readelf("--dyn-syms")


def test_calls_of_libc_are_checked() -> None:
    symbols = readelf("--dyn-syms")
    if "GLIBC" not in symbols:
        pytest.skip("FORTIFY_SOURCE is glibc's")
    assert "_chk@" in symbols.replace("__stack_chk_fail", "")
