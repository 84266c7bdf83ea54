"""Writes the folding table into the package."""

from training import folding
from training.files import write

if __name__ == "__main__":
    table, kinds = folding.build()
    write(folding.SHIPPED, table=table, kinds=kinds)
