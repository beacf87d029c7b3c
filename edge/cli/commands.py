"""The commands: where each is, and one line about it. Only the one that runs is imported."""

from __future__ import annotations

from collections.abc import Mapping

from .parser import Command

COMMANDS: Mapping[str, Command] = {
    "transcribe": Command("transcribe", "turn recordings into text"),
    "listen": Command("listen", "turn live sound into text: a microphone, or a pipe"),
    "dictate": Command("dictate", "hold a key, speak, and the words are where the cursor is"),
    "assist": Command("assist", "wait for a wake word, do what is said, and answer"),
    "wake": Command("wake", "hear wake words, and make some of your own"),
    "serve": Command("serve", "serve a model to other programs, and to Home Assistant"),
    "sentences": Command("sentences", "tell which of the listed sentences is said, and what it asks for"),
    "generate": Command("generate", "let a small language model write, or score texts"),
    "models": Command("models", "list, fetch, check and remove models"),
    "export": Command("export", "convert a checkpoint into a model file"),
    "inspect": Command("inspect", "print what is in a model file"),
    "bench": Command("bench", "measure this machine, and compare reports"),
    "tune": Command("tune", "find the fastest way to run on this machine"),
    "doctor": Command("doctor", "show the processor, the kernels in use, versions and folders"),
}
