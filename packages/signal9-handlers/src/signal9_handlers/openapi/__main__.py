"""Writes the document: `python -m signal9_handlers.openapi PATH`."""

import json
import sys
from pathlib import Path

from . import document

if __name__ == "__main__":
    text = json.dumps(json.loads(document()), ensure_ascii=False, indent=1)
    Path(sys.argv[1]).write_text(f"{text}\n", encoding="utf-8")
