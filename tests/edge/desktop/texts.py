"""Texts that have to arrive as they are."""

from __future__ import annotations

PLAIN = "The quick brown fox; it's 5 o'clock? (Yes!) <a@b.c> #1 \\ ~ ^ ` | $ % & * + = _ - / : {} []"
"""All that a keyboard of the United States has."""

EVERYTHING = "Café “quotes” naïve \u2013 漢字かな 😀 👩\u200d💻 ß€§ {}[]~^`@\\ Zz\ttab\nnext 'line' \"end\"."

LONG = (f"{PLAIN} é 漢 " * 30)[:2000]
