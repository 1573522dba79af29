"""What operators may do: stop the fleet, let it go on, and go back.

Who may is told by a token in the header ``Authorization``. Browsers never send that by
themselves, so no page elsewhere can make one act.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import zc.zk
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.explanations.advice import literal as argument
from zc.zkdeployment.fleet_control import VersionNeeded, resume_fleet, stop_fleet
from zc.zkdeployment.history import signed_with
from zc.zkdeployment.lines import one_line
from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.publish_rules import FleetMoved, Limits
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.rollback import rollback
from zc.zkdeployment.web.attempts import Attempts
from zc.zkdeployment.web.requests import (
    BadRequest,
    Json,
    Workers,
    answering,
    object_in,
    sent_with,
    told,
)
from zc.zkdeployment.web.tokens import Tokens
from zc.zkdeployment.web.versions import read_literal, shown
from zc.zkdeployment.web.views import stop_of

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
        return one_line(reason)[:_LONGEST_REASON] or None

    @property
    def version(self) -> Version:
        """The version that is meant, ``None`` where none is given."""
        text = self._field("version", str)
        return None if text is None else read_literal(text)

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
        self._steerable = bool(tokens)
        self._attempts = Attempts(tokens)
        self._workers = workers

    def routes(self) -> list[Route]:
        """Return what is done where."""
        done = {"stop": self._stop, "resume": self._resume, "rollback": self._rollback}
        return [
            Route("/api/session", answering(self._session), methods=["GET"]),
            *(
                Route(f"/api/{name}", answering(self._for_operators(action)), methods=["POST"])
                for name, action in done.items()
            ),
        ]

    async def _session(self, request: Request) -> Response:
        """Tell who the token is of, and whether there are any."""
        name = self._name(request)
        return Json({"name": name, "steerable": self._steerable})

    def _stop(self, order: _Order) -> object:
        stopped = stop_fleet(self._zk, order.reason, order.by)
        logger.info("%s stopped the fleet: %s", order.by, stopped)
        return {"already": stopped.already, "stop": stopped.stop and stop_of(stopped.stop)}

    def _resume(self, order: _Order) -> object:
        try:
            resumed = resume_fleet(self._zk, order.version)
        except VersionNeeded as needed:
            raise Refused(f"{needed}. Fill in the version.") from needed
        logger.info("%s resumed the fleet: %s", order.by, resumed)
        return {"version": shown(resumed.version)}

    def _rollback(self, order: _Order) -> object:
        self._refuse_signed()
        terms = Terms(by=order.by, at=datetime.now(UTC), reason=order.reason)
        limits = Limits(force=order.force, index=order.index)
        try:
            publication = rollback(self._zk, order.version, terms, limits)
        except FleetMoved as moved:
            raise Refused(
                "The fleet moved since you looked at it, and nothing was done: look again."
            ) from moved
        except Refused as refused:
            raise Refused(_without_options(refused, order.version)) from refused
        logger.info("%s rolled back: %s", order.by, publication)
        version = shown(publication.version)
        return {"version": version, "by": publication.by, "reason": publication.reason}

    def _refuse_signed(self) -> None:
        """Refuse to publish without a signature where hosts may want one: no key is here."""
        key = signed_with(self._zk)
        if key is not None:
            raise Refused(
                f"the last revision is signed with key {key}, and no private key is here: go"
                " back with 'zkdeploy rollback --sign KEY'"
            )

    def _for_operators(
        self, action: Callable[[_Order], object]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def act(request: Request) -> Response:
            data = await sent_with(request)
            name = self._name(request)
            if name is None:
                return told(401, "this takes the token of an operator")
            order = _Order(f"{name} (web)", object_in(data, request))
            return Json(await self._workers.run(lambda: action(order)))

        return act

    def _name(self, request: Request) -> str | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or not self._steerable:
            return None
        name = self._attempts.operator(token, time.monotonic())
        if name is None:
            logger.warning("A wrong token came from %s", request.client and request.client.host)
        return name


def _without_options(refused: Refused, version: Version) -> str:
    """Return why something is refused; what an option of the command allows is not done here."""
    if " --" not in str(refused):
        return str(refused)
    command = "zkdeploy rollback" + ("" if version is None else f" {argument(version)}")
    return f"{refused}. Such an option takes a terminal: {command}"
