"""For how long a session is alive for certain, whatever the client believes.

A server counts from the last request that reached it, so a session lives for its timeout at
least from the moment at which a request was sent that was answered. A client that is cut off
notices late, and learns last of all that its session has ended; this clock does not depend
on what it notices.
"""

from __future__ import annotations

import math
import time


class SessionClock:
    """Counts ``timeout`` seconds from when the last request was sent that was answered.

    By the clock that nobody sets, which stands still while the host sleeps. One thread uses it.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._sent = math.inf
        self._end = -math.inf

    def sends(self) -> None:
        """A request is about to be sent."""
        self._sent = time.monotonic()

    def hears(self) -> None:
        """The request that was sent last was answered."""
        self._end = self._sent + self._timeout

    def runs(self) -> bool:
        """Tell whether the session cannot have ended yet."""
        return time.monotonic() < self._end
