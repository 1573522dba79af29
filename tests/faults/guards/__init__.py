"""All guards that ``script/faults --mutate`` removes."""

from tests.faults.guards.fleet import FLEET
from tests.faults.guards.guard import Guard
from tests.faults.guards.host import HOST
from tests.faults.guards.inputs import INPUTS
from tests.faults.guards.locks import LOCKS
from tests.faults.guards.packages import PACKAGES
from tests.faults.guards.publishing import PUBLISHING

__all__ = ["GUARDS", "Guard"]

GUARDS = (*LOCKS, *FLEET, *HOST, *PUBLISHING, *INPUTS, *PACKAGES)
