"""Files whose publisher names an address and a hash, and whose size nobody here knows."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from edge.cli.main import main
from edge.errors import IntegrityError, OfflineError, StoreError
from edge.prepare import model_place
from edge.store import Asset, AssetFile, Store, read_catalogue
from edge.whisper.file.published import PUBLISHED

from .conftest import Site

pytestmark = pytest.mark.loopback

BODY = random.Random(2).randbytes(300_000)


@pytest.fixture
def addressed(store: Store, site: Site) -> Store:
    """A store that knows one file by its address and hash alone, and a server that has it."""
    site.files["/models/small.pt"] = BODY
    url = f"{site.url}/models/small.pt"
    file = AssetFile("small.pt", None, hashlib.sha256(BODY).hexdigest(), urls=(url,), about=len(BODY) - 999)
    asset = Asset("small", "whisper", "a model", "MIT", (file,))
    return replace(store, catalogue={"small": asset})


def test_it_comes_by_its_hash(addressed: Store) -> None:
    assert not addressed.is_here("small")
    path = addressed.ensure("small")
    assert path.read_bytes() == BODY
    assert addressed.is_here("small")
    assert addressed.verify("small") == []
    path.write_bytes(BODY[:-1] + b"x")
    assert [problem.what for problem in addressed.verify("small")] == ["does not hold the pinned bytes"]


def test_a_broken_transfer_goes_on_where_it_stopped(addressed: Store, site: Site) -> None:
    site.cuts = [300_000, 120_000]  # the first request asks for the size alone
    assert addressed.ensure("small").read_bytes() == BODY
    assert "bytes=120000-" in [request.range for request in site.requests]


def test_other_bytes_are_not_kept(addressed: Store, site: Site, files_under: Callable[[Path], list[str]]) -> None:
    site.files["/models/small.pt"] = BODY[::-1]
    with pytest.raises(IntegrityError, match="came with wrong bytes, none were kept"):
        addressed.ensure("small")
    assert files_under(addressed.home) == []


def test_more_than_could_be_is_not_fetched(addressed: Store, site: Site) -> None:
    site.files["/models/small.pt"] = bytes(2 * len(BODY))
    with pytest.raises(StoreError, match=r"expected at most \d+ bytes, the server announces 600000"):
        addressed.ensure("small")


def test_offline_says_what_to_do(addressed: Store, site: Site) -> None:
    with pytest.raises(OfflineError, match="run `edgewise models pull small` with a network"):
        addressed.ensure("small", offline=True)
    assert site.requests == []


def test_another_name_is_the_same_model(addressed: Store) -> None:
    asset = replace(addressed.asset("small"), aliases=("little",))
    store = replace(addressed, catalogue={"small": asset})
    assert store.ensure("little") == store.ensure("small")
    assert model_place("little", "int8", store) == model_place("small", "int8", store)


def test_a_name_that_begins_another_takes_nothing_of_it(addressed: Store) -> None:
    asset = addressed.asset("small")
    store = replace(addressed, catalogue={"small": asset, "small-turbo": replace(asset, name="small-turbo")})
    models = store.home / "models"
    models.mkdir(parents=True)
    names = ("small-int8-r1-00ff", "small-onnx-w4-r1-00ff", "small-turbo-int8-r1-00ff", "small-turbo-onnx-w4-r1-00ff")
    for name in names:
        (models / name).mkdir() if "onnx" in name else (models / f"{name}.gguf").write_text("a model")
        (models / f"{name}{'' if 'onnx' in name else '.gguf'}.sha256").write_text("a sum")
    assert [path.name for path in store.made("small")] == ["small-int8-r1-00ff.gguf", "small-onnx-w4-r1-00ff"]
    store.remove("small")
    assert sorted(path.name for path in models.iterdir()) == [
        "small-turbo-int8-r1-00ff.gguf",
        "small-turbo-int8-r1-00ff.gguf.sha256",
        "small-turbo-onnx-w4-r1-00ff",
        "small-turbo-onnx-w4-r1-00ff.sha256",
    ]


ADDRESSED = [
    name
    for name, asset in read_catalogue().items()
    if asset.kind == "whisper" and any(file.urls for file in asset.files)
]


@pytest.mark.parametrize("name", ADDRESSED)
def test_every_name_with_an_address_can_be_pulled(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    """From the path of its address on a server here, which has other bytes in its place."""
    asset = read_catalogue()[name]
    (file,) = asset.files
    path = urlsplit(file.urls[0]).path
    assert path.endswith(f"/{file.sha256}/{name}.pt")
    site.files[path] = BODY
    served = replace(file, sha256=hashlib.sha256(BODY).hexdigest(), about=len(BODY), urls=(site.url + path,))
    monkeypatch.setattr("edge.store.store.read_catalogue", lambda: {name: replace(asset, files=(served,))})
    monkeypatch.setenv("EDGEWISE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EDGEWISE_OFFLINE", raising=False)
    for pulled in (name, *asset.aliases):
        assert main(["models", "pull", pulled]) == 0
        told = capfd.readouterr()
        assert Path(told.out.strip()).read_bytes() == BODY
        assert ("was never fetched where edgewise is made" in told.err) is (pulled == name)
    assert site.paths().count(path) == 2  # its size, then its bytes, once


def test_every_whisper_has_a_name() -> None:
    assert {*PUBLISHED} == {asset.name for asset in read_catalogue().values() if asset.kind == "whisper"}
    assert {*PUBLISHED} - {*ADDRESSED} == {"tiny.en", "base"}
