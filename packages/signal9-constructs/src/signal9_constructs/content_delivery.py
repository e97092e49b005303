"""A website and its API behind one CloudFront distribution."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from aws_cdk import Duration, RemovalPolicy, Stack, aws_iam
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment
from constructs import Construct

from .arguments import Wrapper, checked, merge, unwrap
from .bucket import SecureBucket
from .errors import US_EAST_1, ConstructError, require_us_east_1
from .feature_flags import prepare
from .firewall import Firewall
from .policies import allow_in_policy

__all__ = ["ContentDelivery", "paths_to_invalidate"]

_CSP: Final = (
    "default-src 'self'; img-src 'self' data: https:; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'none'; form-action 'self'"
)
_CACHE_FOREVER: Final = "public, max-age=31536000, immutable"
_REVALIDATE: Final = "no-cache"
_CONFIG: Final = "config.json"
_MAX_INVALIDATION_PATHS: Final = 50
_Api: TypeAlias = apigateway.RestApiBase | Wrapper[apigateway.RestApiBase] | cloudfront.IOrigin
_ERRORS: Final = (400, 403, 404, 405, 414, 500, 501, 502, 503, 504)


@checked
class ContentDelivery(Construct):
    """A private bucket and, optionally, an API, served over HTTPS under one domain name.

    Files under `asset_paths` have hashes in their names and are cached for a year; browsers
    revalidate all others. API responses are cached as their headers say, for at most `api_cache_s`,
    separately for each path, query, `Origin` and `Authorization`; errors are never cached. With
    `single_page`, a path without a file name returns index.html. A file that does not exist is 404,
    and `error_pages` show files of the bucket for statuses, unless something else than the bucket
    answers too: CloudFront would replace its errors as well.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        bucket: s3.IBucket | Wrapper[s3.IBucket] | None = None,
        api: _Api | None = None,
        api_paths: Sequence[str] = ("/api/*",),
        api_cache_s: int = 60,
        api_headers: Mapping[str, str] | None = None,
        behaviors: Mapping[str, cloudfront.BehaviorOptions | cloudfront.IOrigin] | None = None,
        asset_paths: Sequence[str] = ("/assets/*",),
        single_page: bool = True,
        error_pages: Mapping[int, str] | None = None,
        viewer_protocol_policy: cloudfront.ViewerProtocolPolicy = (
            cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS
        ),
        domain_names: Sequence[str] = (),
        certificate: acm.ICertificate | None = None,
        hosted_zone: route53.IHostedZone | Wrapper[route53.IHostedZone] | None = None,
        minimum_tls: cloudfront.SecurityPolicyProtocol = (
            cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021
        ),
        content_security_policy: str = _CSP,
        hsts_days: int = 730,
        allowed_countries: Sequence[str] = (),
        denied_countries: Sequence[str] = (),
        firewall: Firewall | None = None,
        web_acl_arn: str | None = None,
        price_class: cloudfront.PriceClass = cloudfront.PriceClass.PRICE_CLASS_100,
        log_bucket: s3.IBucket | Wrapper[s3.IBucket] | None = None,
        log_days: int = 90,
        comment: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        props: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        _check_firewall(self, firewall, web_acl_arn)
        if error_pages and (api or behaviors):
            raise ConstructError(
                f"{self.node.path}: error_pages would replace the errors of the API and of "
                "behaviors too: pass one or the other"
            )
        self.bucket = (
            unwrap(bucket) or SecureBucket(self, "Site", removal_policy=removal_policy).bucket
        )
        self.log_bucket = unwrap(log_bucket) or _make_log_bucket(self, log_days, removal_policy)
        zone = unwrap(hosted_zone)
        self.certificate = certificate or _make_certificate(self, domain_names, zone)
        self._headers = _security_headers(self, csp=content_security_policy, hsts_days=hsts_days)
        self._protocol = viewer_protocol_policy
        self._single_page = single_page
        self._asset_paths = tuple(asset_paths)
        site = origins.S3BucketOrigin.with_origin_access_control(
            self.bucket,
            # Without permission to list, a missing file is 403 instead of 404.
            origin_access_levels=[cloudfront.AccessLevel.READ, cloudfront.AccessLevel.LIST],
        )
        own = {
            "comment": comment,
            "default_behavior": self._page_behavior(site),
            "additional_behaviors": {
                **self._asset_behaviors(site),
                **self._api_behaviors(api, api_paths, api_cache_s, api_headers),
                **{path: self._behavior(each) for path, each in (behaviors or {}).items()},
            },
            "error_responses": list(_error_responses(error_pages or {})),
            "domain_names": list(domain_names) or None,
            "certificate": self.certificate,
            "minimum_protocol_version": minimum_tls if self.certificate else None,
            "log_bucket": self.log_bucket,
            "geo_restriction": _geo_restriction(self, allowed_countries, denied_countries),
            "web_acl_id": firewall.arn if firewall else web_acl_arn,
            "price_class": price_class,
        }
        defaults = {
            "default_root_object": "index.html",
            "http_version": cloudfront.HttpVersion.HTTP2_AND_3,
        }
        decided = {name: value for name, value in own.items() if value is not None}
        self.distribution = cloudfront.Distribution(
            self, "Default", **merge(self, props, decided, defaults)
        )
        if not isinstance(self.bucket, s3.Bucket):
            self._allow_to_read(self.bucket)

    @property
    def resource(self) -> cloudfront.Distribution:
        """The distribution, so that the construct can stand for it."""
        return self.distribution

    @property
    def url(self) -> str:
        """The site's address under its CloudFront domain name."""
        return f"https://{self.distribution.distribution_domain_name}"

    def deploy(
        self,
        folder: str | Path,
        *,
        config: Mapping[str, object] | None = None,
        memory_mib: int = 512,
    ) -> None:
        """Upload a folder to the bucket and invalidate the files that may have changed.

        Assets are uploaded first and old ones are not deleted, so pages that are open keep working.
        `config` becomes config.json beside the pages; its values may be tokens.
        """
        # The CDK would resolve a relative path from the folder of its own process.
        folder = Path(folder).resolve()
        patterns = [path.lstrip("/") for path in self._asset_paths]
        files = deployment.Source.asset(str(folder))
        upload = partial(
            deployment.BucketDeployment,
            self,
            destination_bucket=self.bucket,
            memory_limit=memory_mib,
        )
        assets = upload(
            "Assets",
            sources=[files],
            exclude=["*"],
            include=patterns,
            prune=False,
            cache_control=[deployment.CacheControl.from_string(_CACHE_FOREVER)],
        )
        settings = [] if config is None else [deployment.Source.json_data(_CONFIG, dict(config))]
        paths = paths_to_invalidate(folder, self._asset_paths)
        pages = upload(
            "Pages",
            sources=[files, *settings],
            exclude=patterns,
            cache_control=[deployment.CacheControl.from_string(_REVALIDATE)],
            distribution=self.distribution,
            distribution_paths=[*paths, f"/{_CONFIG}"] if settings and "/*" not in paths else paths,
        )
        pages.node.add_dependency(assets)

    def _allow_to_read(self, bucket: s3.IBucket) -> None:
        """Let the distribution read a bucket of another app, or say what its owner must allow."""
        distribution = Stack.of(self).format_arn(
            service="cloudfront",
            region="",
            resource="distribution",
            resource_name=self.distribution.distribution_id,
        )
        statement = aws_iam.PolicyStatement(
            principals=[aws_iam.ServicePrincipal("cloudfront.amazonaws.com")],
            actions=["s3:GetObject", "s3:ListBucket"],
            resources=[bucket.bucket_arn, bucket.arn_for_objects("*")],
            conditions={"StringEquals": {"aws:SourceArn": distribution}},
        )
        allow_in_policy(self, bucket, statement)

    def _page_behavior(self, origin: cloudfront.IOrigin) -> cloudfront.BehaviorOptions:
        functions = []
        if self._single_page:
            event_type = cloudfront.FunctionEventType.VIEWER_REQUEST
            function = _single_page_function(self)
            functions = [cloudfront.FunctionAssociation(function=function, event_type=event_type)]
        return cloudfront.BehaviorOptions(
            origin=origin,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            viewer_protocol_policy=self._protocol,
            response_headers_policy=self._headers,
            function_associations=functions,
        )

    def _asset_behaviors(self, origin: cloudfront.IOrigin) -> dict[str, cloudfront.BehaviorOptions]:
        behavior = cloudfront.BehaviorOptions(
            origin=origin,
            cache_policy=cloudfront.CachePolicy(
                self,
                "LongCache",
                comment="Files with a hash in their name",
                min_ttl=Duration.days(1),
                default_ttl=Duration.days(365),
                max_ttl=Duration.days(365),
                enable_accept_encoding_brotli=True,
                enable_accept_encoding_gzip=True,
            ),
            viewer_protocol_policy=self._protocol,
            response_headers_policy=self._headers,
        )
        return dict.fromkeys(self._asset_paths, behavior)

    def _behavior(
        self, behavior: cloudfront.BehaviorOptions | cloudfront.IOrigin
    ) -> cloudfront.BehaviorOptions:
        """Return a behavior as it is, or that of an origin whose responses say how to cache."""
        if isinstance(behavior, cloudfront.BehaviorOptions):
            return behavior
        return cloudfront.BehaviorOptions(
            origin=behavior,
            cache_policy=cloudfront.CachePolicy.USE_ORIGIN_CACHE_CONTROL_HEADERS_QUERY_STRINGS,
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            viewer_protocol_policy=self._protocol,
            response_headers_policy=self._headers,
        )

    def _api_behaviors(
        self,
        api: _Api | None,
        paths: Sequence[str],
        cache_s: int,
        headers: Mapping[str, str] | None,
    ) -> dict[str, cloudfront.BehaviorOptions]:
        if api is None:
            return {}
        plain = self._protocol is cloudfront.ViewerProtocolPolicy.ALLOW_ALL
        behavior = cloudfront.BehaviorOptions(
            origin=_api_origin(self, api, headers),
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            cached_methods=cloudfront.CachedMethods.CACHE_GET_HEAD,
            cache_policy=_api_cache(self, cache_s),
            # API Gateway refuses a Host header other than its own.
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            # A redirected request has already sent its token in the clear.
            viewer_protocol_policy=self._protocol
            if plain
            else cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            response_headers_policy=self._headers,
        )
        return dict.fromkeys(paths, behavior)


