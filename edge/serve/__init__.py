"""Servers: one process and one model for programs that speak OpenAI's protocol or Home Assistant's, and for a page."""
