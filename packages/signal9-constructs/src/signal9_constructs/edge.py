"""The parts of a distribution: caches, headers, certificate, logs, and who may come."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aws_cdk import Duration, RemovalPolicy, Stack, Token
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .errors import ConstructError

__all__ = [
    "changed_paths",
    "geo_restriction",
    "long_cache",
    "make_certificate",
    "make_log_bucket",
    "security_headers",
    "short_cache",
    "single_page_function",
    "uncached_errors",
]

_REGION: Final = "us-east-1"
_MOST_PATHS: Final = 50
_CACHED_ERRORS: Final = (400, 403, 404, 405, 414, 500, 501, 502, 503, 504)


def long_cache(scope: Construct, id_: str) -> cloudfront.CachePolicy:
    """Return a cache for files whose names change with their content."""
    return cloudfront.CachePolicy(
        scope,
        id_,
        comment="Files whose names change with their content",
        min_ttl=Duration.days(1),
        default_ttl=Duration.days(365),
        max_ttl=Duration.days(365),
        enable_accept_encoding_brotli=True,
        enable_accept_encoding_gzip=True,
    )


def short_cache(scope: Construct, id_: str, seconds: int) -> cloudfront.ICachePolicy:
    """Return a cache for what an API lets be cached, apart by path, query and caller."""
    if seconds == 0:
        # A policy that caches nothing may not say by what it would keep things apart.
        return cloudfront.CachePolicy.CACHING_DISABLED
    return cloudfront.CachePolicy(
        scope,
        id_,
        comment="As the API says, by path, query and caller",
        min_ttl=Duration.seconds(0),
        default_ttl=Duration.seconds(0),
        max_ttl=Duration.seconds(seconds),
        header_behavior=cloudfront.CacheHeaderBehavior.allow_list("Authorization", "Origin"),
        query_string_behavior=cloudfront.CacheQueryStringBehavior.all(),
        cookie_behavior=cloudfront.CacheCookieBehavior.none(),
        enable_accept_encoding_brotli=True,
        enable_accept_encoding_gzip=True,
    )


def security_headers(
    scope: Construct, *, csp: str, hsts_days: int
) -> cloudfront.ResponseHeadersPolicy:
    """Return the headers that tell a browser to be careful."""
    return cloudfront.ResponseHeadersPolicy(
        scope,
        "Headers",
        remove_headers=["Server", "X-Powered-By"],
        security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
            content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                content_security_policy=csp, override=True
            ),
            strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                access_control_max_age=Duration.days(hsts_days),
                include_subdomains=True,
                override=True,
            ),
            content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
            frame_options=cloudfront.ResponseHeadersFrameOptions(
                frame_option=cloudfront.HeadersFrameOption.DENY, override=True
            ),
            referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                referrer_policy=cloudfront.HeadersReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN,
                override=True,
            ),
        ),
    )


def single_page_function(scope: Construct) -> cloudfront.Function:
    """Return the function that answers every page with index.html."""
    source = files(__package__).joinpath("runtime", "single_page.js").read_text("utf-8")
    return cloudfront.Function(
        scope,
        "SinglePage",
        code=cloudfront.FunctionCode.from_inline(source),
        runtime=cloudfront.FunctionRuntime.JS_2_0,
        comment="Answers every page with index.html",
    )


def make_log_bucket(
    scope: Construct, id_: str, days: int, removal_policy: RemovalPolicy
) -> s3.Bucket:
    """Make a bucket for CloudFront's logs, which go after `days`."""
    return s3.Bucket(
        scope,
        id_,
        # CloudFront writes its logs by ACL, and by nothing else.
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        versioned=True,
        lifecycle_rules=[
            s3.LifecycleRule(
                expiration=Duration.days(days),
                noncurrent_version_expiration=Duration.days(days),
                abort_incomplete_multipart_upload_after=Duration.days(7),
            )
        ],
        removal_policy=removal_policy,
    )


def make_certificate(
    scope: Construct,
    domain_names: Sequence[str],
    zone: route53.IHostedZone | None,
) -> acm.ICertificate | None:
    """Make a certificate for `domain_names`, if there are any, where CloudFront can use it."""
    if not domain_names:
        return None
    region = Stack.of(scope).region
    elsewhere = not Token.is_unresolved(region) and region != _REGION
    if zone is None or elsewhere:
        raise ConstructError(
            f"{scope.node.path}: give a certificate of {_REGION} for {list(domain_names)}, or a "
            "hosted zone to make one in a stack there"
        )
    return acm.Certificate(
        scope,
        "Certificate",
        domain_name=domain_names[0],
        subject_alternative_names=list(domain_names[1:]) or None,
        validation=acm.CertificateValidation.from_dns(zone),
    )


def uncached_errors() -> list[cloudfront.ErrorResponse]:
    """Let no error be cached, which CloudFront does for ten seconds, and replace none."""
    return [
        cloudfront.ErrorResponse(http_status=status, ttl=Duration.seconds(0))
        for status in _CACHED_ERRORS
    ]


def changed_paths(folder: Path, asset_paths: Sequence[str]) -> list[str]:
    """Return where the files of `folder` are that may change and keep their name.

    CloudFront counts each path, and everything as one: many are told as everything.
    """
    names = sorted(
        f"/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*") if path.is_file()
    )
    pages = [name for name in names if not any(fnmatchcase(name, each) for each in asset_paths)]
    return ["/", *map(quote, pages)] if len(pages) < _MOST_PATHS else ["/*"]


def geo_restriction(
    scope: Construct, allowed: Sequence[str], denied: Sequence[str]
) -> cloudfront.GeoRestriction | None:
    """Return who may come, by country, or `None` for everybody."""
    if allowed and denied:
        raise ConstructError(f"{scope.node.path}: allow countries or deny them, not both")
    if allowed:
        return cloudfront.GeoRestriction.allowlist(*allowed)
    return cloudfront.GeoRestriction.denylist(*denied) if denied else None
