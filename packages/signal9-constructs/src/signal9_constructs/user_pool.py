"""A directory of users with OpenID Connect, and authorizers for APIs."""

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from .alarms import AlarmTarget, make_alarm, service_metric
from .arguments import checked, merge
from .errors import ConstructError, choose
from .feature_flags import prepare

__all__ = ["UserPool"]

_MFA: Final = {
    "required": cognito.Mfa.REQUIRED,
    "optional": cognito.Mfa.OPTIONAL,
    "off": cognito.Mfa.OFF,
}
_SIGN_IN: Final = ("email", "phone", "username", "preferred_username")
_STANDARD_SCOPES: Final = {
    "openid": cognito.OAuthScope.OPENID,
    "email": cognito.OAuthScope.EMAIL,
    "phone": cognito.OAuthScope.PHONE,
    "profile": cognito.OAuthScope.PROFILE,
}
_REMEMBERED_PASSWORDS: Final = 5
_THROTTLES: Final = {"SignIn": "SignInThrottles", "Refresh": "TokenRefreshThrottles"}


@checked
class UserPool(Construct):
    """A user pool with long passwords, a second factor and clients without secrets.

    Users sign in with `sign_in`, and with a code from an app as the second factor. They cannot
    create their own accounts unless `self_sign_up`. `scopes` maps the scopes of your API, whose
    identifier is `api`, to descriptions. `threat_protection` needs Cognito's plan Plus, which costs
    more for each active user. With a topic there are alarms on throttled sign-ins of each client.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        user_pool_name: str | None = None,
        sign_in: Sequence[str] = ("email",),
        self_sign_up: bool = False,
        mfa: str = "required",
        password_length: int = 12,
        temporary_password_days: int = 3,
        threat_protection: bool = False,
        api: str | None = None,
        scopes: Mapping[str, str] | None = None,
        domain_prefix: str | None = None,
        domain_name: str | None = None,
        certificate: acm.ICertificate | None = None,
        email: cognito.UserPoolEmail | None = None,
        triggers: cognito.UserPoolTriggers | None = None,
        deletion_protection: bool = True,
        alarm_topic: AlarmTarget | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        props: cognito.UserPoolProps | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self._check(sign_in, api, scopes, (domain_prefix, domain_name, certificate))
        self._alarm_topic = alarm_topic
        own = cognito.UserPoolProps(
            user_pool_name=user_pool_name,
            feature_plan=(
                cognito.FeaturePlan.PLUS if threat_protection else cognito.FeaturePlan.ESSENTIALS
            ),
            standard_threat_protection_mode=(
                cognito.StandardThreatProtectionMode.FULL_FUNCTION if threat_protection else None
            ),
            sign_in_aliases=cognito.SignInAliases(**dict.fromkeys(sign_in, True)),
            self_sign_up_enabled=self_sign_up,
            mfa=choose(_MFA, "mfa", mfa),
            password_policy=cognito.PasswordPolicy(
                min_length=password_length,
                require_digits=True,
                require_lowercase=True,
                require_uppercase=True,
                require_symbols=True,
                temp_password_validity=Duration.days(temporary_password_days),
                password_history_size=_REMEMBERED_PASSWORDS,
            ),
            email=email,
            lambda_triggers=triggers,
            deletion_protection=deletion_protection,
            removal_policy=removal_policy,
        )
        defaults = cognito.UserPoolProps(
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            keep_original=cognito.KeepOriginalAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            mfa_second_factor=(
                None if mfa == "off" else cognito.MfaSecondFactor(otp=True, sms=False)
            ),
        )
        self.pool = cognito.UserPool(self, "Default", **merge(self, props, own, defaults))
        self._scopes = dict(_STANDARD_SCOPES)
        self.resource_server = self._make_resource_server(api, scopes or {})
        self.domain = self._make_domain(domain_prefix, domain_name, certificate)

    @property
    def resource(self) -> cognito.IUserPool:
        """The user pool, so that the construct can stand for it."""
        return self.pool

    def add_client(
        self,
        id_: str,
        *,
        callback_urls: Sequence[str],
        logout_urls: Sequence[str] = (),
        scopes: Sequence[str] = ("openid", "email", "profile"),
        access_token_minutes: int = 60,
        refresh_token_days: int = 30,
    ) -> cognito.UserPoolClient:
        """Let a website or an app sign users in: the code flow, whose proof key replaces a secret.

        A proof key (PKCE) is chosen by the client; Cognito has no setting to demand one.
        """
        client = cognito.UserPoolClient(
            self,
            id_,
            user_pool=self.pool,
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user_srp=True),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                callback_urls=list(callback_urls),
                logout_urls=list(logout_urls) or None,
                scopes=self._scopes_of(scopes),
            ),
            access_token_validity=Duration.minutes(access_token_minutes),
            id_token_validity=Duration.minutes(access_token_minutes),
            refresh_token_validity=Duration.days(refresh_token_days),
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
        )
        self._add_alarms(id_, client)
        return client

    def add_machine_client(
        self, id_: str, *, scopes: Sequence[str], access_token_minutes: int = 60
    ) -> cognito.UserPoolClient:
        """Let a program sign in by its own id and secret, for scopes of the API only."""
        client = cognito.UserPoolClient(
            self,
            id_,
            user_pool=self.pool,
            generate_secret=True,
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(client_credentials=True), scopes=self._scopes_of(scopes)
            ),
            access_token_validity=Duration.minutes(access_token_minutes),
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
        )
        self._add_alarms(id_, client)
        return client

    def authorizer(
        self, id_: str = "Authorizer", *, cache_s: int = 300
    ) -> apigateway.CognitoUserPoolsAuthorizer:
        """Return an authorizer of this pool for one `RestService`."""
        return apigateway.CognitoUserPoolsAuthorizer(
            self, id_, cognito_user_pools=[self.pool], results_cache_ttl=Duration.seconds(cache_s)
        )

    def scope_names(self, *scopes: str) -> list[str]:
        """Return scopes as they are in tokens, `api/scope`."""
        return [self._scopes_of([scope])[0].scope_name for scope in scopes]

    def _check(
        self,
        sign_in: Sequence[str],
        api: str | None,
        scopes: Mapping[str, str] | None,
        domain: tuple[str | None, str | None, acm.ICertificate | None],
    ) -> None:
        path, (prefix, name, certificate) = self.node.path, domain
        if not sign_in or set(sign_in) - set(_SIGN_IN):
            raise ConstructError(f"{path}: sign_in {list(sign_in)}: must be among {_SIGN_IN}")
        if bool(api) != bool(scopes):
            raise ConstructError(f"{path}: api and scopes are required together")
        if prefix and name:
            raise ConstructError(f"{path}: pass domain_prefix or domain_name, not both")
        if (name is None) != (certificate is None):
            raise ConstructError(f"{path}: domain_name and certificate are required together")

    def _make_resource_server(
        self, api: str | None, scopes: Mapping[str, str]
    ) -> cognito.UserPoolResourceServer | None:
        if api is None:
            return None
        described = {
            name: cognito.ResourceServerScope(scope_name=name, scope_description=description)
            for name, description in scopes.items()
        }
        server = cognito.UserPoolResourceServer(
            self, "Api", user_pool=self.pool, identifier=api, scopes=list(described.values())
        )
        for name, scope in described.items():
            self._scopes[name] = cognito.OAuthScope.resource_server(server, scope)
        return server

    def _make_domain(
        self, prefix: str | None, name: str | None, certificate: acm.ICertificate | None
    ) -> cognito.UserPoolDomain | None:
        if prefix is None and name is None:
            return None
        custom = (
            cognito.CustomDomainOptions(domain_name=name, certificate=certificate)
            if name and certificate
            else None
        )
        return cognito.UserPoolDomain(
            self,
            "Domain",
            user_pool=self.pool,
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=prefix) if prefix else None,
            custom_domain=custom,
            managed_login_version=cognito.ManagedLoginVersion.CLASSIC_HOSTED_UI,
        )

    def _scopes_of(self, names: Sequence[str]) -> list[cognito.OAuthScope]:
        return [choose(self._scopes, f"{self.node.path}: scopes", name) for name in names]

    def _add_alarms(self, id_: str, client: cognito.UserPoolClient) -> None:
        if self._alarm_topic is None:
            return
        alarms = Construct(self, f"{id_}Alarms")
        dimensions = {
            "UserPool": self.pool.user_pool_id,
            "UserPoolClient": client.user_pool_client_id,
        }
        for throttle_id, name in _THROTTLES.items():
            metric = service_metric("AWS/Cognito", name, dimensions)
            description = f"{client.node.path}: {name} throttled by Cognito's quota"
            make_alarm(alarms, throttle_id, metric, 1, description, self._alarm_topic)
