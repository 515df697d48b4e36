"""What a card must keep to, whatever the data say: the table [constraints]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, StrictInt, field_validator

from calibrate.config.columns import Names, Section
from calibrate.errors import ConfigError

__all__ = ["Constraints", "FixedPoints"]

MOST_POINTS = 100

Rule = str | dict[str, Any]


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _chains(value: Any) -> Any:
    """Return chains of names; one chain may be given bare."""
    chains = _listed(value)
    bare = bool(chains) and not any(isinstance(part, (list, tuple)) for part in chains)
    return [chains] if bare else chains


def _fixed(value: Any) -> Any:
    if isinstance(value, Mapping) and not {"rule", "points"} <= set(value):
        return [{"rule": rule, "points": points} for rule, points in value.items()]
    return _listed(value)


class FixedPoints(Section):
    """Points agreed for one rule.

    Parameters
    ----------
    rule : str or mapping
        Its name, or the rule itself as in ``when`` of ``scorecard.json``.
    points : int
        Not 0.
    name : str, optional
        What the card calls it.

    Examples
    --------
    >>> FixedPoints(rule={"field": "employees", "at_least": 50}, points=20).points
    20
    """

    toml_name: ClassVar[str] = "constraints"
    rule: Rule
    points: StrictInt
    name: str | None = None

    @field_validator("points")
    @classmethod
    def _some_points(cls, value: int) -> int:
        if not 0 < abs(value) <= MOST_POINTS:
            raise ValueError(
                f"fixed points are a whole number from -{MOST_POINTS} to {MOST_POINTS} other than "
                f"0, not {value}; a rule that must not be on the card is forbidden"
            )
        return value


class Constraints(Section):
    """What a card must keep to, whatever the data say.

    A *name* is that of a column, an activity or a rule (as the card calls it, such as
    ``"employees at least 50"``); a rule may also be written as in ``when`` of
    ``scorecard.json``. Column and activity mean every rule about them.

    Parameters
    ----------
    sign : mapping of name to {"+", "-"}
        No rule about it may have points of the other sign; with "not" before it, or "under",
        or "not filled in", no rule may have points of that sign. A pair obeys the signs of
        both its parts, and is not taken where they contradict each other.
    order : list of lists of names
        Each is worth at least what the one before it is: the same done with the later (as
        often, as lately) never earns less. Rules named here are compared as wholes. Neither
        activities nor columns in an order are joined in pairs.
    increasing, decreasing : names of columns or activities
        More of it is never worth less (never worth more). Not joined in pairs.
    fixed : mapping of rule to int, or list of {"rule", "points", "name"}
        Points agreed with sales. The rule is on the card with exactly these points, and the
        others are fitted beside it.
    caps : mapping of {"fit", "engagement"} to int
        At most so many points from the group.
    required : names
        That rule, or some rule about that column or activity, is on the card.
    forbidden : names
        No such rule is on the card, nor one that holds it as a part.
    max_change : int, optional
        No rule's points move by more than this from the card in force; a rule that is not on
        one of the two cards counts 0 there.
    one_per_column : bool, default False
        At most one rule about a column or activity; a pair counts for both its parts.

    Raises
    ------
    ConfigError
        For an unknown key or a value that cannot be used. What contradicts the data or another
        constraint is refused by `fit_scorecard`.

    Notes
    -----
    Known in the field as monotonic constraints (scikit-learn's ``monotonic_cst``, optbinning's
    ``monotonic_trend``), here on whole rules.

    Examples
    --------
    >>> limits = Constraints(sign={"email_click": "+"}, fixed={"asked for a quote": 20})
    >>> limits.fixed[0].points, limits.is_empty, Constraints().is_empty
    (20, False, True)
    >>> Constraints(signs={"email_click": "+"})
    Traceback (most recent call last):
    ...
    calibrate.errors.ConfigError: [constraints] has no key "signs" (did you mean "sign"?)
    """

    toml_name: ClassVar[str] = "constraints"
    sign: dict[str, Literal["+", "-"]] = Field(default_factory=dict)
    order: Annotated[tuple[tuple[Rule, ...], ...], BeforeValidator(_chains)] = ()
    increasing: Names = ()
    decreasing: Names = ()
    fixed: Annotated[tuple[FixedPoints, ...], BeforeValidator(_fixed)] = ()
    caps: dict[Literal["fit", "engagement"], Annotated[StrictInt, Field(ge=1)]] = Field(
        default_factory=dict
    )
    required: Annotated[tuple[Rule, ...], BeforeValidator(_listed)] = ()
    forbidden: Annotated[tuple[Rule, ...], BeforeValidator(_listed)] = ()
    max_change: Annotated[StrictInt, Field(ge=0)] | None = None
    one_per_column: bool = False

    @field_validator("order")
    @classmethod
    def _long_enough(cls, value: tuple[tuple[Rule, ...], ...]) -> tuple[tuple[Rule, ...], ...]:
        for chain in value:
            if len(chain) < 2 or any(rule in chain[:i] for i, rule in enumerate(chain)):
                raise ValueError(
                    f"an order lists two or more different names, the weakest first, not {chain}"
                )
        return value

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return self == Constraints()

    @classmethod
    def of(cls, given: Constraints | Mapping[str, Any] | None) -> Constraints:
        """Return constraints from what a caller gave.

        Raises
        ------
        ConfigError
            If it is neither a mapping nor constraints.
        """
        if given is None or isinstance(given, cls):
            return given or cls()
        if not isinstance(given, Mapping):
            raise ConfigError(f'constraints are given as a mapping, not "{given}"')
        return cls(**{str(key): value for key, value in given.items()})
