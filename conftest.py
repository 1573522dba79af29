"""Fixtures and settings for all tests, those that are documents too."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.support.zookeeper", "tests.support.host", "tests.support.browser"]

# How long an example takes says something about the machine, not about the product.
settings.register_profile(
    "project", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("project")
