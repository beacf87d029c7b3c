"""The voice assistant: a wake word, a command, what it means, something done, and a spoken answer.

`Assistant` hears the microphone and leads the dialogue; an `Ear` hears one command, skills know what to do about it,
and a voice says what came of it. Everything hangs on samples, so a dialogue can be tested without a microphone.
"""