def paths_to_invalidate(folder: Path, asset_paths: Sequence[str]) -> list[str]:
    """Return the paths of the files in `folder` that may change without a new name.

    If there are many it is `/*`, because CloudFront charges for each path.
    """
    names = sorted(
        f"/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*") if path.is_file()
    )
    pages = [name for name in names if not any(fnmatchcase(name, path) for path in asset_paths)]
    return ["/", *map(quote, pages)] if len(pages) < _MAX_INVALIDATION_PATHS else ["/*"]


def _check_firewall(scope: Construct, firewall: Firewall | None, web_acl_arn: str | None) -> None:
    if firewall and web_acl_arn:
        raise ConstructError(f"{scope.node.path}: pass firewall or web_acl_arn, not both")
    if firewall and not firewall.edge:
        raise ConstructError(f"{scope.node.path}: the firewall must be an edge firewall")


def _api_origin(
    scope: Construct,
    api: _Api,
    headers: Mapping[str, str] | None,
) -> cloudfront.IOrigin:
    rest = api.resource if isinstance(api, Wrapper) else api
    if isinstance(rest, apigateway.RestApiBase):
        return origins.RestApiOrigin(rest, custom_headers=headers)
    if headers:
        raise ConstructError(f"{scope.node.path}: api_headers: pass them to the origin itself")
    return rest


