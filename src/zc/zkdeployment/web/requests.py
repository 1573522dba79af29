"""Work on ZooKeeper for a request: in threads, bounded in time, and its errors as answers."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from kazoo.exceptions import KazooException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from zc.zk import TreeChanging
from zc.zkdeployment.errors import BadRevision, BadTree, Refused
from zc.zkdeployment.web.attempts import TooManyTokens
from zc.zkdeployment.web.versions import NoVersion

logger = logging.getLogger(__name__)

_PATIENCE = 20.0  # seconds for the work of one request
_SENDING = 10.0  # seconds that a request may take to come
_WORKERS = 8  # requests that are worked on at a time
_LONGEST_BODY = 16 * 1024  # bytes

_Result = TypeVar("_Result")
Endpoint = Callable[[Request], Awaitable[Response]]


class Json(Response):
    """Data as JSON in ASCII: what hosts write need not be text that UTF-8 can hold."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the data as they are sent."""
        return json.dumps(content, separators=(",", ":")).encode()


class BadRequest(ValueError):
    """A request has not the form that it must have; says which."""


class Away(Exception):
    """ZooKeeper does not answer, so nothing is asked of it; says since when."""


class Workers:
    """Threads for blocking work; ``away`` tells since when ZooKeeper does not answer."""

    def __init__(self, away: Callable[[], str | None]) -> None:
        self._away = away
        self._limiter = anyio.CapacityLimiter(_WORKERS)

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """Return what ``work`` returns.

        Raises ``TimeoutError`` where it takes too long, :exc:`Away` where it would.
        """
        if since := self._away():
            raise Away(since)
        with anyio.fail_after(_PATIENCE):
            return await anyio.to_thread.run_sync(
                work, abandon_on_cancel=True, limiter=self._limiter
            )


def answering(endpoint: Endpoint) -> Endpoint:
    """Make an endpoint answer with ``{"error": TEXT}`` for what can go wrong."""

    @wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (BadRequest, NoVersion) as error:
            return told(400, str(error))
        except TooManyTokens as error:
            return told(429, str(error))
        except (Refused, BadRevision, BadTree, TreeChanging) as error:
            return told(409, str(error))
        except Away as away:
            return told(503, f"ZooKeeper is away since {away}, and nothing was done.")
        except (KazooException, TimeoutError) as error:
            logger.warning("%s: ZooKeeper: %r", request.url.path, error)
            return told(
                503,
                "ZooKeeper did not answer in time. What was to be changed may be changed, or may"
                " yet be: look at the fleet before you try again.",
            )

    return answer


def told(status: int, error: str) -> Response:
    """Return an answer that says what is wrong."""
    return Json({"error": error}, status)


async def sent_with(request: Request) -> bytes:
    """Return all that a request sends; raises :exc:`BadRequest`.

    To be called first: who is answered before all was sent may see no answer, but that the
    connection is reset.
    """
    data = b""
    try:
        with anyio.fail_after(_SENDING):
            async for part in request.stream():
                data += part
                if len(data) > _LONGEST_BODY:
                    raise BadRequest(f"the request is longer than {_LONGEST_BODY} bytes")
    except (TimeoutError, ClientDisconnect):
        raise BadRequest("the request did not come to its end") from None
    return data


def object_in(data: bytes, request: Request) -> dict[str, object]:
    """Return the JSON object that a request sent; raises :exc:`BadRequest`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise BadRequest("the request must be application/json")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise BadRequest("the request is no JSON object")
    return body
