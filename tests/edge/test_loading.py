"""Who stands beside a model that is loaded by name."""

from __future__ import annotations

from pathlib import Path

import pytest

import edge
from edge.correct.witnesses import Company
from edge.errors import FormatError, ModelNotFoundError, StoreError
from edge.llm.model import LanguageModel
from edge.loading import JUDGE, SECOND, _find_company
from edge.store import Store


@pytest.fixture
def no_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other recognizer can be had."""

    def missing(name: str, **settings: object) -> edge.Recognizer:
        raise StoreError("no network")

    monkeypatch.setattr("edge.loading.load", missing)


def find() -> Company:
    return _find_company("tiny.en", threads=1, offline=True)


@pytest.mark.usefixtures("no_second")
def test_the_language_model_judges_where_the_store_has_it() -> None:
    if not Store().is_here(JUDGE):
        pytest.skip(f"{JUDGE} is not in the store: run `edgewise models pull {JUDGE}` once")
    company = find()
    assert isinstance(company.language_model, LanguageModel)
    assert company.notes[-1] == f"words in doubt are judged by tiny.en and {JUDGE}"
    right, wrong = company.language_model.score(["He sat in the chair.", "He sat in the share."])
    assert right > wrong


@pytest.mark.usefixtures("no_second")
def test_a_store_without_anybody_is_said_and_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEWISE_HOME", str(tmp_path))
    company = find()
    assert company == Company(
        notes=(
            f"{SECOND['tiny.en']} cannot give a second opinion: no network",
            "nobody else was there to judge words in doubt, so that nothing is corrected",
        )
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_second")
def test_a_language_model_that_cannot_be_loaded_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(name: str, **settings: object) -> LanguageModel:
        raise FormatError("a damaged file")

    monkeypatch.setattr("edge.loading.Store.is_here", lambda store, name: True)
    monkeypatch.setattr("edge.llm.loading.load_language_model", damaged)
    company = find()
    assert company.language_model is None
    assert f"{JUDGE} cannot judge words in doubt: a damaged file" in company.notes


def test_a_language_model_is_sent_to_its_own_door() -> None:
    with pytest.raises(ModelNotFoundError, match=r"smollm2-135m .* edge.load_language_model loads it"):
        edge.load("smollm2-135m", offline=True)
