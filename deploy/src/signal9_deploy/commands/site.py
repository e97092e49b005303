"""Uploads the page to the stage's static bucket, with names that change with its content."""

import json
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from botocore.exceptions import ClientError

from ..errors import DeployError
from ..names import bucket_name, stack_name
from ..settings import EDGE_REGION, StageSettings
from .aws import Account, aws_errors
from .cdk_cli import DEPLOY, Echo

__all__ = ["PAGE", "SiteFile", "site_files", "upload_site"]

PAGE: Final = DEPLOY.parent / "packages/signal9-handlers/src/signal9_handlers/local/page"
"""The files of the page, as the local server serves them."""

_ASSETS: Final = "assets/"
_CONFIG: Final = "config.json"
_KEPT: Final = timedelta(days=30)
_FOREVER: Final = "public, max-age=31536000, immutable"
_REVALIDATE: Final = "no-cache"
_BY_NAME: Final = frozenset({"favicon.ico", "robots.txt"})
"""Files that browsers and crawlers request by these names."""

_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_IN_HTML: Final = re.compile(r"""(\s(?:src|href)=["'])([^"'#?]+)""")
_ABSOLUTE: Final = re.compile(r"""["'`(]/([^"'`()\s?#]+)""")


class SiteFile(NamedTuple):
    """An object of the static bucket."""

    key: str
    body: bytes
    media_type: str
    cache_control: str


def site_files(folder: Path, config: Mapping[str, object]) -> Iterator[SiteFile]:
    """Yield the objects of a folder's site, assets first, and its `config.json`.

    All assets are under a hash of them all, so references between them hold as they are; those in
    HTML are rewritten.
    """
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    assets = {
        name: body
        for name, body in files.items()
        if not name.endswith(".html") and name not in _BY_NAME
    }
    prefix = f"{_ASSETS}{_hash(assets)}/"
    for name, body in assets.items():
        _check_references(name, body, assets)
        yield SiteFile(prefix + name, body, _media_type(name), _FOREVER)
    pages = {name: body for name, body in files.items() if name not in assets}
    for name, body in {_CONFIG: json.dumps(config).encode(), **pages}.items():
        is_page = name.endswith(".html")
        content = _rewritten(name, body.decode(), assets, prefix).encode() if is_page else body
        yield SiteFile(name, content, _media_type(name), _REVALIDATE)


def upload_site(
    settings: StageSettings, account: Account, echo: Echo, *, folder: Path = PAGE
) -> None:
    """Upload the page if it has changed, and remove assets that no page has used for a month."""
    edge = account.in_region(EDGE_REGION)
    distribution = edge.outputs(stack_name(settings, "Edge"))["DistributionId"]
    bucket = bucket_name(settings, "static", account.number())
    files = list(site_files(folder, _config(settings)))
    s3 = edge.client("s3")
    with aws_errors(f"bucket {bucket}"):
        if all(_is_stored(s3, bucket, file) for file in files):
            echo("page: unchanged")
            return
        for file in files:
            s3.put_object(
                Bucket=bucket,
                Key=file.key,
                Body=file.body,
                ContentType=file.media_type,
                CacheControl=file.cache_control,
            )
        removed = _remove_old_assets(s3, bucket)
    _invalidate(edge, distribution, [f.key for f in files if f.cache_control == _REVALIDATE])
    echo(f"page: {len(files)} files uploaded, {removed} old ones removed")


def _config(settings: StageSettings) -> dict[str, object]:
    """Return what the page must know of the stage; its API is below the page's own address."""
    notice = "This stage serves sample data." if settings.provider == "sample" else None
    return {"api": "/api/v1", "docs": None, "issuer": settings.issuer, "notice": notice}


def _hash(files: Mapping[str, bytes]) -> str:
    digest = sha256()
    for name, body in sorted(files.items()):
        digest.update(f"{name}\0{len(body)}\0".encode())
        digest.update(body)
    return digest.hexdigest()[:12]


def _media_type(name: str) -> str:
    suffix = posixpath.splitext(name)[1]
    if suffix not in _MEDIA_TYPES:
        raise DeployError(f"{name}: the media type of {suffix or 'such a file'} is not known")
    return _MEDIA_TYPES[suffix]


def _check_references(name: str, body: bytes, assets: Collection[str]) -> None:
    """Refuse an absolute path in a script or style sheet, which is moved below the hash."""
    if name.endswith((".js", ".css")):
        for target in _ABSOLUTE.findall(body.decode()):
            if target in assets:
                raise DeployError(f"{name}: /{target}: references between assets must be relative")


def _rewritten(page: str, text: str, assets: Collection[str], prefix: str) -> str:
    def rewrite(match: re.Match[str]) -> str:
        path = posixpath.join("/", posixpath.dirname(page), match[2])
        name = posixpath.normpath(path).lstrip("/")
        return f"{match[1]}/{prefix}{name}" if name in assets else match[0]

    return _IN_HTML.sub(rewrite, text)


def _is_stored(s3: Any, bucket: str, file: SiteFile) -> bool:
    try:
        stored = s3.head_object(Bucket=bucket, Key=file.key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:  # noqa: PLR2004
            return False
        raise
    digest = md5(file.body, usedforsecurity=False).hexdigest()
    headers = (stored["ContentType"], stored.get("CacheControl"))
    return stored["ETag"].strip('"') == digest and headers == (file.media_type, file.cache_control)


def _remove_old_assets(s3: Any, bucket: str) -> int:
    """Delete the versions whose successor was uploaded a month ago; return the number of files."""
    uploaded: dict[str, datetime] = {}
    keys: dict[str, list[str]] = {}
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=_ASSETS)
    for page in pages:
        for stored in page.get("Contents", ()):
            version = stored["Key"].removeprefix(_ASSETS).partition("/")[0]
            keys.setdefault(version, []).append(stored["Key"])
            latest = uploaded.get(version, stored["LastModified"])
            uploaded[version] = max(latest, stored["LastModified"])
    ordered = sorted(uploaded, key=uploaded.__getitem__)
    since = datetime.now(UTC) - _KEPT
    old = [
        key
        for version, successor in pairwise(ordered)
        if uploaded[successor] < since
        for key in keys[version]
    ]
    for key in old:
        s3.delete_object(Bucket=bucket, Key=key)
    return len(old)


def _invalidate(account: Account, distribution: str, names: Collection[str]) -> None:
    paths = sorted({"/", *(f"/{name}" for name in names)})
    with aws_errors(f"distribution {distribution}"):
        account.client("cloudfront").create_invalidation(
            DistributionId=distribution,
            InvalidationBatch={
                "Paths": {"Quantity": len(paths), "Items": paths},
                "CallerReference": datetime.now(UTC).isoformat(),
            },
        )
