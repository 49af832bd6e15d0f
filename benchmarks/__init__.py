"""Speed as ratios: the project against a plain baseline, in one process, on one machine, alternating. See `python -m benchmarks --help`."""
