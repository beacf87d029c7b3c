"""OpenAI's protocol over HTTP, for recordings."""
