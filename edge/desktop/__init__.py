"""The desktop that a dictation happens on: keys that start it, and text typed where the cursor is.

`choose_trigger` and `choose_typist` find what this desktop has; everything behind them keeps the protocols of
`protocol`.
"""

from __future__ import annotations
