"""Options of what is written, checked when they are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from ..errors import OptionError
from ..kinds import Choice, Flag, Special, Whole
from ..settings import check_fields, setting
from ..values import flag, several, shown, text

Punctuation = Literal["off", "end", "anywhere"]
Spelling = Literal["en-GB", "en-US"]

FIGURE_RULES = (
    "address", "date", "time", "year", "money", "percent", "unit", "range", "phone", "decimal", "ordinal", "number",
)  # fmt: skip
RULES = (
    "command", "punctuation", "snippet", "filler", "figures", *FIGURE_RULES, "spelling", "replacement", "sentence",
    "capital", "space",
)  # fmt: skip
"""Names of the rules; "figures" is all of `FIGURE_RULES`."""

_MOST_ROWS = 10_000
_MOST_LETTERS = 10_000
_LONGEST_PHRASE = 500
_GROUP = "written"


@dataclass(frozen=True, slots=True)
class Replacement:
    r"""A line of the user's dictionary: what is heard, and what is written for it; \n and \t are a line and a tab."""

    heard: str
    """Words, in any case; or a regular expression."""
    written: str
    r"""Text in their place; that of a regular expression may name its groups, as \1."""
    regex: bool = False

    def __post_init__(self) -> None:
        flag("regex", self.regex)
        text("heard", self.heard, _LONGEST_PHRASE)
        text("written", self.written, _MOST_LETTERS)
        if not self.heard.strip():
            raise OptionError("a replacement has nothing that is heard; expected words or a regular expression")


def _rules(value: object) -> tuple[str, ...]:
    names = several("off", value, len(RULES) * 2, '["year", "filler"]')
    for name in names:
        if name not in RULES:
            raise OptionError(f"off has {shown(name)}; expected names of rules: {', '.join(RULES)}")
    return tuple(dict.fromkeys(names))


def _replacements(value: object) -> tuple[Replacement, ...]:
    rows = several("replacements", value, _MOST_ROWS, '[Replacement("git hub", "GitHub")]')
    return tuple(_replacement(row) for row in rows)


def _replacement(row: object) -> Replacement:
    """Return a line of the dictionary, which may be a table of a settings file."""
    if isinstance(row, Replacement):
        return row
    if isinstance(row, Mapping) and {"heard", "written"} <= row.keys() <= {"heard", "written", "regex"}:
        return Replacement(**row)
    raise OptionError(f"replacements has {shown(row)}; expected heard and written, and regex = true for a pattern")


def _snippets(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or len(value) > _MOST_ROWS:
        raise OptionError(f'snippets is {shown(value)}; expected a table such as "my address" = "1 Main Street"')
    return {
        " ".join(text("snippet", phrase, _LONGEST_PHRASE).lower().split()): text(
            f"snippet {phrase}", written, _MOST_LETTERS
        )
        for phrase, written in value.items()
    }


def _tables(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(section, Mapping) for section in value.values()):
        raise OptionError(f"tables is {shown(value)}; expected tables by language, such as en.commands")
    return value


def _read_names(written: str) -> list[str]:
    return [name.strip() for name in written.split(",") if name.strip()]


def _no_reader(written: str) -> object:
    raise ValueError(written)


@dataclass(frozen=True, slots=True)
class WrittenOptions:
    """Settings of what is written."""

    commands: bool = field(default=False, metadata=setting(Flag(), group=_GROUP))
    """Whether to obey "new line", "scratch that" and the like, said alone or at the end."""
    punctuation: Punctuation = field(default="off", metadata=setting(Choice(get_args(Punctuation)), group=_GROUP))
    """Places where "comma" and the like are signs: nowhere, said alone or at the end, or anywhere."""
    figures_from: int = field(default=10, metadata=setting(Whole(0, 1000), group=_GROUP, metavar="N"))
    """Smallest number that is written in figures where nothing else asks for them."""
    spelling: Spelling | None = field(
        default=None, metadata=setting(Choice(get_args(Spelling)), group=_GROUP, none="as it comes")
    )
    """Spelling of English words that differ between Britain and America."""
    sentences: bool = field(default=True, metadata=setting(Flag(), group=_GROUP))
    """Whether to leave sentences as they are; without, no capital begins one and no full stop ends the text, as in
    code or a search field."""
    blank_after: bool = field(default=False, metadata=setting(Flag(), group=_GROUP))
    """Whether to end with a blank, for places where nobody can tell what is before the caret."""
    off: Iterable[str] = field(
        default=(), metadata=setting(Special("names of rules", _rules, _read_names), group=_GROUP, metavar="RULE,RULE")
    )
    """Rules that are switched off, by name, such as year,filler."""
    replacements: Iterable[Replacement] = field(
        default=(), metadata=setting(Special("a list of Replacement", _replacements, _no_reader))
    )
    """Dictionary of the user's: what is heard and what is written for it. It has the last word."""
    snippets: Mapping[str, str] = field(
        default_factory=dict, metadata=setting(Special("a table of texts by phrase", _snippets, _no_reader))
    )
    """Texts that stand for a phrase, said alone or at the end."""
    tables: Mapping[str, Any] = field(
        default_factory=dict, metadata=setting(Special("tables by language", _tables, _no_reader))
    )
    """Rows of the user's by language and table, such as `{"en": {"commands": {"next line": "\\n"}}}`; False removes
    one of ours."""

    def __post_init__(self) -> None:
        check_fields(self)
