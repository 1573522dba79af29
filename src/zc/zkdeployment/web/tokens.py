"""The tokens of operators: who may steer the fleet from a browser."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.settings.setting_files import check_private, read_text

_SETTING = "token file"
_MOST = 100  # operators
_HELP = "; a line is NAME TOKEN, the token of 32 to 200 letters and digits: 'openssl rand -hex 32'"

_name = re.compile(r"[^\W_][\w.@+-]{0,63}").fullmatch
_token = re.compile(r"[A-Za-z0-9_=.~+/-]{32,200}", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Tokens:
    """The names of operators by token; none: nobody may do anything."""

    _names: Mapping[str, str] = field(default_factory=dict, repr=False)

    def operator(self, token: str) -> str | None:
        """Return whose token it is; that takes as long for a wrong one as for a right one."""
        given = token.encode()
        found = None
        for known, name in self._names.items():
            if hmac.compare_digest(known.encode(), given):
                found = name
        return found

    def __bool__(self) -> bool:
        return bool(self._names)


def read_tokens(path: Path, environ: Mapping[str, str]) -> Tokens:
    """Return the tokens in a file, which must be for its owner alone.

    That is seen to by systemd for what it passes to a service; there, an ACL says who the
    owner is, so that the mode of a file says nothing. Raises
    :exc:`~zc.zkdeployment.errors.BadConfiguration`, which shows no token.
    """
    passed = environ.get("CREDENTIALS_DIRECTORY")
    if not (passed and path.parent == Path(passed)):
        check_private(_SETTING, str(path))
    names: dict[str, str] = {}
    for number, line in enumerate(read_text(_SETTING, str(path)).splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        match words:
            case [name, token] if _name(name) and _token(token) and token not in names:
                names[token] = name
            case _:
                raise BadConfiguration(f"{_SETTING}: {path}: see line {number}{_HELP}")
    if not names or len(names) > _MOST:
        raise BadConfiguration(
            f"{_SETTING}: {path} has {len(names)} tokens, not 1 to {_MOST}{_HELP}"
        )
    return Tokens(names)
