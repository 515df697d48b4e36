"""Would it have worked: cards fitted quarter by quarter, judged on what they had not seen."""

from calibrate.backtest.run import backtest
from calibrate.backtest.values import CARDS, Backtest

__all__ = ["CARDS", "Backtest", "backtest"]
