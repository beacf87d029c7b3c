"""Names that are said without loading anything: of language models, and of the engines that run them."""

from __future__ import annotations

from typing import Literal, get_args

LanguageEngine = Literal["edgewise", "llama.cpp"]
LANGUAGE_ENGINES: tuple[LanguageEngine, ...] = get_args(LanguageEngine)

LanguageName = Literal["smollm2-135m"]
LANGUAGE_NAMES: tuple[LanguageName, ...] = get_args(LanguageName)

DEFAULT_LANGUAGE_MODEL: LanguageName = "smollm2-135m"
