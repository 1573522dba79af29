"""When a host looks again whether all is as it was deployed, and when it repairs again."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

#: Seconds after which a look that could not be made in time waits for its next turn. A fleet
#: that was stopped for a while would otherwise look, and repair, all at the same moment.
LATE = 60.0

#: Seconds between two repairs of what cannot be repaired, at most, unless looks are rarer.
LONGEST_PAUSE = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Moments of a host, ``interval`` seconds apart, the first at ``-offset``.

    Moments are seconds of a monotonic clock; an ``interval`` of 0 stands for never.
    """

    interval: float
    offset: float = 0.0

    def after(self, moment: float) -> float:
        """Return this host's first moment that is at least half an interval after ``moment``."""
        earliest = moment + self.interval / 2
        interval = self.interval or 1.0
        return earliest + interval - (earliest + self.offset) % interval

    def next_turn(self, now: float) -> float:
        """Return this host's first moment from ``now`` on."""
        return self.after(now - self.interval / 2)

    def may_repair(self, repairs: int, last: float, now: float) -> bool:
        """Tell whether to repair, after so many ``repairs`` in a row none of which lasted.

        ``last`` is when the last one ended. The second is made at the next look, each other
        one after twice as many of them.
        """
        if repairs == 0:
            return True
        pause: float = min(self.interval * 2 ** min(repairs - 1, 30), LONGEST_PAUSE)
        return now - last >= max(pause, self.interval) - self.interval / 2  # looks are not exact


def rhythm_of(host_identifier: str, interval: float) -> Rhythm:
    """Return the rhythm of a host: spread over the interval, the same whenever it is asked for."""
    return Rhythm(interval, zlib.crc32(host_identifier.encode()) % max(interval, 1.0))
