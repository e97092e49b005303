"""Which pages of other origins may call an API from a browser, and what their scripts may read."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway

from .errors import ConstructError

__all__ = ["Cors"]


@dataclass(frozen=True, slots=True)
class Cors:
    """The origins that are let in, the headers that they may send and those that they may read."""

    origins: Sequence[str]
    sent: Sequence[str]
    exposed: Sequence[str]

    def __post_init__(self) -> None:
        """Refuse to let in everybody."""
        if "*" in self.origins:
            raise ConstructError("CORS: name the origins, '*' lets in every page")

    def preflight(self, methods: Collection[str]) -> apigateway.CorsOptions | None:
        """Return what a browser is told before it asks, or `None` where no origin is let in."""
        if not self.origins:
            return None
        every = apigateway.Cors.ALL_METHODS
        return apigateway.CorsOptions(
            allow_origins=list(self.origins),
            allow_methods=every if "ANY" in methods else sorted({"OPTIONS", *methods}),
            allow_headers=list(self.sent),
            expose_headers=list(self.exposed),
            max_age=Duration.hours(1),
        )

    def on_errors(self) -> dict[str, str]:
        """Return the headers of the gateway's own errors, as API Gateway wants them."""
        if not self.origins:
            return {}
        # A gateway response cannot choose from a list; what it says is the error alone.
        one = f"'{self.origins[0]}'" if len(self.origins) == 1 else "method.request.header.Origin"
        return {
            "Access-Control-Allow-Origin": one,
            "Access-Control-Expose-Headers": f"'{','.join(self.exposed)}'",
            "Vary": "'Origin'",
        }
