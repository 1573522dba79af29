"""Trees in ZooKeeper: their text, links, import and export, live views.

::

    zk = zc.zk.ZK("zookeeper:2181")
    zk.import_tree(text)
    properties = zk.properties("/lb/pools/cms")
"""

from kazoo.security import OPEN_ACL_UNSAFE, READ_ACL_UNSAFE

from zc.zk.calls import NoAnswer
from zc.zk.client import ZK, ZooKeeper
from zc.zk.codec import decode, encode
from zc.zk.errors import (
    BadPropertyLink,
    CancelWatch,
    FailedConnect,
    LinkLoop,
    NotTrusted,
    TreeChanging,
    TreeFormatError,
    TreeSyntaxError,
)
from zc.zk.live import Children
from zc.zk.properties import Properties
from zc.zk.tree import Node, format_tree, parse_tree

__all__ = [
    "OPEN_ACL_UNSAFE",
    "READ_ACL_UNSAFE",
    "ZK",
    "BadPropertyLink",
    "CancelWatch",
    "Children",
    "FailedConnect",
    "LinkLoop",
    "NoAnswer",
    "Node",
    "NotTrusted",
    "Properties",
    "TreeChanging",
    "TreeFormatError",
    "TreeSyntaxError",
    "ZooKeeper",
    "decode",
    "encode",
    "format_tree",
    "parse_tree",
]
