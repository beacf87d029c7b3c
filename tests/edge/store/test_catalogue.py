"""The catalogue pins what it must."""

from __future__ import annotations

import re

import pytest

from edge.store import Asset, AssetFile, read_catalogue

FILES = [
    pytest.param(file, id=f"{name}/{file.name}") for name, asset in read_catalogue().items() for file in asset.files
]


@pytest.mark.parametrize("asset", read_catalogue().values(), ids=read_catalogue())
def test_an_asset_is_complete(asset: Asset) -> None:
    assert asset.summary
    assert asset.license
    assert asset.size > 0
    assert len({file.name for file in asset.files}) == len(asset.files)
    assert re.fullmatch(r"[a-z0-9.-]+", asset.name)


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_pinned_and_has_a_source(file: AssetFile) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
    assert file.expected_size > 0
    assert file.size is not None or file.urls
    assert "/" not in file.name
    assert file.members or file.hub or file.urls
    for url in file.urls:
        assert url.startswith("https://")
        assert file.sha256 in url or re.search("/[0-9a-f]{40}/", url)  # a commit: the address never serves other bytes
    for member in file.members:
        assert re.fullmatch(r"[0-9a-f]{64}", member.archive.sha256)
        assert member.archive.filename.endswith((".whl", ".tar.gz"))
        assert member.archive.version in member.archive.filename
    for source in file.hub:
        assert re.fullmatch(r"[0-9a-f]{40}", source.revision)
