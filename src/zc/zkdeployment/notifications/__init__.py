"""What is to be told of a fleet, to whom, and what was told. Pure."""
