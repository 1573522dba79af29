"""One module for each thing outside: each implements a port, or serves one that does."""
