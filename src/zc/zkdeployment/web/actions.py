"""What operators may do: stop the fleet, let it go on, and go back.

Who may is told by a token in the header ``Authorization``. Browsers never send that by
themselves, so no page elsewhere can make one act.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import zc.zk
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.fleet_control import VersionNeeded, resume_fleet, stop_fleet
from zc.zkdeployment.history import show
from zc.zkdeployment.model import Version
from zc.zkdeployment.publish_rules import Limits
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.rollback import rollback
from zc.zkdeployment.web.requests import BadRequest, Workers, answering, body_of, told
from zc.zkdeployment.web.tokens import Tokens

logger = logging.getLogger(__name__)

_Kind = TypeVar("_Kind")

_LONGEST_REASON = 500  # characters


@dataclass(frozen=True, slots=True)
class _Order:
    """What an operator wants: ``by`` is who, as it is remembered."""

    by: str
    body: dict[str, object]

    @property
    def reason(self) -> str | None:
        """Why, in one line."""
        reason = self._field("reason", str) or ""
        printable = (character if character.isprintable() else " " for character in reason)
        return " ".join("".join(printable).split())[:_LONGEST_REASON] or None

    @property
    def version(self) -> Version:
        """The version that is meant, ``None`` where none is given."""
        version = self.body.get("version")
        if version is None or (
            isinstance(version, int | float | str) and not isinstance(version, bool)
        ):
            return version
        raise BadRequest("version: expected a number or a string")

    @property
    def index(self) -> int | None:
        """The index of the fleet that the operator looked at."""
        return self._field("index", int)

    @property
    def force(self) -> bool:
        """Whether a stop is to be ended by going back."""
        return self._field("force", bool) or False

    def _field(self, name: str, kind: type[_Kind]) -> _Kind | None:
        value = self.body.get(name)
        if value is None or type(value) is kind:
            return value
        raise BadRequest(f"{name}: expected a value of type {kind.__name__}")


class Actions:
    """Does what operators want."""

    def __init__(self, zk: zc.zk.ZK, tokens: Tokens, workers: Workers) -> None:
        self._zk = zk
        self._tokens = tokens
        self._workers = workers

    def routes(self) -> list[Route]:
        """Return what is done where."""
        done = {"stop": self._stop, "resume": self._resume, "rollback": self._rollback}
        return [
            Route("/api/session", self._session, methods=["GET"]),
            *(
                Route(f"/api/{name}", answering(self._for_operators(action)), methods=["POST"])
                for name, action in done.items()
            ),
        ]

    async def _session(self, request: Request) -> Response:
        """Tell who the token is of, and whether there are any."""
        name = self._name(request)
        return JSONResponse({"name": name, "steerable": bool(self._tokens)})

    def _stop(self, order: _Order) -> object:
        stopped = stop_fleet(self._zk, order.reason, order.by)
        logger.info("%s stopped the fleet: %s", order.by, stopped)
        return asdict(stopped)

    def _resume(self, order: _Order) -> object:
        try:
            resumed = resume_fleet(self._zk, order.version)
        except VersionNeeded as needed:
            raise Refused(f"{needed}. Fill in the version.") from needed
        logger.info("%s resumed the fleet: %s", order.by, resumed)
        return asdict(resumed)

    def _rollback(self, order: _Order) -> object:
        self._refuse_signed()
        terms = Terms(by=order.by, at=datetime.now(UTC), reason=order.reason)
        limits = Limits(force=order.force, index=order.index)
        publication = rollback(self._zk, order.version, terms, limits)
        logger.info("%s rolled back: %s", order.by, publication)
        return asdict(publication)

    def _refuse_signed(self) -> None:
        """Refuse to publish without a signature where hosts may want one: no key is here."""
        key = show(self._zk, None).key
        if key is not None:
            raise Refused(
                f"the last revision is signed with key {key}, and no private key is here: go"
                " back with 'zkdeploy rollback --sign KEY'"
            )

    def _for_operators(
        self, action: Callable[[_Order], object]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def act(request: Request) -> Response:
            name = self._name(request)
            if name is None:
                return told(401, "this takes the token of an operator")
            order = _Order(f"{name} (web)", await body_of(request))
            return JSONResponse(await self._workers.run(lambda: action(order)))

        return act

    def _name(self, request: Request) -> str | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self._tokens.operator(token.strip()) if scheme.lower() == "bearer" else None
