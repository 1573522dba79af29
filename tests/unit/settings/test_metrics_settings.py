"""Where an agent shows its metrics."""

from __future__ import annotations

import pytest

from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.settings.metrics_settings import MetricsSettings, metrics_settings_from


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, MetricsSettings()),
        ({"metrics-file": "", "metrics-port": ""}, MetricsSettings()),
        ({"metrics-file": "/run/x.prom"}, MetricsSettings("/root/run/x.prom")),
        ({"metrics-port": "9465"}, MetricsSettings(port=9465, address="127.0.0.1")),
        (
            {"metrics-port": "9465", "metrics-listen": "::"},
            MetricsSettings(port=9465, address="::"),
        ),
    ],
)
def test_what_can_be_said(given: dict[str, str], expected: MetricsSettings) -> None:
    assert metrics_settings_from(given, "/root") == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"metrics-file": "x.prom"}, "metrics-file: 'x.prom' is not an absolute path"),
        ({"metrics-file": "/run/x.txt"}, "metrics-file: '/run/x.txt' does not end with .prom"),
        ({"metrics-port": "0"}, "metrics-port: expected a port, 1 to 65535, not '0'"),
        ({"metrics-port": "65536"}, "metrics-port: expected a port"),
        ({"metrics-port": "\N{SUPERSCRIPT TWO}"}, "metrics-port: expected a port"),
        ({"metrics-port": "-1"}, "metrics-port: expected a port"),
        ({"metrics-listen": "::1"}, "metrics-listen: without metrics-port nothing is served"),
        (
            {"metrics-port": "1", "metrics-listen": "web1"},
            "metrics-listen: expected an address like 127.0.0.1 or ::, not 'web1'",
        ),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, str], expected: str) -> None:
    with pytest.raises(BadConfiguration) as raised:
        metrics_settings_from(given, "/")
    assert str(raised.value).startswith(expected)
