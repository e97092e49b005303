"""Buckets as operators and functions use them."""

import pytest

from signal9_deploy.names import bucket_name
from tests.e2e.place import Place


@pytest.mark.parametrize("kind", ["cache", "backup", "static"])
def test_what_is_uploaded_can_be_downloaded_and_is_kept_in_versions(
    place: Place, kind: str
) -> None:
    account = place.account or place.client("sts").get_caller_identity()["Account"]
    bucket = bucket_name(place.settings, kind, account)
    s3 = place.client("s3")

    versions = [
        s3.put_object(Bucket=bucket, Key="e2e.txt", Body=body)["VersionId"]
        for body in (b"first", b"second")
    ]

    now = s3.get_object(Bucket=bucket, Key="e2e.txt")
    before = s3.get_object(Bucket=bucket, Key="e2e.txt", VersionId=versions[0])
    assert (now["Body"].read(), before["Body"].read()) == (b"second", b"first")
    for version in versions:
        s3.delete_object(Bucket=bucket, Key="e2e.txt", VersionId=version)


@pytest.mark.parametrize("kind", ["cache", "backup", "static"])
def test_no_bucket_is_public(place: Place, kind: str) -> None:
    account = place.account or place.client("sts").get_caller_identity()["Account"]

    found = place.client("s3").get_public_access_block(
        Bucket=bucket_name(place.settings, kind, account)
    )

    assert all(found["PublicAccessBlockConfiguration"].values())
