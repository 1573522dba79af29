"""What an agent tells of itself, as data. Pure."""
