"""Fixtures and settings for all tests, those that are documents too."""

import signal

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.support.zookeeper", "tests.support.host", "tests.support.browser"]

# How long an example takes says something about the machine, not about the product.
settings.register_profile(
    "project", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("project")

# A shell lets what it starts in the background ignore these, and so would all that the tests
# start; some are told by them to end.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in signal.SIGHUP, signal.SIGQUIT:
    signal.signal(number, signal.SIG_DFL)
