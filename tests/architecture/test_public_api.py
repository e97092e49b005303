import json
import sys
from typing import Final

from .project import modules, output

HEAVY: Final = {"boto3", "botocore", "httpx2", "pandas", "polars", "rapidfuzz", "sqlite3", "typer"}

IMPORT_ALL: Final = """
import importlib, json, sys, threading

WORLD = ("socket.", "sqlite3.connect", "subprocess.", "os.mkdir", "os.remove", "os.rename",
         "os.rmdir", "os.system", "shutil.", "tempfile.", "urllib.")
seen = []

def watch(event, arguments):
    if event.startswith(WORLD) or (event == "open" and set(str(arguments[1])) & set("wax+")):
        seen.append(f"{module}: {event} {arguments!r}")

sys.addaudithook(watch)
for module in sys.argv[1:]:
    importlib.import_module(module)
    if threading.active_count() > 1:
        seen.append(f"{module}: a thread")
print(json.dumps(seen))
"""

LOADED: Final = "import {}, json, sys; print(json.dumps(sorted(sys.modules)))"


def _run(program: str, *arguments: str) -> list[str]:
    answer: list[str] = json.loads(output(sys.executable, "-B", "-c", program, *arguments))
    return answer


def test_importing_touches_nothing() -> None:
    runtime = ("signal9_core", "signal9_handlers")
    names = [module.name for module in modules() if module.name.startswith(runtime)]

    assert _run(IMPORT_ALL, *names) == []


def test_the_centre_loads_nothing_heavy() -> None:
    centre = "signal9_core, signal9_core.domain, signal9_core.ports, signal9_core.settings"

    loaded = {name.partition(".")[0] for name in _run(LOADED.format(centre))}

    assert loaded & HEAVY == set()


def test_the_package_itself_loads_next_to_nothing() -> None:
    loaded = _run(LOADED.format("signal9_core"))

    assert [name for name in loaded if name.startswith("signal9_core.")] == ["signal9_core.version"]
    assert {"asyncio", "pydantic", "socket"}.isdisjoint(loaded)
