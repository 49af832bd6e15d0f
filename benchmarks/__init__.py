"""Speed as ratios to a plain baseline, in turns in one process: `python -m benchmarks --help`."""
