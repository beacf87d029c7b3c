"""Checks that a model can do what is asked of it."""

from __future__ import annotations

from ..errors import OptionError
from ..options import TranscribeOptions
from .tokens import Tokenizer


def check_options(options: TranscribeOptions, tokenizer: Tokenizer) -> None:
    """Refuse what the model of this tokenizer cannot do.

    Raises:
        OptionError: the model does not know a language or token, or cannot translate.
    """
    highest = max(map(int, options.suppress_tokens or ()), default=0)
    if highest >= tokenizer.n_vocab:
        raise OptionError(f"suppress_tokens has {highest}; this model's tokens are 0 to {tokenizer.n_vocab - 1}")
    if tokenizer.is_multilingual:
        for language in (options.language, *(options.candidate_languages or ())):
            if language is not None:
                tokenizer.language_token(language)
        return
    wanted = (options.language,) if options.language else options.candidate_languages or ("en",)
    if "en" not in wanted:
        raise OptionError(
            f"this model knows only English, the language asked for is {' or '.join(wanted)}; "
            "use a multilingual model (one without .en in its name)"
        )
    if options.task == "translate":
        raise OptionError(
            "this model knows only English and cannot translate; use a multilingual model (one without .en in its name)"
        )
