"""Opens the speech detector that belongs to a model, when it is first needed, and fetches it if it must."""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING

from ..errors import EdgeError, StoreError
from ..progress import Progress
from .vad.silero import SileroVad

if TYPE_CHECKING:
    from ..store import Store

_LOG = logging.getLogger("edge.whisper")
DETECTOR = "silero-vad"


class Detector:
    """Silero's network from the store, if it can be had. Threads may share it."""

    def __init__(self, offline: bool | None) -> None:
        """Open nothing yet; `offline` as in `edge.load`."""
        self._offline = offline
        self._lock = Lock()
        self._vad: SileroVad | None = None
        self._failure: EdgeError | None = None

    def open(self, *, must: bool = False) -> SileroVad | None:
        """Return the network; None where it cannot be had, which is logged once, or raised if it `must` be there."""
        with self._lock:
            if self._vad is None and self._failure is None:
                self._load()
        if self._failure is not None and must:
            raise self._failure
        return self._vad

    def _load(self) -> None:
        from ..store import ensure

        try:
            self._vad = SileroVad(ensure(DETECTOR, offline=self._offline))
        except EdgeError as error:
            self._failure = error
            _LOG.warning("the speech detector is not available, so text that comes from noise may stay: %s", error)


def fetch_detector(store: Store, offline: bool | None, progress: Progress | None) -> None:
    """Fetch the network into the store if that is possible; nothing depends on it yet."""
    try:
        store.ensure(DETECTOR, offline=offline, progress=progress)
    except StoreError as error:
        _LOG.info("the speech detector could not be fetched: %s", error)
