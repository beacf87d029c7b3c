"""PortAudio through sounddevice: imported when it is needed, with one line on what is missing."""

from __future__ import annotations

from contextlib import suppress
from types import ModuleType
from typing import cast

from ...errors import MicrophoneError


def sounddevice() -> ModuleType:
    """Import sounddevice, which starts PortAudio.

    Raises:
        MicrophoneError: it, PortAudio's library or a sound configuration that works is missing.
    """
    try:
        import sounddevice as module
    except ImportError as error:
        raise MicrophoneError(f"a microphone needs sounddevice ({error}): pip install 'edgewise[mic]'") from error
    except OSError as error:
        raise MicrophoneError(
            f"a microphone needs PortAudio's library ({error}): apt install libportaudio2, "
            "or what your system calls it (portaudio)"
        ) from error
    except Exception as error:
        if type(error).__name__ != "PortAudioError":  # the module that defines it could not be imported
            raise
        raise MicrophoneError(
            f"PortAudio cannot start ({error}): the sound configuration is broken; look at ~/.asoundrc, "
            "/etc/asound.conf and what `arecord -l` says"
        ) from error
    return cast(ModuleType, module)


def look_again(module: ModuleType) -> None:
    """Let PortAudio list the devices anew, which closes every stream of this process.

    Raises:
        MicrophoneError: it does not start again.
    """
    with suppress(module.PortAudioError):  # it was not running; what counts is that it starts
        module._terminate()
    try:
        module._initialize()
    except module.PortAudioError as error:
        raise MicrophoneError(f"PortAudio does not start again ({error})") from error
