"""Kernels are named ek_<operation>_<types>_<level>, and a family's files after its folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

KERNELS = Path(__file__).resolve().parents[2] / "kernels"
TYPE = "(?:f32|q8|q4g32)"
NAME = re.compile(rf"ek_(?P<operation>[a-z]+(?:_[a-z]+)*?)(?:_{TYPE})+_ref")
FAMILIES = sorted(path.parent.name for path in KERNELS.glob("ops/*/*_ref.c"))


def test_families_are_found() -> None:
    assert {"gemm_q8", "gemm_q4", "gemm_f32", "quantize", "softmax", "layer_norm", "gelu"} <= set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_contract_reference_and_body(family: str) -> None:
    folder = KERNELS / "ops" / family
    assert {path.name for path in folder.iterdir()} == {f"{family}.h", f"{family}_ref.c", f"{family}_vec.h"}
    contract = (folder / f"{family}.h").read_text()
    declared = re.findall(r"^EK_DECL_\w+\((\w+)\);$", contract, re.MULTILINE)
    assert declared, "the contract declares no reference"
    for name in declared:
        matched = NAME.fullmatch(name)
        assert matched, name
        assert family.startswith(matched["operation"])
        assert f"({name})" in (folder / f"{family}_ref.c").read_text()


@pytest.mark.parametrize("path", sorted(KERNELS.rglob("*.[ch]")), ids=lambda path: path.name)
def test_a_file_says_its_licence(path: Path) -> None:
    assert path.read_text().startswith("// SPDX-License-Identifier: Apache-2.0\n")


def test_no_python_in_kernels() -> None:
    assert list(KERNELS.rglob("*.py")) == []
