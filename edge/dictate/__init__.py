"""Dictation: a key is held, somebody speaks, and the words are where the cursor is.

`Dictation` hears the microphone and the keys; `Writing`, in a thread of its own, makes text of what was spoken and
delivers it. What is spoken is in a journal until its text is delivered, and what could not be delivered is in the
history.
"""
