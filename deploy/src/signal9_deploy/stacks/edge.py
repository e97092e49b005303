"""What the world sees: the site, the API behind it, and the names of both."""

from typing import Final

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk import aws_route53_targets as targets
from constructs import Construct

from signal9_constructs import ContentDelivery, DnsZone, Firewall, SecureBucket

from ..names import bucket_name, firewall_name
from ..settings import EDGE_REGION, StageSettings
from .data import DataStack
from .removal import removal_policy
from .service import ServiceStack

__all__ = ["EdgeStack"]

_HEALTH: Final = "/api/v1/health"


class EdgeStack(Stack):
    """The distribution over the static bucket and the API, in the region that CloudFront knows."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: StageSettings,
        stack_name: str,
        data: DataStack,
        service: ServiceStack,
    ) -> None:
        super().__init__(
            scope,
            id_,
            stack_name=stack_name,
            description="Signal9: edge",
            env=Environment(account=settings.account, region=EDGE_REGION),
            cross_region_references=settings.region != EDGE_REGION,
        )
        self._settings = settings
        self._policy = removal_policy(settings)
        self.static = self._make_static()
        self.zone = self._zone(data)
        self.site = self._make_site(service)
        self._name()
        CfnOutput(self, "SiteUrl", value=self.site.url)

    def _make_static(self) -> SecureBucket:
        return SecureBucket(
            self,
            "Static",
            bucket_name=bucket_name(self._settings, "static", self.account),
            cors_origins=self._settings.origins,
            removal_policy=self._policy,
        )

    def _make_site(self, service: ServiceStack) -> ContentDelivery:
        name = self._settings.app_name
        return ContentDelivery(
            self,
            "Site",
            bucket=self.static.bucket,
            api=service.rest.api,
            domain_names=[name] if name else [],
            hosted_zone=self.zone.zone if self.zone else None,
            firewall=self._firewall(),
            comment=self._settings.title,
            removal_policy=self._policy,
        )

    def _zone(self, data: DataStack) -> DnsZone | None:
        if self._settings.domain is None or data.zone is None:
            return None
        # Health is measured in us-east-1 alone, and an alarm tells only a topic of its own region.
        here = self._settings.region == EDGE_REGION
        return DnsZone(
            self,
            "Names",
            zone_name=self._settings.domain,
            zone_id=data.zone.zone.hosted_zone_id,
            alarm_topic=data.topic if here and self._settings.parts.alarms else None,
            removal_policy=self._policy,
        )

    def _firewall(self) -> Firewall | None:
        if not self._settings.parts.firewall or self._settings.emulated:
            return None
        return Firewall(
            self,
            "Firewall",
            edge=True,
            name=firewall_name(self._settings, "edge"),
            log_name=firewall_name(self._settings, "edge"),
            requests_per_address=self._settings.quotas.requests_per_address,
            log_retention_days=self._settings.log_retention_days,
            removal_policy=self._policy,
        )

    def _name(self) -> None:
        """Name the distribution, the mail hosts and the aliases, and ask whether all is well."""
        if self.zone is None or self._settings.app_name is None:
            return
        self.zone.alias(self._settings.app_name, targets.CloudFrontTarget(self.site.distribution))
        self.zone.health_check("Health", host=self._settings.app_name, path=_HEALTH)
        for name, target in self._settings.aliases.items():
            self.zone.cname(name, target)
        if self._settings.mail:
            self.zone.mx(self._settings.mail)
