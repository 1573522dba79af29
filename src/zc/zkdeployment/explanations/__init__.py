"""Why a fleet, a host or a node is not done, and when it is. Pure."""
