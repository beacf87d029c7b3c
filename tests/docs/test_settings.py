"""docs/settings.md has the settings as the code has them; where they differ, the failure shows the new tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edge.live.options import LiveOptions
from edge.options import TranscribeOptions
from edge.settings import Setting, field_docs, settings_of

from .markdown import ROOT

PAGE = ROOT / "docs" / "settings.md"


def test_every_setting_is_in_the_table() -> None:
    tables = "\n".join(_tables())
    shown = PAGE.read_text(encoding="utf-8").partition("\n## ")
    assert f"## {shown[2]}" == tables, tables


def _tables() -> Iterator[str]:
    groups: dict[str, list[Setting]] = {}
    for setting in (*settings_of(TranscribeOptions).values(), *settings_of(LiveOptions).values()):
        groups.setdefault(setting.group, []).append(setting)
    for group, settings in groups.items():
        yield f"## {group.capitalize()}\n\n| setting | default | what it is |\n| :-- | :-- | :-- |"
        yield "\n".join(map(_row, settings)) + "\n"


def _row(setting: Setting) -> str:
    words = " ".join(field_docs(setting.table)[setting.field].split())
    what = re.sub(r"(?<!\\)\|", r"\\|", words)
    return f"| `{setting.name}` | {setting.default_words} | {what} |"
