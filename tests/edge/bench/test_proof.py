from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from edge.bench import proof
from edge.bench.proof import logits_hash, proof_of
from edge.bench.spoken import read_samples_of
from edge.files import sha256_of


def test_logits_are_compared_with_those_that_are_known() -> None:
    known = tomllib.loads(Path(proof.__file__).with_name("proof.toml").read_text(encoding="utf-8"))["jfk"]
    model, logits = next(iter(known.items()))
    assert proof_of(model, logits) == "proven"
    assert proof_of(model, "0" * 64) == "wrong"
    assert proof_of("0" * 64, logits) == "unknown"


@pytest.mark.slow
def test_a_model_gives_the_logits_that_are_known_of_it(tiny_en_int8: Path, jfk_clip: Path) -> None:
    samples = read_samples_of(jfk_clip)
    found = logits_hash(tiny_en_int8, samples)
    assert proof_of(sha256_of(tiny_en_int8), found) != "wrong"
    assert logits_hash(tiny_en_int8, samples * 0.5) != found
