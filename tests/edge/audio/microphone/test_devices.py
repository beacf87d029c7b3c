"""A microphone is found by number and name, and what cannot be found is said with what is there."""

from __future__ import annotations

import pytest

from edge.audio.microphone.devices import Device, choose
from edge.errors import MicrophoneError

AMONG = (
    Device(0, "HDA Intel: ALC257 Analog", "ALSA", 48000, 2, False),
    Device(3, "USB Audio: Yeti", "ALSA", 44100, 1, False),
    Device(4, "USB Audio: Webcam", "ALSA", 16000, 1, False),
    Device(7, "default", "ALSA", 44100, 32, True),
)


@pytest.mark.parametrize(
    ("wanted", "index"), [(None, 7), (3, 3), ("yeti", 3), ("WEBCAM", 4), ("default", 7), ("Analog", 0)]
)
def test_a_device_is_chosen(wanted: str | int | None, index: int) -> None:
    assert choose(wanted, AMONG).index == index


def test_a_whole_name_wins_over_parts_of_others() -> None:
    among = (*AMONG, Device(8, "Yeti", "JACK", 48000, 2, False))
    assert choose("yeti", among).index == 8


def test_without_a_default_the_first_is_taken() -> None:
    assert choose(None, AMONG[:2]).index == 0


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            "radio",
            "no microphone is called 'radio'; choose one by its name .*: 0: HDA .*32 channels, the default",
        ),
        (9, "no microphone is called 9; .*0: HDA"),
        ("usb", "2 microphones are called 'usb'; .*3: USB Audio: Yeti .ALSA, 44100 Hz, 1 channel.; 4: .*Webcam"),
    ],
)
def test_what_is_not_there_or_not_one_is_said_with_what_is(wanted: str | int, message: str) -> None:
    with pytest.raises(MicrophoneError, match=message):
        choose(wanted, AMONG)


def test_without_any_the_message_says_what_to_do() -> None:
    with pytest.raises(MicrophoneError, match="connect one"):
        choose(None, ())
