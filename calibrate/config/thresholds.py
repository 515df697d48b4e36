"""What the cut-offs are chosen for: the table [thresholds]."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from calibrate.config.columns import Section

__all__ = ["Share", "ThresholdSettings"]

Share = Annotated[float, Field(gt=0, lt=1)]


class ThresholdSettings(Section):
    """What the cut-offs are chosen for.

    Parameters
    ----------
    objective : str, optional
        "youden", "f_beta", "expected_value", "capacity", "precision" or "recall"; default
        follows from what else is given.
    value, cost : float, optional
        Worth of a customer and cost of contacting a lead.
    capacity : float, optional
        Leads a week that sales can work; of each of the `people`, where these are given.
    beta, precision, recall : float, optional
        Parameters of the objectives of these names.
    people : int, optional
        How many people work the leads.

    Examples
    --------
    >>> ThresholdSettings(capacity=40, people=3).weekly_capacity
    120.0
    """

    toml_name: ClassVar[str] = "thresholds"
    objective: (
        Literal["youden", "f_beta", "expected_value", "capacity", "precision", "recall"] | None
    ) = None
    value: Annotated[float, Field(gt=0)] | None = None
    cost: Annotated[float, Field(ge=0)] | None = None
    capacity: Annotated[float, Field(gt=0)] | None = None
    beta: Annotated[float, Field(gt=0)] = 1.0
    precision: Share | None = None
    recall: Share | None = None
    people: Annotated[int, Field(ge=1)] | None = None

    @property
    def weekly_capacity(self) -> float | None:
        """Leads a week that all people together can work."""
        return None if self.capacity is None else self.capacity * (self.people or 1)

    @property
    def keywords(self) -> dict[str, Any]:
        """The objective and its figures, by the names that functions call them."""
        return self.model_dump(exclude={"people", "outcome"}) | {"capacity": self.weekly_capacity}
