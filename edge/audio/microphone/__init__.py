"""The microphone: what is said, sample by sample, and a record of all that was not heard.

>>> with edge.Microphone() as microphone:
...     for piece in microphone:
...         match piece:
...             case edge.Captured():
...                 session.feed(piece.samples)
...             case edge.Gap() | edge.Notice():
...                 print(piece)
"""

from __future__ import annotations

from .devices import Device as Device
from .levels import Level as Level
from .levels import level_of as level_of
from .microphone import Microphone as Microphone
from .pieces import Captured as Captured
from .pieces import Notice as Notice
from .pieces import Piece as Piece
from .process import devices as devices

__all__ = ["Captured", "Device", "Level", "Microphone", "Notice", "Piece", "devices", "level_of"]
