"""The fleet, its hosts, software and locks as people look at them. Pure."""
