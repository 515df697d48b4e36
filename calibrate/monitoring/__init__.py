"""Has it stopped working: a card's promises against what came."""

from calibrate.monitoring.judge import monitor
from calibrate.monitoring.values import TRAITS_CAPTION, Health

__all__ = ["TRAITS_CAPTION", "Health", "monitor"]
