"""The languages of Whisper: codes in the order of their tokens, and the names people type."""

from __future__ import annotations

from .errors import OptionError

LANGUAGES = {
    "en": "english", "zh": "chinese", "de": "german", "es": "spanish", "ru": "russian",
    "ko": "korean", "fr": "french", "ja": "japanese", "pt": "portuguese", "tr": "turkish",
    "pl": "polish", "ca": "catalan", "nl": "dutch", "ar": "arabic", "sv": "swedish",
    "it": "italian", "id": "indonesian", "hi": "hindi", "fi": "finnish", "vi": "vietnamese",
    "he": "hebrew", "uk": "ukrainian", "el": "greek", "ms": "malay", "cs": "czech",
    "ro": "romanian", "da": "danish", "hu": "hungarian", "ta": "tamil", "no": "norwegian",
    "th": "thai", "ur": "urdu", "hr": "croatian", "bg": "bulgarian", "lt": "lithuanian",
    "la": "latin", "mi": "maori", "ml": "malayalam", "cy": "welsh", "sk": "slovak",
    "te": "telugu", "fa": "persian", "lv": "latvian", "bn": "bengali", "sr": "serbian",
    "az": "azerbaijani", "sl": "slovenian", "kn": "kannada", "et": "estonian", "mk": "macedonian",
    "br": "breton", "eu": "basque", "is": "icelandic", "hy": "armenian", "ne": "nepali",
    "mn": "mongolian", "bs": "bosnian", "kk": "kazakh", "sq": "albanian", "sw": "swahili",
    "gl": "galician", "mr": "marathi", "pa": "punjabi", "si": "sinhala", "km": "khmer",
    "sn": "shona", "yo": "yoruba", "so": "somali", "af": "afrikaans", "oc": "occitan",
    "ka": "georgian", "be": "belarusian", "tg": "tajik", "sd": "sindhi", "gu": "gujarati",
    "am": "amharic", "yi": "yiddish", "lo": "lao", "uz": "uzbek", "fo": "faroese",
    "ht": "haitian creole", "ps": "pashto", "tk": "turkmen", "nn": "nynorsk", "mt": "maltese",
    "sa": "sanskrit", "lb": "luxembourgish", "my": "myanmar", "bo": "tibetan", "tl": "tagalog",
    "mg": "malagasy", "as": "assamese", "tt": "tatar", "haw": "hawaiian", "ln": "lingala",
    "ha": "hausa", "ba": "bashkir", "jw": "javanese", "su": "sundanese", "yue": "cantonese",
}  # fmt: skip
"""English names by language code, in the order of the language tokens; the last came with large-v3."""

ALIASES = {
    "burmese": "my", "castilian": "es", "flemish": "nl", "haitian": "ht", "jv": "jw",
    "letzeburgesch": "lb", "mandarin": "zh", "moldavian": "ro", "moldovan": "ro", "panjabi": "pa",
    "pushto": "ps", "sinhalese": "si", "valencian": "ca",
}  # fmt: skip
"""Other names of the same languages."""


def language_code(name: str) -> str:
    """Return the Whisper code of a language given by code ("de", "de-AT", "pt_BR") or by English name ("German")."""
    wanted = name.strip().lower()
    codes = {english: code for code, english in LANGUAGES.items()} | ALIASES
    base = wanted.replace("_", "-").split("-")[0]
    for candidate in (wanted, base):
        if candidate in LANGUAGES:
            return candidate
        if candidate in codes:
            return codes[candidate]
    from difflib import get_close_matches  # for the one who mistypes, not for every process

    near = get_close_matches(wanted, [*LANGUAGES, *codes], n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "use a code such as en or an English name"
    raise OptionError(f"unknown language {name!r}: {hint}")
