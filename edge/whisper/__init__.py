"""The Whisper family of models: engines, decoding, and sessions that read a recording window by window."""
