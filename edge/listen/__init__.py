"""Listeners to sound as it comes in: each takes samples and gives what it heard in them."""
