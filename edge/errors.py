"""Everything that edgewise raises on purpose.

    EdgeError
    ├── OptionError (ValueError)              a setting that is unknown, out of range or not for this model
    ├── AudioError (ValueError)               a recording that cannot be read or is not audio
    ├── MicrophoneError (OSError)             a microphone that is not there or cannot be opened
    ├── DesktopError (OSError)                a desktop without what keys or typing need, or that refuses it
    ├── FormatError (ValueError)              a model file that is damaged, hostile or not what it claims
    ├── ModelNotFoundError (FileNotFoundError) an unknown name, or a file that is not there
    ├── UnsupportedModelError (ValueError)    a sound file of a kind that this runtime does not run
    ├── ManifestError (ValueError)            a set of recordings that is none, or a broken line of its manifest
    ├── OutputError (OSError)                 a transcript that could not be written where it was to go
    ├── StoreError (OSError)                  fetching or keeping an asset failed
    │   ├── OfflineError                      it would have needed the network
    │   └── IntegrityError                    the bytes that came are not the pinned ones
    ├── KernelError (RuntimeError)            the compiled part refused: wrong CPU level, bad state
    ├── BusyError (RuntimeError)              as much work has been taken on already as may be
    ├── CancelledError (RuntimeError)         a session that was cancelled from another thread
    └── ClusterError (RuntimeError)           a cluster that is not there, or a recording that its workers did not read

A message says what was expected, what was found (with the file's or tensor's name) and what to do.
"""

from __future__ import annotations


class EdgeError(Exception):
    """Base of every error raised on purpose."""


class OptionError(EdgeError, ValueError):
    """A setting that is unknown, out of range or not for this model."""


class AudioError(EdgeError, ValueError):
    """A recording that cannot be read or is not audio."""


class MicrophoneError(EdgeError, OSError):
    """A microphone that is not there or cannot be opened, or a library that it needs and that is missing."""


class DesktopError(EdgeError, OSError):
    """A desktop that lacks what keys or typing need, or refuses it."""


class FormatError(EdgeError, ValueError):
    """A model file that is damaged, hostile or not what it claims to be."""


class ModelNotFoundError(EdgeError, FileNotFoundError):
    """An unknown model name, or a model file that is not there."""


class UnsupportedModelError(EdgeError, ValueError):
    """A sound file of a kind, architecture or precision that this runtime does not run."""


class ManifestError(EdgeError, ValueError):
    """A set of recordings that is not there, is empty, or has a broken line in its manifest."""


class OutputError(EdgeError, OSError):
    """A transcript that could not be written where it was to go."""


class StoreError(EdgeError, OSError):
    """A failure to fetch or keep an asset."""


class OfflineError(StoreError):
    """A need for the network where it is not allowed."""


class IntegrityError(StoreError):
    """Bytes that came and are not the pinned ones."""


class KernelError(EdgeError, RuntimeError):
    """A refusal of the compiled part: an unsupported CPU level, or a call out of order."""


class BusyError(EdgeError, RuntimeError):
    """A refusal: as much work has been taken on already as may be."""

    def __init__(self, message: str, retry_s: int = 10) -> None:
        super().__init__(message)
        self.retry_s = retry_s
        """Seconds after which it is worth trying again."""


class CancelledError(EdgeError, RuntimeError):
    """A session that was cancelled from another thread."""


class ClusterError(EdgeError, RuntimeError):
    """A cluster that is not there, or a recording that its workers could not read."""
