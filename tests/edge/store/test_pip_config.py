"""pip's settings, as `pip config list` prints them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from edge.store.pip_config import (
    DEFAULT_INDEX,
    PipSettings,
    parse_config_list,
    read_pip_settings,
    settings_from,
)

LISTING = """\
:env:.timeout='7'
download.timeout='9'
global.cert='/etc/ca.pem'
global.extra-index-url='https://one.example/simple\\nhttps://two.example/simple'
global.index-url='https://user:pass@mirror.example/simple'
global.trusted-host='mirror.example mirror.example:8443'
wheel.find-links='/not/ours'
what is this
global.broken='
"""


def test_reads_a_listing() -> None:
    assert settings_from(parse_config_list(LISTING)) == PipSettings(
        indexes=(
            "https://user:pass@mirror.example/simple",
            "https://one.example/simple",
            "https://two.example/simple",
        ),
        ca_file="/etc/ca.pem",
        trusted_hosts=frozenset({"mirror.example", "mirror.example:8443"}),
        timeout_s=7.0,
    )


def test_an_empty_listing_is_pips_default() -> None:
    assert settings_from({}) == PipSettings(indexes=(DEFAULT_INDEX,))


def test_no_index_leaves_find_links() -> None:
    settings = settings_from({"no-index": "true", "find-links": "/wheels https://example/wheels"})
    assert settings.indexes == ()
    assert settings.find_links == ("/wheels", "https://example/wheels")


@pytest.mark.loopback  # pip binds a port of ::1 to see whether there is IPv6
def test_asks_the_real_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.setenv("PIP_PROXY", "http://proxy.example:3128")
    settings = read_pip_settings()
    assert settings.indexes == ("https://mirror.example/simple",)
    assert settings.proxy == "http://proxy.example:3128"


_TRAP = "open({marker!r}, 'w').close(); print('global.index-url=\\'https://evil.example/simple\\'')"


@pytest.mark.loopback
def test_nothing_in_the_working_folder_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = tmp_path / "ran"
    (tmp_path / "here").mkdir()
    for name in ("pip", "runpy", "locale", "configparser", "sitecustomize", "usercustomize"):
        (tmp_path / "here" / f"{name}.py").write_text(_TRAP.format(marker=str(marker)))
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    for path in ("", ".", f".{os.pathsep}", str(tmp_path / "here")):
        monkeypatch.setenv("PYTHONPATH", path)
        assert read_pip_settings().indexes == ("https://mirror.example/simple",)
        assert not marker.exists()


@pytest.mark.loopback
def test_a_configuration_named_from_the_working_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pip")
    (tmp_path / "my.conf").write_text("[global]\ntimeout = 7\nproxy = http://prøxy.example\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIP_CONFIG_FILE", "my.conf")
    settings = read_pip_settings()
    assert (settings.timeout_s, settings.proxy) == (7.0, "http://prøxy.example")


def test_without_pip_its_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise subprocess.CalledProcessError(1, "pip")

    monkeypatch.setattr("edge.store.pip_config.subprocess.run", fail)
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.setenv("PIP_TIMEOUT", "never")
    assert read_pip_settings() == PipSettings(indexes=("https://mirror.example/simple",))
