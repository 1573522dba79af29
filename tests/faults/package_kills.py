"""Cases about package managers that are killed, and about others that are at work."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.faults.fleets import until
from tests.faults.package_bench import Bench, Case
from tests.faults.package_gates import APP, app, waiting_app

from zc.zkdeployment.host.software import SoftwareInstaller
from zc.zkdeployment.lab.packages import Package
from zc.zkdeployment.model import Software

_WAITING = (waiting_app("1.0"), waiting_app("2.0"))
_OTHER, _THIRD = app("1", name="other"), app("1", name="third")


def cases() -> Iterator[Case]:
    """Yield the cases of kills and of locks."""
    upgrade = (("pre", "2.0"), ("post", "2.0"), ("preun", "1.0"), ("postun", "1.0"))
    for scriptlet, version in upgrade:
        name = f"killed in an upgrade at %{scriptlet} of {version}"
        for then in ("2.0", "1.0"):
            attempt = partial(_killed_upgrade, scriptlet, version, then)
            yield Case(f"{name}, then {then} is wanted", _WAITING, attempt)
    for scriptlet in ("pre", "post"):
        attempt = partial(_killed_install, scriptlet)
        yield Case(f"killed in an installation at %{scriptlet}", _WAITING, attempt)
    for scriptlet in ("preun", "postun"):
        name = f"killed in a removal at %{scriptlet}"
        yield Case(f"{name}, then it is wanted", _WAITING, partial(_killed_removal, scriptlet))
        yield Case(f"{name}, then it is removed", _WAITING, partial(_removed_twice, scriptlet))
    yield Case("killed in a downgrade, then 1.0 is wanted", _WAITING, _killed_downgrade)
    yield Case("killed in its repair", _WAITING, _killed_repair)
    yield Case("duplicates, and another version is wanted", (*_WAITING, app("3.0")), _duplicates)
    yield Case("duplicates that are removed", _WAITING, _duplicates_removed)
    yield Case("removed and removed again", (app("1.0"),), _removed)
    offered = (*_WAITING, app("3.0"), _OTHER, _THIRD)
    for program in ("yum", "rpm"):
        yield Case(f"{program} at work with another package", offered, partial(_busy, program))
        yield Case(
            f"{program} at work for longer than is waited", offered, partial(_too_busy, program)
        )
        for other, wanted in (("an older", "3.0"), ("a newer", "1.0")):
            attempt = partial(_overtaken, program, wanted)
            yield Case(f"{program} installs {other} version meanwhile", offered, attempt)
    yield Case("the lock of a process that is gone", offered, partial(_lock_file, "4194304"))
    yield Case("an empty lock", offered, partial(_lock_file, ""))
    yield Case("the lock of a number that another process has", offered, _foreign_lock)
    yield Case("a lock that is none", offered, _malformed_lock)


def _killed(bench: Bench, scriptlet: str, version: str, wanted: str) -> None:
    """Kill what brings the package to a version where a scriptlet is."""
    gate = bench.gate(scriptlet, version)
    ensuring = bench.ensuring(wanted)
    gate.kill()
    if "killed by signal 9" not in (error := ensuring.result()):
        bench.note(f"it was killed, but said {error!r}")


def _killed_upgrade(scriptlet: str, version: str, then: str, bench: Bench) -> None:
    bench.by_hand("install", "app-1.0")
    _killed(bench, scriptlet, version, "2.0")
    bench.reaches(then, f"0:{then}-1")


def _killed_install(scriptlet: str, bench: Bench) -> None:
    _killed(bench, scriptlet, "2.0", "2.0")
    bench.reaches("2.0", "0:2.0-1")
    _check_done(bench, "post", "2.0")


def _killed_downgrade(bench: Bench) -> None:
    bench.by_hand("install", "app-2.0")
    _killed(bench, "post", "1.0", "1.0")
    bench.reaches("1.0", "0:1.0-1")
    _check_done(bench, "post", "1.0")


def _killed_repair(bench: Bench) -> None:
    bench.by_hand("install", "app-1.0")
    _killed(bench, "post", "2.0", "2.0")
    _killed(bench, "preun", "1.0", "2.0")
    _killed(bench, "post", "2.0", "2.0")
    bench.reaches("2.0", "0:2.0-1")
    _check_done(bench, "post", "2.0")


def _kill_removal(bench: Bench, scriptlet: str) -> None:
    bench.by_hand("install", "app-2.0")
    gate = bench.gate(scriptlet, "2.0")
    removing = bench.removing()
    gate.kill()
    if "killed by signal 9" not in (error := removing.result()):
        bench.note(f"it was killed, but said {error!r}")


def _killed_removal(scriptlet: str, bench: Bench) -> None:
    _kill_removal(bench, scriptlet)
    bench.reaches("2.0", "0:2.0-1")


def _removed_twice(scriptlet: str, bench: Bench) -> None:
    _kill_removal(bench, scriptlet)
    _check_removed(bench)


def _removed(bench: Bench) -> None:
    bench.by_hand("install", APP)
    _check_removed(bench)
    _check_removed(bench)


def _make_duplicates(bench: Bench) -> None:
    bench.by_hand("install", "app-1.0")
    _killed(bench, "postun", "1.0", "2.0")
    if len(found := bench.host.installed()) != 2 and bench.manager == "yum":
        bench.note(f"there are no duplicates: {found}")


def _duplicates(bench: Bench) -> None:
    _make_duplicates(bench)
    bench.reaches("3.0", "0:3.0-1")


def _duplicates_removed(bench: Bench) -> None:
    _make_duplicates(bench)
    _check_removed(bench)


def _check_removed(bench: Bench) -> None:
    if error := bench.remove():
        bench.note(f"it was not removed: {error}")
    if left := bench.host.installed():
        bench.note(f"left was {left}")
    if (bench.root / "opt" / APP).exists():
        bench.note("files were left")


def _check_done(bench: Bench, scriptlet: str, version: str) -> None:
    if not (bench.root / f"done-{scriptlet}-{version}").exists():
        bench.note(f"%{scriptlet} of {version} never came to its end")


def _work(bench: Bench, program: str, package: Package) -> None:
    """Let somebody else start to install a package, which its scriptlet keeps from ending."""
    spec = str(bench.repository.path(package))
    if program == "yum":
        bench.start_by_hand("yum", "install", spec)
    else:
        bench.start_by_hand("rpm", "-U", "--oldpackage", spec)


def _wait_for_agent(bench: Bench, program: str, spec: str) -> None:
    """Wait until the agent's yum has met with the other one."""
    until(lambda: f"-y install {spec}" in bench.calls(), "the agent installs")
    log = bench.root / "var/log/dnf.log"
    said = "Waiting for process with pid" if program == "yum" else "Could not run transaction"
    until(lambda: log.exists() and said in log.read_text(), f"yum says {said!r}")


