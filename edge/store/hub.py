"""The Hugging Face hub over plain HTTPS, and the folder in which its own tools keep what they fetched."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote, urlsplit

from .catalogue import HubFile
from .http import Client

DEFAULT_ENDPOINT = "https://huggingface.co"
_TRUE = ("1", "on", "yes", "true")


def file_url(file: HubFile) -> str:
    """Return the address of one file at its pinned revision; HF_ENDPOINT names a mirror."""
    return f"{_endpoint()}/{file.repository}/resolve/{file.revision}/{quote(file.path)}"


def hub_client() -> Client:
    """Make a client for the hub: HF_TOKEN goes to the endpoint's host and nowhere else."""
    token = os.environ.get("HF_TOKEN", "").strip()
    return Client(tokens={urlsplit(_endpoint()).netloc: token} if token else {})


def is_switched_off() -> bool:
    """Whether the user forbids the hub with HF_HUB_OFFLINE."""
    return os.environ.get("HF_HUB_OFFLINE", "").strip().lower() in _TRUE


def cached_file(file: HubFile) -> Path:
    """Return where huggingface_hub keeps this file if it ever fetched it."""
    repository = "models--" + file.repository.replace("/", "--")
    return _cache_folder() / repository / "snapshots" / file.revision / file.path


def _endpoint() -> str:
    return (os.environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/")


def _cache_folder() -> Path:
    if folder := os.environ.get("HF_HUB_CACHE"):
        return Path(folder).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("HF_HOME") or f"{base}/huggingface").expanduser() / "hub"
