"""Puts the adapters together for one host."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import zc.zk
from zc.zkdeployment.adapters.accepted import Accepted
from zc.zkdeployment.adapters.apt import apt
from zc.zkdeployment.adapters.commands import Commands
from zc.zkdeployment.adapters.control_groups import delegated
from zc.zkdeployment.adapters.dnf import dnf
from zc.zkdeployment.adapters.git import Git
from zc.zkdeployment.adapters.host_state import HostFiles
from zc.zkdeployment.adapters.locks import NodeLocks
from zc.zkdeployment.adapters.package_manager import PATIENCE
from zc.zkdeployment.adapters.package_managers import package_manager
from zc.zkdeployment.adapters.registry import Registry
from zc.zkdeployment.adapters.reporter import Reporter
from zc.zkdeployment.adapters.revisions import Trust
from zc.zkdeployment.adapters.role_lock import RoleLocks
from zc.zkdeployment.adapters.script_environment import script_home
from zc.zkdeployment.adapters.svn import Subversion
from zc.zkdeployment.adapters.trees import Trees
from zc.zkdeployment.adapters.yum import Yum
from zc.zkdeployment.host import host_ports
from zc.zkdeployment.host.execute import World
from zc.zkdeployment.host.host_ports import Checkouts
from zc.zkdeployment.host.inventory import Inventory
from zc.zkdeployment.host.software import BulkInstaller, SoftwareInstaller
from zc.zkdeployment.host.verifying import Verifier
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.model import Identity
from zc.zkdeployment.settings.config import Settings

_LONGEST_LOOK = 20.0  # seconds; two in a row must not make a watchdog think that nothing goes on


def identity_of(settings: Settings) -> Identity:
    """Return who this host is."""
    return Identity(settings.host_identifier, socket.getfqdn(), settings.role)


def trust_of(settings: Settings, *, remember: bool = True) -> Trust | None:
    """Return what judges published revisions; ``None`` where all are believed.

    ``remember`` says whether what it trusts is remembered. Raises
    :exc:`~zc.zkdeployment.errors.BadConfiguration`.
    """
    if not settings.public_keys:
        return None
    from zc.zkdeployment.adapters.signatures import PublicKeys  # most agents have no keys
    from zc.zkdeployment.adapters.trust import SignedOnly

    keys = PublicKeys.load(map(Path, settings.public_keys))
    return SignedOnly(keys, Accepted(settings.run_directory), remember=remember)


def installer_of(
    settings: Settings, commands: Commands, files: HostFiles, patience: float = PATIENCE
) -> SoftwareInstaller:
    """Return what installs software, by way of the package manager of this host.

    It waits for ``patience`` seconds where another program uses that.
    """
    checkouts: Mapping[str, Checkouts] = {"svn": Subversion(commands), "git": Git(commands)}
    match package_manager(settings.package_manager, settings.root):
        case "dnf":
            return BulkInstaller(
                dnf(commands, files, patience=patience), checkouts, files, commands
            )
        case "apt":
            return BulkInstaller(
                apt(commands, files, patience=patience), checkouts, files, commands
            )
        case _:
            return SoftwareInstaller(
                Yum(commands, files, patience=patience), checkouts, files, commands
            )


def looker_of(settings: Settings) -> SoftwareInstaller:
    """Return what is to look at software only: what it runs is no news, and takes no time."""
    files = HostFiles(settings.root, settings.run_directory)
    environment = _environment(settings)
    commands = Commands(False, environment, timeout=_LONGEST_LOOK, quiet=True)
    return installer_of(settings, commands, files, patience=0.0)


def verifier_of(
    settings: Settings,
    identity: Identity,
    files: host_ports.HostFiles,
    trees: Trees,
    reporter: Reporter,
) -> Verifier:
    """Return what looks now and then whether all is still as it was deployed."""
    return Verifier(
        identity,
        files,
        looker_of(settings),
        trees,
        reporter,
        settings.verify_interval,
        repairs=settings.repairs_drift,
    )


def inventory_of(settings: Settings, files: host_ports.HostFiles, reporter: Reporter) -> Inventory:
    """Return what looks which software there is, for ``reporter``."""
    return Inventory(files, looker_of(settings), reporter)


def world_of(
    settings: Settings,
    identity: Identity,
    zk: zc.zk.ZK,
    registry: Registry,
    wakeup: Wakeup,
    verbose: Callable[[], bool],
    reporter: Reporter | None = None,
) -> World:
    """Return what a deployment on this host acts on; ``reporter`` is to know what it does."""
    reporter = reporter or Reporter()
    files = HostFiles(settings.root, settings.run_directory)
    commands = Commands(
        verbose,
        _environment(settings),
        timeout=settings.timeout,
        groups=delegated(os.environ),
    )
    reporter.reads(commands.printed)
    return World(
        files=files,
        commands=commands,
        software=installer_of(settings, commands, files),
        locks=NodeLocks(zk, identity, wakeup, registry, reporter.waits),
        role_locks=RoleLocks(zk, identity, wakeup, reporter.waits),
    )


def _environment(settings: Settings) -> Mapping[str, str]:
    return {
        "HOME": script_home(os.environ, os.getuid()),
        "TEST_ROOT": settings.root,
        "ZC_ZK_CONNECTION_STRING": settings.connection_string,
    }
