"""Give the customers of the e-mail test an id: their row.

python prepare.py [FOLDER OF THE DATA] [FILE TO WRITE]
"""

import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[3] / "shared" / "data" / "hillstrom"


def prepare(data: Path = DATA, out: Path = HERE / "prepared.csv.gz") -> None:
    customers = pd.read_csv(data / "hillstrom.csv.gz", dtype=str)
    customers.insert(0, "lead_id", range(1, len(customers) + 1))
    customers.to_csv(out, index=False)


if __name__ == "__main__":
    prepare(*(Path(argument) for argument in sys.argv[1:]))
