"""Cuts a text as GPT-2 or Llama 3 does, before byte-pair encoding: Whisper's tokens and those of others begin so."""

from __future__ import annotations

import re
import unicodedata

# GPT-2 splits text by `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`. The
# standard `re` has no Unicode categories, so the text is first rewritten, one character for one, as its
# classes, and the pattern runs over those: L letter, N number, S white space other than the blank, P any
# other. The blank, the apostrophe and the letters of contractions stand for themselves.
_KEPT = frozenset(" 'strevmld")
_WORD = re.compile(
    r"'s|'t|'re|'ve|'m|'ll|'d"
    r"| ?[Lstrevmld]+| ?N+| ?[P']+"
    r"|[S ]+(?![^S ])|[S ]+"
)
# Llama 3: `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+
# |\s+(?!\S)|\s+`, over the same classes, but for R, an end of a line, and contractions in either case.
_WORD_OF_LLAMA = re.compile(
    r"'(?:s|t|re|ve|m|ll|d)"
    r"|[SP' ]?[Lstrevmld]+|N{1,3}| ?[P']+R*"
    r"|[SR ]*R+|[SR ]+(?![^SR ])|[SR ]+"
)
# Unicode's White_Space, which is not quite str.isspace's (that adds U+001C to U+001F).
_WHITE_SPACE = frozenset(
    "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
)


def split_words(text: str) -> list[str]:
    """Split a text as GPT-2 does, before byte-pair encoding; joined, the pieces give the text."""
    classes = "".join(_class_of(character) for character in text)
    return [text[match.start() : match.end()] for match in _WORD.finditer(classes)]


def split_words_of_llama(text: str) -> list[str]:
    """Split a text as Llama 3 does."""
    classes = "".join("R" if character in "\r\n" else _class_of(_plain(character)) for character in text)
    return [text[match.start() : match.end()] for match in _WORD_OF_LLAMA.finditer(classes)]


def _plain(character: str) -> str:
    return character.lower() if character in "STREVMLD" else character


def _class_of(character: str) -> str:
    if character in _KEPT:
        return character
    if character in _WHITE_SPACE:
        return "S"
    category = unicodedata.category(character)[0]
    return category if category in "LN" else "P"
