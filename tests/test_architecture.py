"""Who may import whom, what stays light, and how long a file may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("edge", "export", "benchmarks")
SOURCE_FOLDERS = (*PACKAGES, "kernels", "tests")
MAX_LINES = 500
MAX_FUNCTION_LINES = 60

RUNTIME_LIBRARIES = {"numpy", "soundfile", "soxr", "filelock", "platformdirs", "av", "onnxruntime", "sounddevice"}
"""All that `edge` may import besides the standard library; onnxruntime, slow to import, in one module."""

ONNX_LIBRARIES = {"transformers", "optimum", "nncf", "onnx", "onnxruntime"}

TOOLCHAIN_LIBRARIES = (
    {"numpy", "safetensors", "ml_dtypes", "torch", "jiwer", "whisper_normalizer"}
    | {"gguf", "llama_cpp"}
    | ONNX_LIBRARIES
)
"""The same for `export`; all but numpy only inside functions."""

TORCH_PACKAGE = "export.compress"
"""Written in torch; what uses it imports it inside functions."""

OWN_LIBRARIES = {
    "dask": "edge.cli.cluster",
    "distributed": "edge.cli.cluster",
    "Xlib": "edge.desktop.x11",
    "hassil": "edge.sentences",
    "home_assistant_intents": "edge.sentences",
    "unicode_rbnf": "edge.sentences",
    "yaml": "edge.sentences",
    "jeepney": "edge.desktop.portal",
    "jinja2": "edge.llm.chat",
    "llama_cpp": "edge.llm",
    "pynput": "edge.desktop.elsewhere",
    "starlette": "edge.serve",
    "uvicorn": "edge.serve",
    "wyoming": "edge.serve.wyoming",
    "zeroconf": "edge.serve.wyoming",
    "paho": "edge.assist",
    "pymicro_wakeword": "edge.wake",
    "pywebrtc_audio": "edge.assist",
}
"""Packages that alone may import a library of the desktop's, of servers, of the assistant's, or another engine."""

LIBRARIES_OF_EXTRAS = {
    "edge.bench.scoring": {"jiwer", "whisper_normalizer"},
    "edge.written.figures.numbers": {"text_to_num"},
    "edge.written.replacements": {"regex"},
}
"""Modules of `edge` that import more, inside functions."""

EDGE_WITH_EXPORT = {"edge.cli.export", "edge.cli.export_llm", "edge.prepare"}
"""The subcommands that export, and the export of a model on its first use."""

EDGE_FOR_EXPORT = {
    "arrays",
    "audio.SAMPLE_RATE_HZ",
    "bench",
    "errors",
    "files",
    "gguf",
    "llm.file",
    "llm.tokens",
    "onnx.folder",
    "progress",
    "quant",
    "whisper.engines.onnx_folder",
    "whisper.engines.protocol",
    "whisper.features",
    "whisper.file",
    "whisper.languages",
    "whisper.tokens",
}
"""What `export` may use of the runtime."""

EXPORT_WITH_ENGINE = {
    "export.engine",
    "export.landmarks",
    "export.calibrate.gather",
    "export.calibrate.recordings",
    "export.calibrate.sensitivity",
    "export.calibrate.words",
    "export.compress.speech",
    "export.measure.measure",
    "export.onnx.check",
}
"""What looks at a model by running it."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement, or one name of it."""

    importer: str
    """Dotted name of the importing module."""
    imported: str
    """Absolute dotted name of what is imported, down to the name taken from it."""
    in_function: bool
    for_types: bool
    """Under `if TYPE_CHECKING`."""
    relative: bool

    @property
    def top(self) -> str:
        """The package it comes from."""
        return self.imported.partition(".")[0]


def test_only_ops_imports_the_compiled_module() -> None:
    importers = {found.importer for found in _all_imports() if found.imported.startswith("edge._kernels")}
    assert importers == {"edge.ops"}


def test_edge_imports_few_libraries() -> None:
    allowed = RUNTIME_LIBRARIES | sys.stdlib_module_names | {"edge", "export"}

    def is_wrong(found: Import) -> bool:
        is_extra = found.in_function and found.top in LIBRARIES_OF_EXTRAS.get(found.importer, ())
        is_own = f"{found.importer}.".startswith(f"{OWN_LIBRARIES.get(found.top, '-')}.")
        return found.top not in allowed and not is_extra and not is_own

    assert _offenders("edge", is_wrong) == []


