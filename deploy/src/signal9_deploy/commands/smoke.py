"""Checks a deployed stage by its canary, and rolls back a deployment that broke it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from ..errors import DeployError
from ..functions import FUNCTIONS
from ..names import function_name, stack_name
from ..settings import EDGE_REGION, StageSettings
from .aws import Account
from .cdk_cli import Echo

__all__ = ["Check", "Deployment", "as_json", "describe", "smoke_test"]

WAIT_S: Final = 200
"""Within this time a worker finishes an item, and so receives a probe or the item before it."""

_WAIT_BEFORE_S: Final = 30
_ROLLED_BACK: Final = ("Edge", "Service")
"""The stacks without state, in the order in which they are rolled back."""

_ALIAS: Final = "AWS::Lambda::Alias"
_MARKS: Final = {"passed": "ok  ", "failed": "BAD ", "skipped": "--  "}


class Check(NamedTuple):
    """A check of a deployed stage: what was found, or what the stage lacks for it."""

    name: str
    outcome: str
    message: str
    took_ms: int

    @property
    def failed(self) -> bool:
        """Whether the stage is broken."""
        return self.outcome == "failed"


def smoke_test(settings: StageSettings, account: Account, *, wait_s: float = WAIT_S) -> list[Check]:
    """Let the canary check the stage; `wait_s` is how long a probe may take to reach a worker."""
    (spec,) = (spec for spec in FUNCTIONS if spec.checks)
    answer = account.invoke(
        function_name(settings, spec.name),
        {**_addresses(settings, account), "waitS": wait_s},
        alias="live" if settings.gradual else None,
    )
    return [
        Check(check["name"], check["outcome"], check["message"], check["tookMs"])
        for check in answer["checks"]
    ]


def _addresses(settings: StageSettings, account: Account) -> dict[str, object]:
    """Return the addresses of API and page, and whether the stage has an issuer."""
    service = account.outputs(stack_name(settings, "Service"))
    edge = account.in_region(EDGE_REGION).outputs(stack_name(settings, "Edge"))
    site = edge.get("SiteUrl")
    api = site if settings.behind_edge else service.get("ApiUrl")
    page, host = site and f"{site}/", None
    if account.endpoint:
        # Names below localhost have no addresses, so the emulator is told them in a header.
        api = f"{account.endpoint}/restapis/{service['ApiId']}/live/_user_request_"
        label = (urlsplit(site or "").hostname or "").partition(".")[0]
        page, host = site and f"{account.endpoint}/", site and f"{label}.cloudfront.localhost"
    return {
        "api": f"{api}/api/v1",
        "page": page,
        "pageHost": host,
        "hasIssuer": settings.issuer is not None,
    }


def describe(checks: Sequence[Check]) -> Iterator[str]:
    """Yield a line for each check."""
    for check in checks:
        yield f"{_MARKS[check.outcome]}{check.name}: {check.message} ({check.took_ms} ms)"


def as_json(settings: StageSettings, checks: Sequence[Check]) -> str:
    """Return the checks as JSON."""
    return json.dumps({"stage": settings.stage, "checks": [c._asdict() for c in checks]}, indent=2)


@dataclass(frozen=True)
class Deployment:
    """A deployment that can be undone: what was deployed, and what was broken, before it."""

    settings: StageSettings
    account: Account
    templates: Mapping[str, Mapping[str, Any]]
    broken: frozenset[str]

    @classmethod
    def begin(cls, settings: StageSettings, account: Account, echo: Echo) -> "Deployment":
        """Note what is deployed now, and which checks fail already."""
        templates = {
            part: _account_of(account, part).template(stack_name(settings, part))
            for part in _ROLLED_BACK
        }
        broken: set[str] = set()
        if _has_canary(settings, templates["Service"]):
            before = smoke_test(settings, account, wait_s=_WAIT_BEFORE_S)
            broken.update(check.name for check in before if check.failed)
        for name in sorted(broken):
            echo(f"before the deployment, this check fails: {name}")
        return cls(settings, account, templates, frozenset(broken))

    def check(self, echo: Echo) -> None:
        """Check the stage; if the deployment broke it, roll back what has no state, and raise."""
        checks = smoke_test(self.settings, self.account)
        for line in describe(checks):
            echo(line)
        failed = [check for check in checks if check.failed]
        if not failed:
            return
        reasons = "; ".join(f"{check.name}: {check.message}" for check in failed)
        if not any(check.name not in self.broken for check in failed):
            raise DeployError(
                f"the smoke test failed: {reasons}; it failed before the deployment, too, so "
                "nothing was rolled back"
            )
        raise DeployError(f"the smoke test failed: {reasons}; {self._roll_back(echo)}")

    def _roll_back(self, echo: Echo) -> str:
        """Deploy the templates of before, and return what was rolled back and what was not."""
        changed = [part for part in _ROLLED_BACK if self._is_changed(part)]
        if not changed:
            return "no function, API or distribution has changed, so nothing was rolled back"
        if not all(self.templates[part] for part in changed):
            return "nothing was rolled back, since nothing was deployed before"
        for part in changed:
            echo(f"rolling back {stack_name(self.settings, part)} ...")
            self._restore(part)
        after = smoke_test(self.settings, self.account)
        left = ", ".join(check.name for check in after if check.failed)
        state = f"these checks still fail: {left}" if left else "all checks pass again"
        return f"rolled back: {', '.join(changed)}; not rolled back: state, network, page; {state}"

    def _is_changed(self, part: str) -> bool:
        account = _account_of(self.account, part)
        return account.template(stack_name(self.settings, part)) != self.templates[part]

    def _restore(self, part: str) -> None:
        template = json.loads(json.dumps(self.templates[part]))
        for resource in template["Resources"].values():
            if resource["Type"] == _ALIAS:
                # Back at once, not step by step.
                resource.pop("UpdatePolicy", None)
        _account_of(self.account, part).update_stack(stack_name(self.settings, part), template)


def _has_canary(settings: StageSettings, template: Mapping[str, Any]) -> bool:
    names = {function_name(settings, spec.name) for spec in FUNCTIONS if spec.checks}
    return any(
        resource.get("Properties", {}).get("FunctionName") in names
        for resource in template.get("Resources", {}).values()
    )


def _account_of(account: Account, part: str) -> Account:
    return account.in_region(EDGE_REGION) if part == "Edge" else account
