"""Byte-level BPE tokenizers: `tokenizer.json` and its companions, to and from what GGUF files say of them.

GGUF does not hold how text is cut before the merges, but a name of it (`tokenizer.ggml.pre`) that llama.cpp knows.
Only ways of cutting that are known by both are taken; guessing would give other tokens than those of the training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.errors import FormatError, UnsupportedModelError

from ..tools.files import read_json_object, read_limited

NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5
"""Numbers of GGUF for what a token is."""

ROLES = ("bos", "eos", "unk", "pad")

MAX_TOKENIZER_BYTES = 64 << 20
MAX_TEMPLATE_BYTES = 1 << 20

_LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def _bytes(use_regex: bool) -> dict[str, Any]:
    return {"type": "ByteLevel", "add_prefix_space": False, "use_regex": use_regex}


_CUTS: Mapping[str, tuple[dict[str, Any], ...]] = {
    "gpt-2": (_bytes(True),),
    "smollm": ({"type": "Digits", "individual_digits": True}, _bytes(True)),
    "llama-bpe": (
        {"type": "Split", "pattern": {"Regex": _LLAMA_3}, "behavior": "Isolated", "invert": False},
        _bytes(False),
    ),
}
"""Names of llama.cpp for ways of cutting, and the tokenizers library's stages that cut the same."""

CUTS = tuple(_CUTS)

_IGNORES_MERGES = ("llama-bpe",)
"""Ways of cutting where a piece that is a token stays whole, even if no merges lead to it, as llama.cpp has it."""


@dataclass(frozen=True, slots=True)
class TextTokenizer:
    """Byte-level BPE tokenizer, every byte written as the character that GPT-2 gave it."""

    tokens: tuple[str, ...]
    """Tokens by id; ids that the vocabulary leaves out are called [PAD<id>]."""
    types: tuple[int, ...]
    """Kind of each token: NORMAL, CONTROL, USER_DEFINED or UNUSED."""
    merges: tuple[str, ...]
    """Pairs of tokens with a space between, the first to be merged first."""
    cut: str
    """Way of cutting text before the merges, as llama.cpp calls it: one of `CUTS`."""
    special: Mapping[str, int]
    """Ids by role ("bos", "eos", "unk", "pad"); a role that no token has is left out."""
    adds_bos: bool
    """True where text begins with the bos token."""
    chat_template: str | None
    """Template of a chat in Jinja, as Hugging Face's `apply_chat_template` takes it."""


def check_tokenizer(path: Path, tokenizer: TextTokenizer) -> None:
    """Refuse what the tokenizers library or llama.cpp would refuse later, or worse, would not.

    Raises:
        FormatError: a token stands twice, a merge makes no token, or a special token does not exist.
    """
    ids = {token: at for at, token in enumerate(tokenizer.tokens)}
    if len(ids) != len(tokenizer.tokens):
        first = next(token for at, token in enumerate(tokenizer.tokens) if ids[token] != at)
        raise FormatError(f"{path}: the token {first[:40]!r} stands twice in the vocabulary")
    for merge in tokenizer.merges:
        left, space, right = merge.partition(" ")
        if not space or not {left, right, left + right} <= ids.keys():
            raise FormatError(f"{path}: the merge {merge[:80]!r} does not join two tokens into a third")
    for role, token_id in tokenizer.special.items():
        if not 0 <= token_id < len(tokenizer.tokens):
            raise FormatError(f"{path}: {role} is token {token_id}; there are {len(tokenizer.tokens)}")