def _error_responses(pages: Mapping[int, str]) -> Iterator[cloudfront.ErrorResponse]:
    """Yield responses that are not cached, as CloudFront by default does for ten seconds."""
    for status in sorted({*_ERRORS, *pages}):
        page = pages.get(status)
        yield cloudfront.ErrorResponse(
            http_status=status,
            response_http_status=status if page else None,
            response_page_path=page,
            ttl=Duration.seconds(0),
        )


def _api_cache(scope: Construct, seconds: int) -> cloudfront.ICachePolicy:
    if seconds == 0:
        # CloudFront refuses a cache key in a policy whose TTL is zero.
        return cloudfront.CachePolicy.CACHING_DISABLED
    return cloudfront.CachePolicy(
        scope,
        "ApiCache",
        comment="As the API's headers say, by path, query and caller",
        min_ttl=Duration.seconds(0),
        default_ttl=Duration.seconds(0),
        max_ttl=Duration.seconds(seconds),
        header_behavior=cloudfront.CacheHeaderBehavior.allow_list("Authorization", "Origin"),
        query_string_behavior=cloudfront.CacheQueryStringBehavior.all(),
        cookie_behavior=cloudfront.CacheCookieBehavior.none(),
        enable_accept_encoding_brotli=True,
        enable_accept_encoding_gzip=True,
    )


def _security_headers(
    scope: Construct, *, csp: str, hsts_days: int
) -> cloudfront.ResponseHeadersPolicy:
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


def _single_page_function(scope: Construct) -> cloudfront.Function:
    source = files(__package__).joinpath("runtime", "single_page.js").read_text("utf-8")
    return cloudfront.Function(
        scope,
        "SinglePage",
        code=cloudfront.FunctionCode.from_inline(source),
        runtime=cloudfront.FunctionRuntime.JS_2_0,
        comment="Returns index.html for every page",
    )


def _make_log_bucket(scope: Construct, days: int, removal_policy: RemovalPolicy) -> s3.Bucket:
    return s3.Bucket(
        scope,
        "Logs",
        # CloudFront's standard logs need ACLs.
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


def _make_certificate(
    scope: Construct, domain_names: Sequence[str], zone: route53.IHostedZone | None
) -> acm.ICertificate | None:
    if not domain_names:
        return None
    if zone is None:
        raise ConstructError(
            f"{scope.node.path}: {list(domain_names)} need a certificate in {US_EAST_1}, "
            "or a hosted zone to make one"
        )
    require_us_east_1(scope, "a stack that makes the certificate")
    return acm.Certificate(
        scope,
        "Certificate",
        domain_name=domain_names[0],
        subject_alternative_names=list(domain_names[1:]) or None,
        validation=acm.CertificateValidation.from_dns(zone),
    )


def _geo_restriction(
    scope: Construct, allowed: Sequence[str], denied: Sequence[str]
) -> cloudfront.GeoRestriction | None:
    if allowed and denied:
        raise ConstructError(f"{scope.node.path}: pass allowed or denied countries, not both")
    if allowed:
        return cloudfront.GeoRestriction.allowlist(*allowed)
    return cloudfront.GeoRestriction.denylist(*denied) if denied else None
