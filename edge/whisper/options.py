"""How to transcribe: the settings, checked when they are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from ..errors import OptionError
from ..languages import language_code
from ..tokens import Task, Tokenizer
from ..vad.options import VadOptions

Context = Literal["tail", "full"]

Vad = bool | Literal["auto"]
"""When to listen for speech."""

_TASKS = ("transcribe", "translate")


@dataclass(frozen=True, slots=True)
class TranscribeOptions:
    """Settings of one transcription; the names and defaults are openai-whisper's."""

    language: str | None = None
    """Code or English name of the language spoken; None (or "auto") detects it in the first window."""
    task: Task = "transcribe"
    """"translate" writes English whatever the language."""
    timestamps: bool = True
    """Let the model place timestamps, and seek by them; otherwise windows of 30 s follow one another."""
    max_tokens: int | None = None
    """Most tokens of a window; None is half of the model's context (224)."""
    suppress_tokens: tuple[int, ...] | None = None
    """Tokens never to write; None is the model's list: annotations such as "(laughs)", quotation marks."""
    condition_on_previous_text: bool = False
    """Show the model what it wrote before: more consistent names, but loops carry over."""
    no_speech_threshold: float | None = 0.6
    """A window is silent when its no-speech probability is above this …"""
    logprob_threshold: float | None = -1.0
    """… unless its mean log-probability is above this. None for either switches that half off."""
    context: Context = "tail"
    """What stands behind a clip shorter than the window: the model file's landmarks of the padding ("tail"), with a
    second look in full where the result is suspicious, or always the whole padding ("full"), at 30 s of work."""
    max_initial_timestamp: float | None = 1.0
    """The first timestamp of a window is at most this many seconds."""

    vad: Vad = "auto"
    """Whether to listen for speech: "auto" where a window's text is in doubt, and drops it if nobody speaks there;
    True in all of the recording, transcribing only where somebody speaks, chunk by chunk; False never."""
    vad_options: VadOptions = field(default_factory=VadOptions)
    """What counts as speech."""

    def __post_init__(self) -> None:
        language = self.language
        if language is not None:
            # Frozen means for everyone else: the field holds the code, whatever name was given.
            object.__setattr__(self, "language", None if language == "auto" else language_code(language))
        if self.task not in _TASKS:
            raise OptionError(f"unknown task {self.task!r}; expected {' or '.join(_TASKS)}")
        if self.context not in get_args(Context):
            raise OptionError(f"unknown context {self.context!r}; expected {' or '.join(get_args(Context))}")
        if self.vad not in (True, False, "auto"):
            raise OptionError(f"vad is {self.vad!r}; expected True, False or 'auto'")
        if self.max_tokens is not None and self.max_tokens < 1:
            raise OptionError(f"max_tokens is {self.max_tokens}; expected 1 or more, or None for the model's own")
        if self.no_speech_threshold is not None and not 0 <= self.no_speech_threshold <= 1:
            raise OptionError(f"no_speech_threshold is {self.no_speech_threshold}; expected a probability, 0 to 1")
        if self.max_initial_timestamp is not None and not 0 <= self.max_initial_timestamp <= 30:
            raise OptionError(
                f"max_initial_timestamp is {self.max_initial_timestamp}; expected seconds within the window, 0 to 30"
            )

    def check_model(self, tokenizer: Tokenizer) -> None:
        """Refuse what the model of this tokenizer cannot do."""
        if tokenizer.is_multilingual:
            if self.language is not None:
                tokenizer.language_token(self.language)
            return
        if self.language not in (None, "en"):
            raise OptionError(
                f"this model knows only English, the language asked for is {self.language!r}; "
                "use a multilingual model (one without .en in its name)"
            )
        if self.task == "translate":
            raise OptionError(
                "this model knows only English and cannot translate; use a multilingual model "
                "(one without .en in its name)"
            )
