"""Dictation as a user has it: the real command, a microphone that hears speech, a window that is read."""
