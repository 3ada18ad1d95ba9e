"""The benchmarks, one a file: `rows(ground, size)` measures and yields the lines of the table."""
