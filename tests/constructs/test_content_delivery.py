"""ContentDelivery: a private bucket and an API behind one distribution."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Annotations, Match, Template

import signal9_constructs
from signal9_constructs import ConstructError, ContentDelivery, Firewall, RestService, Route
from signal9_constructs.content_delivery import paths_to_invalidate
from tests.constructs.lab import ENV, Made, app, only, properties, statement, synthesise, text

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:orders"
WEB_ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/edge/1"
DOMAINS = ["shop.example", "www.shop.example"]
# Policies that AWS manages.
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST_HEADER = "b689b0a8-53d0-40ab-baf2-68738e2966ac"


def _api(stack: Stack) -> apigateway.RestApi:
    api = apigateway.RestApi(stack, "Api")
    api.root.add_method("GET")
    return api


def _zone(stack: Stack) -> route53.IHostedZone:
    return route53.HostedZone.from_hosted_zone_attributes(
        stack, "Zone", hosted_zone_id="Z1", zone_name="shop.example"
    )


def _plain(stack: Stack) -> None:
    assert ContentDelivery(stack, "Web").url.startswith("https://")


def _full(stack: Stack) -> None:
    ContentDelivery(
        stack,
        "Web",
        api=_api(stack),
        api_paths=("/api/*", "/health"),
        api_cache_s=5,
        asset_paths=("/static/*",),
        single_page=False,
        domain_names=DOMAINS,
        certificate=acm.Certificate.from_certificate_arn(stack, "Certificate", CERTIFICATE),
        minimum_tls=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2025,
        content_security_policy="default-src 'none'",
        hsts_days=1,
        allowed_countries=["DE"],
        firewall=Firewall(stack, "Wall", edge=True),
        price_class=cloudfront.PriceClass.PRICE_CLASS_ALL,
        log_bucket=s3.Bucket.from_bucket_name(stack, "Logs", "logs"),
    )


def _others(stack: Stack) -> None:
    """Several origins, an existing web ACL and a service of this library as the API."""
    function = lambda_.Function.from_function_arn(stack, "Orders", FUNCTION)
    service = RestService(stack, "Api", routes=[Route("GET", "/api/orders", function, open=True)])
    own = cloudfront.BehaviorOptions(origin=origins.HttpOrigin("own.shop.example"))
    ContentDelivery(
        stack,
        "Web",
        api=service.api,
        api_headers={"X-Origin": "secret"},
        behaviors={"/blog/*": origins.HttpOrigin("blog.shop.example"), "/own/*": own},
        web_acl_arn=WEB_ACL,
        props={"enable_ipv6": False},
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.ALLOW_ALL,
    )


def _foreign(stack: Stack) -> None:
    """A site whose API is an origin of another kind."""
    ContentDelivery(stack, "Web", api=origins.HttpOrigin("api.shop.example"))


def _paged(stack: Stack) -> None:
    ContentDelivery(stack, "Web", single_page=False, error_pages={404: "/404.html"})


def _uncached(stack: Stack) -> None:
    ContentDelivery(stack, "Web", api=_api(stack), api_cache_s=0)


def _certified(stack: Stack) -> None:
    zone = _zone(stack)
    ContentDelivery(stack, "Web", domain_names=DOMAINS, hosted_zone=zone, denied_countries=["XX"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("site")
    for name in ("index.html", "about us.html", "assets/app-1a2b.js", "assets/deep/font-3c.woff2"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, "utf-8")

    def deployed(stack: Stack) -> None:
        ContentDelivery(stack, "Web").deploy(folder, config={"stage": "test"})

    return synthesise(
        plain=_plain,
        full=_full,
        others=_others,
        foreign=_foreign,
        paged=_paged,
        uncached=_uncached,
        certified=_certified,
        deployed=deployed,
    )


def _config(template: Template) -> dict[str, Any]:
    config: Any = only(template, "AWS::CloudFront::Distribution")["DistributionConfig"]
    return dict(config)


def _behaviors(template: Template) -> dict[str, dict[str, Any]]:
    return {behavior["PathPattern"]: behavior for behavior in _config(template)["CacheBehaviors"]}


def test_only_the_distribution_may_read_the_bucket(made: Made) -> None:
    control = {"OriginAccessControlOriginType": "s3", "SigningBehavior": "always"}
    made["plain"].has_resource_properties(
        "AWS::CloudFront::OriginAccessControl", {"OriginAccessControlConfig": control}
    )
    policy = statement(
        # With the right to list, a missing file is 404 instead of 403.
        Action=["s3:GetObject", "s3:ListBucket"],
        Principal={"Service": "cloudfront.amazonaws.com"},
        Condition={"StringEquals": {"AWS:SourceArn": Match.any_value()}},
    )
    made["plain"].has_resource_properties("AWS::S3::BucketPolicy", {"PolicyDocument": policy})


def test_the_site_uses_https_and_current_protocols(made: Made) -> None:
    config = _config(made["plain"])

    assert (config["HttpVersion"], config["IPV6Enabled"]) == ("http2and3", True)
    assert config["DefaultRootObject"] == "index.html"
    assert config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"


def test_a_domain_of_its_own_has_a_certificate_and_modern_tls(made: Made) -> None:
    certified, full = _config(made["certified"]), _config(made["full"])

    assert certified["Aliases"] == DOMAINS
    assert certified["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert full["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2025"
    made["certified"].has_resource_properties(
        "AWS::CertificateManager::Certificate",
        {
            "DomainName": DOMAINS[0],
            "SubjectAlternativeNames": DOMAINS[1:],
            "ValidationMethod": "DNS",
        },
    )
    made["full"].resource_count_is("AWS::CertificateManager::Certificate", 0)


def test_assets_are_cached_for_a_year(made: Made) -> None:
    made["plain"].has_resource_properties(
        "AWS::CloudFront::CachePolicy",
        {"CachePolicyConfig": {"DefaultTTL": 31536000, "MaxTTL": 31536000}},
    )
    assert list(_behaviors(made["plain"])) == ["/assets/*"]


def test_api_reads_are_cached_briefly_by_query_and_caller(made: Made) -> None:
    key = {
        "HeadersConfig": {
            "HeaderBehavior": "whitelist",
            "Headers": Match.array_with(["Authorization"]),
        },
        "QueryStringsConfig": {"QueryStringBehavior": "all"},
        "CookiesConfig": {"CookieBehavior": "none"},
    }
    config = {
        "MinTTL": 0,
        "DefaultTTL": 0,
        "MaxTTL": 5,
        "ParametersInCacheKeyAndForwardedToOrigin": key,
    }

    made["full"].has_resource_properties(
        "AWS::CloudFront::CachePolicy", {"CachePolicyConfig": config}
    )
    assert _behaviors(made["uncached"])["/api/*"]["CachePolicyId"] == CACHING_DISABLED


@pytest.mark.parametrize("path", ["/api/*", "/health"])
def test_the_api_gets_every_method_and_its_own_host(made: Made, path: str) -> None:
    behavior = _behaviors(made["full"])[path]

    assert {"PUT", "PATCH", "DELETE"} <= set(behavior["AllowedMethods"])
    assert behavior["CachedMethods"] == ["GET", "HEAD"]
    assert behavior["ViewerProtocolPolicy"] == "https-only"
    assert behavior["OriginRequestPolicyId"] == ALL_VIEWER_EXCEPT_HOST_HEADER


def test_pages_are_one_file_and_errors_are_neither_replaced_nor_cached(made: Made) -> None:
    default = _config(made["plain"])["DefaultCacheBehavior"]
    errors = _config(made["full"])["CustomErrorResponses"]

    assert "viewer-request" in str(default["FunctionAssociations"])
    assert "FunctionAssociations" not in str(_behaviors(made["full"]))
    others = [template for name, template in made.items() if name != "paged"]
    assert all("ResponsePagePath" not in text(template) for template in others)
    assert {error["ErrorCode"] for error in errors} >= {400, 403, 404, 500, 502, 503, 504}
    assert {error["ErrorCachingMinTTL"] for error in errors} == {0}


def test_a_site_without_an_api_may_have_error_pages_and_keeps_the_status(made: Made) -> None:
    errors = {error["ErrorCode"]: error for error in _config(made["paged"])["CustomErrorResponses"]}

    assert errors[404] == {
        "ErrorCode": 404,
        "ErrorCachingMinTTL": 0,
        "ResponseCode": 404,
        "ResponsePagePath": "/404.html",
    }


def test_further_origins_have_their_own_paths(made: Made) -> None:
    config, behaviors = _config(made["others"]), _behaviors(made["others"])
    hosts = {origin["Id"]: origin["DomainName"] for origin in config["Origins"]}

    assert list(behaviors) == ["/assets/*", "/api/*", "/blog/*", "/own/*"]
    assert hosts[behaviors["/blog/*"]["TargetOriginId"]] == "blog.shop.example"
    assert hosts[behaviors["/own/*"]["TargetOriginId"]] == "own.shop.example"
    assert "ResponseHeadersPolicyId" in behaviors["/blog/*"]
    assert "ResponseHeadersPolicyId" not in behaviors["/own/*"]
    assert config["WebACLId"] == WEB_ACL
    assert config["IPV6Enabled"] is False
    assert "X-Origin" in str(config["Origins"])
    assert behaviors["/api/*"]["ViewerProtocolPolicy"] == "allow-all"


def test_an_api_may_be_any_origin(made: Made) -> None:
    (origin,) = [
        origin
        for origin in _config(made["foreign"])["Origins"]
        if origin["Id"] == _behaviors(made["foreign"])["/api/*"]["TargetOriginId"]
    ]

    assert origin["DomainName"] == "api.shop.example"


def test_the_owner_of_an_imported_bucket_is_told_what_to_allow() -> None:
    stack = Stack(app(), "Stack", env=ENV)
    ContentDelivery(stack, "Web", bucket=s3.Bucket.from_bucket_name(stack, "Files", "files"))

    found = Annotations.from_stack(stack).find_warning("*", Match.any_value())

    (text,) = [str(each.entry.data) for each in found if "must add" in str(each.entry.data)]
    assert "s3:ListBucket" in text
    assert "cloudfront.amazonaws.com" in text
    assert "aws:SourceArn" in text


def test_responses_have_security_headers(made: Made) -> None:
    csp = Match.string_like_regexp("default-src 'self'")
    headers = {
        "ContentSecurityPolicy": {"ContentSecurityPolicy": csp},
        "StrictTransportSecurity": {"AccessControlMaxAgeSec": 63072000, "IncludeSubdomains": True},
        "ContentTypeOptions": {"Override": True},
        "FrameOptions": {"FrameOption": "DENY"},
        "ReferrerPolicy": {"ReferrerPolicy": "strict-origin-when-cross-origin"},
    }

    made["plain"].has_resource_properties(
        "AWS::CloudFront::ResponseHeadersPolicy",
        {"ResponseHeadersPolicyConfig": {"SecurityHeadersConfig": headers}},
    )
    assert "default-src 'none'" in text(made["full"])


def test_requests_are_logged_without_cookies_and_logs_expire(made: Made) -> None:
    assert "Logging" in _config(made["plain"])
    made["plain"].has_resource_properties(
        "AWS::S3::Bucket",
        {"LifecycleConfiguration": {"Rules": [Match.object_like({"ExpirationInDays": 90})]}},
    )
    assert not _config(made["full"])["Logging"].get("IncludeCookies")


def test_countries_firewall_and_price_class_are_options(made: Made) -> None:
    config = _config(made["full"])

    assert config["Restrictions"]["GeoRestriction"]["RestrictionType"] == "whitelist"
    assert "'RestrictionType': 'blacklist'" in str(_config(made["certified"])["Restrictions"])
    assert "WebACLId" in config
    assert config["PriceClass"] == "PriceClass_All"
    assert _config(made["plain"])["PriceClass"] == "PriceClass_100"


def test_deploying_keeps_old_assets_and_invalidates_pages_only(made: Made) -> None:
    deployments: Any = properties(made["deployed"], "Custom::CDKBucketDeployment")
    by_cache = {
        deployment["SystemMetadata"]["cache-control"]: deployment for deployment in deployments
    }

    assets, pages = by_cache["public, max-age=31536000, immutable"], by_cache["no-cache"]
    assert (assets["Include"], assets["Prune"]) == (["assets/*"], False)
    assert (pages["Exclude"], pages["Prune"]) == (["assets/*"], True)
    assert pages["DistributionPaths"] == [
        "/",
        "/about%20us.html",
        "/index.html",
        "/config.json",
    ]
    assert len(pages["SourceBucketNames"]) == 2
    assert "DistributionPaths" not in assets


def test_many_pages_are_invalidated_as_one_path(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"{number}.html").touch()

    assert paths_to_invalidate(tmp_path, ()) == ["/*"]


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "/index.html"),
        ("/orders/5", "/index.html"),
        ("/orders/", "/index.html"),
        ("/robots.txt", "/robots.txt"),
        ("/v1.2/orders", "/index.html"),
    ],
)
def test_a_page_is_index_html_and_a_file_is_itself(path: str, file: str) -> None:
    source = Path(signal9_constructs.__file__).parent / "runtime" / "single_page.js"
    event = json.dumps({"request": {"uri": path}})
    script = f"{source.read_text('utf-8')};console.log(handler({event}).uri)"

    process = subprocess.run(
        ["node", "--eval", script], capture_output=True, check=True, encoding="utf-8"
    )

    assert process.stdout.strip() == file


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"props": {"comment": "x"}, "comment": "y"}, "props must not set comment"),
        ({"domain_names": ["shop.example"]}, "need a certificate in us-east-1"),
        ({"allowed_countries": ["DE"], "denied_countries": ["US"]}, "not both"),
        (
            {"error_pages": {404: "/404.html"}, "api": origins.HttpOrigin("api.shop.example")},
            "error_pages would replace the errors of the API",
        ),
        (
            {"api": origins.HttpOrigin("api.shop.example"), "api_headers": {"X-Origin": "1"}},
            "api_headers: pass them to the origin itself",
        ),
    ],
)
def test_invalid_options_are_refused(options: Mapping[str, object], message: str) -> None:
    with pytest.raises(ConstructError, match=message):
        ContentDelivery(Stack(), "Web", **options)  # type: ignore[arg-type]


def test_a_regional_firewall_and_a_certificate_in_another_region_are_refused() -> None:
    stack = Stack(App(), "Stack", env={"region": "eu-west-1"})

    wall = Firewall(Stack(), "Edge", edge=True)
    with pytest.raises(ConstructError, match="pass firewall or web_acl_arn, not both"):
        ContentDelivery(Stack(), "Web", firewall=wall, web_acl_arn=WEB_ACL)
    with pytest.raises(ConstructError, match="must be an edge firewall"):
        ContentDelivery(stack, "Web", firewall=Firewall(stack, "Wall"))
    with pytest.raises(ConstructError, match="the certificate must be in us-east-1, not eu-west-1"):
        ContentDelivery(stack, "Site", domain_names=["shop.example"], hosted_zone=_zone(stack))
