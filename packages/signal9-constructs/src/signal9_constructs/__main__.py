"""`python -m signal9_constructs` prints the known findings and their reasons."""

import sys

from .suppressions import KNOWN_FINDINGS

for row in (
    ("construct", "path", "id", "reason"),
    *((known.construct, known.path, known.id, known.reason) for known in KNOWN_FINDINGS),
):
    sys.stdout.write("\t".join(row) + "\n")
