"""Names that are said without loading anything: of language models, and of the engines that run them."""

from __future__ import annotations

from typing import Literal, get_args

LanguageEngine = Literal["edgewise", "llama.cpp"]
LANGUAGE_ENGINES: tuple[LanguageEngine, ...] = get_args(LanguageEngine)

Cache = Literal["f32", "int8"]
CACHES: tuple[Cache, ...] = get_args(Cache)
"""Precisions at which keys and values of a text in progress are kept."""

LanguageName = Literal["smollm2-135m"]
LANGUAGE_NAMES: tuple[LanguageName, ...] = get_args(LanguageName)

DEFAULT_LANGUAGE_MODEL: LanguageName = "smollm2-135m"
