"""Home Assistant, by its HTTP API: it does what it understands, and says what came of it."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from ...errors import OutputError
from ..intent import Intent, Plan

WITHIN_S = 8.0
"""Seconds that an answer may take."""

_MOST_BYTES = 8 << 20
_AREAS = "{{ areas() | map('area_name') | list | to_json }}"


class HomeAssistant:
    """A connection to a Home Assistant, by its address and a long-lived access token."""

    def __init__(self, url: str, token: str, language: str) -> None:
        self._url, self._token, self._language = url.rstrip("/"), token, language

    def plan(self, intent: Intent) -> Plan:
        """Plan to hand an intent on, as a skill does: by its name where it has one, or else as words."""
        return Plan(act=lambda: self._handle(intent), is_known=False)

    def lists(self) -> dict[str, list[Any]]:
        """Fetch the names of what it knows: lists for sentences, of things and of areas.

        Raises:
            OutputError: it does not answer.
        """
        names: dict[str, dict[str, Any]] = {}
        for state in self._ask("GET", "states"):
            name = state.get("attributes", {}).get("friendly_name")
            domain = str(state.get("entity_id", "")).partition(".")[0]
            if isinstance(name, str) and name.strip():
                names[name] = {"in": name, "out": name, "context": {"domain": domain}}
        areas = self._ask("POST", "template", {"template": _AREAS})
        return {"name": [*names.values()], "area": [str(area) for area in areas]}

    def _handle(self, intent: Intent) -> str:
        if intent.name.startswith("Hass"):
            answer = self._ask("POST", "intent/handle", {"name": intent.name, "data": dict(intent.slots)})
        else:
            words = {"text": intent.text, "language": self._language}
            answer = self._ask("POST", "conversation/process", words).get("response", {})
        said = answer.get("speech", {}).get("plain", {}).get("speech", "")
        return str(said) or "Done."

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self._url}/api/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=WITHIN_S) as answer:
                return json.loads(answer.read(_MOST_BYTES))
        except urllib.error.HTTPError as error:
            raise OutputError(f"Home Assistant at {self._url} refused {path}: {_refusal(error)}") from error
        except (OSError, ValueError, RecursionError, http.client.HTTPException) as error:
            raise OutputError(f"Home Assistant at {self._url} does not answer: {error}") from error


def _refusal(error: urllib.error.HTTPError) -> str:
    with error:
        if error.code == http.HTTPStatus.UNAUTHORIZED:
            return "the token is not valid; make one in your profile, under long-lived access tokens"
        if error.code == http.HTTPStatus.NOT_FOUND:
            return "it has no such interface; is the address right?"
        return f"status {error.code}, {error.read(200).decode(errors='replace')}"
