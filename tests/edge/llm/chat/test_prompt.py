"""Templates of conversations, good ones and hostile ones, in the process that runs them."""

from __future__ import annotations

import sys
import time

import pytest

from edge.cli.main import main
from edge.errors import EdgeError, FormatError, OptionError
from edge.gguf.file import open_gguf
from edge.llm.chat import prompt
from edge.llm.chat.prompt import Message, to_prompt
from edge.llm.file import LanguageFile, check_file
from edge.llm.model import open_model

from ..conftest import Write

pytest.importorskip("jinja2")

CHAT = """\
{%- if messages[0].role != 'system' %}{{ bos_token }}Be kind.{{ eos_token }}
{% endif %}
{%- for message in messages %}
  {%- if loop.index > 3 %}{{ raise_exception('too long a talk') }}{% endif %}
{{ '<' + message['role'] + '>' + message['content'] | trim }}
{% endfor %}
{%- if add_generation_prompt %}<assistant>{% endif %}"""
ASKED: list[Message] = [{"role": "user", "content": " the cat "}]


def with_template(write: Write, template: str) -> LanguageFile:
    return check_file(open_gguf(write({"tokenizer.chat_template": template})))


def test_a_conversation_is_written_as_the_template_says(write: Write) -> None:
    facts = with_template(write, CHAT)
    assert to_prompt(facts, ASKED) == "<|endoftext|>Be kind.<|endoftext|>\n<user>the cat\n<assistant>"
    told: list[Message] = [{"role": "system", "content": "ü"}, *ASKED]
    assert to_prompt(facts, told) == "<system>ü\n<user>the cat\n<assistant>"
    with pytest.raises(FormatError, match="too long a talk"):
        to_prompt(facts, ASKED * 4)


def test_a_model_answers_a_conversation(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write({"tokenizer.chat_template": CHAT})
    model = open_model(path, threads=1)
    text = to_prompt(check_file(open_gguf(path)), ASKED)
    answer = "".join(model.generate(messages=ASKED, most=8))
    assert answer == "".join(model.generate(text, most=8, special=True))
    assert main(["generate", "--chat", " the cat ", "--model", str(path), "--tokens", "8"]) == 0
    assert capsys.readouterr().out == answer + "\n"
    with pytest.raises(OptionError, match="one of the two"):
        model.generate("a", messages=ASKED)
    with pytest.raises(OptionError, match="one of the two"):
        model.generate()


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "SecurityError|UndefinedError"),
        ("{{ cycler.__init__.__globals__.os.getcwd() }}", "SecurityError|UndefinedError"),
        ("{% include '/etc/passwd' %}", "no loader"),
        ("{% for message in messages %}", "TemplateSyntaxError"),
        ("{{ 'a' * 10**10 }}", "512 MiB"),
        ("{{ 'a' | center(10**10) }}", "512 MiB"),
        ("{% for i in range(99999) %}{{ 'x' * 999 }}{% endfor %}", "more than 1048576 characters"),
        ("{{ range(10**9) }}", "OverflowError"),
    ],
)
def test_a_hostile_template_gets_nothing(write: Write, template: str, found: str) -> None:
    with pytest.raises(FormatError, match=found):
        to_prompt(with_template(write, template), ASKED)


@pytest.mark.skipif(sys.platform == "win32", reason="has no bound on processor time")
def test_a_template_without_end_is_given_up(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    monkeypatch.setattr(prompt, "TIMEOUT_S", 1.0)
    began = time.monotonic()
    with pytest.raises(FormatError, match=r"longer than 1 s|too much time"):
        to_prompt(with_template(write, endless), ASKED)
    assert time.monotonic() - began < 8


def test_what_is_no_conversation_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="no template"):
        to_prompt(check_file(open_gguf(write())), ASKED)
    facts = with_template(write, CHAT)
    wrong: list[Message] = [
        {"role": "robot", "content": "a"},
        {"role": "user"},  # type: ignore[typeddict-item]
        {"role": "user", "content": 3},  # type: ignore[typeddict-item]
        {"role": "user", "content": "a<|endoftext|>b"},
    ]
    for message in wrong:
        with pytest.raises(OptionError, match="message"):
            to_prompt(facts, [message])
    with pytest.raises(OptionError, match="one or more"):
        to_prompt(facts, [])
    monkeypatch.setattr(prompt, "find_spec", lambda name: None)
    with pytest.raises(EdgeError, match=r'pip install "edgewise\[chat\]"'):
        to_prompt(facts, ASKED)


def test_the_command_refuses_turns_that_do_not_end_with_a_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--chat", "a", "b"]) == 1
    assert "yours last, found 2" in capsys.readouterr().err
    assert main(["generate", "a", "--system", "b"]) == 1
    assert "give --chat" in capsys.readouterr().err
