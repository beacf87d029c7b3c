"""One run of `edgewise serve`: the model loaded, the server begun, and ended in order."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from ssl import SSLContext
from typing import TYPE_CHECKING

from ..memory import give_back_large_blocks
from ..serve.guard import Guard
from ..serve.options import ServeOptions
from ..serve.server import Face, Listening, check_safety, serve
from ..serve.shared import shared_of, work_of
from ..serve.tls import context_of
from ..serve.token import read_token
from ..serve.work import Work
from .console.bar import Console
from .stops import Stop, held

if TYPE_CHECKING:
    from ..recognizer import Recognizer


class Serving:
    """A server of the command line."""

    def __init__(
        self, args: argparse.Namespace, options: ServeOptions, faces: Sequence[Face], console: Console
    ) -> None:
        self._args, self._options, self._faces, self._console = args, options, faces, console

    def run(self) -> None:
        """Serve until the end is asked for."""
        check_safety(self._options, self._faces, has_token=self._args.token is not None)
        token = None if self._args.token is None else read_token(self._args.token.expanduser())
        tls = context_of(*(path and path.expanduser() for path in (self._args.tls_cert, self._args.tls_key)))
        guard = Guard(token, self._options.networks, tuple(self._options.names))
        with held() as stop:
            give_back_large_blocks()
            model = self._load()
            work = work_of(self._options)
            try:
                asyncio.run(self._serve(model, work, guard, tls, stop))
            finally:
                work.close()

    async def _serve(self, model: Recognizer, work: Work, guard: Guard, tls: SSLContext | None, stop: Stop) -> None:
        end = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(stop.fileno(), end.set)
        try:
            shared = shared_of(model, work, self._options, guard)
            await serve(shared, self._faces, end, self._say, tls=tls, offline=self._args.offline or None)
        finally:
            loop.remove_reader(stop.fileno())

    def _say(self, listening: Listening) -> None:
        if listening.http is not None:
            address = f"{'https' if listening.is_secure else 'http'}://{listening.http}"
            self._console.say(f"a page: {address}/")
            self._console.say(f"OpenAI's protocol: {address}/v1")
        if listening.wyoming is not None:
            self._console.say(f"Wyoming, for Home Assistant: tcp://{listening.wyoming}")
        self._console.say("ready: Ctrl-C ends")

    def _load(self) -> Recognizer:
        """Load the model, and see that live sessions can begin."""
        from .. import load

        args = self._args
        model: Recognizer = load(
            args.model,
            kind="speech",
            precision=args.precision,
            engine=args.engine,
            threads=args.threads,
            offline=args.offline or None,
            progress=self._console.progress,
        )
        model.session(endpoint=None).close()
        self._console.clear()
        return model