def read_tokenizer(folder: Path, n_vocab: int, config: Mapping[str, Any]) -> TextTokenizer:
    """Read the tokenizer of a Hugging Face folder, filled up to the `n_vocab` tokens of its model.

    `config` is the model's, which names special tokens where the tokenizer's own does not.

    Raises:
        FormatError: a file is damaged, or the tokens are more than the model's.
        UnsupportedModelError: the tokenizer is of another kind, or cuts text in a way that llama.cpp has no name for.
    """
    path = folder / "tokenizer.json"
    content = read_json_object(path, MAX_TOKENIZER_BYTES)
    said_path = folder / "tokenizer_config.json"
    said = read_json_object(said_path, MAX_TOKENIZER_BYTES) if said_path.is_file() else {}
    model = content.get("model")
    if not isinstance(model, dict) or not isinstance(model.get("vocab"), dict):
        raise FormatError(f"{path}: no model.vocab; expected a tokenizer of the tokenizers library")
    if model.get("type", "BPE") != "BPE" or model.get("byte_fallback") or content.get("normalizer"):
        raise UnsupportedModelError(f"{path}: only byte-level BPE is supported; this is another kind of tokenizer")
    tokens, types = _tokens(path, n_vocab, model["vocab"], content.get("added_tokens"))
    special = _special(said, config, tokens)
    tokenizer = TextTokenizer(
        tokens=tokens,
        types=types,
        merges=_merges(path, model.get("merges")),
        cut=_cut(path, content.get("pre_tokenizer"), bool(model.get("ignore_merges"))),
        special=special,
        adds_bos=_adds_bos(path, content.get("post_processor"), said, tokens, special),
        chat_template=_chat_template(folder, said),
    )
    check_tokenizer(path, tokenizer)
    return tokenizer


def tokenizer_json(tokenizer: TextTokenizer) -> dict[str, Any]:
    """Make `tokenizer.json`, as the tokenizers library reads it."""
    stages = [
        stage | ({"trim_offsets": True} if stage["type"] == "ByteLevel" else {}) for stage in _CUTS[tokenizer.cut]
    ]
    known = [at for at, token in enumerate(tokenizer.tokens) if not _is_filling(tokenizer, at, token)]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": at,
                "content": tokenizer.tokens[at],
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": tokenizer.types[at] == CONTROL,
            }
            for at in known
            if tokenizer.types[at] in (CONTROL, USER_DEFINED)
        ],
        "normalizer": None,
        "pre_tokenizer": stages[0] if len(stages) == 1 else {"type": "Sequence", "pretokenizers": stages},
        "post_processor": _post_processor(tokenizer),
        "decoder": _bytes(True) | {"add_prefix_space": True, "trim_offsets": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": tokenizer.cut in _IGNORES_MERGES,
            "vocab": {tokenizer.tokens[at]: at for at in known},
            "merges": list(tokenizer.merges),
        },
    }


def tokenizer_config(tokenizer: TextTokenizer, n_ctx: int) -> dict[str, Any]:
    """Make `tokenizer_config.json`, as transformers reads it."""
    config: dict[str, Any] = {
        # The general class goes by tokenizer.json alone; GPT2Tokenizer would cut by its own rule.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_prefix_space": False,
        "add_bos_token": tokenizer.adds_bos,
        "clean_up_tokenization_spaces": False,
        "model_max_length": n_ctx,
    }
    config |= {f"{role}_token": tokenizer.tokens[at] for role, at in tokenizer.special.items()}
    return config if tokenizer.chat_template is None else config | {"chat_template": tokenizer.chat_template}


