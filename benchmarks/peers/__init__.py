"""Engines that are compared: each in a process of its own, by one protocol."""
