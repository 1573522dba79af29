"""Where an agent shows its metrics, if anywhere.

::

    [zkdeployment]
    metrics-file = /var/lib/node_exporter/textfile/zkdeploy.prom
    metrics-port = 9465
    metrics-listen = 10.0.0.7
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.settings.setting_files import absolute_path

#: The settings, which stand among those of the agent.
KEYS = ("metrics-file", "metrics-port", "metrics-listen")

_LOOPBACK = "127.0.0.1"
_SUFFIX = ".prom"  # what the textfile collector of node_exporter reads


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """``file`` is an absolute path that is written to, ``port`` is served at ``address``."""

    file: str | None = None
    port: int | None = None
    address: str = _LOOPBACK


def metrics_settings_from(given: Mapping[str, str], root: str) -> MetricsSettings:
    """Return what settings say that are given by name; a file is below ``root``.

    Raises :exc:`~zc.zkdeployment.errors.BadConfiguration`.
    """
    file, port, address = (given.get(key) for key in KEYS)
    if address and not port:
        raise BadConfiguration("metrics-listen: without metrics-port nothing is served")
    return MetricsSettings(
        _file(file, root) if file else None,
        _port(port) if port else None,
        _address(address) if address else _LOOPBACK,
    )


def _file(value: str, root: str) -> str:
    path = absolute_path("metrics-file", value, root)
    if not path.endswith(_SUFFIX):
        raise BadConfiguration(
            f"metrics-file: {value!r:.200} does not end with {_SUFFIX}: nobody would read it"
        )
    return path


def _port(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 5 and 0 < int(value) < 65536):
        raise BadConfiguration(f"metrics-port: expected a port, 1 to 65535, not {value!r:.200}")
    return int(value)


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise BadConfiguration(
            f"metrics-listen: expected an address like 127.0.0.1 or ::, not {value!r:.200}"
        ) from None
