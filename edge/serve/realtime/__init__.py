"""OpenAI's Realtime protocol for transcription: live sound over a WebSocket."""
