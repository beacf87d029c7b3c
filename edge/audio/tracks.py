"""Chooses one of a container's audio tracks, and describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import AudioError

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

_DEFAULT = 1
_SHOWN_CHARACTERS = 60
_UNDETERMINED = frozenset({"", "und"})


def choose_track(container: InputContainer, wanted: int | None, name: str) -> AudioStream:
    """Choose the audio track `wanted`, counted from 1.

    None takes the default track, else the first, of those that can be decoded.
    """
    tracks = container.streams.audio
    if wanted is not None and not 1 <= wanted <= len(tracks):
        raise AudioError(f"{name} has no audio track {wanted}; expected 1 to {len(tracks)}: {describe_tracks(tracks)}")
    readable = [track for track in tracks if track.codec_context is not None]
    chosen = tracks[wanted - 1] if wanted is not None else next(filter(_is_default, readable), None)
    chosen = chosen or next(iter(readable), None)
    if chosen is None or chosen.codec_context is None:
        raise AudioError(
            f"{name}: no decoder for {'its sound' if wanted is None else f'track {wanted}'}; "
            f"expected a codec that ffmpeg knows, found {describe_tracks(tracks)}"
        )
    return chosen


def describe_tracks(tracks: tuple[AudioStream, ...]) -> str:
    """Describe the tracks on one line: number, codec, language and title of each."""
    return ", ".join(f"{number} ({_facts(track)})" for number, track in enumerate(tracks, 1))


def _facts(track: AudioStream) -> str:
    codec = track.codec_context.name if track.codec_context is not None else "unknown codec"
    tags = {key.lower(): value for key, value in track.metadata.items()}
    language, title = tags.get("language", ""), tags.get("title", "")
    facts = [codec]
    if language not in _UNDETERMINED:
        facts.append(_one_line(language))
    if title:
        facts.append(repr(_one_line(title)))
    if _is_default(track):
        facts.append("default")
    return " ".join(facts)


def _one_line(text: str) -> str:
    shown = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(shown.split())[:_SHOWN_CHARACTERS]


def _is_default(track: AudioStream) -> bool:
    return bool(track.disposition.value & _DEFAULT)
