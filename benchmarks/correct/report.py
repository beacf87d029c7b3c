"""Tables of what corrections gained, harmed and took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from edge.bench.tables import table
from edge.correct.edits import edited, letters_of, words_of
from edge.correct.gate import Weights, Witness, choose
from edge.correct.settings import Strength

from .evidence import Beside, Heard
from .outcomes import Outcome, Scored, Tally, outcome

GROUPS = {
    "hard": (
        *("librispeech_test_other", "ljspeech", "timit_sample", "speechocean762", "misc_read_en", "longform_misc"),
        "spontaneous_en",
    ),
    "easy": ("fleurs_en", "longform_librivox", "telephone_prompts"),
    "spelled": ("an4", "digits_fsdd"),
}
"""Sets by what can be gained: speech that small models read badly, well, and letters, numbers and names."""

_USUAL_S = (6.0, 10.0)
"""Lengths of the recordings that count for the time that corrections take."""


@dataclass(frozen=True, slots=True)
class Row:
    """All recordings of a model, corrected by some witnesses and a gate."""

    model: str
    witnesses: tuple[Witness, ...]
    strength: Strength
    weights: Weights
    outcomes: tuple[Outcome, ...]
    """Recordings whose words are known."""
    figures_changed: tuple[str, ...]
    """Recordings in which a number, a digit or a spelled letter is another one."""
    words_added: int
    """Words that were added where nobody speaks."""
    untold_changed: int
    """Segments that were edited in recordings whose words are not known."""

    @classmethod
    def of(
        cls,
        model: str,
        witnesses: tuple[Witness, ...],
        strength: Strength,
        recordings: Sequence[Scored],
        weights: Mapping[str, Weights],
    ) -> Row:
        """Make a row of recordings, each corrected by the weights of its set, or by those under ""."""
        outcomes, changed, added, untold = [], [], 0, 0
        for one in recordings:
            chosen = weights.get(one.heard.set, weights[""])
            if one.n_words:
                outcomes.append(outcome(one, chosen, strength))
            after = corrected(one.heard, chosen, strength)
            if figures("".join(after)) != figures(one.heard.text):
                changed.append(one.heard.name)
            if one.heard.reference == "":
                added += max(0, len(words_of("".join(after))) - len(words_of(one.heard.text)))
            if one.heard.reference is None:
                untold += sum(new != old for new, old in zip(after, one.heard.segments, strict=True))
        return cls(model, witnesses, strength, weights[""], tuple(outcomes), tuple(changed), added, untold)

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of the sets whose words are known."""
        return tuple(dict.fromkeys(one.set for one in self.outcomes))

    def tally(self, sets: Iterable[str]) -> Tally | None:
        """Count over sets; None where there is nothing of them."""
        found = [one for one in self.outcomes if one.set in set(sets)]
        return Tally(found) if found else None

    def summary(self) -> dict[str, Any]:
        """Return what the JSON file holds."""
        return asdict(self)


def corrected(heard: Heard, weights: Weights, strength: Strength) -> list[str]:
    """Return the segments of a recording, corrected."""
    segments = list(heard.segments)
    for one in heard.judged:
        segments[one.number] = edited(segments[one.number], choose(one.case, weights, strength))
    return segments


def figures(text: str) -> Counter[str]:
    """Count the numbers in digits, and the letters that stand alone, but for words of one letter."""
    words = [letters_of(word) for word in words_of(text)]
    return Counter(word for word in words if any(map(str.isdigit, word)) or (len(word) == 1 and word not in "aio"))


def gains_table(rows: Iterable[Row]) -> str:
    """Write a row for each model, its witnesses and the strength, with all groups of sets beside each other."""
    header = ("model", "witnesses", "strength", *(f"{group}: WER %, change, better/worse" for group in GROUPS))
    cells = []
    for row in rows:
        tallies = [row.tally(sets) for sets in GROUPS.values()]
        right = Tally(row.outcomes)
        cells.append(
            (
                row.model,
                " + ".join(row.witnesses),
                row.strength,
                *map(_gain, tallies),
                f"{right.broken} of {right.right}",
            )
        )
    return table((*header, "right ones changed"), cells, n_left=3)


def sets_table(rows: Iterable[Row]) -> str:
    """Write a row for each model and set, as all witnesses correct it."""
    header = ("model", "set", "recordings", "safe: WER %, change, better/worse", "most: WER %, change, better/worse")
    full: dict[str, list[Row]] = {}
    for row in rows:
        if len(row.witnesses) == 3:
            full.setdefault(row.model, []).append(row)
    cells = []
    for model, both in full.items():
        for name in both[0].sets:
            tallies = [row.tally([name]) for row in both]
            cells.append((model, name, str(tallies[0].recordings if tallies[0] else 0), *map(_gain, tallies)))
    return table(header, cells, n_left=2)


def harm_lines(rows: Iterable[Row]) -> list[str]:
    """Say what should never happen, summed up over models and witnesses."""
    found = list(rows)
    changed = sum(len(row.figures_changed) for row in found)
    added = sum(row.words_added for row in found)
    untold = {f"{row.model} {row.strength}": row.untold_changed for row in found if len(row.witnesses) == 3}
    edited_ = ", ".join(f"{count} ({which})" for which, count in untold.items())
    return [
        f"recordings in which a digit, number or letter is another one, over all rows: {changed}",
        f"words added where nobody speaks, over all rows: {added}",
        f"segments edited where words are not known, by all witnesses: {edited_}",
    ]


def cost_line(heard: Mapping[Beside, Sequence[Heard]]) -> str:
    """Tell what corrections take, in processor time over that of reading."""
    parts = []
    for beside, recordings in heard.items():
        usual = [one for one in recordings if one.reference and _USUAL_S[0] <= one.seconds <= _USUAL_S[1]]
        if usual:
            seconds = fmean(one.seconds for one in usual)
            plain = 1000 * fmean(one.plain_s for one in usual)
            more = 1000 * fmean(one.judged_s - one.plain_s for one in usual)
            parts.append(f"{beside}: {plain:.0f} ms to read, {more:.0f} ms more to judge ({seconds:.1f} s on average)")
    return "; ".join(parts)


def _gain(tally: Tally | None) -> str:
    if tally is None:
        return ""
    low, high = tally.interval()
    change = tally.rate_after - tally.rate
    return (
        f"{100 * tally.rate:.2f} → {100 * tally.rate_after:.2f} ({100 * low:+.2f} to {100 * high:+.2f}), "
        f"{tally.better}/{tally.worse}"
        if change or tally.better or tally.worse
        else f"{100 * tally.rate:.2f}, 0/0"
    )
