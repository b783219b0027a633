"""What Kaggle's files are called, for those that only name them."""

from __future__ import annotations

SUFFIXES = (".csv", ".zip")
TEST, LOOKUP = "test.csv", "IdLookupTable.csv"
