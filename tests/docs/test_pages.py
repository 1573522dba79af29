"""What the documents say about commands and about each other is true."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from docs.command_pages import command_pages, commands_below

from docs import metric_page, schema_page
from zc.zkdeployment.cli import main

_TOP = Path(__file__).parents[2]
_DOCS = _TOP / "docs"
_WRITTEN = sorted([*_DOCS.rglob("*.md"), _TOP / "README.md", _TOP / "CONTRIBUTING.md"])
_MADE = {
    _DOCS / path: text
    for path, text in {
        **command_pages(main),
        metric_page.PATH: metric_page.metric_page(),
        schema_page.PATH: schema_page.schema_page(),
    }.items()
}
_CHANGES = _DOCS / "changes.md"  # the site has CHANGELOG.md there
_PAGES = [*_WRITTEN, *_MADE]
_SHELLS = {"sh", "console", "bash"}

_fence = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_link = re.compile(r"\]\(([^)\s]+)\)")
_inline = re.compile(r"`(zkdeploy\s[^`]*)`")
_heading = re.compile(r"^#+ (.*)$", re.MULTILINE)
_between_commands = re.compile(r"&&|\|\||[;|&\n]|\$\(|\)")


def _text(page: Path) -> str:
    return _MADE.get(page) or page.read_text()


def _name(page: Path) -> str:
    return str(page.relative_to(_TOP))


def _prose(text: str) -> str:
    return _fence.sub("", text)


def _command_lines(text: str) -> Iterator[str]:
    """Yield command lines: of blocks for a shell, indented ones, and what prose quotes."""
    for language, block in _fence.findall(text):
        if language in _SHELLS:
            typed = re.findall(r"^\$ (.*)$", block, re.MULTILINE)
            yield from typed if language == "console" else [block.replace("\\\n", " ")]
    prose = _prose(text)
    yield from re.findall(r"^ {4,}(zkdeploy .*)$", prose, re.MULTILINE)
    yield from (" ".join(each.split()) for each in _inline.findall(prose))


def _arguments(line: str) -> Iterator[list[str]]:
    """Yield the arguments of each call of ``zkdeploy`` in a command line."""
    for part in _between_commands.split(line):
        # What is not a whole word where the line was cut is of no interest here.
        words = shlex.split(re.sub(r"[#<>].*", "", part).replace("'", '"').replace('"', " "))
        while words and re.fullmatch(r"\w+=\S*|[({\\]|exec", words[0]):
            words.pop(0)
        if words and words[0].rpartition("/")[2] == "zkdeploy":
            yield words[1:]


def _complaint(arguments: list[str]) -> str | None:
    """Return what is wrong with the arguments of a call, as far as that can be told."""
    command: click.Command = main
    name = "zkdeploy"
    words = list(arguments)
    while isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        while words and words[0] in {"--debug", "--version", "--help", "-h"}:
            words.pop(0)
        default = "list" if name == "zkdeploy locks" else ""
        word = words.pop(0) if words and not words[0].startswith("-") else default
        if not word or word in {"…", "...", "COMMAND"}:
            return None
        below = command.get_command(context, word)
        if below is None:
            return f"there is no command {name} {word}"
        command, name = below, f"{name} {word}"
    try:
        command.make_parser(click.Context(command, info_name=name)).parse_args(words)
    except click.NoSuchOption as error:
        return f"{name}: {error.format_message()}"
    except click.BadOptionUsage:
        return None  # prose names an option without its value
    return None


def _slug(heading: str) -> str:
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


@pytest.mark.parametrize("page", _PAGES, ids=_name)
def test_commands_can_be_typed_as_they_are_shown(page: Path) -> None:
    """A reader copies a command; an option that was renamed must not stay in a page."""
    wrong = [
        f"{line}: {complaint}"
        for line in _command_lines(_text(page))
        for arguments in _arguments(line)
        if (complaint := _complaint(arguments))
    ]
    assert not wrong


def test_a_command_that_does_not_exist_is_noticed() -> None:
    assert _complaint(["sing"]) == "there is no command zkdeploy sing"
    assert _complaint(["sync", "--sing"])
    assert _complaint(["tree", "set", "--create", "/x"]) is None
    lines = "```sh\nA=1 zkdeploy a | zkdeploy b --c\n```\n`zkdeploy\nd`\n\n    zkdeploy e\n"
    found = [words for line in _command_lines(lines) for words in _arguments(line)]
    assert found == [["a"], ["b", "--c"], ["e"], ["d"]]


@pytest.mark.parametrize("page", _PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in _link.findall(_prose(_text(page))):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        file = (page.parent / path).resolve() if path else page
        exists = file in _MADE or file.exists() or file == _CHANGES
        if not exists or (anchor and anchor not in map(_slug, _heading.findall(_text(file)))):
            dead.append(target)
    assert not dead


def test_each_command_has_a_page_or_a_section_with_its_options() -> None:
    text = "\n".join(_MADE.values())
    for name, command in commands_below(main, "zkdeploy"):
        assert re.search(f"^#+ {name}$", text, re.MULTILINE), name
        for option in (each for each in command.params if isinstance(each, click.Option)):
            assert f"`{option.opts[0]}" in text or f", {option.opts[0]}" in text, (name, option)


def test_every_page_is_in_the_navigation() -> None:
    """mkdocs says so too, but only when the site is built."""
    navigation = (_TOP / "mkdocs.yml").read_text()
    for page in _PAGES:
        if page.is_relative_to(_DOCS):
            path = page.relative_to(_DOCS)
            assert str(path) in navigation or f"{path.parent}/\n" in navigation, path
