"""Copies the rows of the PII collection that concern our kinds to `tests/golden/pii.jsonl`, in our names.

`python -m training.pii_golden --data DIR`. Left out: unit cases of numbers that are no id of a person, or of countries
whose ids the product does not promise; they would judge what nobody claims.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

KINDS = {
    "CREDIT_CARD": "card",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip_address",
    "PHONE_NUMBER": "phone",
    "PH_MOBILE_NUMBER": "phone",
    "TR_PHONE_NUMBER": "phone",
}
NATIONAL_IDS = (
    *("CN_RESIDENT_ID", "DE_SOCIAL_SECURITY", "DE_TAX_ID", "ES_NIE", "ES_NIF", "FI_PERSONAL_IDENTITY_CODE"),
    *("IT_FISCAL_CODE", "PL_PESEL", "SE_PERSONNUMMER", "UK_NHS", "UK_NINO", "US_SSN"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--write", type=Path, default=Path("tests/golden/pii.jsonl"))
    options = parser.parse_args()
    kinds = KINDS | dict.fromkeys(NATIONAL_IDS, "national_id")
    kept = []
    for line in (options.data / "pii.jsonl").read_text().splitlines():
        row = json.loads(line)
        spans = [[kinds[s["type"]], s["start"], s["end"]] for s in row["spans"] if s["type"] in kinds]
        concerns = row["kind"] == "sentence" or row["target_type"] in kinds
        if concerns and (spans or sum(c.isdigit() for c in row["text"]) >= 4):
            kept.append({"source": row["source"], "text": row["text"], "spans": spans})
    with options.write.open("w") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in kept)


if __name__ == "__main__":
    main()