def test_no_imports_run_in_a_circle() -> None:
    """Imports inside functions count; those for type checkers alone do not."""
    modules = {name for package in PACKAGES for name, _ in _modules_of(package)}
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for found in _all_imports():
        imported = _module_of(found.imported, modules)
        if imported and imported != found.importer and not found.for_types:
            graph[found.importer].add(imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def _module_of(name: str, modules: Container[str]) -> str:
    """The module that a dotted name is of or in; empty where it is none of ours."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name


def test_edge_imports_onnxruntime_in_one_module_and_lazily() -> None:
    def is_wrong(found: Import) -> bool:
        allowed = found.importer == "edge.onnx.graph" and (found.in_function or found.for_types)
        return found.top == "onnxruntime" and not allowed

    assert _offenders("edge", is_wrong) == []


def test_edge_imports_export_lazily_and_in_few_places() -> None:
    def is_wrong(found: Import) -> bool:
        return found.top == "export" and not (found.in_function and found.importer in EDGE_WITH_EXPORT)

    assert _offenders("edge", is_wrong) == []


def test_export_uses_formats_and_quantized_types_of_edge() -> None:
    def is_wrong(found: Import) -> bool:
        within = found.imported.removeprefix("edge.")
        allowed = any(f"{within}.".startswith(f"{module}.") for module in EDGE_FOR_EXPORT)
        return found.top == "edge" and not allowed and found.importer not in EXPORT_WITH_ENGINE

    assert _offenders("export", is_wrong) == []


def test_export_imports_large_libraries_inside_functions() -> None:
    allowed = TOOLCHAIN_LIBRARIES | sys.stdlib_module_names | {"edge", "export"}

    def is_wrong(found: Import) -> bool:
        heavy = found.top in TOOLCHAIN_LIBRARIES - {"numpy"} or found.imported.startswith(f"{TORCH_PACKAGE}.")
        at_top = not found.in_function and not found.for_types
        return found.top not in allowed or (heavy and at_top and not found.importer.startswith(f"{TORCH_PACKAGE}."))

    assert _offenders("export", is_wrong) == []


def test_nothing_imports_benchmarks_or_tests() -> None:
    for package in ("edge", "export"):
        assert _offenders(package, lambda found: found.top in {"benchmarks", "tests"}) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_are_relative_within_a_package(package: str) -> None:
    assert _offenders(package, lambda found: found.top == package and not found.relative) == []


def test_kernels_hold_no_python() -> None:
    assert [str(path) for path in (ROOT / "kernels").rglob("*.py")] == []


def test_files_are_short() -> None:
    lengths = {path: len(path.read_bytes().splitlines()) for path in _sources(".py", ".c", ".h")}
    assert {str(path): length for path, length in lengths.items() if length > MAX_LINES} == {}


def test_functions_are_short() -> None:
    long = []
    for path in _sources(".py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
                length = node.end_lineno - node.lineno + 1
                if length > MAX_FUNCTION_LINES:
                    long.append(f"{path}:{node.lineno} {node.name}: {length} lines")
    assert long == []


def test_importing_edge_loads_nothing_heavy(tmp_path: Path) -> None:
    program = "import sys, edge; print(*sorted(name.partition('.')[0] for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    loaded = set(done.stdout.split())
    assert "edge" in loaded
    assert loaded & {"numpy", "soundfile", "soxr", "asyncio", "export", *TOOLCHAIN_LIBRARIES, *ONNX_LIBRARIES} == set()


def _offenders(package: str, is_wrong: Callable[[Import], bool]) -> list[str]:
    return [f"{found.importer} imports {found.imported}" for found in _imports_of(package) if is_wrong(found)]


def _all_imports() -> Iterator[Import]:
    for package in PACKAGES:
        yield from _imports_of(package)


def _modules_of(package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


@cache
def _imports_of(package: str) -> tuple[Import, ...]:
    found: list[Import] = []
    for module, path in _modules_of(package):
        visitor = _Imports(module, path.name == "__init__.py")
        visitor.visit(ast.parse(path.read_text(encoding="utf-8")))
        found += visitor.found
    return tuple(found)


class _Imports(ast.NodeVisitor):
    """Collects the imports of one module and where in it they stand."""

    def __init__(self, module: str, is_package: bool) -> None:
        self.found: list[Import] = []
        self._module = module
        self._package = module if is_package else module.rpartition(".")[0]
        self._functions = 0
        self._for_types = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._functions += 1
        self.generic_visit(node)
        self._functions -= 1

    def visit_If(self, node: ast.If) -> None:
        before = self._for_types
        self._for_types = before or "TYPE_CHECKING" in ast.unparse(node.test)
        self.generic_visit(node)
        self._for_types = before

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, relative=False)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            above = self._package.split(".")[: len(self._package.split(".")) - node.level + 1]
            base = ".".join([*above, *([node.module] if node.module else [])])
        for alias in node.names:
            self._add(f"{base}.{alias.name}", relative=bool(node.level))

    def _add(self, imported: str, *, relative: bool) -> None:
        self.found.append(Import(self._module, imported, self._functions > 0, self._for_types, relative))


def _sources(*endings: str) -> list[Path]:
    files = (path for folder in SOURCE_FOLDERS for path in (ROOT / folder).rglob("*"))
    return sorted(path for path in files if path.suffix in endings)
