"""A static site: pages in a private bucket, delivered by CloudFront over HTTPS.

Security headers, access logs and caching are those of the construct; pages are invalidated when
they change.
"""

from pathlib import Path

from aws_cdk import App, CfnOutput, Stack

from signal9_constructs import ContentDelivery, acknowledge_known_findings

PAGES = Path(__file__).parent / "pages"


def build(stack: Stack) -> None:
    """Add the system to a stack."""
    site = ContentDelivery(
        stack,
        "Site",
        comment="The shop's pages",
        content_security_policy="default-src 'self'",
        log_days=30,
    )
    site.deploy(PAGES)
    CfnOutput(stack, "Url", value=site.url)


if __name__ == "__main__":
    app = App()
    build(Stack(app, "StaticSite"))
    acknowledge_known_findings(app)
    app.synth()
