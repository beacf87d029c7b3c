"""The Whisper model file: its sizes, tensors, vocabulary and landmarks, each checked as it is read."""
