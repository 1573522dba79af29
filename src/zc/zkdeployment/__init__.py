"""Brings hosts to what a versioned tree in ZooKeeper says.

docs/architecture.md explains how a tree becomes a running fleet, and which
module does which part of it.
"""
