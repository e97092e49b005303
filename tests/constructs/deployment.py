"""Puts a stack into an emulator the way CloudFormation gets it: its files, then its template."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from aws_cdk import DefaultStackSynthesizer
from botocore.exceptions import WaiterError

__all__ = ["Client", "deploy", "synthesizer"]

Client = Callable[[str], Any]
"""Opens a client of the emulator by the name of its service."""

_ASSETS: Final = "assets"


def synthesizer() -> DefaultStackSynthesizer:
    """Return a synthesizer that asks for no bootstrapped account."""
    return DefaultStackSynthesizer(
        file_assets_bucket_name=_ASSETS, generate_bootstrap_version_rule=False
    )


def deploy(client: Client, folder: Path, stack: str) -> Mapping[str, str]:
    """Create `stack` from the assembly in `folder`; return its resources by logical id."""
    s3, formation = client("s3"), client("cloudformation")
    _upload_assets(s3, folder, stack)
    place = {"Bucket": _ASSETS, "Key": f"{stack}.template.json"}
    s3.put_object(**place, Body=(folder / place["Key"]).read_bytes())
    formation.create_stack(
        StackName=stack,
        TemplateURL=s3.generate_presigned_url("get_object", place),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    _wait(formation, stack)
    made = formation.describe_stack_resources(StackName=stack)["StackResources"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in made}


def _wait(formation: Any, stack: str) -> None:
    """Wait until the stack is there, or say which resource is not."""
    try:
        formation.get_waiter("stack_create_complete").wait(
            StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
    except WaiterError as error:
        events = formation.describe_stack_events(StackName=stack)["StackEvents"]
        failed = [each for each in events if each["ResourceStatus"].endswith("FAILED")]
        reasons = {each["LogicalResourceId"]: each["ResourceStatusReason"] for each in failed}
        raise AssertionError(f"{stack} was not created: {reasons}") from error


def _upload_assets(s3: Any, folder: Path, stack: str) -> None:
    s3.create_bucket(Bucket=_ASSETS)
    listed = json.loads((folder / f"{stack}.assets.json").read_text("utf-8"))["files"]
    for asset in listed.values():
        source = folder / asset["source"]["path"]
        body = _zipped(source) if source.is_dir() else source.read_bytes()
        for destination in asset["destinations"].values():
            s3.put_object(Bucket=_ASSETS, Key=destination["objectKey"], Body=body)


def _zipped(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return content.getvalue()
