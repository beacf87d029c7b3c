"""Paths of OpenAI's protocol over HTTP, with health, readiness and counts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import ExitStack, aclosing

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from ...errors import AudioError, BusyError, EdgeError, OptionError, UnsupportedModelError
from ...transcript.events import Event, Final
from ...transcript.transcript import Transcript
from ..bodies import BodyError, ClientDisconnect, Form, read_form
from ..names import names_of
from ..recordings import events_of, transcript_of
from ..shared import Shared
from .answers import answer, dumps, logprobs, usage, verbose
from .wanted import Wanted, wanted_of

_LOG = logging.getLogger("edge.serve")

_READY_S = 10.0
_CANARY = np.zeros(8000, np.float32)


def failed(status: int, message: str, code: str | None = None, *, retry_s: int | None = None) -> JSONResponse:
    """Answer with an error as OpenAI's clients read it."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    headers = {} if retry_s is None else {"retry-after": str(retry_s)}
    error = {"message": message, "type": kind, "param": None, "code": code}
    return JSONResponse({"error": error}, status_code=status, headers=headers)


def failure_of(error: Exception) -> JSONResponse:
    """Answer with what went wrong; what nobody foresaw goes to the log, and not to the client."""
    if isinstance(error, BusyError):
        return failed(503, str(error), "busy", retry_s=error.retry_s)
    if isinstance(error, BodyError):
        return failed(error.status, str(error))
    if isinstance(error, (AudioError, OptionError, UnsupportedModelError)):
        return failed(400, str(error))
    if isinstance(error, TimeoutError):
        return failed(503, "the work took too long and was given up", "timeout", retry_s=10)
    _LOG.error("a request failed: %s: %s", type(error).__name__, error)
    return failed(500, str(error) if isinstance(error, EdgeError) else "the server failed; its log says why")


class OpenAI:
    """The paths of one server."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._began = int(time.time())

    def routes(self) -> list[Route]:
        """List the paths."""
        return [
            Route("/v1/audio/transcriptions", self._transcribe, methods=["POST"]),
            Route("/v1/audio/translations", self._translate, methods=["POST"]),
            Route("/v1/models", self._models),
            Route("/v1/models/{name}", self._model),
            Route("/health", self._health),
            Route("/ready", self._ready),
            Route("/metrics", self._metrics),
        ]

    async def _transcribe(self, request: Request) -> Response:
        return await self._answer(request, "transcribe")

    async def _translate(self, request: Request) -> Response:
        return await self._answer(request, "translate")

    async def _answer(self, request: Request, task: str) -> Response:
        shared = self._shared
        with ExitStack() as stack:
            try:
                stack.enter_context(shared.recordings.taken())  # before the body is read
                form = await read_form(request, round(shared.options.upload_mb * 1e6))
                self._check_model(form)
                wanted = wanted_of(form.fields, task)
                events = events_of(shared.model, form.file, wanted.settings, shared.work, shared.options.longest)
                if wanted.stream:
                    first = await _first(events)
                    held = stack.pop_all()
                    return StreamingResponse(
                        self._streamed(first, events, wanted, held), media_type="text/event-stream"
                    )
                async with asyncio.timeout(shared.options.patience):
                    transcript = await transcript_of(events, lambda: _left(request))
            except ClientDisconnect:
                return Response(status_code=499)
            except Exception as error:
                return failure_of(error)
        if transcript is None:
            return Response(status_code=499)
        shared.metrics.add("audio_seconds", transcript.duration, face="openai")
        text, media_type = answer(transcript, wanted)
        return Response(text, media_type=media_type)

    async def _streamed(
        self,
        first: list[Event | Transcript],
        events: AsyncGenerator[Event | Transcript, None],
        wanted: Wanted,
        held: ExitStack,
    ) -> AsyncGenerator[str, None]:
        """Write server-sent events: a delta for each segment, and all of the text at the end."""
        with held:
            try:
                async with asyncio.timeout(self._shared.options.patience), aclosing(events) as rest:
                    for event in first:
                        yield _line(event, wanted)
                    async for event in rest:
                        if line := _line(event, wanted):
                            yield line
                        if isinstance(event, Transcript):
                            self._shared.metrics.add("audio_seconds", event.duration, face="openai")
            except Exception as error:
                yield f"data: {bytes(failure_of(error).body).decode()}\n\n"

    def _check_model(self, form: Form) -> None:
        name = (form.fields.get("model") or [""])[-1]
        if name and name not in names_of(self._shared.model):
            raise BodyError(404, f"this server has the model {self._shared.model.name}, not {name[:80]!r}")

    async def _models(self, request: Request) -> Response:
        data = [self._described(name) for name in names_of(self._shared.model)]
        return JSONResponse({"object": "list", "data": data})

    async def _model(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in names_of(self._shared.model):
            return failed(404, f"this server has the model {self._shared.model.name}", "model_not_found")
        return JSONResponse(self._described(name))

    def _described(self, name: str) -> dict[str, object]:
        return {"id": name, "object": "model", "created": self._began, "owned_by": "edgewise"}

    async def _health(self, request: Request) -> Response:
        is_stuck = self._shared.work.is_stuck
        return JSONResponse({"status": "stuck" if is_stuck else "ok"}, status_code=503 if is_stuck else 200)

    async def _ready(self, request: Request) -> Response:
        """Answer whether something is read for words within a few seconds."""
        try:
            async with asyncio.timeout(_READY_S):
                await self._shared.work.run(self._try_out, live=True)
        except TimeoutError:
            return failed(503, f"the server did not read half a second of silence within {_READY_S:g} s", "busy")
        except Exception as error:
            return failure_of(error)
        return JSONResponse({"status": "ready", "model": self._shared.model.name})

    def _try_out(self) -> None:
        with self._shared.model.session(language="en", vad=False, temperature=0.0) as session:
            session.feed(_CANARY)
            session.finish()

    async def _metrics(self, request: Request) -> Response:
        return PlainTextResponse(self._shared.metrics.render(), media_type="text/plain; version=0.0.4")


async def _first(events: AsyncGenerator[Event | Transcript, None]) -> list[Event | Transcript]:
    """Wait for the first event that says something, so that what fails by then has a status of its own."""
    async for event in events:
        if isinstance(event, (Final, Transcript)):
            return [event]
    return []


async def _left(request: Request) -> None:
    """Wait until the client leaves."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _line(event: Event | Transcript, wanted: Wanted) -> str:
    if isinstance(event, Final):
        delta = {"type": "transcript.text.delta", "delta": event.segment.text}
        if wanted.logprobs:
            return _sent({**delta, "logprobs": logprobs([event.segment])})
        return _sent(delta)
    if isinstance(event, Transcript):
        done = {"type": "transcript.text.done", "text": event.text, "usage": usage(event.duration)}
        if wanted.format == "verbose_json":
            done = {**verbose(event, wanted), **done}
        return _sent({**done, "logprobs": logprobs(event.segments)} if wanted.logprobs else done)
    return ""


def _sent(value: object) -> str:
    return f"data: {dumps(value)}\n\n"
