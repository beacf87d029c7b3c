"""Guesses how a text goes on, from where its end stood before (SAM-Decoding): what is copied is read in one call."""

from __future__ import annotations

MOST_DRAFT = 8
"""Tokens of a draft, at most."""
_LEAST_MATCH = 4
"""Tokens at the end of the text that have to have stood before: fewer stand anywhere."""
_MOST_TEXT = 8192
"""Tokens that are remembered, at most; of more the younger half is."""


class Drafter:
    """A suffix automaton of a text that grows, which knows the longest end of it that stood before."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._text: list[int] = []
        self._next: list[dict[int, int]] = [{}]
        self._link, self._length, self._end = [-1], [0], [-1]
        self._last = self._at = self._matched = 0

    def add(self, token: int) -> None:
        """Append a token."""
        if len(self._text) == _MOST_TEXT:
            kept = self._text[_MOST_TEXT // 2 :]
            self._forget()
            for each in kept:
                self.add(each)
        self._follow(token)
        self._extend(token)

    def draft(self, most: int) -> list[int]:
        """Return what followed the text's end where it stood first; nothing where too little of it did."""
        if self._matched < _LEAST_MATCH:
            return []
        start = self._end[self._at] + 1
        return self._text[start : start + min(most, MOST_DRAFT)]

    def _follow(self, token: int) -> None:
        """Find the longest end that stood before, now that a token is added to it."""
        while self._at and token not in self._next[self._at]:
            self._at = self._link[self._at]
            self._matched = self._length[self._at]
        if token in self._next[self._at]:
            self._at = self._next[self._at][token]
            self._matched += 1
        else:
            self._matched = 0

    def _extend(self, token: int) -> None:
        """Give the automaton the ends that the token makes (Blumer and others, 1985)."""
        self._text.append(token)
        made = self._state({}, self._length[self._last] + 1, 0, len(self._text) - 1)
        at, self._last = self._last, made
        while at != -1 and token not in self._next[at]:
            self._next[at][token] = made
            at = self._link[at]
        if at == -1:
            return
        there = self._next[at][token]
        if self._length[there] != self._length[at] + 1:
            there = self._split(at, token, there)
        self._link[made] = there

    def _split(self, at: int, token: int, there: int) -> int:
        """Divide a state whose longer ends go on otherwise than the shorter ones."""
        made = self._state(dict(self._next[there]), self._length[at] + 1, self._link[there], self._end[there])
        while at != -1 and self._next[at].get(token) == there:
            self._next[at][token] = made
            at = self._link[at]
        self._link[there] = made
        return made

    def _state(self, following: dict[int, int], length: int, link: int, end: int) -> int:
        self._next.append(following)
        self._length.append(length)
        self._link.append(link)
        self._end.append(end)
        return len(self._next) - 1
