"""OpenAI's protocol: recordings over HTTP, live sound over a WebSocket."""
