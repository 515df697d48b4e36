"""Has it stopped working: a card's promises against what came."""

from calibrate.monitoring.judge import monitor
from calibrate.monitoring.values import Health

__all__ = ["Health", "monitor"]
