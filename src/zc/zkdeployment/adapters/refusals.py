"""The node that remembers what a publisher was refused last."""

from __future__ import annotations

from contextlib import suppress

from kazoo.exceptions import NodeExistsError, NoNodeError

import zc.zk
from zc.zkdeployment.publication.refusals import Refusal, encode_refusal
from zc.zkdeployment.tree.tree_parts import REVISIONS

REFUSED = f"{REVISIONS}/refused"


def note_refusal(zk: zc.zk.ZK, refusal: Refusal) -> None:
    """Remember a refusal, in place of the one before; raises what :class:`zc.zk.ZK` raises.

    Where nothing was published yet there is no place for it: it is the publisher's alone.
    """
    data = zc.zk.encode(encode_refusal(refusal))
    try:
        zk.set(REFUSED, data)
    except NoNodeError:
        # A publisher before this one did not make the node.
        with suppress(NoNodeError, NodeExistsError):
            zk.create(REFUSED, data)