def _busy(program: str, bench: Bench) -> None:
    """Let somebody else work at another package between two that an agent installs."""
    gate = bench.gate("post", "1.0")

    def install_both(installer: SoftwareInstaller) -> None:
        installer.ensure(Software("third", "1"))
        _work(bench, program, _WAITING[0])
        gate.wait()
        installer.ensure(Software("other", "1"))

    installing = bench.begin(install_both)
    _wait_for_agent(bench, program, "other-1")
    gate.open()
    if error := installing.result():
        bench.note(f"{program} was at work, then it failed: {error}")
    bench.reaches("1", "0:1-1", "other")


def _too_busy(program: str, bench: Bench) -> None:
    bench.patience = 0.5
    bench.timeout = 60.0 if program == "rpm" else 5.0
    gate = bench.gate("post", "1.0")
    _work(bench, program, _WAITING[0])
    process = gate.wait()
    why = f"pid {process} to finish" if program == "yum" else "can't create transaction lock"
    bench.fails("1", why, name="other", again=False)
    gate.open()
    bench.timeout = 60.0
    bench.patience = 60.0
    bench.reaches("1", "0:1-1", "other")


def _overtaken(program: str, wanted: str, bench: Bench) -> None:
    """Let somebody else install another version after the agent's yum has decided what to do."""
    gate = bench.gate("pre", "2.0")

    def install_both(installer: SoftwareInstaller) -> None:
        installer.ensure(Software("other", "1"))
        _work(bench, program, _WAITING[1])
        gate.wait()
        installer.ensure(Software(APP, wanted))

    installing = bench.begin(install_both)
    _wait_for_agent(bench, program, f"app-{wanted}")
    gate.open()
    if error := installing.result():
        bench.note(f"{program} was at work, then it failed: {error}")
    bench.reaches(wanted, f"0:{wanted}-1")


def _write_lock(bench: Bench, content: str) -> None:
    bench.by_hand("install", "other")
    (bench.root / "var/lib/dnf/rpmdb_lock.pid").write_text(content)


def _lock_file(content: str, bench: Bench) -> None:
    _write_lock(bench, content)
    bench.reaches("3.0", "0:3.0-1")


def _foreign_lock(bench: Bench) -> None:
    bench.timeout = 5.0
    _write_lock(bench, "1")
    bench.fails("3.0", "pid 1 to finish", again=False)


def _malformed_lock(bench: Bench) -> None:
    _write_lock(bench, "garbage")
    bench.fails("3.0", "Malformed lock file found: .*rpmdb_lock.pid")
