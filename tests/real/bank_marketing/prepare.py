"""Give the rows of the bank's campaign their year, which lies in their order, and an id.

python prepare.py [FOLDER OF THE DATA] [FILE TO WRITE]
"""

import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[3] / "shared" / "data" / "bank_marketing"


def prepare(data: Path = DATA, out: Path = HERE / "prepared.csv.gz") -> None:
    calls = pd.read_csv(data / "bank-full.csv.gz", sep=";", dtype=str)
    month = pd.to_datetime(calls["month"], format="%b").dt.month
    year = 2008 + (month.diff() < 0).cumsum()  # the months run on; where they fall back, a new year
    called_on = pd.to_datetime({"year": year, "month": month, "day": calls["day"].astype(int)})
    calls.insert(0, "lead_id", range(1, len(calls) + 1))
    calls.insert(1, "called_on", called_on.dt.strftime("%Y-%m-%d"))
    # The column says cellular or telephone; "contact" is this project's word for a person.
    calls.rename(columns={"contact": "contact_type"}).to_csv(out, index=False)


if __name__ == "__main__":
    prepare(*(Path(argument) for argument in sys.argv[1:]))
