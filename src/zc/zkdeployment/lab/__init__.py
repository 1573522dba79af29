"""Private parts of the real world on one machine, for the demo, the tests and the benchmarks."""
