"""A satellite of Home Assistant: its microphone and loudspeaker in a room, awake when its wake word is said."""
