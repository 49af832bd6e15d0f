"""The benchmarks as an image: how many times faster the project is than something else."""

from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

from siamese_lib.plots.style import BLACK, BLUE, VERMILION, new_figure

TICKS = (0.5, 1, 2, 5, 10, 20, 50)


def draw(rows):
    """Ratios of rows with a bar, a line each: the median, the least and the largest turn, and the
    ratio that is asked for.

    Args:
        rows: as in results.json; those whose unit is "times faster" or "times sooner" are drawn.
    """
    rows = [row for row in rows if row["unit"].startswith("times ") and row["bar"]][::-1]
    title, xlabel = "How many times faster, or sooner", "times (logarithmic axis)"
    figure, axes = new_figure(9, 0.6 * len(rows) + 1.4, title, xlabel)
    for place, row in enumerate(rows):
        style = {"color": BLUE if row["kept"] else VERMILION, "zorder": 3}
        axes.plot([row["low"], row["high"]], [place, place], linewidth=2, **style)
        axes.plot(row["ratio"], place, "o" if row["kept"] else "X", markersize=8, **style)
        axes.annotate(
            f"{row['ratio']:.1f}",
            (row["ratio"], place),
            xytext=(0, 15),
            textcoords="offset points",
            ha="center",
        )
        asked = float(row["bar"].split()[-1])
        axes.plot([asked, asked], [place - 0.3, place + 0.3], color=BLACK, linewidth=1.5)
    axes.plot([], [], "o-", color=BLUE, linewidth=2, label="measured: median, all turns")
    axes.plot([], [], "X-", color=VERMILION, linewidth=2, label="measured, less than asked for")
    axes.plot([], [], "|", color=BLACK, markersize=14, label="asked for")
    names = [f"{row['name']}\n({row['machine']})" for row in rows]
    axes.set(yticks=range(len(rows)), yticklabels=names, xscale="log", ylim=(-0.6, len(rows) - 0.2))
    axes.tick_params(axis="y", labelsize=8)
    axes.xaxis.set_major_locator(FixedLocator(TICKS))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.axvline(1, color="0.6", linewidth=1, linestyle=":")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
    return figure
