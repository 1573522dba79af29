"""How this host is: looked at from outside the agent, which may be running or not."""

from __future__ import annotations

import contextlib
import time
from functools import partial

from kazoo.exceptions import KazooException

import zc.zk
from zc.zkdeployment.adapters import status_file
from zc.zkdeployment.adapters.hosts_node import HOSTS
from zc.zkdeployment.connection import connect
from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.settings.config import Settings
from zc.zkdeployment.views.health import (
    Health,
    Limits,
    Observed,
    Registered,
    State,
    StatusFile,
    diagnose,
)

#: Seconds. Shorter than an agent's: monitoring systems do not wait for long.
_SESSION_TIMEOUT = 5.0


def check(settings: Settings, limits: Limits) -> Health:
    """Look at the status file and ZooKeeper; nothing is written.

    What keeps them from being looked at is an error of the host, not an exception.
    """
    # Before ZooKeeper: an agent reports there what it reached, then writes "done".
    status = status_file.read(settings.run_directory)
    connection = settings.connection_string
    try:
        with _connected(settings) as zk:
            seen = _observe(zk, settings.host_identifier, status)
    except zc.zk.FailedConnect:
        return Health(State.ERROR, f"No ZooKeeper server answered at {connection}")
    except BadConfiguration as error:
        return Health(State.ERROR, str(error))
    except KazooException as error:
        why = f"{type(error).__name__} {error}".rstrip()
        return Health(State.ERROR, f"Cannot read {HOSTS} from ZooKeeper at {connection}: {why}")
    return diagnose(seen, limits)


def _connected(settings: Settings) -> contextlib.closing[zc.zk.ZK]:
    return contextlib.closing(connect(settings.zookeeper, session_timeout=_SESSION_TIMEOUT))


def _observe(zk: zc.zk.ZK, host_identifier: str, status: StatusFile) -> Observed:
    # A server that lags behind would show a version that the host has left.
    zk.bulk.calls.read(partial(zk.client.sync_async, HOSTS))
    fleet, host = zk.bulk.read([HOSTS, f"{HOSTS}/{host_identifier}"])
    return Observed(
        Registered(zc.zk.decode(host.data).get("version")) if host.exists else None,
        zc.zk.decode(fleet.data).get("version"),
        status,
        time.time(),
    )
