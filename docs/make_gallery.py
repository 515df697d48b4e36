"""Write ``docs/gallery.md``: every plot, drawn from the simulated company.

python docs/make_gallery.py
"""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

import calibrate as cal
from calibrate import plots
from calibrate.writer import write_demo

PAGE = Path(__file__).with_name("gallery.md")
PICTURES = Path(__file__).parent / "images" / "plots"
HEAD = """\
# Every plot

Drawn from the simulated company of `calibrate demo` by `python docs/make_gallery.py`
(`make gallery`). Each takes a result and, with `ax=`, the Axes to draw on; it computes nothing and
states how many leads it rests on. Filled against hollow and solid against dashed carry the meaning,
so that all of them can be printed in black and white.
"""


def results() -> dict[str, Any]:
    """Run the simulated company; return what each plot takes, by the plot's name."""
    with tempfile.TemporaryDirectory() as folder:
        run = cal.recalibrate(write_demo(folder) / "calibrate.toml")
        obs = run.observation
        scores = run.card.score(obs)
        health = cal.monitor(
            run.card,
            run.history,
            period=obs.period,
            observation_window=obs.observation_window,
            horizon=obs.horizon,
        )
        return {
            "plot_control": run.control,
            "plot_conversion_by_age": run.conversion_by_age,
            "plot_lift": run.lift,
            "plot_scorecard": run.card,
            "plot_parsimony": run.parsimony,
            "plot_gains": scores,
            "plot_calibration": scores,
            "plot_thresholds": run.cuts,
            "plot_backtest": run.proof,
            "plot_drift": health,
        }


def draw(name: str, result: Any) -> Path:
    """Draw one plot into its picture."""
    plot: Callable[[Any], Any] = getattr(cal, name)
    figure = plot(result).figure
    path = PICTURES / f"{name}.png"
    figure.savefig(path, dpi=110, metadata={"Software": None}, bbox_inches="tight")
    plt.close(figure)
    return path


def page(names: list[str]) -> str:
    """Return the page: each plot under its name, with what its docstring says first."""
    parts = [HEAD]
    for name in names:
        said = " ".join((inspect.getdoc(getattr(plots, name)) or "").split("\n\n")[0].split())
        parts.append(f"## {name}\n\n{said}\n\n![{said}](images/plots/{name}.png)\n")
    return "\n".join(parts)


def main() -> None:
    """Draw all, then write the page."""
    mpl.use("Agg")
    PICTURES.mkdir(parents=True, exist_ok=True)
    found = results()
    for name, result in found.items():
        draw(name, result)
    PAGE.write_text(page(list(found)), encoding="utf-8")


if __name__ == "__main__":
    main()
