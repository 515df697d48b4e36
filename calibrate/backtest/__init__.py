"""Would it have worked: cards fitted quarter by quarter, judged on what they had not seen."""

from calibrate.backtest.folds import NOT_WALK_FORWARD
from calibrate.backtest.hand_made import HandMadeCard, hand_made_card
from calibrate.backtest.run import backtest
from calibrate.backtest.values import CARDS, Backtest

__all__ = [
    "CARDS",
    "NOT_WALK_FORWARD",
    "Backtest",
    "HandMadeCard",
    "backtest",
    "hand_made_card",
]
