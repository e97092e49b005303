"""UserPool: long passwords, a second factor, clients without secrets, scopes of an API."""

from typing import Final

import pytest
from aws_cdk import Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cognito as cognito
from aws_cdk.assertions import Match

from signal9_constructs import ConstructError, UserPool
from tests.constructs.alone import ALONE
from tests.constructs.lab import Made, only, properties, synthesise, text

POOL: Final = "AWS::Cognito::UserPool"
CLIENT: Final = "AWS::Cognito::UserPoolClient"
ARN: Final = "arn:aws:acm:us-east-1:123456789012:certificate/c"


def _full(stack: Stack) -> None:
    pool = UserPool(
        stack,
        "Users",
        sign_in=("username", "email"),
        self_sign_up=True,
        mfa="off",
        threat_protection=True,
        domain_name="login.shop.example",
        certificate=acm.Certificate.from_certificate_arn(stack, "Certificate", ARN),
        deletion_protection=False,
        props=cognito.UserPoolProps(
            custom_attributes={"tier": cognito.StringAttribute(mutable=True)},
            sign_in_case_sensitive=True,
        ),
    )
    assert pool.resource is pool.pool
    assert pool.scope_names("openid") == ["openid"]


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(plain=ALONE["UserPool"], full=_full)


def test_users_are_invited_have_long_passwords_and_a_second_factor(made: Made) -> None:
    made["plain"].has_resource_properties(
        POOL,
        {
            "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
            "DeletionProtection": "ACTIVE",
            "MfaConfiguration": "ON",
            "EnabledMfas": ["SOFTWARE_TOKEN_MFA"],
            "Policies": {
                "PasswordPolicy": {
                    "MinimumLength": 12,
                    "RequireSymbols": True,
                    "PasswordHistorySize": 5,
                    "TemporaryPasswordValidityDays": 3,
                }
            },
            "UsernameAttributes": ["email"],
            "UserPoolTier": "ESSENTIALS",
        },
    )


def test_a_pool_survives_its_stack(made: Made) -> None:
    made["plain"].has_resource(
        POOL, {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
    )


def test_people_sign_in_by_code_without_a_secret(made: Made) -> None:
    made["plain"].has_resource_properties(
        CLIENT,
        {
            "AllowedOAuthFlows": ["code"],
            "CallbackURLs": ["https://shop.example/"],
            "GenerateSecret": False,
            "PreventUserExistenceErrors": "ENABLED",
            "EnableTokenRevocation": True,
        },
    )


def test_programs_sign_in_by_secret_for_scopes_of_the_api(made: Made) -> None:
    made["plain"].has_resource_properties(
        CLIENT, {"AllowedOAuthFlows": ["client_credentials"], "GenerateSecret": True}
    )
    made["plain"].has_resource_properties(
        "AWS::Cognito::UserPoolResourceServer",
        {"Identifier": "orders", "Scopes": [Match.object_like({"ScopeName": "read"})]},
    )


def test_throttled_sign_ins_of_each_client_notify(made: Made) -> None:
    alarms = properties(made["plain"], "AWS::CloudWatch::Alarm")

    assert [alarm["MetricName"] for alarm in alarms].count("SignInThrottles") == 2
    assert {len(alarm["Dimensions"]) for alarm in alarms} == {2}  # type: ignore[arg-type]


def test_every_default_can_be_changed(made: Made) -> None:
    made["full"].has_resource_properties(
        POOL,
        {
            "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False},
            "AliasAttributes": ["email"],
            "MfaConfiguration": "OFF",
            "UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"},
            "UserPoolTier": "PLUS",
            "UsernameConfiguration": {"CaseSensitive": True},
        },
    )
    assert "custom:tier" in text(made["full"]) or '"Name": "tier"' in text(made["full"])
    assert only(made["full"], "AWS::Cognito::UserPoolDomain")["Domain"] == "login.shop.example"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"mfa": "always"}, "mfa 'always': must be one of"),
        ({"sign_in": ()}, "sign_in"),
        ({"sign_in": ("badge",)}, "sign_in"),
        ({"api": "orders"}, "api and scopes are required together"),
        ({"domain_name": "login.shop.example"}, "domain_name and certificate"),
        ({"domain_prefix": "a", "domain_name": "b"}, "not both"),
    ],
)
def test_what_cannot_be_deployed_is_refused(arguments: dict[str, object], why: str) -> None:
    with pytest.raises(ConstructError, match=why):
        UserPool(Stack(), "Users", **arguments)  # type: ignore[arg-type]


def test_an_unknown_scope_is_refused() -> None:
    pool = UserPool(Stack(), "Users", api="orders", scopes={"read": "Read orders"})

    with pytest.raises(ConstructError, match="scopes 'write'"):
        pool.add_machine_client("Import", scopes=["write"])
