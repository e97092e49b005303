"""A site and its API behind one CloudFront distribution."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment
from constructs import Construct

from .bucket import SecureBucket
from .edge import (
    changed_paths,
    geo_restriction,
    long_cache,
    make_certificate,
    make_log_bucket,
    security_headers,
    short_cache,
    single_page_function,
    uncached_errors,
)
from .errors import ConstructError
from .firewall import Firewall
from .kinds import prepare

__all__ = ["ContentDelivery"]

_CSP: Final = (
    "default-src 'self'; img-src 'self' data: https:; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'none'; form-action 'self'"
)
_FOREVER: Final = "public, max-age=31536000, immutable"
_ASK_FIRST: Final = "no-cache"


class ContentDelivery(Construct):
    """A private bucket and, if there is one, an API, delivered over HTTPS from one name.

    Files under `asset_paths` have hashes in their names and are cached for a year; all other
    files are asked for anew. What the API answers is cached only as it says itself, for
    `api_cache_s` at most, apart by path, query and `Authorization`; writes never. A path without
    a file name is a page of the application; errors of the API stay as they are and are not cached.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        bucket: s3.IBucket | None = None,
        api: apigateway.RestApiBase | None = None,
        api_paths: Sequence[str] = ("/api/*",),
        api_cache_s: int = 60,
        asset_paths: Sequence[str] = ("/assets/*",),
        single_page: bool = True,
        domain_names: Sequence[str] = (),
        certificate: acm.ICertificate | None = None,
        hosted_zone: route53.IHostedZone | None = None,
        minimum_tls: cloudfront.SecurityPolicyProtocol = (
            cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021
        ),
        content_security_policy: str = _CSP,
        hsts_days: int = 730,
        allowed_countries: Sequence[str] = (),
        denied_countries: Sequence[str] = (),
        firewall: Firewall | None = None,
        price_class: cloudfront.PriceClass = cloudfront.PriceClass.PRICE_CLASS_100,
        log_bucket: s3.IBucket | None = None,
        log_days: int = 90,
        comment: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        if firewall and not firewall.edge:
            raise ConstructError(f"{self.node.path}: a distribution needs an edge firewall")
        self.bucket = bucket or SecureBucket(self, "Site", removal_policy=removal_policy).bucket
        self.log_bucket = log_bucket or make_log_bucket(self, "Logs", log_days, removal_policy)
        self.certificate = certificate or make_certificate(self, domain_names, hosted_zone)
        self._headers = security_headers(self, csp=content_security_policy, hsts_days=hsts_days)
        self._single_page = single_page_function(self) if single_page else None
        self._asset_paths = tuple(asset_paths)
        files = self._files()
        self.distribution = cloudfront.Distribution(
            self,
            "Default",
            comment=comment,
            default_root_object="index.html",
            default_behavior=self._site(files, cloudfront.CachePolicy.CACHING_OPTIMIZED),
            additional_behaviors=self._assets(files) | self._api(api, api_paths, api_cache_s),
            error_responses=uncached_errors(),
            domain_names=list(domain_names) or None,
            certificate=self.certificate,
            minimum_protocol_version=minimum_tls if self.certificate else None,
            ssl_support_method=cloudfront.SSLMethod.SNI if self.certificate else None,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            enable_ipv6=True,
            log_bucket=self.log_bucket,
            geo_restriction=geo_restriction(self, allowed_countries, denied_countries),
            web_acl_id=firewall.arn if firewall else None,
            price_class=price_class,
        )

    @property
    def url(self) -> str:
        """Where the site is under the name that CloudFront gave it."""
        return f"https://{self.distribution.distribution_domain_name}"

    def deploy(self, folder: str | Path, *, memory_mib: int = 512) -> None:
        """Put a folder's files into the bucket and tell CloudFront which may have changed.

        Assets go first and old ones stay, so that a page that is open still finds its own.
        """
        # CDK looks for a relative path from where its own process was started.
        place = Path(folder).resolve()
        sources = [deployment.Source.asset(str(place))]
        patterns = [path.lstrip("/") for path in self._asset_paths]
        assets = deployment.BucketDeployment(
            self,
            "Assets",
            sources=sources,
            destination_bucket=self.bucket,
            exclude=["*"],
            include=patterns,
            prune=False,
            cache_control=[deployment.CacheControl.from_string(_FOREVER)],
            memory_limit=memory_mib,
        )
        pages = deployment.BucketDeployment(
            self,
            "Pages",
            sources=sources,
            destination_bucket=self.bucket,
            exclude=patterns,
            prune=True,
            cache_control=[deployment.CacheControl.from_string(_ASK_FIRST)],
            distribution=self.distribution,
            distribution_paths=changed_paths(place, self._asset_paths),
            memory_limit=memory_mib,
        )
        pages.node.add_dependency(assets)

    def _files(self) -> cloudfront.IOrigin:
        return origins.S3BucketOrigin.with_origin_access_control(
            self.bucket, origin_access_levels=[cloudfront.AccessLevel.READ]
        )

    def _site(
        self, origin: cloudfront.IOrigin, cache: cloudfront.ICachePolicy
    ) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=origin,
            cache_policy=cache,
            compress=True,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            response_headers_policy=self._headers,
            function_associations=self._functions(),
        )

    def _functions(self) -> list[cloudfront.FunctionAssociation]:
        if self._single_page is None:
            return []
        request = cloudfront.FunctionEventType.VIEWER_REQUEST
        return [cloudfront.FunctionAssociation(function=self._single_page, event_type=request)]

    def _assets(self, origin: cloudfront.IOrigin) -> dict[str, cloudfront.BehaviorOptions]:
        behavior = cloudfront.BehaviorOptions(
            origin=origin,
            cache_policy=long_cache(self, "LongCache"),
            compress=True,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            response_headers_policy=self._headers,
        )
        return dict.fromkeys(self._asset_paths, behavior)

    def _api(
        self, api: apigateway.RestApiBase | None, paths: Sequence[str], cache_s: int
    ) -> dict[str, cloudfront.BehaviorOptions]:
        if api is None:
            return {}
        behavior = cloudfront.BehaviorOptions(
            origin=origins.RestApiOrigin(api),
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            cached_methods=cloudfront.CachedMethods.CACHE_GET_HEAD,
            cache_policy=short_cache(self, "ApiCache", cache_s),
            # API Gateway refuses a Host that is not its own.
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            compress=True,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            response_headers_policy=self._headers,
        )
        return dict.fromkeys(paths, behavior)
