"""The fuzzers, for a few seconds each, so that they keep working and the plainest mistakes are found at once."""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).resolve().parent
KERNELS = HERE.parent.parent / "kernels"
PARSER = KERNELS / "gguf" / "gguf.c"
HARNESS = (HERE / "fuzz_gguf.c", HERE / "mutate_gguf.c", PARSER)
RUNS = 200_000
ENGINE_RUNS = 1_500
SANITIZERS = ("-g", "-O1", "-fno-sanitize-recover=all")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    runpy.run_path(str(HERE / "make_corpus.py"))["write_corpus"](folder)
    return folder


def compiled(folder: Path, compiler: str, *arguments: str | Path) -> Path:
    """A fuzzer built by `compiler`; skips where it or its sanitizers are not installed."""
    command = shutil.which(compiler)
    if command is None:
        pytest.skip(f"there is no {compiler}")
    program = folder / f"fuzz-{compiler}"
    probe = folder / "probe.c"
    probe.write_text("int main(void) { return 0; }\n")
    flags = [str(argument) for argument in arguments if not str(argument).endswith(".c")]
    plain = [flag.replace("fuzzer,", "") for flag in flags]
    if subprocess.run([command, *plain, str(probe), "-o", str(program)], capture_output=True).returncode != 0:
        pytest.skip(f"{compiler} has no sanitizers here")
    subprocess.run([command, *SANITIZERS, *map(str, arguments), "-o", str(program)], check=True)
    return program


def test_libfuzzer_finds_nothing_in_the_parser(corpus: Path, tmp_path: Path) -> None:
    program = compiled(tmp_path, "clang", "-fsanitize=fuzzer,address,undefined", *HARNESS)
    # No limit on the resident set: Linux hands the largest one of this process on to its children.
    limits = ["-max_len=4096", "-malloc_limit_mb=1", "-rss_limit_mb=0", "-timeout=5"]
    command = [str(program), str(corpus), f"-runs={RUNS}", "-seed=1", f"-dict={HERE / 'gguf.dict'}", *limits]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    assert f"Done {RUNS} runs" in done.stderr


def test_replaying_finds_nothing_in_the_parser(corpus: Path, tmp_path: Path) -> None:
    program = compiled(tmp_path, "gcc", "-fsanitize=address,undefined", *HARNESS, HERE / "replay_gguf.c")
    seeds = sorted(map(str, corpus.glob("*.gguf")))
    done = subprocess.run([str(program), "1", str(RUNS), *seeds], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    assert f"replayed {len(seeds)} files" in done.stdout


def test_whole_models_of_any_size_stay_within_the_engine(tmp_path: Path) -> None:
    if not all(map(shutil.which, ("cmake", "make", "gcc"))):
        pytest.skip("needs cmake, make and gcc")
    options = ["-DEDGE_FUZZ=ON", "-DEDGE_SANITIZE=ON", "-DCMAKE_C_COMPILER=gcc"]
    options += ["-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS_DEBUG=-O0"]  # a tenth of the time to compile
    build = tmp_path / "build"
    configure = ["cmake", "-S", str(KERNELS), "-B", str(build), "-G", "Unix Makefiles", *options]
    for command in (configure, ["cmake", "--build", str(build), "--parallel", "2"]):
        done = subprocess.run(command, capture_output=True, text=True)
        if "sanitize" in done.stderr and "cannot find" in done.stderr:
            pytest.skip("gcc has no sanitizers here")
        assert done.returncode == 0, done.stdout + done.stderr
    command = [str(build / "fuzz" / "fuzz_engine"), "1", str(ENGINE_RUNS)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    ends = json.loads(done.stdout)
    assert ends["executions"] == ENGINE_RUNS
    assert ends["ran"] > ENGINE_RUNS / 2


@pytest.mark.skipif(sys.platform != "linux", reason="its memory limit is Linux's")
@pytest.mark.parametrize(
    ("script", "runs"),
    [("fuzz_open_model.py", 300), ("fuzz_open_model.py --kind language", 300), ("fuzz_torch_file.py", 1000)],
)
def test_mutated_models_are_refused_or_run(tmp_path: Path, script: str, runs: int) -> None:
    name, *kind = script.split()
    command = [sys.executable, str(HERE / name), *kind, "--runs", str(runs), "--seed", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
