from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from edge.names import given_path


@pytest.mark.parametrize(
    "text",
    ["./tiny.en", "../base", "models/base", "/m", ".hidden", "~/m", "~m", "base-int8.gguf", "M.GGUF", "m.pt", "."],
)
def test_paths(text: str) -> None:
    expected = Path(text).expanduser() if text == "~/m" else Path(text)
    assert given_path(text) == expected


@pytest.mark.parametrize("text", ["tiny.en", "base", "large-v3-turbo", "", "tiny.en ", "base\n"])
def test_names_even_of_something_in_the_working_folder(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.en").write_text("a file")
    (tmp_path / "base").mkdir()
    assert given_path(text) is None


def test_what_is_a_path_already_stays_one() -> None:
    assert given_path(Path("tiny.en")) == Path("tiny.en")
    assert given_path(PurePath("tiny.en")) == Path("tiny.en")
