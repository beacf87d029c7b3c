"""Who stands beside a model that is loaded by name."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

import edge
from edge.correct.witnesses import Company
from edge.errors import FormatError, ModelNotFoundError, OptionError, StoreError, UnsupportedModelError
from edge.llm.model import LanguageModel
from edge.llm.names import LANGUAGE_NAMES
from edge.loading import JUDGE, SECOND, _find_company
from edge.names import SpeechName
from edge.store import Store
from tests.edge.llm.conftest import write_noise


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


def test_names_for_type_checkers_are_those_of_the_catalogue() -> None:
    kinds = {asset.name: asset.kind for asset in Store().catalogue.values()}
    assert set(get_args(SpeechName)) == {name for name, kind in kinds.items() if kind == "whisper"}
    assert set(LANGUAGE_NAMES) == {name for name, kind in kinds.items() if kind == "language model"}


def test_a_name_tells_the_kind_of_a_model() -> None:
    if not Store().is_here("smollm2-135m"):
        pytest.skip("smollm2-135m is not in the store: run `edgewise models pull smollm2-135m` once")
    model: LanguageModel = edge.load("smollm2-135m", threads=1, offline=True)
    assert (model.precision, model.n_ctx) == ("int8", 2048)


def test_a_model_of_another_kind_than_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"smollm2-135m .* is not a speech model; speech models are tiny\.en"):
        edge.load("smollm2-135m", kind="speech", offline=True)
    with pytest.raises(ModelNotFoundError, match="base: expected the name of a language model"):
        edge.load("base", kind="language", offline=True)
    with pytest.raises(UnsupportedModelError, match=r'kind="language"'):
        edge.load(write_noise(tmp_path / "noise.gguf"))
    assert edge.load(tmp_path / "noise.gguf", kind="language", threads=1).name == "noise"
    with pytest.raises(OptionError, match="about language models"):
        edge.load("tiny.en", cache="int8")
    for model, engine in (("smollm2-135m", "onnxruntime"), ("tiny.en", "llama.cpp")):
        with pytest.raises(OptionError, match="engine"):
            edge.load(model, engine=engine)  # type: ignore[call-overload]
