"""Reads what was recorded: adoption, savings, refusals, the price of each rule. Pure but for `ledger.py`."""
