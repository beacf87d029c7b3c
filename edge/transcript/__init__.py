"""Transcripts, and the formats that they are written in: plain text, subtitles, tables and JSON."""
