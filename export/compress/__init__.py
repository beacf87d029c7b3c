"""Compression: an encoder with fewer weights, and recovery of what that and INT4 rounding cost.

`shapes` are the sizes that a layer can have, `factors` find its smaller matrices, `search` decides which layer gives
how much, `recover` trains, and `checkpoints` let that go on after an interruption; `network` is Whisper in torch,
`damage` says what became of the words, `speech` brings clips. All of them need torch, so they are imported when
something is compressed.
"""
