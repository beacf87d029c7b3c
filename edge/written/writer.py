"""The writer: all rules, in their order."""

from __future__ import annotations

from ..languages import language_code
from .draft import Draft, Written
from .figures.figures import Figures
from .fillers import drop_fillers
from .options import FIGURE_RULES, WrittenOptions
from .place import fit
from .replacements import Dictionary
from .sentences import unfold
from .spelling import spell, spellings
from .tables import tables_of
from .tail import Tail, put_signs


class Writer:
    """The rules of one language, with the user's settings; texts in other languages want another."""

    def __init__(self, language: str, options: WrittenOptions | None = None) -> None:
        """Prepare the rules.

        Args:
            language: a code or an English name. One without tables has the user's replacements and snippets.
            options: what to do; None takes the defaults.

        Raises:
            OptionError: an unknown language, a table or a regular expression that is none.
            EdgeError: a library of the extra `written` is needed and missing.
        """
        self.language = language_code(language)
        """Code of the language."""
        self.options = options or WrittenOptions()
        """Settings that the rules follow."""
        self._off = frozenset(self.options.off)
        self._tables = tables_of(self.language, self.options.tables.get(self.language))
        self._tail = Tail(self._tables, self._kinds())
        self._dictionary = Dictionary(() if "replacement" in self._off else self.options.replacements)
        self._figures: Figures | None = None
        if self._tables.figures and "figures" not in self._off and not self._off.issuperset(FIGURE_RULES):
            self._figures = Figures(
                self.language, self._tables.figures, figures_from=self.options.figures_from, off=self._off
            )
        spelling = None if "spelling" in self._off else self.options.spelling
        self._spellings = spellings(self._tables, spelling) if spelling else {}

    def write(self, said: str, before: str | None = None) -> Written:
        """Write what was said.

        Args:
            said: the text of an utterance or a segment, as a recognizer gives it.
            before: the text before the caret, the last line is enough; None where nobody can tell.
        """
        draft = Draft(said)
        self._tail.take(draft)
        if self.options.punctuation == "anywhere" and "punctuation" not in self._off:
            put_signs(draft, self._tables)
        if "filler" not in self._off:
            drop_fillers(draft, self._tables)
        if self._figures is not None:
            self._figures.write(draft)
        spell(draft, self._spellings)
        if not self.options.sentences and "sentence" not in self._off:
            unfold(draft)
        self._dictionary.apply(draft)
        fit(
            draft,
            before,
            self._tables,
            capitals=self.options.sentences and "capital" not in self._off,
            blanks="space" not in self._off,
            blank_after=self.options.blank_after,
        )
        return draft.done()

    def _kinds(self) -> dict[str, dict[str, str]]:
        """Return the phrases that count, by rule."""
        options, tables = self.options, self._tables
        known = {
            "snippet": (options.snippets, True),
            "command": (tables.commands, options.commands),
            "action": (tables.actions, options.commands and "command" not in self._off),
            "punctuation": (tables.punctuation, options.punctuation != "off"),
        }
        return {kind: dict(rows) for kind, (rows, is_on) in known.items() if is_on and kind not in self._off}
