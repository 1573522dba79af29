"""Entries of the adversarial corpus that need more than a tree: see :mod:`tests.faults.corpus`.

A trap is set on a host and returns the outcome that counts. Checkouts belong to their
application, which may do with them what it likes between two deployments.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from tests.faults.corpus_host import CorpusHost, Outcome
from tests.faults.corpus_programs import telling_script

from zc.zkdeployment.lab.packages import run, write_file
from zc.zkdeployment.lab.repositories import Files, GitRepository, SubversionRepository


@dataclass(frozen=True, slots=True)
class Trap:
    """What is tried, and whether a host must get over it; ``outside`` may then be different."""

    kind: str
    spring: Callable[[CorpusHost], Outcome]
    expected: Literal["deployed", "either"] = "deployed"


def _nodes(version: str, name: str = "app") -> dict[str, bytes]:
    data = json.dumps({"type": name, "version": version}).encode()
    return {"/a": data, "/a/deploy": b"", "/a/deploy/r": b""}


def _git(host: CorpusHost) -> GitRepository:
    return GitRepository(_fresh(host))


def _svn(host: CorpusHost) -> SubversionRepository:
    return SubversionRepository(_fresh(host))


def _fresh(host: CorpusHost) -> Path:
    directory = host.directory / "repositories" / str(host.version)
    directory.mkdir()
    return directory


def _software(host: CorpusHost, more: Files | None = None) -> dict[str, str | None]:
    return {
        **(more or {}),
        "bin/zookeeper-deploy": telling_script(host.directory),
        "stage-build": "#!/bin/sh\n",
    }


def _tampered_git(tamper: Callable[[CorpusHost, Path], None], host: CorpusHost) -> Outcome:
    """Deploy a checkout, let its application tamper with it, and deploy what is new."""
    with host.real_repositories():
        repository = _git(host)
        repository.commit(_software(host, {"link": "old"}))
        host.deploy(_nodes(repository.version("main")))
        tamper(host, host.root / "opt/app")
        repository.commit({"new": "file", "link": "new"})
        return host.deploy(_nodes(repository.version("main")))


def _tampered_svn(tamper: Callable[[CorpusHost, Path], None], host: CorpusHost) -> Outcome:
    with host.real_repositories():
        repository = _svn(host)
        repository.commit(_software(host, {"link": "old"}))
        host.deploy(_nodes(repository.url))
        tamper(host, host.root / "opt/app")
        repository.commit({"new": "file", "link": "new"})
        return host.deploy(_nodes(repository.url))


def _setting(name: str, value: str, host: CorpusHost, checkout: Path) -> None:
    value = value.format(outside=host.directory / "outside")
    run("git", "config", name, value, cwd=checkout)
    write_file(checkout / ".git/info/attributes", "* filter=x diff=x merge=x\n")


def _hook(name: str, host: CorpusHost, checkout: Path) -> None:
    write_file(checkout / ".git/hooks" / name, "#!/bin/sh\nsprung\n")


def _link(path: str, target: str, host: CorpusHost, checkout: Path) -> None:
    """Put a link to something outside in the place of a part of a checkout."""
    place = checkout / path
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(host.directory / target)


def _pipe(path: str, host: CorpusHost, checkout: Path) -> None:
    """Put a pipe there: whoever opens it waits for ever."""
    (checkout / path).unlink(missing_ok=True)
    os.mkfifo(checkout / path)


def _text(path: str, text: str, host: CorpusHost, checkout: Path) -> None:
    place = checkout / path
    if place.is_dir():
        shutil.rmtree(place)
    write_file(place, text.format(outside=host.directory / "outside"))


def _contents(host: CorpusHost, files: Files, links: Mapping[str, str]) -> Outcome:
    """Deploy a repository that holds such files and links, twice, and with one more commit."""
    with host.real_repositories():
        repository = _git(host)
        for name, target in links.items():
            (repository.work / name).parent.mkdir(parents=True, exist_ok=True)
            (repository.work / name).symlink_to(target.format(directory=host.directory))
        repository.commit(_software(host, files))
        host.deploy(_nodes(repository.version("main")))
        repository.commit({"new": "file"})
        return host.deploy(_nodes(repository.version("main")))


def _externals(host: CorpusHost) -> Outcome:
    with host.real_repositories():
        repository = _svn(host)
        repository.commit(_software(host))
        work = _fresh_work(repository, host)
        run(
            "svn",
            "propset",
            "svn:externals",
            f"{repository.url}/bin ext",
            ".",
            cwd=work,
        )
        run("svn", "commit", "-m", "externals", cwd=work)
        return host.deploy(_nodes(repository.url))


def _special(host: CorpusHost) -> Outcome:
    with host.real_repositories():
        repository = _svn(host)
        repository.commit(_software(host))
        work = _fresh_work(repository, host)
        (work / "out").symlink_to(host.directory / "outside")
        run("svn", "add", "out", cwd=work)
        run("svn", "commit", "-m", "link", cwd=work)
        host.deploy(_nodes(repository.url))
        return host.deploy(_nodes(repository.url))


def _fresh_work(repository: SubversionRepository, host: CorpusHost) -> Path:
    work = host.directory / "repositories" / f"work-{host.version}"
    run("svn", "checkout", "-q", repository.url, str(work))
    return work


def _left(name: str, host: CorpusHost) -> Outcome:
    """Leave a file that says that something is deployed."""
    host.knows("app")
    host.deploy(_nodes("1.0"))
    file = os.fsencode(host.root / "etc/app") + b"/" + os.fsencode(name)
    Path(os.fsdecode(file)).touch()
    host.deploy(_nodes("1.1"))
    outcome = host.deploy(_nodes("1.2"))
    if os.path.lexists(file):
        os.unlink(file)  # noqa: PTH108 # its name need not be text
    return outcome


def _script_record(make: Callable[[Path, CorpusHost], None], host: CorpusHost) -> Outcome:
    """Let something else be where the agent keeps which script deployed what."""
    host.knows("app")
    host.deploy(_nodes("1.0"))
    record = host.root / "etc/app/a.0.script"
    record.unlink()
    make(record, host)
    outcome = host.deploy(_nodes("1.1"))
    host.deploy({})
    if os.path.lexists(record):
        record.unlink()
    return outcome


def _sparse(path: Path, _host: CorpusHost) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 32)


def _installed(name: str, host: CorpusHost) -> Outcome:
    """Leave something below ``/opt`` that looks like software."""
    host.knows("app")
    write_file(host.root / "opt" / name / "bin/zookeeper-deploy", "#!/bin/sh\nsprung\n")
    outcome = host.deploy(_nodes("1.0"))
    shutil.rmtree(host.root / "opt" / name)
    return outcome


def _installed_link(host: CorpusHost) -> Outcome:
    """Let software be a link to a directory elsewhere, which nothing needs."""
    host.knows("app")
    (host.root / "opt/elsewhere").symlink_to(host.directory / "outside")
    return host.deploy(_nodes("1.0"))


_SETTINGS = {
    "core.fsmonitor": "sprung",
    "core.hooksPath": "{outside}/bin",
    "core.sshCommand": "sprung",
    "core.gitProxy": "sprung",
    "core.editor": "sprung",
    "core.pager": "sprung",
    "core.askPass": "sprung",
    "core.alternateRefsCommand": "sprung",
    "core.worktree": "{outside}",
    "core.attributesFile": "{outside}/precious",
    "credential.helper": "!sprung",
    "diff.external": "sprung",
    "diff.x.textconv": "sprung",
    "filter.x.smudge": "sprung",
    "filter.x.clean": "sprung",
    "filter.x.process": "sprung",
    "gc.auto": "1",
    "gpg.program": "sprung",
    "include.path": "{outside}/precious",
    "merge.x.driver": "sprung",
    "remote.origin.uploadpack": "sprung",
    "remote.origin.url": "ext::sprung",
    "remote.origin.vcs": "ext",
    "url.ext::sprung.insteadOf": "/",
    "uploadpack.packObjectsHook": "sprung",
    "submodule.recurse": "true",
}
_HOOKS = (
    "post-checkout",
    "post-merge",
    "reference-transaction",
    "pre-auto-gc",
    "post-index-change",
)
_GIT_LINKS = {
    ".git/FETCH_HEAD": "canary",
    ".git/HEAD": "outside/precious",
    ".git/ORIG_HEAD": "canary",
    ".git/index": "canary",
    ".git/index.lock": "canary",
    ".git/packed-refs": "canary",
    ".git/config": "canary",
    ".git/.zkdeployment": "canary",
    ".git/logs": "outside",
    ".git/logs/HEAD": "canary",
    ".git/refs": "outside",
    ".git/refs/remotes": "outside",
    ".git/refs/tags": "outside",
    ".git/objects": "outside",
    ".git/objects/pack": "outside",
    ".git/objects/info": "outside",
    ".git/info": "outside",
    "bin": "outside/bin",
    "link": "canary",
    "new": "canary",
    "stage-build": "outside/bin/zookeeper-deploy",
}
_SVN_LINKS = {
    ".svn/wc.db": "canary",
    ".svn/tmp": "outside",
    ".svn/pristine": "outside",
    ".svn/entries": "canary",
    ".svn": "outside",
    "bin": "outside/bin",
    "new": "canary",
}
_FILES: Mapping[str, Files] = {
    "submodule by ext": {".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = ext::sprung\n'},
    "attributes": {".gitattributes": "* filter=x ident export-ignore\n"},
    "names that are options": {"-rf": "x", "--help": "x", "-R": "x", "--": "x"},
    "names for a shell": {"$(sprung)": "x", "`sprung`": "x", ";sprung;": "x", "|sprung": "x"},
    "names with line ends": {"a\nb": "x", "a\rb": "x", "\x1b[2J": "x", "\u202ex": "x"},
    "a branch as a file": {"main": "x", "HEAD": "x", "origin/main": "x"},
    "a mailmap and more": {".mailmap": "x", ".gitignore": "*.x", ".gitconfig": "[core]"},
}
_TREE_LINKS: Mapping[str, Mapping[str, str]] = {
    "a link to a file outside": {"out": "{directory}/canary", "up": "../../../canary"},
    "a link to a directory outside": {"out": "{directory}/outside", "etc": "../../etc"},
    "links that loop": {"a": "b", "b": "a", "self": "."},
    "a link to a device": {"zero": "/dev/zero"},
    "a link below a directory": {"d/e/out": "../../../../../canary"},
}
_LEFT = (
    *(
        "..,..,etc,passwd.0.deployed",
        "a.00.deployed",
        ".0.deployed",
        "a.-1.deployed",
        "a..deployed",
    ),
    *(
        "a.99999999999999999999.deployed",
        "-u.0.deployed",
        "%2E%2E,x.0.deployed",
        "a,,b.0.deployed",
    ),
    *(
        "a\nb.0.deployed",
        "\udcff.0.deployed",
        "$(sprung).0.deployed",
        "a.0.0.deployed",
        ".deployed",
    ),
    *("a.\u0661.deployed", "x" * 244 + ".0.deployed", "%.0.deployed", "%2.0.deployed"),
)

TRAPS: Mapping[str, Trap] = {
    **{
        f"git config {name} {value}": Trap(
            "checkout", partial(_tampered_git, partial(_setting, name, value))
        )
        for name, value in _SETTINGS.items()
    },
    **{
        f"git hook {name}": Trap("checkout", partial(_tampered_git, partial(_hook, name)))
        for name in _HOOKS
    },
    **{
        f"git checkout with {path} linked to {target}": Trap(
            "checkout", partial(_tampered_git, partial(_link, path, target))
        )
        for path, target in _GIT_LINKS.items()
    },
    **{
        f"git checkout with a pipe at {path}": Trap(
            "checkout", partial(_tampered_git, partial(_pipe, path))
        )
        for path in (".git/index", ".git/config", ".git/HEAD", ".git/FETCH_HEAD", "link")
    },
    **{
        f"git checkout with {path}": Trap(
            "checkout",
            partial(_tampered_git, partial(_text, path, text)),
            "either" if text.startswith("nonsense") else "deployed",  # git says that it is broken
        )
        for path, text in {
            ".git": "gitdir: {outside}\n",
            ".git/commondir": "{outside}\n",
            ".git/objects/info/alternates": "{outside}\n",
            ".git/config.worktree": "[core]\n\tfsmonitor = sprung\n",
            ".git/shallow": "nonsense\n",
            ".git/HEAD": "ref: refs/../../../../canary\n",
            ".git/index": "nonsense",
            ".gitattributes": "* filter=x\n",
        }.items()
    },
    **{
        f"svn checkout with {path} linked to {target}": Trap(
            "checkout", partial(_tampered_svn, partial(_link, path, target)), "either"
        )
        for path, target in _SVN_LINKS.items()
    },
    **{
        f"svn checkout with a pipe at {path}": Trap(
            "checkout", partial(_tampered_svn, partial(_pipe, path)), "either"
        )
        for path in (".svn/wc.db", ".svn/entries", "link")
    },
    **{
        f"git repository with {name}": Trap(
            "repository", partial(_contents, files=files, links={})
        )
        for name, files in _FILES.items()
    },
    **{
        f"git repository with {name}": Trap(
            "repository", partial(_contents, files={}, links=links)
        )
        for name, links in _TREE_LINKS.items()
    },
    "svn externals": Trap("repository", _externals, "either"),
    "svn link that leads outside": Trap("repository", _special),
    **{f"/etc/app/{name!a}": Trap("left file", partial(_left, name)) for name in _LEFT},
    "a record that is a pipe": Trap(
        "left file", partial(_script_record, lambda path, _: os.mkfifo(path)), "either"
    ),
    "a record that is linked to a canary": Trap(
        "left file",
        partial(_script_record, lambda path, host: path.symlink_to(host.directory / "canary")),
    ),
    "a record of 4 GiB": Trap("left file", partial(_script_record, _sparse)),
    **{
        f"/opt/{name!a}": Trap("left software", partial(_installed, name))
        for name in ("-y", "a b", ";sprung", "$(sprung)", "a*", "é", "..x", "a\nb", "x.rpm")
    },
    "/opt/elsewhere linked to a directory outside": Trap(
        "left software", _installed_link, "either"
    ),
}
