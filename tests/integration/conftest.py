"""Fixtures of several modules here."""

from tests.support.syncing import log

__all__ = ["log"]