def _tokens(
    path: Path, n_vocab: int, vocabulary: Mapping[str, Any], added: Any
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    added = added or []
    if not isinstance(added, list) or not all(isinstance(entry, dict) for entry in added):
        raise FormatError(f"{path}: added_tokens is no list of objects")
    tokens = [f"[PAD{at}]" for at in range(n_vocab)]
    types = [UNUSED] * n_vocab

    def put(token: Any, token_id: Any, kind: int) -> None:
        if not isinstance(token, str) or type(token_id) is not int or not 0 <= token_id < n_vocab:
            raise FormatError(f"{path}: token {str(token)[:40]!r} has id {token_id}; the model has {n_vocab} tokens")
        if types[token_id] != UNUSED and tokens[token_id] != token:
            raise FormatError(f"{path}: {tokens[token_id][:40]!r} and {token[:40]!r} both have id {token_id}")
        tokens[token_id], types[token_id] = token, kind

    for token, token_id in vocabulary.items():
        put(token, token_id, NORMAL)
    for entry in added:
        put(entry.get("content"), entry.get("id"), CONTROL if entry.get("special") else USER_DEFINED)
    return tuple(tokens), tuple(types)


def _merges(path: Path, merges: Any) -> tuple[str, ...]:
    """Read merges as "a b"; newer files hold them as pairs."""
    joined = [" ".join(merge) if _is_pair(merge) else merge for merge in merges or []]
    if not joined or not all(isinstance(merge, str) for merge in joined):
        raise FormatError(f"{path}: model.merges: expected pairs of tokens")
    return tuple(joined)


def _is_pair(merge: Any) -> bool:
    return isinstance(merge, list) and len(merge) == 2 and all(isinstance(token, str) for token in merge)


def _cut(path: Path, stage: Any, ignores_merges: bool) -> str:
    stages = stage.get("pretokenizers") if isinstance(stage, dict) and stage.get("type") == "Sequence" else [stage]
    found = tuple(_essence(stage) for stage in stages) if isinstance(stages, list) else ()
    for name, known in _CUTS.items():
        if found == known and ignores_merges == (name in _IGNORES_MERGES):
            return name
    raise UnsupportedModelError(
        f"{path}: text is cut into pieces in a way that is not known here; known are llama.cpp's {', '.join(_CUTS)}"
    )


def _essence(stage: Any) -> Any:
    """Strip a stage of what does not change the tokens."""
    if not isinstance(stage, dict):
        return stage
    defaults = {"use_regex": True} if stage.get("type") == "ByteLevel" else {}
    return {key: value for key, value in (defaults | stage).items() if key != "trim_offsets"}


def _special(said: Mapping[str, Any], config: Mapping[str, Any], tokens: tuple[str, ...]) -> dict[str, int]:
    special = {}
    for role in ROLES:
        token = said.get(f"{role}_token")
        token = token.get("content") if isinstance(token, dict) else token
        token_id = tokens.index(token) if token in tokens else config.get(f"{role}_token_id")
        if type(token_id) is int:
            special[role] = token_id
    return special


def _adds_bos(
    path: Path, processor: Any, said: Mapping[str, Any], tokens: tuple[str, ...], special: Mapping[str, int]
) -> bool:
    """Whether the post-processor, or where there is none the configuration, puts the bos token first."""
    stages = processor.get("processors", [processor]) if isinstance(processor, dict) else []
    templates = [stage for stage in stages if isinstance(stage, dict) and stage.get("type") != "ByteLevel"]
    if not templates:
        return said.get("add_bos_token") is True
    if "bos" in special and [template.get("single") for template in templates] == [_bos_first(tokens[special["bos"]])]:
        return True
    raise UnsupportedModelError(f"{path}: the post-processor does more than put the bos token first")


def _bos_first(bos: str) -> list[dict[str, Any]]:
    return [{"SpecialToken": {"id": bos, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]


def _post_processor(tokenizer: TextTokenizer) -> dict[str, Any] | None:
    if not tokenizer.adds_bos or "bos" not in tokenizer.special:
        return None
    bos_id = tokenizer.special["bos"]
    bos = tokenizer.tokens[bos_id]
    second = [{"SpecialToken": {"id": bos, "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}]
    return {
        "type": "TemplateProcessing",
        "single": _bos_first(bos),
        "pair": [*_bos_first(bos), *second],
        "special_tokens": {bos: {"id": bos, "ids": [bos_id], "tokens": [bos]}},
    }


def _chat_template(folder: Path, said: Mapping[str, Any]) -> str | None:
    path = folder / "chat_template.jinja"
    if path.is_file():
        return read_limited(path, MAX_TEMPLATE_BYTES).decode(errors="replace")
    template = said.get("chat_template")
    if isinstance(template, list):  # several by name
        named = {entry.get("name"): entry.get("template") for entry in template if isinstance(entry, dict)}
        template = named.get("default")
    return template if isinstance(template, str) else None


def _is_filling(tokenizer: TextTokenizer, at: int, token: str) -> bool:
    return tokenizer.types[at] == UNUSED and token == f"[PAD{at}]"
