"""What dnf and rpm are told, so that dnf 4 and dnf 5 understand it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from zc.zkdeployment.adapters.package_manager import PATIENCE, PackageManager
from zc.zkdeployment.adapters.package_programs import Records, TakesAlong
from zc.zkdeployment.adapters.package_sets import PackageSets
from zc.zkdeployment.errors import CommandFailed
from zc.zkdeployment.host.host_ports import Commands, HostFiles
from zc.zkdeployment.host.package_output import no_answer, says_protected
from zc.zkdeployment.host.package_records import RPM_FORMAT, PackageRecord, parse_rpm
from zc.zkdeployment.model import Software

# A list that is given takes the place of the one that distributions make of these.
_PROTECTED = (
    "dnf",
    "yum",
    "glob:/etc/yum/protected.d/*.conf",
    "glob:/etc/dnf/protected.d/*.conf",
)
_MOST_NAMES = 500  # in one query
_ALONE = "--setopt=clean_requirements_on_remove=False"


class _Dnf:
    def __init__(self, commands: Commands, files: HostFiles, patience: float) -> None:
        self.manager = PackageManager("dnf", commands, files, patience)
        self._rpm = commands
        self._fresh = False

    def begin(self) -> None:
        self._fresh = False

    def query(self, names: Sequence[str]) -> Records:
        found: list[PackageRecord] = []
        for start in range(0, len(names), _MOST_NAMES):
            found += self._ask("-q", "--qf", RPM_FORMAT, "--", *names[start : start + _MOST_NAMES])
        return found

    def everything(self) -> Records:
        return self._ask("-qa", "--qf", RPM_FORMAT)

    def install(self, wanted: Sequence[Software]) -> None:
        specs = self._specs(wanted)
        self._change("install", list(specs.values()))
        clearer = self._specs(wanted)
        if unclear := [spec for name, spec in clearer.items() if spec != specs[name]]:
            self._change("install", unclear)

    def reinstall(self, records: Records) -> None:
        self._change("reinstall", _exactly(records))

    def remove(self, records: Records, keep: Collection[str]) -> None:
        specs = _exactly(records)
        protecting = f"--setopt=protected_packages={','.join((*_PROTECTED, *sorted(keep)))}"
        # With what came along with a package goes what nothing needs, unless that has to stay.
        for alone in ([], [_ALONE]) if keep else ([_ALONE],):
            try:
                self.manager.change(["-y", protecting, *alone, "remove"], specs)
            except CommandFailed as error:
                if not (refused := says_protected(error.output)):
                    raise
            else:
                return
        raise TakesAlong(refused)

    def restore(self, records: Records) -> None:
        self._change("install", _exactly(records), "--setopt=strict=False")

    def _change(self, verb: str, specs: Sequence[str], *options: str) -> None:
        refresh = [] if self._fresh else ["--refresh"]
        self.manager.change(["-y", *refresh, *options, verb], specs)
        self._fresh = True

    def _specs(self, wanted: Sequence[Software]) -> dict[str, str]:
        return {each.name: self.manager.spec(each.name, each.version) for each in wanted}

    def _ask(self, *arguments: str) -> list[PackageRecord]:
        argv = ("rpm", *arguments)
        answer = self._rpm.run(argv, env={"LC_ALL": "C"}, is_query=True)
        if trouble := no_answer(answer):
            raise CommandFailed(argv, trouble, answer)
        return list(parse_rpm(answer))


def dnf(commands: Commands, files: HostFiles, *, patience: float = PATIENCE) -> PackageSets:
    """Return what changes packages by way of ``dnf``.

    It waits for ``patience`` seconds where another program holds the database of packages.
    """
    return PackageSets(_Dnf(commands, files, patience), files)


def _exactly(records: Records) -> list[str]:
    """Return what stands for these packages and no others."""
    return [
        f"{r.name}-{r.package.epoch}:{r.package.version}-{r.package.release}.{r.architecture}"
        for r in records
    ]
