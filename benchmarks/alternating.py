"""Two ways to do a thing, timed in turns, and what is said of their ratio."""

import statistics
import time

TURNS = 3


def alternate(baseline, project, turns=TURNS):
    """Runs A B A B ...; each is called once before, where a first call would pay for what later
    ones have.

    Args:
        baseline, project: functions without arguments.
        turns: how often each is run.

    Returns:
        Two lists of seconds.
    """
    seconds = [], []
    for _ in range(turns):
        for times, function in zip(seconds, (baseline, project)):
            times.append(seconds_of(function))
    return seconds


def seconds_of(function):
    """How long a call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def ratio_row(name, seconds, bar, work=(1, 1), note=""):
    """A row of the results: how many times faster the project is than the baseline, turn by turn.

    Args:
        name: what was measured.
        seconds: two lists, from `alternate`.
        bar: the least ratio that is asked for, or None.
        work: how much each side did in a call, if not the same.
        note: what a reader has to know.
    """
    ratios = [(slow / work[0]) / (fast / work[1]) for slow, fast in zip(*seconds)]
    return row(name, ratios, "times faster", bar, note)


def row(name, values, unit, bar=None, note="", at_most=False):
    """A row of the results: the median of some values with the least and the largest.

    Args:
        name, unit, note: for the reader.
        values: one or more numbers.
        bar: what is asked for, or None.
        at_most: whether the bar must not be exceeded, instead of being reached.
    """
    middle = statistics.median(values)
    kept = None if bar is None else bool(middle <= bar if at_most else middle >= bar)
    words = None if bar is None else f"{'at most' if at_most else 'at least'} {bar:g}"
    numbers = {"ratio": middle, "low": min(values), "high": max(values)}
    return {"name": name, **numbers, "unit": unit, "bar": words, "kept": kept, "note": note}
