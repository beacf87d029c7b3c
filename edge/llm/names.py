"""Names that are said without loading anything: of language models, and of the engines that run them."""

from __future__ import annotations

from typing import Literal, get_args

LanguageEngine = Literal["edgewise", "llama.cpp"]
LANGUAGE_ENGINES: tuple[LanguageEngine, ...] = get_args(LanguageEngine)

DEFAULT_LANGUAGE_MODEL = "smollm2-135m"
