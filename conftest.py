"""Fixtures for all tests, those that are documents too."""

pytest_plugins = ["tests.support.zookeeper", "tests.support.host"]
