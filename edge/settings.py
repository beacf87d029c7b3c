"""Options said once: the field of a dataclass says what it takes, and the docstring below it what it is.

    beam_size: int = field(default=1, metadata=setting(Whole(1, 32), group="search"))
    \"\"\"Sequences that the search follows.\"\"\"

`check_fields` checks by these tables. Command lines, forms of servers and configuration files are made from them:
`settings_of` lists what may be set, and `options_from` turns names and values, or text of them, into options.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, replace
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

from .errors import OptionError
from .kinds import Kind, Text
from .values import shown

T = TypeVar("T")

_KEY = "setting"
"""Key under which the metadata of a field holds its description."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A field that holds options of their own; in flat forms their names begin with `prefix`."""

    options: type
    prefix: str


@dataclass(frozen=True, slots=True)
class _Taken:
    """Description of itself that a field has in its metadata."""

    kind: Kind
    group: str
    metavar: str | None
    none: str | None
    default_words: str | None

    @property
    def expected(self) -> str:
        """Description of what a value has to be."""
        return self.kind.expected if self.none is None else f"{self.kind.expected}, or None for {self.none}"

    def check(self, name: str, value: object) -> Any:
        """Return the plain value that is meant; OptionError if it is none of the kind."""
        return None if value is None and self.none is not None else self.kind.check(name, value, self.expected)


def setting(
    kind: Kind,
    *,
    group: str = "",
    metavar: str | None = None,
    none: str | None = None,
    default_words: str | None = None,
) -> Mapping[str, Any]:
    """Describe a field, for its metadata.

    Args:
        kind: what it takes.
        group: heading under which forms show it.
        metavar: stands for its value in the help of a command line.
        none: what None stands for, in words; without it None is refused.
        default_words: the default in words, where its value does not tell.
    """
    return {_KEY: _Taken(kind, group, metavar, none, default_words)}


def table(options: type, *, prefix: str) -> Mapping[str, Any]:
    """Describe, for its metadata, a field that holds the options of another table."""
    return {_KEY: _Table(options, prefix)}


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of a table of options: a field, by the name that flat forms give it."""

    name: str
    """Name in flat forms: that of the field, with the prefix of its table."""
    table: type
    """Dataclass that the field belongs to."""
    field: str
    within: str | None
    """Field of the outer dataclass that holds this table; None where it is the outer one."""
    default: object
    taken: _Taken

    @property
    def kind(self) -> Kind:
        """Kind of value that it takes."""
        return self.taken.kind

    @property
    def group(self) -> str:
        """Heading under which forms show it."""
        return self.taken.group

    @property
    def metavar(self) -> str | None:
        """Word that stands for its value in the help of a command line."""
        return self.taken.metavar

    @property
    def default_words(self) -> str:
        """Default in words: what holds where nothing is given."""
        if self.taken.default_words is not None:
            return self.taken.default_words
        if self.default is None:
            return self.taken.none or "none"
        if isinstance(self.default, bool):
            return "yes" if self.default else "no"
        if isinstance(self.default, tuple):
            return ",".join(f"{one:g}" if isinstance(one, float) else str(one) for one in self.default)
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default)

    @property
    def summary(self) -> str:
        """First sentence of the field's docstring, without its end and without "Whether to"."""
        doc = " ".join(field_docs(self.table).get(self.field, "").split())
        sentence = doc.partition(". ")[0].removesuffix(".").removeprefix("Whether to ")
        is_name = sentence[:2].isupper()
        return sentence if is_name else sentence[:1].lower() + sentence[1:]

    def check(self, value: object) -> Any:
        """Return the plain value that is meant; OptionError if there is none."""
        return self.taken.check(self.name, value)

    def read(self, written: str) -> object:
        """Read a value from text; "none" is None, unless any text will do. OptionError if it cannot be read."""
        if self.taken.none is not None and written.strip().lower() == "none" and not isinstance(self.kind, Text):
            return None
        try:
            return self.kind.read(written)
        except OptionError:
            raise
        except ValueError:
            raise OptionError(f"{self.name} is {shown(written)}; expected {self.taken.expected}") from None


def check_fields(options: Any) -> None:
    """Replace each field of a frozen dataclass by the plain value that is meant; OptionError if there is none."""
    for each in fields(options):
        taken = each.metadata.get(_KEY)
        value = getattr(options, each.name)
        if isinstance(taken, _Taken):
            object.__setattr__(options, each.name, taken.check(each.name, value))
        elif isinstance(taken, _Table) and not isinstance(value, taken.options):
            raise OptionError(f"{each.name} is {shown(value)}; expected a {taken.options.__name__}")


@cache
def settings_of(options: type) -> Mapping[str, Setting]:
    """List what may be set of an options dataclass, tables within it included, by flat name and in order."""
    found: dict[str, Setting] = {}
    for each, taken in _described(options):
        if isinstance(taken, _Table):
            for inner in settings_of(taken.options).values():
                name = taken.prefix + inner.name
                found[name] = replace(inner, name=name, within=each.name)
        else:
            default = each.default if each.default_factory is MISSING else each.default_factory()
            found[each.name] = Setting(each.name, options, each.name, None, default, taken)
    return found


def options_from(options: type[T], values: Mapping[str, object]) -> T:
    """Make options of flat names and values, such as the fields of a form or the lines of a configuration file.

    A value that is text is read. A table within a table, such as `vad_options`, is given by prefixed names
    (`vad_threshold`), by a mapping of its own, or as it is.

    Raises:
        OptionError: an unknown name, or a value that is none of its kind.
    """
    return options(**keywords_from(options, values))


def keywords_from(options: type, values: Mapping[str, object]) -> dict[str, Any]:
    """Turn flat names and values into checked keyword arguments of an options dataclass, as `options_from` does."""
    known = settings_of(options)
    tables: dict[str, Any] = {
        each.name: taken.options for each, taken in _described(options) if isinstance(taken, _Table)
    }
    keywords: dict[str, Any] = {}
    nested: dict[str, dict[str, object]] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and name in tables:
            nested.setdefault(name, {}).update(value)
        elif name in tables:
            keywords[name] = value
        elif name in known:
            found = known[name]
            checked = found.check(found.read(value) if isinstance(value, str) else value)
            of_table = keywords if found.within is None else nested.setdefault(found.within, {})
            of_table[found.field] = checked
        else:
            raise OptionError(unknown_setting(name, (*known, *tables)))
    for name, inner in nested.items():
        given = keywords.get(name, tables[name]())
        if isinstance(given, tables[name]):  # else the check of the field refuses it
            keywords[name] = replace(given, **keywords_from(tables[name], inner))
    return keywords


@cache
def field_docs(options: type) -> Mapping[str, str]:
    """Read the docstring below each field of a class, from its source; nothing where only bytecode is installed."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[options.__module__]))
    except OSError:
        return {}
    classes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == options.__name__)
    body = next(classes).body
    return {
        node.target.id: inspect.cleandoc(below.value.value)
        for node, below in pairwise(body)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }


def _described(options: type) -> Iterator[tuple[Field[Any], _Taken | _Table]]:
    for each in fields(options):
        if _KEY in each.metadata:
            yield each, each.metadata[_KEY]


def unknown_setting(name: str, known: tuple[str, ...]) -> str:
    """Return the complaint about a name that is none of those known, with the one that may be meant."""
    from difflib import get_close_matches  # every process pays for an import, and few for a wrong name

    close = get_close_matches(str(name), known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
    return f"unknown setting {shown(name)}; {hint}"
