"""Listeners to sound that comes in: each takes samples and gives what it heard in them."""
