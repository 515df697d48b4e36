"""The invented run with harmful names."""

from __future__ import annotations

from tests.report.invented_run import Row, sample_run


def hostile_run() -> Row:
    """Return the invented run with names that would do harm if they were not taken as text."""
    run = sample_run()
    names = [
        "<script>alert(1)</script>",
        '=HYPERLINK("https://evil.example","x")',
        "campaign " + "x" * 300,
        "\u202eright-to-left\u202c \u05e9\u05dc\u05d5\u05dd",
        "a|b *c* [d](javascript:alert(1)) `e`",
        "\"><img src=x onerror='alert(1)'>",
        "{{ 7 * 7 }} {n} ${7*7}",
        "-2+3\x00\x1b[31m\nnext line",
    ]
    for row, name in zip(run["lift"], names, strict=False):
        row["criterion"] = name
    for row, name in zip(run["scorecard"]["criteria"], names[4:], strict=False):
        row["name"] = name
    run["scorecard"]["tiers"][0]["name"] = names[0]
    run["scorecard"]["disqualify"][0]["name"] = names[5]
    run["name"] = names[0]
    run["textbook"]["activity"] = names[0]
    run["missed"][0]["lead_id"] = names[5]
    run["missed"][1]["lead_id"] = "../?a=1&b=2#c"
    run["example"]["lead_id"] = names[5]
    run["example"]["rules"][1]["criterion"] = names[4]
    run["findings"][0]["what"] = names[0]
    run["warnings"] = names
    run["lift"][8]["reason"] = f"counted by {names[0]}"
    for cell in run["overlaps"]:
        cell["counted_by"] = names[5]
    run["changes"]["criteria"][0]["criterion"] = names[5]
    run["changes"]["summary"] = names[0]
    run["checks"][0]["examples"] = names[1]
    run["backtest_skipped"][0]["period"] = names[0]
    run["inputs"][0]["name"] = names[5]
    return run
