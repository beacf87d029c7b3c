"""`edgewise models list`: what there is, what it costs, what is here, and what fits this machine."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..errors import StoreError
from ..harmless import on_one_line
from ..names import DEFAULT_PRECISION
from .console.bar import Console
from .console.streams import report
from .options.model import PRECISIONS
from .parser import Parser

if TYPE_CHECKING:
    from ..store import Asset, Store

_DAMAGED = "(damaged)"
_MODEL_COLUMNS = (
    "MODEL",
    "FETCH",
    *(precision.upper() for precision in PRECISIONS),
    "MEMORY",
    "KNOWS",
    "LICENSE",
    "HERE",
)
_OTHER_COLUMNS = ("OTHER", "SIZE", "HERE", "WHAT")

_EPILOG = """\
Of a model it shows the bytes to fetch, those of its file at each precision, the memory that transcribing takes at int8,
the languages, and what is here: "yes" what was fetched, and the precisions that were made of it. A star marks what is
recommended for this machine: the largest model with at most 125 million weights for each core that runs at int8 in a
quarter of the memory.
"""


def declare(parser: Parser) -> None:
    """Declare the command."""
    parser.description = "Show all models: what they cost, what is here, and what is recommended for this machine."
    parser.epilog = _EPILOG
    parser.set_defaults(run=_list)


def _list(args: argparse.Namespace, console: Console) -> int:
    from ..advice import recommend
    from ..prepare import dims_of
    from ..store import Store

    store, status = Store(), 0
    try:
        assets = list(store.known().values())
    except StoreError as error:
        console.say(str(error))
        assets, status = list(store.catalogue.values()), 1
    models = [asset for asset in assets if asset.kind == "whisper"]
    advice = recommend([(asset.name, dims) for asset in models if (dims := dims_of(asset)) and not asset.sizes])
    starred = {advice.english, advice.other} if advice else set()
    _show(
        [_MODEL_COLUMNS, *(tuple(_model_row(store, asset, asset.name in starred)) for asset in models)], "<>>>>>>>><<"
    )
    report("")
    others = (asset for asset in assets if asset.kind != "whisper")
    _show([_OTHER_COLUMNS, *(tuple(_other_row(store, asset)) for asset in others)], "<><<")
    for asset in assets:
        if _is_damaged(store, asset):
            console.say(f"{asset.name} is damaged: {mend(store, asset)}")
    also = ", ".join(f"{alias} is {asset.name}" for asset in models for alias in asset.aliases)
    if also:
        console.say(also)
    if advice:
        console.say(str(advice))
    console.say(f"the cache is {store.home}")
    return status


def _show(rows: Sequence[Sequence[str]], sides: str) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True))
        report(on_one_line("  ".join(cells).rstrip()))


def _model_row(store: Store, asset: Asset, is_starred: bool) -> Iterator[str]:
    from ..prepare import dims_of
    from ..store.files import readable_size
    from ..whisper.file.cost import file_bytes, memory_bytes
    from ..whisper.file.roles import PRECISIONS as KNOWN

    dims, here = dims_of(asset), _here(store, asset)
    yield asset.name + (" *" if is_starred else "")
    yield "-" if asset.folder else readable_size(asset.size)
    for precision in sorted(KNOWN, key=PRECISIONS.index):
        if asset.precision:
            yield readable_size(asset.size) if precision == asset.precision else "-"
        else:
            calibrated = asset.is_calibrated
            yield readable_size(file_bytes(dims, precision, is_calibrated=calibrated)) if dims else "?"
    runs_at = [precision for precision in KNOWN if precision == (asset.precision or DEFAULT_PRECISION)]
    yield readable_size(memory_bytes(dims, runs_at[0])) if dims and runs_at else "?"
    yield "?" if dims is None else str(dims.n_languages) if dims.is_multilingual else "English"
    yield asset.license
    yield ", ".join([here] * (here != "-") + _exported(store, asset)) or "-"


def _other_row(store: Store, asset: Asset) -> Iterator[str]:
    from ..store.files import readable_size

    yield asset.name
    yield readable_size(asset.size)
    yield _here(store, asset)
    yield f"{asset.summary}; {asset.license}"


def _here(store: Store, asset: Asset) -> str:
    return "damaged" if store.is_damaged(asset.name) else "yes" if store.is_here(asset.name) else "-"


def _exported(store: Store, asset: Asset) -> list[str]:
    """List the precisions at which a model lies in the cache, those damaged marked."""
    from ..prepare import model_place
    from ..store.sums import is_intact

    if asset.kind != "whisper" or asset.precision:
        return []
    places = {precision: model_place(asset.name, precision, store) for precision in PRECISIONS}
    return [p + ("" if is_intact(path) else _DAMAGED) for p, path in places.items() if path.exists()]


def _is_damaged(store: Store, asset: Asset) -> bool:
    return _here(store, asset) == "damaged" or any(_DAMAGED in one for one in _exported(store, asset))


def mend(store: Store, asset: Asset) -> str:
    """Say what to do about an asset that is damaged."""
    anew = f"add {store.place(asset.name)} again" if asset.folder else "fetch it again"
    return f"`edgewise models remove {asset.name}`, then {anew}"
