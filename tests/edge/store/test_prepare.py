"""Exported models in the cache: made once, whole or absent. The exporter is a stand-in."""

from __future__ import annotations

import logging
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.errors import EdgeError, IntegrityError, ModelNotFoundError, OfflineError, UnsupportedModelError
from edge.prepare import model_place, onnx_place, prepare_model, prepare_onnx
from edge.store import Store

from .conftest import Site


class Exporter:
    """Writes a file that says what it was asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.fails_with: BaseException | None = None

    def __call__(
        self,
        source: Path,
        out: Path,
        *,
        precision: str,
        name: str,
        assets: Callable[[], Path] | None,
        progress: object,
        to: str = "gguf",
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
    store: Store, published: Site, exporter: Exporter, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "edge"):
        path = prepare_model("tiny", "int8", store=store)
    assert path.read_text() == "tiny int8"
    assert [record.getMessage().split()[0] for record in caplog.records] == ["fetching", "exporting"]
    caplog.clear()
    assert prepare_model("tiny", "int8", store=store) == path
    assert exporter.calls == [("tiny", "int8")]
    assert caplog.records == []
    assert prepare_model("tiny", "int4", store=store) != path
    assert store.made("tiny") == sorted([path, model_place("tiny", "int4", store=store)])


def test_folder_for_onnxruntime_is_made_once_and_removed(
    store: Store, published: Site, exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("export.tools.packages.require_onnx", lambda precision, load: asked.append(precision))
    folder = prepare_onnx("tiny", "w4", store=store)
    assert (folder / "graph").read_text() == "tiny w4"
    assert prepare_onnx("tiny", "w4", store=store) == folder
    assert (exporter.calls, asked) == ([("tiny", "w4")], ["w4"])
    assert store.made("tiny") == [folder]
    assert store.remove("tiny") > 0
    assert not folder.exists()


def test_without_the_exporter_nothing_is_fetched(
    store: Store, published: Site, exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optimum", None)
    monkeypatch.setitem(sys.modules, "optimum.exporters.onnx", None)
    with pytest.raises(EdgeError, match=r"onnx-export.*; or run `edgewise export whisper tiny -o DIR --to onnx"):
        prepare_onnx("tiny", "int8", store=store)
    assert not store.is_here("tiny")


@pytest.mark.parametrize("error", [ValueError("bad tensor"), KeyboardInterrupt(), MemoryError()])
def test_an_export_that_fails_leaves_nothing(
    store: Store,
    published: Site,
    exporter: Exporter,
    files_under: Callable[[Path], list[str]],
    error: BaseException,
) -> None:
    exporter.fails_with = error
    with pytest.raises(type(error)):
        prepare_model("tiny", "int8", store=store)
    assert files_under(store.home / "models") == []
    exporter.fails_with = None
    assert prepare_model("tiny", "int8", store=store).exists()


def test_what_a_killed_export_left_is_swept(
    store: Store, published: Site, exporter: Exporter, files_under: Callable[[Path], list[str]]
) -> None:
    place = model_place("tiny", "int8", store=store)
    workshop = place.parent / f".{place.name}.tmp"
    workshop.mkdir(parents=True)
    (workshop / place.name).write_text("half")
    prepare_model("tiny", "int8", store=store)
    assert files_under(place.parent) == [place.name, f"{place.name}.sha256"]


@pytest.mark.parametrize("first", ["int8", "int4"])
def test_clearing_up_spares_who_is_at_work(
    store: Store, published: Site, exporter: Exporter, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """A second export, of another precision or another model, begins and ends while the first is under way."""
    store.ensure("joined")
    others = [("tiny", "int4" if first == "int8" else "int8"), ("joined", first)]

    def while_another_works(source: Path, out: Path, *, precision: str, name: str, **how: Any) -> None:
        exporter(source, out, precision=precision, name=name, **how)
        while others:
            other = others.pop()
            assert prepare_model(*other, store=store).read_text().endswith(f" {other[1]}")
        assert out.read_text() == f"{source.name} {precision}"

    monkeypatch.setattr(sys.modules["export.whisper"], "export_whisper", while_another_works)
    assert prepare_model("tiny", first, store=store).read_text() == f"tiny {first}"


def test_what_any_killed_export_left_is_swept(
    store: Store, published: Site, exporter: Exporter, files_under: Callable[[Path], list[str]]
) -> None:
    place = model_place("tiny", "int8", store=store)
    for name in (
        model_place("joined", "f16", store=store).name,
        "tiny-int8-r1-00000000.gguf",
        onnx_place("tiny", "w4", store=store).name,
    ):
        (place.parent / f".{name}.tmp").mkdir(parents=True)
        (place.parent / f".{name}.tmp" / name).write_text("half")
    store.ensure("table")
    done = store.home / "downloads" / "table"
    done.mkdir(parents=True)
    (done / "00.part").write_text("killed before it was cleared up")
    prepare_model("tiny", "int8", store=store)
    assert files_under(place.parent) == [place.name, f"{place.name}.sha256"]
    assert files_under(done) == []


@pytest.mark.parametrize("damage", [b"", b"tiny", b"tiny int9", b"another model of another length"])
def test_a_damaged_model_is_made_anew(
    store: Store, published: Site, exporter: Exporter, caplog: pytest.LogCaptureFixture, damage: bytes
) -> None:
    path = prepare_model("tiny", "int8", store=store)
    path.write_bytes(damage)
    caplog.clear()
    assert prepare_model("tiny", "int8", store=store) == path
    assert path.read_text() == "tiny int8"
    assert f"{path} is not what the export wrote; making it anew" in caplog.text
    assert store.verify("tiny") == []


def test_damage_that_kept_its_time_is_found_on_request(store: Store, published: Site, exporter: Exporter) -> None:
    path = prepare_model("tiny", "int8", store=store)
    at = path.stat().st_mtime_ns
    path.write_text("tiny int9")
    os.utime(path, ns=(at, at))
    assert prepare_model("tiny", "int8", store=store).read_text() == "tiny int9"
    assert prepare_model("tiny", "int8", verify=True, store=store).read_text() == "tiny int8"


def test_a_damaged_folder_is_made_anew(
    store: Store, published: Site, exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("export.tools.packages.require_onnx", lambda precision, load: None)
    folder = prepare_onnx("tiny", "w4", store=store)
    assert store.verify("tiny") == []
    (folder / "graph").write_text("tiny w5")
    assert [problem.path for problem in store.verify("tiny")] == [folder]
    assert (prepare_onnx("tiny", "w4", store=store) / "graph").read_text() == "tiny w4"


def test_a_damaged_model_that_cannot_be_made_anew_says_what_to_do(
    store: Store, published: Site, exporter: Exporter
) -> None:
    path = prepare_model("tiny", "int8", store=store)
    path.write_text("tiny int9")
    source = store.home / "assets" / "tiny" / "model.bin"
    source.write_bytes(bytes(source.stat().st_size))
    with pytest.raises(IntegrityError, match=r"is not what the export wrote.*`edgewise models remove tiny`"):
        prepare_model("tiny", "int8", offline=True, store=store)


def test_nothing_is_exported_from_a_damaged_source(store: Store, published: Site, exporter: Exporter) -> None:
    source = store.ensure("tiny") / "model.bin"
    body = source.read_bytes()
    source.write_bytes(bytes(len(body)))
    with pytest.raises(OfflineError, match=r"damaged: model\.bin, so run `edgewise models remove tiny`"):
        prepare_model("tiny", "int8", offline=True, store=store)
    assert exporter.calls == []
    prepare_model("tiny", "int8", store=store)
    assert source.read_bytes() == body


def test_an_exported_model_outlives_its_source_offline(
    store: Store, published: Site, exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = prepare_model("tiny", "int8", store=store)
    monkeypatch.setenv("EDGEWISE_OFFLINE", "1")
    (store.home / "assets" / "tiny" / "model.bin").unlink()
    assert prepare_model("tiny", "int8", store=store) == path
    with pytest.raises(OfflineError):
        prepare_model("tiny", "int4", store=store)


def test_verify_sees_a_changed_model(store: Store, published: Site, exporter: Exporter) -> None:
    path = prepare_model("tiny", "int8", store=store)
    assert store.verify("tiny") == []
    path.write_text("tiny int9")
    assert [problem.path for problem in store.verify("tiny")] == [path]


def test_remove_takes_exports_along(
    store: Store, published: Site, exporter: Exporter, files_under: Callable[[Path], list[str]]
) -> None:
    prepare_model("tiny", "int8", store=store)
    store.remove("tiny")
    assert files_under(store.home) == []


@pytest.mark.parametrize("precision", ["../../other", "int3", "w8", "INT8", "", "/etc"])
def test_a_precision_that_is_none_is_no_part_of_a_path(store: Store, precision: str) -> None:
    with pytest.raises(UnsupportedModelError, match="unknown precision"):
        prepare_model("tiny", precision, store=store)
    with pytest.raises(UnsupportedModelError, match="unknown precision"):
        prepare_onnx("tiny", precision + "?", store=store)


def test_an_asset_that_is_no_model_is_refused(store: Store) -> None:
    with pytest.raises(ModelNotFoundError, match="speech models are tiny, joined"):
        prepare_model("table", store=store)
