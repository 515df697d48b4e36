"""Points that people agreed on without counting: the table [hand_made]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, StrictInt, field_validator, model_validator

from calibrate.config.columns import Section
from calibrate.errors import ConfigError

__all__ = ["HandMade", "HandMadePoints"]


class HandMadePoints(Section):
    """Points of one rule, the rule written as in ``when`` of ``scorecard.json``.

    Examples
    --------
    >>> HandMadePoints(rule={"activity": "email_click"}, points=10).points
    10
    """

    toml_name: ClassVar[str] = "hand_made"
    rule: str | dict[str, Any]
    points: StrictInt


class HandMade(Section):
    """The points in use today, to be judged beside the card.

    Every key that is none of those below is a rule, and its value the points: a rule as the
    card calls it (``"industry: software"``), an activity, or a comparison such as
    ``"email_click >= 3"``, ``"employees < 50"`` or ``"industry = software"``.

    Parameters
    ----------
    points : mapping of rule to int
    rules : list of {"rule", "points"}, optional
        Rules written as in ``when`` of ``scorecard.json``.
    threshold : int, optional
        The sum from which a lead goes to sales.

    Examples
    --------
    >>> given = HandMade.of({"email_click >= 1": 10, "demo_request": 25, "threshold": 30})
    >>> given.points, given.threshold, HandMade().is_empty
    ({'email_click >= 1': 10, 'demo_request': 25}, 30, True)
    """

    toml_name: ClassVar[str] = "hand_made"
    points: dict[str, StrictInt] = Field(default_factory=dict)
    rules: tuple[HandMadePoints, ...] = ()
    threshold: StrictInt | None = None

    @model_validator(mode="before")
    @classmethod
    def _rules_are_keys(cls, data: Any) -> Any:
        own = {name: value for name, value in data.items() if name in cls.model_fields}
        rest = {name: value for name, value in data.items() if name not in own}
        if rest:
            own["points"] = rest | dict(own.get("points", {}))
        return own

    @field_validator("points", mode="before")
    @classmethod
    def _whole(cls, value: Any) -> Any:
        for rule, points in value.items() if isinstance(value, Mapping) else ():
            if not isinstance(points, int) or isinstance(points, bool):
                raise ValueError(f'"{rule}" has a whole number of points, not "{points}"')
        return value

    @property
    def is_empty(self) -> bool:
        """Whether there are no points."""
        return not self.points and not self.rules

    @property
    def given(self) -> list[tuple[str | dict[str, Any], int]]:
        """Every rule and its points."""
        return [*self.points.items(), *((one.rule, one.points) for one in self.rules)]

    @classmethod
    def of(cls, given: HandMade | Mapping[str, Any] | None) -> HandMade:
        """Return points from what a caller gave.

        Raises
        ------
        ConfigError
            If it is neither a mapping nor hand-made points.
        """
        if given is None or isinstance(given, cls):
            return given or cls()
        if not isinstance(given, Mapping):
            raise ConfigError(f'hand-made points are given as a mapping, not "{given}"')
        return cls(**{str(key): value for key, value in given.items()})
