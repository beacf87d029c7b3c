"""Reading a selection from owners that do not behave."""

from __future__ import annotations

import threading
import time
from typing import Any

LATE_S = 0.65
"""Longer than a reader waits for one type."""


def answer_late(display: Any, requests: int) -> threading.Thread:
    """Own the clipboard and give each type its own name as content; the first answer comes late."""
    from Xlib import X
    from Xlib.protocol.event import SelectionNotify

    window = display.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
    window.set_selection_owner(display.get_atom("CLIPBOARD"), X.CurrentTime)
    display.sync()

    def serve() -> None:
        for number in range(requests):
            event = display.next_event()
            while event.type != X.SelectionRequest:
                event = display.next_event()
            if number == 0:
                time.sleep(LATE_S)
            name = display.get_atom_name(event.target)
            event.requestor.change_property(event.property, event.target, 8, name.encode())
            event.requestor.send_event(
                SelectionNotify(
                    time=event.time,
                    requestor=event.requestor,
                    selection=event.selection,
                    target=event.target,
                    property=event.property,
                )
            )
            display.flush()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


def test_a_late_answer_is_not_taken_for_that_of_the_next_type(display_name: str, display: Any) -> None:
    from Xlib.display import Display

    from edge.desktop.x11.contents import Part, read_selection

    owner = Display(display_name)
    try:
        thread = answer_late(owner, 3)
        content = read_selection(display, "CLIPBOARD", targets=("text/slow", "text/second", "text/third"))
        thread.join(10)  # it may still be sending the last answer
    finally:
        owner.close()
    assert content.missing == ("text/slow",)
    assert content.parts == {name: Part(name, 8, name.encode()) for name in ("text/second", "text/third")}
