"""The page: one file that holds all it needs, and may do nothing but talk to the server that it came from."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ..policy import block_hashes

_FILE = Path(__file__).with_name("page.html")


def page_routes() -> list[Route]:
    """List the paths; the page is read once."""
    page = _FILE.read_text(encoding="utf-8")
    headers = {
        "content-security-policy": policy_of(page),
        "permissions-policy": "microphone=(self), camera=(), geolocation=()",
        "cross-origin-opener-policy": "same-origin",
    }

    async def show(request: Request) -> Response:
        return HTMLResponse(page, headers=headers)

    return [Route("/", show)]


def policy_of(page: str) -> str:
    """Write what a page may do: run and look as it is written, hear, and talk to its own server."""
    hashes = block_hashes(page)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(hashes['script'])} blob:",  # the page makes its reader of the microphone of a blob
            f"style-src {' '.join(hashes['style'])}",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
