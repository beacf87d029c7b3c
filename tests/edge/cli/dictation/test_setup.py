"""`edgewise dictate setup`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.cli.dictation.speed import fitting
from edge.dictate.options import DictateOptions
from edge.dictate.settings import DictateSettings, read_settings

from ..conftest import Run

USUAL = DictateSettings(DictateOptions(sounds=True))


def test_without_a_question_all_is_as_usual(run: Run, folders: Path) -> None:
    outcome = run("dictate", "setup", "--yes")
    path = folders / "config" / "edgewise" / "dictate.toml"
    assert outcome.status == 0
    assert f"wrote {path}\n" in outcome.out
    assert read_settings(path) == USUAL
    assert f"wrote {path}; the one before is {path}.old\n" in run("dictate", "setup", "--yes").out


def test_a_file_may_be_named(run: Run, tmp_path: Path) -> None:
    run("dictate", "setup", "--yes", "--settings", tmp_path / "mine.toml")
    assert read_settings(tmp_path / "mine.toml") == USUAL
    missing = run("dictate", "history", "--settings", tmp_path / "other.toml")
    assert missing.message.endswith("other.toml: there is no such settings file; `edgewise dictate setup` writes one")


@pytest.mark.parametrize(
    ("how", "name", "line"),
    [
        ("systemd", "systemd/user/edgewise-dictate.service", "ExecStart={python} -m edge.cli dictate"),
        ("autostart", "autostart/edgewise-dictate.desktop", "Exec={python} -m edge.cli dictate"),
    ],
)
def test_it_begins_with_the_session_on_request(how: str, name: str, line: str, run: Run, folders: Path) -> None:
    run("dictate", "setup", "--yes", "--at-login", how)
    assert line.format(python=sys.executable) in (folders / "config" / name).read_text().splitlines()


def test_the_unit_is_one(run: Run, folders: Path) -> None:
    run("dictate", "setup", "--yes", "--at-login", "systemd")
    unit = folders / "config" / "systemd" / "user" / "edgewise-dictate.service"
    try:
        done = subprocess.run(["systemd-analyze", "verify", "--user", str(unit)], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("systemd-analyze is not installed")
    assert "edgewise-dictate" not in done.stderr


def test_a_user_answers_on_a_terminal(folders: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("needs terminals")
    import pty

    master, slave = pty.openpty()
    command = [sys.executable, "-P", "-m", "edge.cli", "dictate", "setup"]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        said = ""
        for prompt, answer in [
            ("key to hold while you speak [F9]: ", "hyper+q"),
            ("expected a key such as", ""),
            ("key to hold while you speak [F9]: ", "right ctrl"),
            ("(none does without) [none]: ", "right ctrl"),
            ("undo_key is right ctrl, which key is as well", ""),
            ("(none does without) [none]: ", "shift+F9"),
            ("[tiny.en]: ", "base"),
            ("[detect]: ", "German"),
            ("tone when it listens and when it stops (yes or no) [yes]: ", "no"),
            ("(yes or no) [no]: ", "yes"),
            ("(yes or no) [yes]: ", "no"),
            ("edgewise dictate doctor", ""),
        ]:
            while prompt not in said:
                said += os.read(master, 1000).decode()
                if said.endswith("microphone, by its number or name [default]: "):
                    os.write(master, b"\n")
            said = said.partition(prompt)[2]
            if answer:
                os.write(master, f"{answer}\n".encode())
        assert process.wait(30) == 0
    os.close(master)
    found = read_settings(folders / "config" / "edgewise" / "dictate.toml")
    assert (found.dictate.key, found.dictate.model, found.dictate.language) == ("right ctrl", "base", "German")
    assert found.dictate.undo_key == "shift+F9"
    assert found.written.commands
    assert not found.dictate.sounds


def test_what_was_answered_before_is_the_answer_that_is_there(run: Run, folders: Path) -> None:
    run("dictate", "setup", "--yes")
    path = folders / "config" / "edgewise" / "dictate.toml"
    path.write_text('[keys]\nkey = "F8"\n[microphone]\ndevice = "desk"\n[written.snippets]\n"hi" = "hello"\n')
    run("dictate", "setup", "--yes")
    found = read_settings(path)
    assert (found.dictate.key, found.dictate.device, found.dictate.sounds) == ("F8", "desk", False)
    assert found.written.snippets == {"hi": "hello"}


@pytest.mark.parametrize(("seconds", "name"), [(0.01, "small.en"), (0.05, "base.en"), (0.2, "tiny.en"), (3, "tiny.en")])
def test_the_model_fits_the_machine(seconds: float, name: str) -> None:
    assert fitting(seconds) == name
