"""The page in the static bucket: names, headers, what is uploaded, and what is removed."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from signal9_deploy.commands import site
from signal9_deploy.commands.aws import Account
from signal9_deploy.commands.site import PAGE, SiteFile, site_files, upload_site
from signal9_deploy.errors import DeployError
from signal9_handlers.api.http import Request
from signal9_handlers.local.gateway import proxy_event
from signal9_handlers.local.site import Site
from tests.deploy.lab import settings_of, template
from tests.emulator import CREDENTIALS, running_emulator

BUCKET = "signal9-static-prod-000000000000"
FOREVER = "public, max-age=31536000, immutable"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "index.html": '<link href="style.css"><script src="/app.js?v=1"></script>',
        "help/index.html": '<script src="../app.js"></script><img src="https://app.js">',
        "app.js": 'import "./lib/deep.js";',
        "lib/deep.js": 'fetch("/config.json");',
        "style.css": "p { background: url(icon.svg) }",
        "icon.svg": "<svg/>",
        "robots.txt": "User-agent: *",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def _files(folder: Path) -> dict[str, SiteFile]:
    return {file.key: file for file in site_files(folder, {"api": "/api/v1"})}


def test_assets_have_a_hash_in_their_path_and_pages_refer_to_it(folder: Path) -> None:
    files = _files(folder)
    (prefix,) = {match[0] for key in files if (match := re.match(r"/assets/\w{12}/", f"/{key}"))}

    assert f'<link href="{prefix}style.css"><script src="{prefix}app.js?v=1">' in (
        files["index.html"].body.decode()
    )
    assert files["help/index.html"].body.decode() == (
        f'<script src="{prefix}app.js"></script><img src="https://app.js">'
    )
    assert files[f"{prefix[1:]}lib/deep.js"].body == b'fetch("/config.json");'
    assert json.loads(files["config.json"].body) == {"api": "/api/v1"}


def test_what_keeps_its_name_is_revalidated_and_all_else_is_cached_for_a_year(folder: Path) -> None:
    files = _files(folder)

    forever = {key for key, file in files.items() if file.cache_control == FOREVER}
    others = files.keys() - forever

    assert {key.partition("/")[0] for key in forever} == {"assets"}
    assert others == {"index.html", "help/index.html", "config.json", "robots.txt"}
    assert {files[key].cache_control for key in others} == {"no-cache"}


def test_the_hash_changes_with_every_asset_and_with_nothing_else(folder: Path) -> None:
    before = _files(folder).keys()

    (folder / "index.html").write_text("<p>New", "utf-8")
    same = _files(folder).keys()
    (folder / "lib/deep.js").write_text("", "utf-8")
    changed = _files(folder).keys()

    assert same == before
    assert not any(key.startswith("assets/") for key in changed & before)


def test_an_absolute_reference_between_assets_is_refused(folder: Path) -> None:
    (folder / "app.js").write_text('import "/lib/deep.js";', "utf-8")

    with pytest.raises(DeployError, match=r"^app.js: /lib/deep.js: .* must be relative$"):
        _files(folder)


def test_a_file_of_an_unknown_kind_is_refused(folder: Path) -> None:
    (folder / "data.xyz").touch()

    with pytest.raises(DeployError, match=r"^data.xyz: the media type of .xyz is not known$"):
        _files(folder)


def test_the_page_of_the_project_refers_to_assets_only_by_their_hashes() -> None:
    files = _files(PAGE)
    index = files["index.html"].body.decode()

    targets = re.findall(r'(?:src|href)="(/[^"]+)"', index)

    assert {target.lstrip("/") for target in targets} - files.keys() == {"docs"}
    assert files.keys() - {"config.json", "index.html"} == {
        key for key in files if key.startswith("assets/")
    }
    types = {file.media_type for file in files.values()}
    assert {"text/html; charset=utf-8", "text/javascript; charset=utf-8"} <= types


def test_the_distribution_sends_the_same_security_headers_as_the_local_server() -> None:
    local = Site(None)(Request(proxy_event("GET", "/"))).headers
    policy: Any
    (policy,) = (
        template("prod", "Edge").find_resources("AWS::CloudFront::ResponseHeadersPolicy").values()
    )
    sent = policy["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    transport = sent["StrictTransportSecurity"]

    assert {name: value for name, value in local.items() if name != "Cache-Control"} == {
        "Content-Security-Policy": sent["ContentSecurityPolicy"]["ContentSecurityPolicy"],
        "Referrer-Policy": sent["ReferrerPolicy"]["ReferrerPolicy"],
        "Strict-Transport-Security": (
            f"max-age={transport['AccessControlMaxAgeSec']}; includeSubDomains"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": sent["FrameOptions"]["FrameOption"],
    }
    assert transport["IncludeSubdomains"]
    assert sent["ContentTypeOptions"] == {"Override": True}


class Deployed(Account):
    """An account whose edge is deployed."""

    distribution = ""

    def outputs(self, stack: str) -> dict[str, str]:
        assert stack == "Signal9-prod-Edge"
        return {"DistributionId": self.distribution}

    def in_region(self, region: str) -> Account:
        assert region == "us-east-1"
        return self


@pytest.fixture(scope="module")
def account() -> Iterator[Deployed]:
    with running_emulator() as address:
        account = Deployed("us-east-1", {**CREDENTIALS, "AWS_ENDPOINT_URL": address})
        session = boto3.Session("test", "test", region_name="us-east-1")
        session.client("s3", endpoint_url=address).create_bucket(Bucket=BUCKET)
        behavior = {"TargetOriginId": "o", "ViewerProtocolPolicy": "https-only"}
        origin = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}
        made = account.client("cloudfront").create_distribution(
            DistributionConfig={
                "CallerReference": "1",
                "Comment": "",
                "Enabled": True,
                "DefaultCacheBehavior": behavior,
                "Origins": {
                    "Quantity": 1,
                    "Items": [{"Id": "o", "DomainName": "o.example", "CustomOriginConfig": origin}],
                },
            }
        )
        account.distribution = made["Distribution"]["Id"]
        yield account


def _invalidated(account: Deployed) -> list[set[str]]:
    client = account.client("cloudfront")
    ids = client.list_invalidations(DistributionId=account.distribution)["InvalidationList"]
    return [
        set(
            client.get_invalidation(DistributionId=account.distribution, Id=entry["Id"])[
                "Invalidation"
            ]["InvalidationBatch"]["Paths"]["Items"]
        )
        for entry in ids.get("Items", ())
    ]


def _keys(account: Deployed) -> set[str]:
    listed = account.client("s3").list_objects_v2(Bucket=BUCKET)
    return {found["Key"] for found in listed["Contents"]}


def test_only_a_changed_page_is_uploaded_and_unused_assets_go_after_a_month(
    account: Deployed, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, lines = settings_of("prod"), list[str]()
    first = _files(folder).keys()

    upload_site(settings, account, lines.append, folder=folder)
    upload_site(settings, account, lines.append, folder=folder)
    (folder / "app.js").write_text("// new", "utf-8")
    second = _files(folder).keys()
    upload_site(settings, account, lines.append, folder=folder)
    both = _keys(account)
    monkeypatch.setattr(site, "_KEPT", timedelta(days=-1))
    (folder / "index.html").write_text("<p>Newer", "utf-8")
    upload_site(settings, account, lines.append, folder=folder)

    assert lines == [
        "page: 8 files uploaded, 0 old ones removed",
        "page: unchanged",
        "page: 8 files uploaded, 0 old ones removed",
        "page: 8 files uploaded, 4 old ones removed",
    ]
    assert both == first | second
    assert _keys(account) == second
    paths = {"/", "/config.json", "/index.html", "/help/index.html", "/robots.txt"}
    assert _invalidated(account) == [paths] * 3


def test_the_page_learns_its_api_and_issuer_and_no_secret(account: Deployed, folder: Path) -> None:
    upload_site(settings_of("prod"), account, print, folder=folder)

    stored = account.client("s3").get_object(Bucket=BUCKET, Key="config.json")

    assert stored["ContentType"] == "application/json"
    assert json.loads(stored["Body"].read()) == {
        "api": "/api/v1",
        "docs": None,
        "issuer": "https://issuer.example/",
        "notice": None,
    }
