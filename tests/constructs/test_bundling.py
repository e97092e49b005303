"""PythonBundle: the right wheels, small, compiled, and a hash that only its inputs decide."""

import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_

from signal9_constructs import ConstructError, DependencyLayer, PythonBundle, PythonFunction
from signal9_constructs.bundling import bundle_into, find_uv

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
FAST = "fast==1.0"


pytestmark = pytest.mark.skipif(
    not (Path(sys.executable).with_name("uv").exists() or shutil.which("uv")),
    reason="uv is not installed",
)


@pytest.fixture(autouse=True)
def _wheelhouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hold wheels of `fast` for two machines, and of `needy`, which needs it."""
    house = tmp_path / "wheels"
    house.mkdir()
    tag = f"cp{HERE.replace('.', '')}"
    for tags in ("cp314-cp314-manylinux_2_28_aarch64", "cp314-cp314-manylinux_2_28_x86_64"):
        _wheel(house, "fast", tags, {"fast/machine.txt": tags.split("2_28_")[-1]})
    _wheel(house, "fast", f"{tag}-none-any", {"fast/machine.txt": "here"})
    _wheel(house, "needy", "py3-none-any", {"needy/__init__.py": ""}, "Requires-Dist: fast\n")
    _wheel(
        house,
        "botocore",
        "py3-none-any",
        {"botocore/data/s3/a.json": "{}", "botocore/data/ec2/a.json": "{}", "botocore/data/b": ""},
    )
    for name, value in {"UV_NO_INDEX": "1", "UV_FIND_LINKS": str(house), "UV_OFFLINE": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return house


def _wheel(house: Path, name: str, tags: str, files: dict[str, str], extra: str = "") -> None:
    info = f"{name}-1.0.dist-info"
    contents = {
        f"{name}/__init__.py": "LIMIT = 5\n",
        f"{name}/__init__.pyi": "LIMIT: int\n",
        f"{name}/tests/test_it.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{extra}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tags}\n",
        **files,
    }
    with zipfile.ZipFile(house / f"{name}-1.0-{tags}.whl", "w") as wheel:
        for path, content in contents.items():
            wheel.writestr(path, content)
        wheel.writestr(f"{info}/RECORD", "".join(f"{path},,\n" for path in contents))


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    package = tmp_path / "src" / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("def handler(event, context):\n    return 'ok'\n", "utf-8")
    return package


def _filled(
    folder: Path, bundle: PythonBundle, version: str = "3.14", machine: str = "arm64"
) -> Path:
    folder.mkdir()
    bundle_into(folder, bundle, python_version=version, architecture=machine, runs_at="/var/task")
    return folder


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("architecture", "machine"), [("arm64", "aarch64"), ("x86_64", "x86_64")])
def test_wheels_are_those_of_the_machine_that_will_run_them(
    tmp_path: Path, architecture: str, machine: str
) -> None:
    bundle = PythonBundle(requirements=[FAST], compiled=False)

    folder = _filled(tmp_path / "out", bundle, machine=architecture)

    assert (folder / "fast" / "machine.txt").read_text("utf-8") == machine


def test_an_emulator_gets_the_wheels_of_this_machine(tmp_path: Path) -> None:
    bundle = PythonBundle(requirements=[FAST], for_this_machine=True)

    folder = _filled(tmp_path / "out", bundle, version="3.14")

    assert (folder / "fast" / "machine.txt").read_text("utf-8") == "here"


def test_a_bundle_holds_code_and_nothing_that_only_developers_need(
    tmp_path: Path, sources: Path
) -> None:
    (sources / "__pycache__").mkdir()
    (sources / "__pycache__" / "old.pyc").write_bytes(b"")

    folder = _filled(tmp_path / "out", PythonBundle([sources], [FAST], compiled=False))

    assert _names(folder) == {
        "fast-1.0.dist-info/METADATA",
        "fast-1.0.dist-info/WHEEL",
        "fast/__init__.py",
        "fast/machine.txt",
        "shop/__init__.py",
    }


def test_botocore_keeps_the_services_that_are_named(tmp_path: Path) -> None:
    bundle = PythonBundle(requirements=["botocore==1.0"], botocore_services=["s3"], compiled=False)

    names = _names(_filled(tmp_path / "out", bundle))

    assert {name for name in names if "/data/" in name} == {
        "botocore/data/s3/a.json",
        "botocore/data/b",
    }


def test_modules_are_compiled_for_where_they_run_and_never_checked_again(
    tmp_path: Path, sources: Path
) -> None:
    folder = _filled(tmp_path / "out", PythonBundle([sources]), version=HERE)

    (compiled,) = (folder / "shop" / "__pycache__").iterdir()
    content = compiled.read_bytes()
    assert content[4:8] == b"\x01\x00\x00\x00"
    assert b"/var/task/shop/__init__.py" in content


def test_without_an_interpreter_the_bundle_says_what_it_lacks(
    tmp_path: Path,
    sources: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "none"))

    _filled(tmp_path / "out", PythonBundle([sources]), version="3.99")

    assert "`uv python install 3.99`" in capsys.readouterr().err


def test_the_hash_changes_with_each_input_and_with_nothing_else(
    tmp_path: Path, sources: Path
) -> None:
    bundle = PythonBundle([sources], [FAST])
    arm = bundle.fingerprint(python_version="3.14", architecture="arm64")
    others = [
        bundle.fingerprint(python_version="3.13", architecture="arm64"),
        bundle.fingerprint(python_version="3.14", architecture="x86_64"),
        PythonBundle([sources], ["fast==1.1"]).fingerprint(
            python_version="3.14", architecture="arm64"
        ),
    ]
    (sources / "__pycache__").mkdir()
    (sources / "__pycache__" / "x.pyc").write_bytes(b"x")
    os.utime(sources / "__init__.py", (0, 0))
    touched = bundle.fingerprint(python_version="3.14", architecture="arm64")
    copy = Path(shutil.copytree(sources, tmp_path / "elsewhere" / "shop"))
    moved = PythonBundle([copy], [FAST]).fingerprint(python_version="3.14", architecture="arm64")
    (sources / "__init__.py").write_text("", "utf-8")
    edited = bundle.fingerprint(python_version="3.14", architecture="arm64")

    assert touched == moved == arm
    assert len({arm, edited, *others}) == 5


@pytest.mark.parametrize("loose", ["fast", "fast>=1", "fast==1.*", "./x"])
def test_a_requirement_without_an_exact_version_is_refused(loose: str) -> None:
    with pytest.raises(ConstructError, match="must have exact versions"):
        PythonBundle(requirements=[loose])


def test_a_requirements_file_may_hold_hashes_options_and_comments(tmp_path: Path) -> None:
    listed = tmp_path / "requirements.txt"
    listed.write_text(
        "# by uv\n--only-binary :all:\nfast[all]==1.0 ; python_version > '3' \\\n"
        "    --hash=sha256:00  # via needy\n",
        "utf-8",
    )

    assert PythonBundle(requirements=listed).pinned.startswith("# by uv")


def test_a_package_that_is_needed_but_not_pinned_is_refused(tmp_path: Path) -> None:
    bundle = PythonBundle(requirements=["needy==1.0"])

    with pytest.raises(ConstructError, match=r"not pinned: \['fast==1\.0'\]"):
        _filled(tmp_path / "out", bundle)


def test_a_package_that_nobody_has_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConstructError, match="absent"):
        _filled(tmp_path / "out", PythonBundle(requirements=["absent==1.0"]))


def test_sources_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ConstructError, match=r"do not exist: \['nowhere'\]"):
        PythonBundle(sources=["nowhere"])


def test_a_bundle_of_nothing_is_refused() -> None:
    with pytest.raises(ConstructError, match="sources or requirements are required"):
        PythonBundle()


def test_a_machine_without_uv_is_told_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    with pytest.raises(ConstructError, match="pip install uv"):
        find_uv()


def test_synthesis_bundles_functions_and_layers(tmp_path: Path, sources: Path) -> None:
    root = App(outdir=str(tmp_path / "cdk.out"), analytics_reporting=False)
    stack = Stack(root, "Shop")
    PythonFunction(
        stack, "Api", code=PythonBundle([sources], compiled=False), handler="shop.handler"
    )
    DependencyLayer(stack, "Libraries", code=PythonBundle(requirements=[FAST], compiled=False))

    root.synth()

    assets = list((tmp_path / "cdk.out").glob("asset.*"))
    assert any((asset / "shop" / "__init__.py").is_file() for asset in assets)
    assert any((asset / "python" / "fast" / "machine.txt").is_file() for asset in assets)


def test_code_that_is_no_bundle_is_taken_as_it_is() -> None:
    code = lambda_.Code.from_inline("pass")

    function = PythonFunction(Stack(), "Api", code=code, handler="index.handler")

    assert function.function.architecture.name == "arm64"
