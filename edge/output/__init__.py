"""Transcripts as text: plain, subtitles, tables and JSON, as a string or in a file."""

from __future__ import annotations

from .formats import FORMATS as FORMATS
from .formats import render as render
from .formats import write as write
from .options import OutputOptions as OutputOptions

__all__ = ["FORMATS", "OutputOptions", "render", "write"]
