"""ContentDelivery: one name, a private bucket, an API whose errors stay its own."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match, Template

import signal9_constructs
from signal9_constructs import ConstructError, ContentDelivery, Firewall
from signal9_constructs.content_delivery import paths_to_invalidate
from tests.constructs.lab import Made, only, properties, synthesise, text

DISTRIBUTION = "AWS::CloudFront::Distribution"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"


def _plain(stack: Stack) -> None:
    assert ContentDelivery(stack, "Web").url.startswith("https://")


def _full(stack: Stack) -> None:
    api = apigateway.RestApi(stack, "Api")
    api.root.add_method("GET")
    ContentDelivery(
        stack,
        "Web",
        api=api,
        api_paths=("/api/*", "/health"),
        api_cache_s=5,
        asset_paths=("/static/*",),
        single_page=False,
        domain_names=["shop.example", "www.shop.example"],
        certificate=acm.Certificate.from_certificate_arn(stack, "Certificate", CERTIFICATE),
        minimum_tls=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2025,
        content_security_policy="default-src 'none'",
        hsts_days=1,
        allowed_countries=["DE"],
        firewall=Firewall(stack, "Wall", edge=True),
        price_class=cloudfront.PriceClass.PRICE_CLASS_ALL,
        log_bucket=s3.Bucket.from_bucket_name(stack, "Logs", "logs"),
    )


def _uncached(stack: Stack) -> None:
    api = apigateway.RestApi(stack, "Api")
    api.root.add_method("GET")
    ContentDelivery(stack, "Web", api=api, api_cache_s=0)


def _certified(stack: Stack) -> None:
    zone = route53.HostedZone.from_hosted_zone_attributes(
        stack, "Zone", hosted_zone_id="Z1", zone_name="shop.example"
    )
    ContentDelivery(
        stack,
        "Web",
        domain_names=["shop.example", "www.shop.example"],
        hosted_zone=zone,
        denied_countries=["XX"],
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("site")
    for name in ("index.html", "about us.html", "assets/app-1a2b.js", "assets/deep/font-3c.woff2"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, "utf-8")

    def deployed(stack: Stack) -> None:
        ContentDelivery(stack, "Web").deploy(folder)

    return synthesise(
        plain=_plain, full=_full, uncached=_uncached, certified=_certified, deployed=deployed
    )


def _config(template: Template) -> dict[str, object]:
    return cast("dict[str, object]", only(template, DISTRIBUTION)["DistributionConfig"])


def _behaviors(template: Template) -> dict[str, dict[str, object]]:
    behaviors = cast("list[dict[str, object]]", _config(template)["CacheBehaviors"])
    return {str(behavior["PathPattern"]): behavior for behavior in behaviors}


def test_only_this_distribution_may_read_the_bucket(made: Made) -> None:
    made["plain"].has_resource_properties(
        "AWS::CloudFront::OriginAccessControl",
        {
            "OriginAccessControlConfig": {
                "OriginAccessControlOriginType": "s3",
                "SigningBehavior": "always",
            }
        },
    )
    made["plain"].has_resource_properties(
        "AWS::S3::BucketPolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Action": "s3:GetObject",
                                "Principal": {"Service": "cloudfront.amazonaws.com"},
                                "Condition": {"StringEquals": {"AWS:SourceArn": Match.any_value()}},
                            }
                        )
                    ]
                )
            }
        },
    )


def test_the_site_speaks_https_and_the_newest_protocols(made: Made) -> None:
    config = _config(made["plain"])

    assert config["HttpVersion"] == "http2and3"
    assert config["IPV6Enabled"] is True
    assert config["DefaultRootObject"] == "index.html"
    assert (
        cast("dict[str, object]", config["DefaultCacheBehavior"])["ViewerProtocolPolicy"]
        == "redirect-to-https"
    )


def test_a_name_of_its_own_speaks_modern_tls(made: Made) -> None:
    certified, full = _config(made["certified"]), _config(made["full"])

    assert certified["Aliases"] == ["shop.example", "www.shop.example"]
    assert "'MinimumProtocolVersion': 'TLSv1.2_2021'" in str(certified["ViewerCertificate"])
    assert "'MinimumProtocolVersion': 'TLSv1.2_2025'" in str(full["ViewerCertificate"])


def test_a_certificate_is_made_where_there_is_a_zone(made: Made) -> None:
    made["certified"].has_resource_properties(
        "AWS::CertificateManager::Certificate",
        {
            "DomainName": "shop.example",
            "SubjectAlternativeNames": ["www.shop.example"],
            "ValidationMethod": "DNS",
        },
    )
    made["full"].resource_count_is("AWS::CertificateManager::Certificate", 0)


def test_hashed_assets_are_cached_for_a_year(made: Made) -> None:
    made["plain"].has_resource_properties(
        "AWS::CloudFront::CachePolicy",
        {"CachePolicyConfig": {"DefaultTTL": 31536000, "MaxTTL": 31536000}},
    )
    assert list(_behaviors(made["plain"])) == ["/assets/*"]


def test_api_reads_are_cached_briefly_apart_by_query_and_caller(made: Made) -> None:
    made["full"].has_resource_properties(
        "AWS::CloudFront::CachePolicy",
        {
            "CachePolicyConfig": {
                "MinTTL": 0,
                "DefaultTTL": 0,
                "MaxTTL": 5,
                "ParametersInCacheKeyAndForwardedToOrigin": {
                    "HeadersConfig": {
                        "HeaderBehavior": "whitelist",
                        "Headers": Match.array_with(["Authorization"]),
                    },
                    "QueryStringsConfig": {"QueryStringBehavior": "all"},
                    "CookiesConfig": {"CookieBehavior": "none"},
                },
            }
        },
    )


def test_an_api_may_be_cached_not_at_all(made: Made) -> None:
    behavior = _behaviors(made["uncached"])["/api/*"]

    # The policy that AWS manages: nothing is kept.
    assert behavior["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    made["uncached"].resource_count_is("AWS::CloudFront::CachePolicy", 1)


@pytest.mark.parametrize("path", ["/api/*", "/health"])
def test_the_api_gets_every_method_and_its_own_host(made: Made, path: str) -> None:
    behavior = _behaviors(made["full"])[path]

    assert set(cast("list[str]", behavior["AllowedMethods"])) >= {"PUT", "PATCH", "DELETE"}
    assert behavior["CachedMethods"] == ["GET", "HEAD"]
    assert behavior["ViewerProtocolPolicy"] == "https-only"
    # The policy that AWS manages: all of the viewer's request but its Host header.
    assert behavior["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"


def test_pages_are_one_file_and_errors_of_the_api_stay_as_they_are(made: Made) -> None:
    default = cast("dict[str, object]", _config(made["plain"])["DefaultCacheBehavior"])

    assert "viewer-request" in str(default["FunctionAssociations"])
    assert all("ResponsePagePath" not in text(each) for each in made.values())
    assert all(
        "FunctionAssociations" not in behavior for behavior in _behaviors(made["full"]).values()
    )
    made["full"].resource_count_is("AWS::CloudFront::Function", 0)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 414, 500, 501, 502, 503, 504])
def test_an_error_is_over_as_soon_as_its_cause_is(made: Made, status: int) -> None:
    assert {"ErrorCode": status, "ErrorCachingMinTTL": 0} in cast(
        "list[object]", _config(made["full"])["CustomErrorResponses"]
    )


def test_browsers_are_told_to_be_careful(made: Made) -> None:
    made["plain"].has_resource_properties(
        "AWS::CloudFront::ResponseHeadersPolicy",
        {
            "ResponseHeadersPolicyConfig": {
                "SecurityHeadersConfig": {
                    "ContentSecurityPolicy": {
                        "ContentSecurityPolicy": Match.string_like_regexp("default-src 'self'")
                    },
                    "StrictTransportSecurity": {
                        "AccessControlMaxAgeSec": 63072000,
                        "IncludeSubdomains": True,
                    },
                    "ContentTypeOptions": {"Override": True},
                    "FrameOptions": {"FrameOption": "DENY"},
                    "ReferrerPolicy": {"ReferrerPolicy": "strict-origin-when-cross-origin"},
                }
            }
        },
    )
    assert "default-src 'none'" in text(made["full"])


def test_requests_are_logged_and_logs_go_in_time(made: Made) -> None:
    assert "Logging" in _config(made["plain"])
    made["plain"].has_resource_properties(
        "AWS::S3::Bucket",
        {
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
            "LifecycleConfiguration": {"Rules": [Match.object_like({"ExpirationInDays": 90})]},
        },
    )
    assert "'IncludeCookies': True" not in str(_config(made["full"])["Logging"])


def test_countries_firewall_and_price_are_choices(made: Made) -> None:
    config = _config(made["full"])

    assert "'RestrictionType': 'whitelist'" in str(config["Restrictions"])
    assert "'RestrictionType': 'blacklist'" in str(_config(made["certified"])["Restrictions"])
    assert "WebACLId" in config
    assert config["PriceClass"] == "PriceClass_All"
    assert _config(made["plain"])["PriceClass"] == "PriceClass_100"


def test_assets_are_put_for_ever_and_pages_are_asked_for_anew(made: Made) -> None:
    deployments = properties(made["deployed"], "Custom::CDKBucketDeployment")
    told = {str(each["SystemMetadata"]): each for each in deployments}

    assets = told["{'cache-control': 'public, max-age=31536000, immutable'}"]
    pages = told["{'cache-control': 'no-cache'}"]
    assert (assets["Include"], assets["Prune"]) == (["assets/*"], False)
    assert (pages["Exclude"], pages["Prune"]) == (["assets/*"], True)


def test_only_what_may_have_changed_is_asked_for_anew(made: Made) -> None:
    told = [
        each["DistributionPaths"]
        for each in properties(made["deployed"], "Custom::CDKBucketDeployment")
        if "DistributionPaths" in each
    ]

    assert told == [["/", "/about%20us.html", "/index.html"]]


def test_of_many_pages_all_are_asked_for_anew(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"{number}.html").touch()

    assert paths_to_invalidate(tmp_path, ()) == ["/*"]


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("/", "/index.html"),
        ("/orders/5", "/index.html"),
        ("/orders/", "/index.html"),
        ("/robots.txt", "/robots.txt"),
        ("/v1.2/orders", "/index.html"),
    ],
)
def test_a_page_is_index_html_and_a_file_is_itself(asked: str, served: str) -> None:
    source = Path(signal9_constructs.__file__).parent / "runtime" / "single_page.js"
    event = json.dumps({"request": {"uri": asked}})
    script = f"{source.read_text('utf-8')};console.log(handler({event}).uri)"

    done = subprocess.run(
        ["node", "--eval", script], capture_output=True, check=True, encoding="utf-8"
    )

    assert done.stdout.strip() == served


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"domain_names": ["shop.example"]}, "need a certificate in us-east-1"),
        ({"allowed_countries": ["DE"], "denied_countries": ["US"]}, "not both"),
    ],
)
def test_a_distribution_that_could_not_deploy_is_refused(
    options: Mapping[str, object], why: str
) -> None:
    with pytest.raises(ConstructError, match=why):
        ContentDelivery(Stack(), "Web", **options)  # type: ignore[arg-type]


def test_a_regional_firewall_is_refused() -> None:
    stack = Stack()

    with pytest.raises(ConstructError, match="must be an edge firewall"):
        ContentDelivery(stack, "Web", firewall=Firewall(stack, "Wall"))


def test_a_certificate_is_not_made_in_another_region() -> None:
    stack = Stack(App(), "Stack", env={"region": "eu-west-1"})
    zone = route53.HostedZone.from_hosted_zone_attributes(
        stack, "Zone", hosted_zone_id="Z1", zone_name="shop.example"
    )

    with pytest.raises(ConstructError, match="make this stack there"):
        ContentDelivery(stack, "Web", domain_names=["shop.example"], hosted_zone=zone)
