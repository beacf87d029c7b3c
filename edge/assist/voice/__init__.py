"""Voices: text in, speech out. Piper and eSpeak are programs of their own, which are run and never imported."""

from __future__ import annotations

from .choose import choose_voice as choose_voice
from .protocol import Spoken as Spoken
from .protocol import Voice as Voice

__all__ = ["Spoken", "Voice", "choose_voice"]
