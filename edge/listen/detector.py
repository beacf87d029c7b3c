"""The detector of speech that belongs to a model: opened once, when it is first needed, and fetched if need be."""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING

from ..errors import EdgeError, StoreError
from ..progress import Progress
from .vad import SileroVad

if TYPE_CHECKING:
    from ..store import Store

_LOG = logging.getLogger("edge.whisper")
_ASSET = "silero-vad"


class Detector:
    """Silero's network out of the store, or none where it cannot be had. Threads may share it."""

    def __init__(self, offline: bool | None) -> None:
        """`offline` as in `edge.load`."""
        self._offline = offline
        self._lock = Lock()
        self._vad: SileroVad | None = None
        self._failure: EdgeError | None = None

    def open(self, *, must: bool = False) -> SileroVad | None:
        """The network; None where it cannot be had, which is said once, or raised if it `must` be there."""
        with self._lock:
            if self._vad is None and self._failure is None:
                self._load()
        if self._failure is not None and must:
            raise self._failure
        return self._vad

    def _load(self) -> None:
        from ..store import ensure

        try:
            self._vad = SileroVad(ensure(_ASSET, offline=self._offline))
        except EdgeError as error:
            self._failure = error
            _LOG.warning("no detector of speech, so text out of noise may stay: %s", error)


def fetch_detector(store: Store, offline: bool | None, progress: Progress | None) -> None:
    """Bring the network into the store if it can be had; nothing depends on it yet."""
    try:
        store.ensure(_ASSET, offline=offline, progress=progress)
    except StoreError as error:
        _LOG.info("the detector of speech could not be fetched: %s", error)
