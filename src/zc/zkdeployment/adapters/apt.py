"""What apt and dpkg are told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from zc.zkdeployment.adapters.package_manager import PATIENCE, PackageManager
from zc.zkdeployment.adapters.package_programs import Records, TakesAlong
from zc.zkdeployment.adapters.package_sets import PackageSets
from zc.zkdeployment.errors import CommandFailed, InstallFailed
from zc.zkdeployment.host.host_ports import Commands, HostFiles
from zc.zkdeployment.host.package_output import no_answer, says_interrupted
from zc.zkdeployment.host.package_records import (
    DPKG_FORMAT,
    debian_version,
    parse_dpkg,
    parse_madison,
    parse_simulated_removal,
)
from zc.zkdeployment.model import Software
from zc.zkdeployment.tree.packages import satisfies

_ALWAYS = ("-q", "-y", "-o", "Dpkg::Options::=--force-confold")
# Who is in the way is told, not removed.
_INSTALL = (*_ALWAYS, "--allow-downgrades", "--no-remove")
_ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive"}


class _Apt:
    def __init__(self, commands: Commands, files: HostFiles, patience: float) -> None:
        self.manager = PackageManager("apt-get", commands, files, patience, _ENVIRONMENT)
        self._commands = commands
        self._fresh = False

    def begin(self) -> None:
        self._fresh = False

    def query(self, names: Sequence[str]) -> Records:
        return list(parse_dpkg(self._ask("dpkg-query", "-W", "-f", DPKG_FORMAT, "--", *names)))

    def everything(self) -> Records:
        return list(parse_dpkg(self._ask("dpkg-query", "-W", "-f", DPKG_FORMAT)))

    def install(self, wanted: Sequence[Software]) -> None:
        self._refresh()
        offered = self._offered([each.name for each in wanted])
        specs = [_spec(each, offered.get(each.name, [])) for each in wanted]
        self._change([*_INSTALL, "install"], specs)

    def reinstall(self, records: Records) -> None:
        self._refresh()
        self._change([*_INSTALL, "--reinstall", "install"], _exactly(records))

    def remove(self, records: Records, keep: Collection[str]) -> None:
        names = sorted({record.name for record in records})
        if keep:
            simulated = self._commands.run(
                ("apt-get", "-q", "-s", "remove", *names), env={"LC_ALL": "C"}, is_query=True
            )
            if along := sorted(parse_simulated_removal(simulated) & set(keep)):
                raise TakesAlong(f"{', '.join(along)} would go along")
        self._change([*_ALWAYS, "remove"], names)

    def restore(self, records: Records) -> None:
        self._refresh()
        offered = self._offered([record.name for record in records])
        there = [r for r in records if r.package.full_version in offered.get(r.name, [])]
        if there:
            self._change([*_INSTALL, "install"], _exactly(there))

    def _refresh(self) -> None:
        if not self._fresh:
            self.manager.run("-q", "update")
            self._fresh = True

    def _change(self, arguments: Sequence[str], specs: Sequence[str]) -> None:
        _after_an_interruption(
            lambda: self.manager.change(arguments, specs),
            lambda: self._commands.run(
                ("dpkg", "--configure", "-a", "--force-confold"),
                env={"LC_ALL": "C", **_ENVIRONMENT},
                is_query=True,
            ),
        )

    def _offered(self, names: Sequence[str]) -> dict[str, list[str]]:
        """Return the versions that there are of packages, the highest first."""
        return parse_madison(self._ask("apt-cache", "madison", "--", *names))

    def _ask(self, *argv: str) -> str:
        answer = self._commands.run(argv, env={"LC_ALL": "C"}, is_query=True)
        if trouble := no_answer(answer):
            raise CommandFailed(argv, trouble, answer)
        return answer


def apt(commands: Commands, files: HostFiles, *, patience: float = PATIENCE) -> PackageSets:
    """Return what changes packages by way of ``apt-get``.

    It waits for ``patience`` seconds where another program holds the database of packages.
    """
    return PackageSets(_Apt(commands, files, patience), files)


def _spec(wanted: Software, offered: Sequence[str]) -> str:
    """Return what stands for a version, with its revision if there is a package of it."""
    name, version = wanted.name, wanted.version
    spec = name
    if version is not None:
        fitting = (full for full in offered if satisfies(version, debian_version(full)))
        spec = f"{name}={next(fitting, version)}"
    if spec.endswith("-"):
        raise InstallFailed(f"{spec}: what ends with a dash apt would remove")
    return spec


def _exactly(records: Records) -> list[str]:
    return [f"{record.name}={record.package.full_version}" for record in records]


def _after_an_interruption(change: Callable[[], object], configure: Callable[[], object]) -> None:
    """Change packages, once more if dpkg was killed before and has to finish that first."""
    try:
        change()
    except CommandFailed as error:
        if not says_interrupted(error.output):
            raise
        configure()
        change()
