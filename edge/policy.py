"""Hashes by which a browser tells the scripts and styles that a page came with from all others."""

from __future__ import annotations

import base64
import hashlib
import re

_BLOCK = re.compile(r"<(style|script)([^>]*)>(.*?)</\1>", re.DOTALL)


def block_hashes(page: str) -> dict[str, list[str]]:
    """List the sources of a content security policy that are the page's own blocks, by "style" and "script"."""
    hashes: dict[str, list[str]] = {"style": [], "script": []}
    for kind, attributes, text in _BLOCK.findall(page):
        if "text/plain" not in attributes:
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            hashes[kind].append(f"'sha256-{digest}'")
    return hashes
