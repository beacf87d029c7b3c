"""Whisper: the engine handle, decoding, and windows over a recording."""
