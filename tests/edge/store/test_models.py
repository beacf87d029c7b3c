"""Exported models in the cache: made once, whole or absent. The exporter is a stand-in."""

from __future__ import annotations

import logging
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.errors import EdgeError, ModelNotFoundError, OfflineError
from edge.store import Store


class Exporter:
    """Writes a file that says what it was asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.fails_with: BaseException | None = None

    def __call__(
        self, source: Path, out: Path, *, precision: str, name: str, progress: object, to: str = "gguf"
    ) -> None:
        self.calls.append((name, precision))
        if to == "onnx":
            out.mkdir()
            out /= "graph"
        out.write_text(f"{source.name} {precision}")
        if self.fails_with:
            raise self.fails_with


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Exporter:
    module = types.ModuleType("export.whisper")
    exporter = Exporter()
    module.export_whisper = exporter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "export.whisper", module)
    return exporter


def test_fetches_and_exports_once_and_says_so(
    store: Store, published: Any, exporter: Exporter, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "edge"):
        path = store.model_path("tiny", "int8")
    assert path.read_text() == "tiny int8"
    assert [record.getMessage().split()[0] for record in caplog.records] == ["fetching", "exporting"]
    caplog.clear()
    assert store.model_path("tiny", "int8") == path
    assert exporter.calls == [("tiny", "int8")]
    assert caplog.records == []
    assert store.model_path("tiny", "int4") != path
    assert store.exported("tiny") == sorted([path, store.model_place("tiny", "int4")])


def test_folder_for_onnxruntime_is_made_once_and_removed(
    store: Store, published: Any, exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("export.onnx.require_exporter", asked.append)
    folder = store.onnx_folder("tiny", "w4")
    assert (folder / "graph").read_text() == "tiny w4"
    assert store.onnx_folder("tiny", "w4") == folder
    assert (exporter.calls, asked) == ([("tiny", "w4")], ["w4"])
    assert store.exported("tiny") == []
    assert store.remove("tiny") > 0
    assert not folder.exists()


def test_without_the_exporter_nothing_is_fetched(
    store: Store, published: Any, exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optimum", None)
    monkeypatch.setitem(sys.modules, "optimum.exporters.onnx", None)
    with pytest.raises(EdgeError, match=r"onnx-export.*; or run `edgewise export whisper tiny -o DIR --to onnx"):
        store.onnx_folder("tiny", "int8")
    assert not store.is_here("tiny")


@pytest.mark.parametrize("error", [ValueError("bad tensor"), KeyboardInterrupt(), MemoryError()])
def test_an_export_that_fails_leaves_nothing(
    store: Store,
    published: Any,
    exporter: Exporter,
    files_under: Callable[[Path], list[str]],
    error: BaseException,
) -> None:
    exporter.fails_with = error
    with pytest.raises(type(error)):
        store.model_path("tiny", "int8")
    assert files_under(store.home / "models") == []
    exporter.fails_with = None
    assert store.model_path("tiny", "int8").exists()


def test_what_a_killed_export_left_is_swept(
    store: Store, published: Any, exporter: Exporter, files_under: Callable[[Path], list[str]]
) -> None:
    place = store.model_place("tiny", "int8")
    workshop = place.parent / f".{place.name}.tmp"
    workshop.mkdir(parents=True)
    (workshop / place.name).write_text("half")
    store.model_path("tiny", "int8")
    assert files_under(place.parent) == [place.name, f"{place.name}.sha256"]


def test_an_exported_model_outlives_its_source_offline(
    store: Store, published: Any, exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store.model_path("tiny", "int8")
    monkeypatch.setenv("EDGEWISE_OFFLINE", "1")
    (store.home / "assets" / "tiny" / "model.bin").unlink()
    assert store.model_path("tiny", "int8") == path
    with pytest.raises(OfflineError):
        store.model_path("tiny", "int4")


def test_verify_sees_a_changed_model(store: Store, published: Any, exporter: Exporter) -> None:
    path = store.model_path("tiny", "int8")
    assert store.verify("tiny") == []
    path.write_text("tiny int9")
    assert [problem.path for problem in store.verify("tiny")] == [path]


def test_remove_takes_exports_along(
    store: Store, published: Any, exporter: Exporter, files_under: Callable[[Path], list[str]]
) -> None:
    store.model_path("tiny", "int8")
    store.remove("tiny")
    assert files_under(store.home) == []


def test_an_asset_that_is_no_model_is_refused(store: Store) -> None:
    with pytest.raises(ModelNotFoundError, match="speech models are tiny, joined"):
        store.model_path("table")
