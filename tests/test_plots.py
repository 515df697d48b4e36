"""Pictures draw what the table says: positions are read back from the Axes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from calibrate import plots
from calibrate.config import Period
from calibrate.control import ConversionByAge
from calibrate.fitting import Parsimony
from tests.report.invented_run import sample_run


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture
def run():
    return sample_run()


@pytest.fixture
def scores() -> pd.DataFrame:
    # 40 leads: rate promised .25 (10 of 20 right at 5) and .5 (10 of 20)
    return pd.DataFrame(
        {
            "score": [20] * 20 + [60] * 20,
            "expected_rate": [0.25] * 20 + [0.5] * 20,
            "converted": [True] * 5 + [False] * 15 + [True] * 10 + [False] * 10,
        }
    )


def _cuts(run):
    part = run["thresholds"]
    return SimpleNamespace(
        table=pd.DataFrame(part["table"]),
        threshold=part["threshold"],
        threshold_ci_lower=part["threshold_ci_lower"],
        threshold_ci_upper=part["threshold_ci_upper"],
        plateau=tuple(part["plateau"]),
    )


def _card(run):
    rows = [
        {
            "criterion": line["name"],
            "points": line["points"],
            "points_ci_lower": line["points_ci"][0],
            "points_ci_upper": line["points_ci"][1],
            "n": line["n"],
        }
        for line in run["scorecard"]["criteria"]
    ]
    return pd.DataFrame(rows)


def _curve(run):
    part = run["parsimony"]
    return Parsimony(ceiling=part["ceiling"], _table=pd.DataFrame(part["table"]))


def _health(run):
    return pd.DataFrame(run["monitoring"]["table"])


def _by_age(run):
    part = run["conversion_by_age"]
    rows = pd.DataFrame(part["table"])
    curve = pd.DataFrame(
        {
            "days": [0.0, 45.0, 90.0],
            "rate": [0.0, 0.05, 84 / 1180],
            "rate_ci_lower": [0.0, 0.04, 0.058],
            "rate_ci_upper": [0.003, 0.06, 0.087],
        }
    )
    return ConversionByAge(
        horizon_days=90.0,
        until_days=90.0,
        n=part["n"],
        n_converted=part["n_converted"],
        note="",
        period=Period(),
        confidence_level=0.95,
        rows=rows,
        points=curve,
    )


def _draw(name, run, scores, ax=None):
    results = {
        "plot_control": pd.DataFrame(run["control"]["table"]),
        "plot_conversion_by_age": _by_age(run),
        "plot_lift": pd.DataFrame(run["lift"]),
        "plot_parsimony": _curve(run),
        "plot_scorecard": _card(run),
        "plot_gains": scores,
        "plot_calibration": scores,
        "plot_thresholds": _cuts(run),
        "plot_backtest": pd.DataFrame(run["backtest"]),
        "plot_drift": _health(run),
    }
    return getattr(plots, name)(results[name], ax=ax)


PLOTS = [name for name in plots.__all__ if name.startswith("plot_")]


def _dots(ax):
    """Positions of the round marks, in the order in which they were drawn."""
    lines = [line for line in ax.lines if line.get_marker() == "o"]
    return [xy for line in lines for xy in np.column_stack(line.get_data()).tolist()]


@pytest.mark.parametrize("name", PLOTS)
def test_a_figure_is_made_only_where_none_is_given(name, run, scores):
    before = len(plt.get_fignums())
    _, ax = plt.subplots()
    assert _draw(name, run, scores, ax) is ax
    assert len(plt.get_fignums()) == before + 1
    assert _draw(name, run, scores).figure is not ax.figure


@pytest.mark.parametrize("name", PLOTS)
def test_every_picture_can_be_drawn_and_says_how_many(name, run, scores):
    ax = _draw(name, run, scores)
    ax.figure.draw_without_rendering()
    ticks = [label.get_text() for label in [*ax.get_yticklabels(), *ax.get_xticklabels()]]
    words = " ".join([ax.get_title(loc="left"), *ticks, *(t.get_text() for t in ax.texts)])
    assert any(said in words for said in (" of ", "n ", " leads"))


def test_lift_shows_each_row_and_greys_what_is_not_proven(run):
    ax = plots.plot_lift(pd.DataFrame(run["lift"]))
    highest = sorted(run["lift"], key=lambda row: -row["lift"])
    drawn = _dots(ax)
    assert [x for x, _ in drawn] == [row["lift"] for row in highest]
    faces = [line.get_markerfacecolor() for line in ax.lines if line.get_marker() == "o"]
    hollow = [face == "white" for face in faces]
    assert hollow == [row["verdict"] in ("no evidence", "too few") for row in highest]


def test_lift_says_what_it_does_not_draw(run):
    rows = [{**run["lift"][0], "criterion": f"c{i}", "n": i} for i in range(50)]
    for i, row in enumerate(rows):
        row["verdict"] = "raises" if i == 0 else "no evidence"
    ax = plots.plot_lift(pd.DataFrame(rows))
    assert "10 not drawn" in ax.get_title(loc="left")
    drawn = {label.get_text() for label in ax.get_yticklabels()}
    assert "c0" in drawn  # the rarest, and the only one proven


def test_an_unlimited_interval_ends_in_an_arrowhead(run):
    table = pd.DataFrame(run["lift"][:1])
    table["lift_ci_upper"] = np.inf
    ax = plots.plot_lift(table)
    assert [line.get_marker() for line in ax.lines].count(">") == 1


def test_names_from_the_data_are_taken_literally(run):
    run["lift"][0]["criterion"] = "$\\frac{1}{2$ <b>"
    plots.plot_lift(pd.DataFrame(run["lift"])).figure.draw_without_rendering()


def test_gains_start_at_nothing_and_end_at_all(scores):
    ax = plots.plot_gains(scores)
    points = _dots(ax)
    # the 20 leads at 60 hold 10 of the 15 customers
    assert points == [[0, 0], [0.5, pytest.approx(10 / 15)], [1, 1]]


def test_shares_of_customers_are_drawn_with_their_interval(run, scores):
    (band,) = plots.plot_gains(scores).collections
    # of 15 customers 10: statsmodels' proportion_confint(10, 15, method="wilson")
    corners = band.get_paths()[0].vertices
    at_half = corners[np.isclose(corners[:, 0], 0.5), 1]
    assert sorted(set(at_half)) == pytest.approx([0.4171, 0.8482], abs=1e-4)
    cuts = _cuts(run)
    (band,) = plots.plot_thresholds(cuts.table).collections
    drawn = band.get_paths()[0].vertices[:, 1]
    for end in ("recall_ci_lower", "recall_ci_upper"):
        assert np.isin(cuts.table[end].to_numpy(), drawn).all()


def test_calibration_shows_promised_and_observed(scores):
    table = plots.calibration_table(scores, bins=2)
    assert table[["n", "n_converted"]].to_numpy().tolist() == [[20, 5], [20, 10]]
    assert _dots(plots.plot_calibration(scores)) == [[0.25, 0.25], [0.5, 0.5]]
    assert _dots(plots.plot_calibration(table)) == [[0.25, 0.25], [0.5, 0.5]]


def test_thresholds_mark_the_cut_only_where_it_is_known(run):
    ax = plots.plot_thresholds(_cuts(run))
    assert [text.get_text() for text in ax.texts] == ["cut 42\n33 to 52"]
    assert not plots.plot_thresholds(_cuts(run).table).texts


def test_the_scorecard_says_where_everyone_starts(run):
    ax = plots.plot_scorecard(SimpleNamespace(table=_card(run), base=22))
    assert ax.get_title(loc="left") == "Points; everyone starts with 22"
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == sorted(_card(run)["points"], reverse=True)


def test_an_empty_card_says_so(run):
    ax = plots.plot_scorecard(_card(run).iloc[:0])
    assert ax.texts[0].get_text() == "nothing to score on yet"


def test_empty_tables_are_drawn_empty(run):
    plots.plot_backtest(pd.DataFrame(run["backtest"]).iloc[:0])
    plots.plot_lift(pd.DataFrame(run["lift"]).iloc[:0])
    plots.plot_drift(_health(run).iloc[:0])


@pytest.mark.slow
def test_importing_the_pictures_does_not_import_matplotlib():
    import subprocess
    import sys

    code = "import sys, calibrate.plots; sys.exit('matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_conversion_by_age_marks_the_days_on_the_curve(run):
    by_age = _by_age(run)
    ax = plots.plot_conversion_by_age(by_age)
    # 35, 68 and 84 of 1,180 leads bought by day 30, 60 and 90
    assert _dots(ax) == [[30, 35 / 1180], [60, 68 / 1180], [90, 84 / 1180]]
    assert ax.lines[0].get_xydata().tolist() == by_age.curve[["days", "rate"]].to_numpy().tolist()
    (band,) = ax.collections
    corners = band.get_paths()[0].vertices
    for at, lower, upper in by_age.curve[["days", "rate_ci_lower", "rate_ci_upper"]].to_numpy():
        assert [at, lower] in corners.tolist()
        assert [at, upper] in corners.tolist()
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == ["0", "30\n41.7% of buyers", "60\n81.0% of buyers", "90\n100.0% of buyers"]
    assert [text.get_text() for text in ax.texts] == ["3.0%", "5.8%", "7.1%"]
    assert "84 of 1,180 leads" in ax.get_title(loc="left")


def test_days_close_to_the_last_are_marked_without_a_text(run):
    run["conversion_by_age"]["table"][1]["days"] = 85.0
    ax = plots.plot_conversion_by_age(_by_age(run))
    assert len(_dots(ax)) == 3
    assert [label.get_text().split("\n")[0] for label in ax.get_xticklabels()] == ["0", "30", "90"]


def test_a_curve_of_nobody_says_no_shares(run):
    for row in run["conversion_by_age"]["table"]:
        row["share"] = float("nan")
    ax = plots.plot_conversion_by_age(_by_age(run))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "30", "60", "90"]


def test_the_price_of_fewer_rules_is_drawn_with_the_ceiling(run):
    ax = plots.plot_parsimony(_curve(run))
    table = run["parsimony"]["table"]
    assert _dots(ax) == [[row["n_criteria"], row["auc"]] for row in table]
    filled = [line for line in ax.lines if line.get_marker() == "o" and line.get_mfc() != "white"]
    assert [line.get_xdata()[0] for line in filled] == [8]  # the card's size
    assert ax.get_title(loc="left") == "What fewer rules cost: 310 customers among 4,300 leads"
    (text,) = (text.get_text() for text in ax.texts)
    assert text == "gradient boosting: 0.800 (0.780 to 0.820), n 4,300"
    alone = plots.plot_parsimony(pd.DataFrame(table))
    assert len(alone.texts) == 0


def test_a_card_without_a_choice_of_size_says_so(run):
    ax = plots.plot_parsimony(_card(run))
    assert [text.get_text() for text in ax.texts] == ["no number of rules was tried"]


def test_on_small_axes_only_as_many_criteria_are_drawn_as_can_be_read():
    rows = [
        {
            "criterion": f"criterion {i}",
            "verdict": "raises" if i < 30 else "no evidence",
            "n": 1000 - i,
            "lift": 1.2,
            "lift_ci_lower": 1.1,
            "lift_ci_upper": 1.3,
        }
        for i in range(60)
    ]
    figure, ax = plt.subplots(figsize=(6, 2.4))
    plots.plot_lift(pd.DataFrame(rows), ax=ax)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    # 2.4 inches times the axes' .77 of the figure are 133 points; .75 of them in lines of 5.5
    assert len(labels) == 18
    assert f"({60 - len(labels)} not drawn)" in ax.get_title(loc="left")
    # three quarters proven, the rest not: neither is hidden
    numbers = [int(label.split()[-1]) for label in labels]
    assert sum(number < 30 for number in numbers) == 18 * 3 // 4
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    tops = sorted((box.y0, box.y1) for box in boxes)
    assert all(upper[0] >= lower[1] - 1 for lower, upper in pairwise(tops))


def test_the_gallery_has_every_plot():
    docs = Path(__file__).parents[1] / "docs"
    page = (docs / "gallery.md").read_text("utf-8")
    names = [name for name in plots.__all__ if name.startswith("plot_")]
    for name in names:
        assert f"## {name}\n" in page
        assert (docs / "images" / "plots" / f"{name}.png").is_file()
