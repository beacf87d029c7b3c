"""Phrases that Whisper learned to write where subtitles had nothing to say: thanks, goodbyes, names of translators."""

from __future__ import annotations

FILLERS = frozenset(
    {
        "applause",
        "bye",
        "bye bye",
        "foreign",
        "i ll see you next time",
        "music",
        "please subscribe",
        "please subscribe to my channel",
        "see you in the next video",
        "see you next time",
        "sottotitoli creati dalla comunità amara org",
        "sous titres réalisés par la communauté d amara org",
        "subscribe to my channel",
        "subtítulos realizados por la comunidad de amara org",
        "thank you",
        "thank you all for watching",
        "thank you for listening",
        "thank you for watching",
        "thank you for your attention",
        "thank you so much",
        "thank you very much",
        "thanks",
        "thanks for watching",
        "the end",
        "untertitel der amara org community",
        "untertitel im auftrag des zdf für funk 2017",
        "we ll be right back",
        "you",
        "продолжение следует",
        "ご視聴ありがとうございました",
    }
)
"""Phrases in lower case, without punctuation."""


def is_filler(text: str) -> bool:
    """Whether a text is one of these phrases, or has no word at all."""
    words = "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
    return not words or " ".join(words) in FILLERS
