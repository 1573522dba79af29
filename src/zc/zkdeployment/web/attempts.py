"""How many wrong tokens are listened to; pure.

A token that is guessed has to be tried. Whoever has shown a right one before is heard however
many others guess: nobody keeps an operator from the stop.
"""

from __future__ import annotations

from zc.zkdeployment.web.tokens import Tokens

#: Wrong tokens that are judged at once; after that, one in each second.
MOST = 20


class TooManyTokens(Exception):
    """So many wrong tokens came that none is judged now; says what to do."""


class Attempts:
    """Judges tokens, at moments that are seconds on any clock that only goes forward."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._known: set[str] = set()
        self._left = float(MOST)
        self._at: float | None = None

    def operator(self, token: str, now: float) -> str | None:
        """Return whose token it is, ``None`` if nobody's.

        Raises :exc:`TooManyTokens` where that is not told, and not even whether it is right.
        """
        name = self._tokens.operator(token)
        if name in self._known:
            return name
        passed = 0.0 if self._at is None else now - self._at
        self._left, self._at = min(float(MOST), self._left + passed), now
        if self._left < 1:
            raise TooManyTokens(
                "Too many wrong tokens came: try again in a few seconds. In a terminal,"
                " 'zkdeploy stop' stops the fleet at once."
            )
        if name is None:
            self._left -= 1
        else:
            self._known.add(name)
        return name
