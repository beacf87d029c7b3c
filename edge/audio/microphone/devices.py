"""Microphones of this computer, and the choice of one by name or number."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import MicrophoneError


@dataclass(frozen=True, slots=True)
class Device:
    """A device that records."""

    index: int
    name: str
    system: str
    """Name of the sound system through which it is reached, such as ALSA."""
    rate_hz: int
    """Sampling rate that it prefers."""
    n_channels: int
    """Most channels that it gives."""
    is_default: bool

    def __str__(self) -> str:
        plural = "channel" if self.n_channels == 1 else "channels"
        default = ", the default" if self.is_default else ""
        return f"{self.index}: {self.name} ({self.system}, {self.rate_hz} Hz, {self.n_channels} {plural}{default})"


def choose(wanted: str | int | None, among: tuple[Device, ...]) -> Device:
    """Find a device by its number, by its name or a part of it that no other has; None takes the default.

    Raises:
        MicrophoneError: there is none such, or several; the message lists those that are there.
    """
    if not among:
        raise MicrophoneError(
            "no microphone is there: connect one, or start the sound server; in a container give it the sound devices"
        )
    if wanted is None:
        return next((device for device in among if device.is_default), among[0])
    if isinstance(wanted, int):
        found = [device for device in among if device.index == wanted]
    else:
        name = wanted.casefold()
        found = [device for device in among if device.name.casefold() == name]
        found = found or [device for device in among if name in device.name.casefold()]
    if len(found) == 1:
        return found[0]
    what = "no microphone is called" if not found else f"{len(found)} microphones are called"
    shown = "; ".join(str(device) for device in found or among)
    raise MicrophoneError(f"{what} {wanted!r}; choose one by its name or number: {shown}")
