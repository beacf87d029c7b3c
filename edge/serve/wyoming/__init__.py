"""Wyoming, the protocol in which Home Assistant talks to speech services."""
