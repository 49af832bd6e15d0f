"""The benchmarks as an image: how many times faster the project is than the baseline."""

from siamese_lib.plots.style import BLUE, new_figure


def draw(rows, machine):
    """Ratios to the baseline, a bar a row, with the least and the largest turn and the ratio that
    is asked for.

    Args:
        rows: those whose unit is "times faster" or "times sooner" are drawn.
        machine: for the title.
    """
    rows = [row for row in rows if row["unit"].startswith("times ") and row["bar"]][::-1]
    figure, axes = new_figure(8, 0.6 * len(rows) + 1.4)
    error = [
        [row["ratio"] - row["low"] for row in rows],
        [row["high"] - row["ratio"] for row in rows],
    ]
    axes.barh(range(len(rows)), [row["ratio"] for row in rows], xerr=error, color=BLUE, capsize=3)
    for place, row in enumerate(rows):
        axes.annotate(
            f"{row['ratio']:.1f}",
            (row["high"], place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
        )
        asked = float(row["bar"].split()[-1])
        axes.plot(
            [asked, asked],
            [place - 0.4, place + 0.4],
            color="black",
            linewidth=1.5,
            label="asked for" if not place else None,
        )
    axes.set(yticks=range(len(rows)), yticklabels=[row["name"] for row in rows], xscale="log")
    axes.set(
        xlabel="times faster than the baseline (logarithmic)",
        title=f"Speed against a plain baseline ({machine})",
    )
    axes.axvline(1, color="0.6", linewidth=1, linestyle=":")
    axes.legend(frameon=False, loc="lower right")
    return figure
