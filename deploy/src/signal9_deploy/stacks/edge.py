"""The stack of the website: bucket, distribution, domain names and health check."""

from typing import Final

from aws_cdk import CfnOutput, Environment, RemovalPolicy, Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_route53_targets as targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from signal9_constructs import ContentDelivery, DnsZone, SecureBucket
from signal9_constructs.incidents import link_runbook, make_incident

from ..names import bucket_name, runbook, stack_name
from ..settings import EDGE_REGION, StageSettings
from .data import DataStack, make_recipients_topic, origin_header
from .service import ServiceStack, make_firewall

__all__ = ["EdgeStack"]

_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The local server sends the same."""


class EdgeStack(Stack):
    """The distribution over the static bucket and the API, in CloudFront's region."""

    def __init__(
        self, scope: Construct, settings: StageSettings, *, data: DataStack, service: ServiceStack
    ) -> None:
        super().__init__(
            scope,
            "Edge",
            stack_name=stack_name(settings, "Edge"),
            description="Signal9: edge",
            env=Environment(account=settings.account, region=EDGE_REGION),
            cross_region_references=settings.region != EDGE_REGION,
        )
        self._settings = settings
        self._policy = (
            RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if settings.retain else RemovalPolicy.DESTROY
        )
        static = SecureBucket(
            self,
            "Static",
            bucket_name=bucket_name(settings, "static", self.account),
            cors_origins=settings.origins,
            removal_policy=self._policy,
            # The emulator takes every request for one over plain HTTP.
            props=s3.BucketProps(enforce_ssl=False) if settings.emulated else None,
        )
        zone = self._make_zone(data)
        with_firewall = settings.parts.firewall and not settings.emulated
        firewall = make_firewall(self, settings, edge=True) if with_firewall else None
        site = ContentDelivery(
            self,
            "Site",
            bucket=static.bucket,
            api=_emulated_api(settings, service) if settings.emulated else service.rest.api,
            api_headers=dict([origin_header(settings)]) if settings.behind_edge else None,
            domain_names=settings.site_names,
            hosted_zone=zone.zone if zone else None,
            firewall=firewall,
            content_security_policy=_CONTENT_SECURITY_POLICY,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.ALLOW_ALL
            if settings.emulated
            else cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            comment=settings.title,
            removal_policy=self._policy,
        )
        if zone and settings.app_name:
            for name in settings.site_names:
                zone.alias(name, targets.CloudFrontTarget(site.distribution))
            zone.health_check("Health", host=settings.app_name, path="/api/v1/health")
            for name, target in settings.aliases.items():
                zone.cname(name, target)
            if settings.mail and settings.spf and settings.dmarc:
                zone.mx(settings.mail)
                zone.txt("", settings.spf)
                zone.txt("_dmarc", settings.dmarc)
            if settings.parts.alarms:
                self._notify_once(zone, data, service)
        CfnOutput(self, "SiteUrl", value=site.url)
        CfnOutput(self, "DistributionId", value=site.distribution.distribution_id)

    def _make_topic(self, data: DataStack) -> sns.ITopic:
        """Health is measured in us-east-1 only, and an alarm needs a topic in its own region."""
        if self._settings.region == EDGE_REGION:
            return data.topic
        return make_recipients_topic(Construct(self, "Alarms"), self._settings)

    def _notify_once(self, zone: DnsZone, data: DataStack, service: ServiceStack) -> None:
        """Do not notify of the site if the API is the cause, which the API's incident reports."""
        url = runbook(self._settings, "site")
        link_runbook(url, zone)
        # A cause must be in the same region.
        if self._settings.region == EDGE_REGION and (cause := service.alarms.incidents.get("Api")):
            make_incident(
                Construct(self, "Incidents"),
                "Site",
                [zone],
                f"{self._settings.title}: the site does not respond",
                [data.topic],
                runbook_url=url,
                suppressed_by=cause,
            )

    def _make_zone(self, data: DataStack) -> DnsZone | None:
        if self._settings.domain is None or data.zone is None:
            return None
        return DnsZone(
            self,
            "Names",
            zone_name=self._settings.domain,
            zone_id=data.zone.zone.hosted_zone_id,
            alarm_topic=self._make_topic(data) if self._settings.parts.alarms else None,
            removal_policy=self._policy,
        )


def _emulated_api(settings: StageSettings, service: ServiceStack) -> cloudfront.IOrigin:
    """Return the API on the emulator, whose distributions do not call hosts of AWS."""
    return origins.HttpOrigin(
        "localhost",
        http_port=settings.emulator_port,
        protocol_policy=cloudfront.OriginProtocolPolicy.HTTP_ONLY,
        origin_path=f"/restapis/{service.rest.api.rest_api_id}/live/_user_request_",
    )
