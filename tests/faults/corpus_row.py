"""The row of the adversarial corpus: see :mod:`tests.faults.corpus`."""

from __future__ import annotations

import contextlib
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.faults.corpus import ENTRIES, HOST_IDENTIFIERS, Entry
from tests.faults.corpus_host import CorpusHost, Outcome, corpus_host
from tests.faults.corpus_traps import TRAPS
from tests.faults.rows import Row, Setting

from zc.zk.codec import decode
from zc.zkdeployment import names
from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.lab.zookeeper import Server
from zc.zkdeployment.settings.config import settings_from_files

_SHORT = 12
_LONGEST_ERROR = 1500  # characters

# The types of errors that say what is wrong; others are defects.
_REFUSED = "ValueError"
_FAILED = ("RuntimeError", "SystemError")

# All that an agent itself puts on command lines; what else starts with a dash is not its own.
_OPTIONS = {
    "yum": {"-q", "-y"},
    "svn": set[str](),
    "git": {"--force", "--prune", "--format=%(refname)", "--detach"},
}


def adversarial_corpus(setting: Setting) -> Row:
    """Put hostile values everywhere: a host stays in its place, or says what is wrong."""
    entries = list(ENTRIES)
    if setting.short:
        entries = random.Random(setting.seed).sample(entries, _SHORT)
    violations: list[str] = []
    stdout = sys.stdout
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),  # agents print there what failing programs print
        Server.start(setting.directory / "zookeeper") as server,
        corpus_host(setting.directory / "surroundings", server.connection_string) as host,
    ):
        for number, entry in enumerate(entries, 1):
            violations += (f"{entry}: {what}" for what in _try(host, entry))
            if number % 100 == 0:
                with contextlib.redirect_stdout(stdout):
                    setting.say(f"{number} of {len(entries)} entries")
    violations += _identifiers(setting.directory / "identifiers")
    kinds = Counter(entry.kind for entry in entries)
    kinds["host identifier"] = len(HOST_IDENTIFIERS)
    note = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return Row("hostile values", kinds.total(), "entries", tuple(violations), note)


def _try(host: CorpusHost, entry: Entry) -> Iterator[str]:
    """Try an entry; yield what must not be."""
    host.knows(*_software(entry))
    try:
        outcome = TRAPS[entry.trap].spring(host) if entry.trap else host.deploy(entry.nodes)
    except AssertionError as error:
        yield str(error)
        host.start_again()
        return
    yield from _judge(entry, outcome)
    calls = host.calls()
    if entry.expected in ("refused", "nothing") and (made := _changing(calls)):
        yield f"something was done: {made[0]!r:.300}"
    for call in calls:
        if bad := _misled(call):
            yield f"{call!r:.300}: {bad}"
    if outcome.error is not None and (shown := host.shown_error()) is None:
        yield f"the host's node shows {shown!r}, not that it failed"
    mark = host.directory / "mark"
    if mark.exists():
        mark.unlink()
        yield "a program was run that a value names"
    yield from host.changes()


def _software(entry: Entry) -> set[str]:
    words = {"app"}
    for data in entry.nodes.values():
        found = decode(data).get("type")
        words |= set(found.split()[:1]) if isinstance(found, str) else set()
    return {word for word in words if names.is_software(word)}


def _judge(entry: Entry, outcome: Outcome) -> Iterator[str]:
    error, kind = outcome.error, outcome.kind
    done = error is None
    if entry.expected in ("deployed", "nothing") and not done:
        yield f"it failed: {kind}: {error!s:.500}"
    elif entry.expected in ("refused", "unreachable") and done:
        yield "it was deployed"
    elif not done:
        if kind not in (_REFUSED, *_FAILED):
            yield f"it failed in an odd way: {kind}: {error!s:.500}"
        if entry.expected == "refused" and kind != _REFUSED:
            yield f"it was tried first: {kind}: {error!s:.500}"
        if len(str(error)) > _LONGEST_ERROR:
            yield f"an error of {len(str(error))} characters: {error!s:.200}"
        if not str(error).isprintable() and kind == _REFUSED:
            yield f"an error that disturbs a terminal: {error!r:.500}"
        top = next(iter(sorted(entry.nodes, key=len)), "")
        if entry.expected == "refused" and top[:200] not in str(error):
            yield f"an error that does not name the node: {error!s:.500}"


def _changing(calls: list[list[str]]) -> list[list[str]]:
    """Return the calls that do more than to remove what earlier entries left."""
    return [call for call in calls if _changes(call)]


def _changes(call: list[str]) -> bool:
    match call:
        case ["yum", "-y", verb, *_]:
            return verb in ("install", "downgrade", "reinstall")
        case ["yum", *_] | [("git" | "svn"), "info", *_]:
            return False
        case [("git" | "svn"), *_]:
            return True
        case [_, "-u", *_]:
            return False
    return True


def _misled(call: list[str]) -> str | None:
    """Return what a program could misunderstand of what it was called with."""
    program = Path(call[0]).name
    if program in ("zookeeper-deploy", "starting-deployments", "ending-deployments"):
        return _misled_script(call[1:])
    if program not in _OPTIONS:
        return "it is a program that nobody expects"
    for argument in call[1:]:
        if argument == "--":
            break
        if argument.startswith("-") and argument not in _OPTIONS[program]:
            return f"{argument!r:.100} is an option"
        if program == "yum" and (set(argument) & set("*?[]{}<>=@/ ") or not argument.isascii()):
            return f"{argument!r:.100} is no name of a package"
        if "ext::" in argument:
            return f"{argument!r:.100} runs a program"
    return None


def _misled_script(arguments: list[str]) -> str | None:
    rest = arguments[1:] if arguments[:1] == ["-u"] else arguments
    if rest[:1] == ["-r"]:
        if rest[1].startswith("-"):
            return f"{rest[1]!r:.100} is an option"
        rest = rest[2:]
    if not rest or not rest[0].startswith("/"):
        return f"{rest!r:.200} is no path and number"
    return None


def _identifiers(directory: Path) -> Iterator[str]:
    """Yield the identifiers that a host may have, and should not."""
    (directory / "etc/zmh").mkdir(parents=True)
    for value in HOST_IDENTIFIERS:
        data = value.encode(errors="surrogatepass")
        (directory / "etc/zmh/pxemac").write_bytes(data)
        try:
            settings = settings_from_files({"TEST_ROOT": str(directory)})
        except BadConfiguration:
            continue
        yield f"host identifier: {value!r:.200} is taken for {settings.host_identifier!r:.200}"
