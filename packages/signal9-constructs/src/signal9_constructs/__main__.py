"""`python -m signal9_constructs` lists what rule packs find in each construct, and why."""

import sys

from .findings import KNOWN_FINDINGS


def _line(*columns: str) -> str:
    return "\t".join(columns) + "\n"


sys.stdout.write(_line("construct", "path", "id", "reason"))
sys.stdout.writelines(
    _line(known.construct, known.path, known.id, known.reason) for known in KNOWN_FINDINGS
)
