"""Models of the user's own, as the store keeps them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from edge.errors import IntegrityError, ModelNotFoundError, OptionError, StoreError
from edge.store import Asset, AssetFile, Store
from edge.store.own import check_name, own_file, read_own, write_own

BODY = b"weights of mine"
SIZES = (80, 51864, 1500, 384, 6, 4, 448, 384, 6, 4)


@pytest.fixture
def mine(tmp_path: Path) -> Asset:
    """A model whose one file lies in a folder with quotes, breaks and other letters in its name."""
    folder = tmp_path / 'my "models"\n\x7f\u202eänder'
    folder.mkdir()
    path = folder / "m.pt"
    path.write_bytes(BODY)
    file = AssetFile("m.pt", len(BODY), hashlib.sha256(BODY).hexdigest(), changed_ns=path.stat().st_mtime_ns)
    return Asset("mine", "whisper", "a model", "yours", (file,), folder=str(folder), sizes=SIZES)


@pytest.fixture
def own_store(tmp_path: Path) -> Store:
    """A store with nothing in its catalogue but a model called tiny."""
    tiny = Asset("tiny", "whisper", "tiny", "MIT", (AssetFile("m", 1, "0" * 64),), aliases=("wee",))
    return Store(tmp_path / "home", {"tiny": tiny})


def test_what_is_written_is_read(mine: Asset, tmp_path: Path) -> None:
    fetched = AssetFile("n.gguf", 9, "0" * 64, urls=("http://127.0.0.1/a?b",))
    other = Asset("Other.2", "whisper", "it", "yours", (fetched,), needs="tables", precision="int4", sizes=SIZES)
    write_own(tmp_path / "new", {"mine": mine, "Other.2": other})
    assert read_own(tmp_path / "new") == {"mine": mine, "Other.2": other}
    assert read_own(tmp_path / "none") == {}


def test_it_is_a_model_like_the_others(own_store: Store, mine: Asset) -> None:
    own_store.add(mine)
    assert own_store.asset("mine") == mine
    assert list(own_store.known()) == ["tiny", "mine"]
    assert own_store.ensure("mine", offline=True) == Path(mine.folder) / "m.pt"
    assert own_store.is_here("mine")
    assert own_store.verify("mine") == []
    with pytest.raises(ModelNotFoundError, match="did you mean mine"):
        own_store.asset("mien")


def test_removing_it_leaves_the_files_of_the_user(own_store: Store, mine: Asset) -> None:
    own_store.add(mine)
    assert own_store.remove("mine") == 0
    assert (Path(mine.folder) / "m.pt").read_bytes() == BODY
    assert list(own_store.known()) == ["tiny"]


def _rewrite_at_the_same_time(path: Path) -> None:
    changed = path.stat().st_mtime_ns
    path.write_bytes(BODY[::-1])
    os.utime(path, ns=(changed, changed + 1))


def _cut(path: Path) -> None:
    changed = path.stat().st_mtime_ns
    path.write_bytes(BODY[:-1])
    os.utime(path, ns=(changed, changed))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_rewrite_at_the_same_time, "holds other bytes than when it was added"),
        (_cut, "has 14 bytes, 15 when it was added"),
        (Path.unlink, "is not there any more"),
    ],
)
def test_a_changed_file_is_noticed(own_store: Store, mine: Asset, change: Callable[[Path], None], message: str) -> None:
    own_store.add(mine)
    change(Path(mine.folder) / "m.pt")
    with pytest.raises(IntegrityError, match=f"{message}.*edgewise models remove mine"):
        own_store.ensure("mine")
    assert len(own_store.verify("mine")) == 1


def test_a_file_that_was_only_touched_is_the_same(own_store: Store, mine: Asset) -> None:
    own_store.add(mine)
    os.utime(Path(mine.folder) / "m.pt", ns=(1, 1))
    assert own_store.ensure("mine").read_bytes() == BODY
    assert not own_store.is_damaged("mine")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a\\b", "-a", "a b", "a\n", "ä", "mine.gguf", "mine.pt", "~me", "a" * 65, "\x1b[2J"]
)
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(OptionError, match="cannot be the name of a model") as raised:
        check_name(name, {})
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("name", ["tiny", "Tiny", "wee"])
def test_names_that_are_taken(own_store: Store, mine: Asset, name: str) -> None:
    with pytest.raises(OptionError, match="is a model already"):
        own_store.add(replace(mine, name=name))
    assert not own_file(own_store.home).exists()


def test_a_name_of_the_users_own_can_be_made_free(own_store: Store, mine: Asset) -> None:
    own_store.add(mine)
    with pytest.raises(OptionError, match="or run `edgewise models remove mine` first"):
        own_store.add(mine)


FILE = f'[[assets.mine.files]]\nname = "m"\nsize = 1\nsha256 = "{"0" * 64}"\n'
GOOD = f"[assets.mine]\nsizes = {list(SIZES)}\n{FILE}"
BAD = {
    "no TOML": "[assets.mine",
    "no text": "[assets]\n\udcff",
    "another table": "[archives.a]\nversion = 1",
    "a name with a folder": GOOD.replace("mine", '"../mine"'),
    "a field of another kind": GOOD.replace("sizes", "summary = 7\nsizes"),
    "an unknown field": GOOD.replace("sizes", "run = 'rm'\nsizes"),
    "no sizes": f"[assets.mine]\n{FILE}",
    "sizes that are none": GOOD.replace("51864", "0"),
    "no files": f"[assets.mine]\nsizes = {list(SIZES)}\n",
    "a file in another folder": GOOD.replace('"m"', '"../m"'),
    "a file without a hash": GOOD.replace("0" * 64, "0"),
    "an address that is none": GOOD + "urls = [7]\n",
    "no table": "assets = [1]",
    "too deep": "a = " + "[" * 100_000,
    "too long": "#" * (1 << 20) + GOOD,
}


@pytest.mark.parametrize("what", BAD)
def test_a_damaged_file_is_told_and_the_catalogue_goes_on(own_store: Store, what: str) -> None:
    own_store.home.mkdir()
    own_file(own_store.home).write_text(BAD[what], encoding="utf-8", errors="surrogateescape")
    with pytest.raises(StoreError, match=r"own\.toml: damaged .* mend it, or delete it") as raised:
        own_store.asset("mine")
    assert len(str(raised.value)) < 1000
    assert own_store.asset("wee").name == "tiny"


def test_what_somebody_wrote_by_hand_is_enough(own_store: Store) -> None:
    own_store.home.mkdir()
    own_file(own_store.home).write_text(GOOD)
    assert own_store.asset("mine").sizes == SIZES


def test_models_that_are_added_at_once_are_all_kept(own_store: Store, mine: Asset) -> None:
    names = [f"mine{number}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: own_store.add(replace(mine, name=name)), names))
        assert sorted(read_own(own_store.home)) == sorted(names)
        list(pool.map(own_store.remove, names[::2]))
    assert sorted(read_own(own_store.home)) == sorted(names[1::2])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_that_cannot_be_written_to(own_store: Store, mine: Asset) -> None:
    own_store.home.mkdir(mode=0o500)
    with pytest.raises(StoreError, match="cannot be written to"):
        own_store.add(mine)
