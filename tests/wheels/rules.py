"""Looks at a wheel before an index does: rules.py WHEEL... prints what is wrong with each; it fails where anything is.

The rules are auditwheel's (no symbol of glibc that is younger than the name says, no library but the system's) and
those of hardening: what `kernels/CMakeLists.txt` asks for has to be in the file.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

LIBRARY = "edge/_kernels.abi3.so"
PACKAGES = {"edge", "export"}
SYSTEM_LIBRARIES = {"libc.so.6", "libm.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
MACHINES = {"x86_64": "Advanced Micro Devices X86-64", "aarch64": "AArch64"}
SOURCES = (".c", ".h", ".o", ".a", ".in", ".pyc", ".log", ".cmake")

_NAME = re.compile(r"edgewise-[^-]+-cp311-abi3-manylinux_2_(?P<minor>\d+)_(?P<machine>x86_64|aarch64)\.whl")
_FOLDER = re.compile(rb"/(?:home|root|tmp|work|build|usr/src)/[\w./-]+")
"""A path of the machine that built it."""


def faults_of_wheel(wheel: Path) -> list[str]:
    """List what is wrong with a wheel."""
    name = _NAME.fullmatch(wheel.name)
    if name is None:
        return [f"its name is {wheel.name}; expected cp311-abi3-manylinux_2_X and a processor"]
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        faults = list(_faults_of_members(archive, "-".join(wheel.stem.split("-")[2:])))
        if LIBRARY not in archive.namelist():
            return [*faults, f"it has no {LIBRARY}"]
        library = Path(archive.extract(LIBRARY, folder))
        return faults + faults_of_library(library, name["machine"], int(name["minor"]))


def _faults_of_members(archive: zipfile.ZipFile, tag: str) -> Iterator[str]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    names = [member.filename for member in members]
    tops = {name.partition("/")[0] for name in names}
    if stray := {top for top in tops - PACKAGES if not top.endswith(".dist-info")}:
        yield f"it installs {', '.join(sorted(stray))} beside {' and '.join(sorted(PACKAGES))}"
    if idle := [name for name in names if name.endswith(SOURCES) or (name.endswith(".so") and name != LIBRARY)]:
        yield f"it holds what nobody runs: {', '.join(idle)}"
    if len(dates := {member.date_time for member in members}) != 1:
        yield f"its files are of {len(dates)} times; expected one, the commit's"
    (about,) = (name for name in names if name.endswith(".dist-info/WHEEL"))
    if f"Tag: {tag}\n" not in archive.read(about).decode():
        yield f"its WHEEL file does not say Tag: {tag}, as its name does"


def faults_of_library(library: Path, machine: str, glibc_minor: int) -> list[str]:
    """List what is wrong with the compiled part, for that processor and glibc 2.`glibc_minor`."""
    said = subprocess.run(
        ["readelf", "-W", "--file-header", "--dynamic", "--segments", "--version-info", "--dyn-syms", str(library)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [
        *_faults_of_linking(said, machine, glibc_minor),
        *_faults_of_hardening(said),
        *(f"it holds a path of a machine: {path.decode()}" for path in set(_FOLDER.findall(library.read_bytes()))),
    ]


def _faults_of_linking(said: str, machine: str, glibc_minor: int) -> Iterator[str]:
    if not re.search(rf"Machine:\s+{MACHINES[machine]}", said):
        yield f"it is not for {machine}"
    if stray := set(re.findall(r"\(NEEDED\).*\[(.+)\]", said)) - SYSTEM_LIBRARIES:
        yield f"it needs {', '.join(sorted(stray))}; expected glibc alone"
    if young := {minor for minor in map(int, re.findall(r"GLIBC_2\.(\d+)", said)) if minor > glibc_minor}:
        yield f"it needs glibc 2.{max(young)}; expected at most 2.{glibc_minor}"
    if re.search(r"\((RPATH|RUNPATH)\)", said):
        yield "it says where libraries are (RPATH)"
    symbols = re.findall(r"(?:FUNC|OBJECT)\s+GLOBAL\s+DEFAULT\s+\d+ (\w+)", said)
    if symbols != ["PyInit__kernels"]:
        yield f"it gives {', '.join(symbols) or 'nothing'} to others; expected PyInit__kernels alone"


def _faults_of_hardening(said: str) -> Iterator[str]:
    if "GNU_RELRO" not in said or not re.search(r"\(FLAGS_1\).*\bNOW\b|\(BIND_NOW\)|\(FLAGS\).*BIND_NOW", said):
        yield "what the loader resolves stays writable (-z relro -z now)"
    if not re.search(r"GNU_STACK\s.* RW\s", said):
        yield "its stack can be executed (-z noexecstack)"
    if re.search(r"\(TEXTREL\)", said):
        yield "its code is written to by the loader (TEXTREL)"
    if "__stack_chk_fail" not in said:
        yield "its functions have no canary (-fstack-protector-strong)"
    if not re.search(r"\b__(memcpy|memset|memmove|snprintf|vsnprintf)_chk\b", said):
        yield "its copies are not checked (_FORTIFY_SOURCE)"


def main(arguments: list[str]) -> int:
    """Look at the wheels of those paths; 1 where one of them is wrong, 2 where none is named."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    found = {path: faults_of_wheel(Path(path)) for path in arguments}
    for path, faults in found.items():
        print(f"{Path(path).name}: {'; '.join(faults) if faults else 'as it should be'}")
    return int(any(found.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
