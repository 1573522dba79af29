"""What monitoring systems are told. Pure."""
