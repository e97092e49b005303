from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from signal9_deploy.errors import StageError
from signal9_deploy.settings import StageSettings
from signal9_deploy.stage_files import load_stage, stage_names
from tests.architecture.project import ROOT

ACCOUNT: Final = "SIGNAL9_DEPLOY__ACCOUNT"
ISSUER: Final = "SIGNAL9_DEPLOY__ISSUER"
RECIPIENTS: Final = "SIGNAL9_DEPLOY__RECIPIENTS"
NAT_GATEWAYS: Final = "SIGNAL9_DEPLOY__NETWORK__NAT_GATEWAYS"


@pytest.fixture(autouse=True)
def _issuer(_nothing_from_outside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name an issuer, as whoever deploys must."""
    monkeypatch.setenv(ISSUER, "https://issuer.example/")


@pytest.fixture
def _recipients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a recipient of alarms, as whoever deploys prod must."""
    monkeypatch.setenv(RECIPIENTS, '["operations@example.com"]')


def _write(folder: Path, text: str, name: str = "dev") -> Path:
    stages = folder / "stages"
    stages.mkdir(exist_ok=True)
    (stages / f"{name}.toml").write_text(text, encoding="utf-8")
    return stages


def _refused(folder: Path, text: str, name: str = "dev") -> str:
    with pytest.raises(StageError) as refusal:
        load_stage(name, _write(folder, text, name))
    return str(refusal.value)


def test_the_four_stages_come_in_the_order_in_which_a_change_passes_them() -> None:
    assert stage_names() == ("local", "dev", "test", "prod")


@pytest.mark.parametrize("name", ["local", "dev", "test"])
def test_a_stage_without_a_fixed_account_is_valid_as_it_stands(name: str) -> None:
    assert load_stage(name).stage == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ACCOUNT", "123456789012"),
        ("ACCOUNT", "12"),
        ("ZONE_ID", "Z0123456789ABC"),
        ("DOMAIN", "signal9.com"),
        ("MAIL__mail.signal9.com", "10"),
    ],
)
def test_the_stage_local_ignores_the_account_of_another_stage(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    before = load_stage("local")

    monkeypatch.setenv(f"SIGNAL9_DEPLOY__{name}", value)

    assert load_stage("local").model_dump() == before.model_dump()


def test_prod_without_an_account_names_file_and_field() -> None:
    with pytest.raises(
        StageError, match=r"^deploy/stages/prod\.toml: account: is required for prod"
    ):
        load_stage("prod")


@pytest.mark.usefixtures("_recipients")
def test_prod_takes_its_account_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ACCOUNT, "123456789012")

    prod = load_stage("prod")

    assert (prod.account, prod.retain, prod.network.nat_gateways) == ("123456789012", True, 2)


@pytest.mark.parametrize("name", ["dev", "test"])
def test_a_missing_issuer_names_file_and_field(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(ISSUER)

    with pytest.raises(StageError) as refusal:
        load_stage(name)

    line = str(refusal.value)
    assert line.startswith(f"deploy/stages/{name}.toml: issuer: is required for {name}")
    assert line.endswith(ISSUER)
    assert "\n" not in line


def test_only_local_needs_no_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ISSUER)

    assert load_stage("local").issuer is None


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:9", "http://localhost:9/realm/"])
def test_an_issuer_on_this_machine_is_for_the_emulator_alone(
    monkeypatch: pytest.MonkeyPatch, issuer: str
) -> None:
    monkeypatch.setenv(ISSUER, issuer)

    assert load_stage("local").issuer == issuer
    with pytest.raises(StageError, match=r"stages/dev\.toml: issuer: must start with https://"):
        load_stage("dev")


@pytest.mark.parametrize(
    "issuer",
    ["issuer.example", "http://issuer.example", "https://i.example/?a=b", "https://u@i.example"],
)
def test_an_issuer_is_an_address_and_nothing_more(
    monkeypatch: pytest.MonkeyPatch, issuer: str
) -> None:
    monkeypatch.setenv(ISSUER, issuer)

    with pytest.raises(StageError, match=f"^{ISSUER}: issuer: "):
        load_stage("dev")


def test_an_issuer_without_an_audience_is_refused(tmp_path: Path) -> None:
    assert "stages/dev.toml: audience: is required" in _refused(tmp_path, "")


@pytest.mark.usefixtures("_recipients")
def test_every_stage_has_an_audience_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ACCOUNT, "123456789012")

    assert len({load_stage(name).audience for name in stage_names()}) == 4


def test_a_variable_reaches_into_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAT_GATEWAYS, "2")

    assert load_stage("test").network.nat_gateways == 2


def test_an_unknown_stage_is_refused_with_the_known_ones() -> None:
    with pytest.raises(StageError, match=r"'staging': must be one of local, dev, test, prod"):
        load_stage("staging")


@pytest.mark.parametrize("name", ["../prod", "", "Dev"])
def test_a_stage_is_a_name_and_no_path(name: str) -> None:
    with pytest.raises(StageError, match="must be one of local"):
        load_stage(name)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("acount = 1", "acount"),
        ('account = "12345"', "account"),
        ('region = "Frankfurt"', "region"),
        ('domain = "http://signal9.com"', "domain"),
        ('zone_id = "Z1"', "zone_id"),
        ('origins = ["*"]', "origins.0"),
        ('recipients = ["nobody"]', "recipients.0"),
        ('denied_countries = ["Germany"]', "denied_countries.0"),
        (
            'allowed_countries = ["DE"]\ndenied_countries = ["XX"]',
            "allowed_countries, denied_countries",
        ),
        ("log_retention_days = 31", "log_retention_days"),
        ("monthly_budget_usd = 10", "monthly_budget_usd"),
        ("anomaly_usd = 10", "anomaly_usd"),
        ('anomaly_monitor = "arn:aws:ce::123456789012:anomalymonitor/1"', "anomaly_monitor"),
        ('polling = "daily"', "polling"),
        ('provider = "yahoo"', "provider"),
        ('audience = "a b"', "audience"),
        ('[network]\ncidr = "10.0.0.1/16"', "network.cidr"),
        ("[network]\naz_count = 1", "network.az_count"),
        ("[network]\nnat_gateways = 3", "nat_gateways"),
        ('[network]\nprefix_lists = {s3 = "pl-63a5400a"}', "prefix_lists"),
        ("[network]\nnats = 1", "network.nats"),
        ("[quotas]\nburst = 0", "quotas.burst"),
    ],
)
def test_an_invalid_setting_is_one_line_that_names_file_and_field(
    tmp_path: Path, text: str, field: str
) -> None:
    line = _refused(tmp_path, text)

    assert "\n" not in line
    assert line.startswith(f"{tmp_path.name}/stages/dev.toml: ")
    assert f"{field}: " in line


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    assert "stages/dev.toml: invalid TOML" in _refused(tmp_path, "account: 1")


def test_a_wrong_variable_is_named_instead_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ACCOUNT, "12")

    with pytest.raises(StageError, match=f"^{ACCOUNT}: account: "):
        load_stage("dev")


def test_a_variable_that_contradicts_the_file_is_named_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(NAT_GATEWAYS, "3")

    with pytest.raises(StageError, match=rf"dev\.toml with {NAT_GATEWAYS}: network: nat_gateways"):
        load_stage("dev")


@pytest.mark.parametrize("name", ["SIGNAL9_DEPLOY__ACCUONT", "SIGNAL9_DEPLOY__STAGE"])
def test_a_variable_that_is_not_a_setting_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")

    with pytest.raises(StageError, match=f"^{name}: no such setting$"):
        load_stage("dev")


def test_a_list_that_is_no_json_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNAL9_DEPLOY__ORIGINS", "https://a.example")

    with pytest.raises(StageError, match="origins"):
        load_stage("dev")


def test_prod_must_retain_data_and_have_recipients(tmp_path: Path) -> None:
    text = 'account = "123456789012"\nprovider = "alpaca"\nparts.alarms = false\n'

    assert "retain: must be true" in _refused(tmp_path, text, "prod")
    assert "recipients: are required" in _refused(tmp_path, text + "retain = true\n", "prod")


def test_sample_data_is_refused_where_people_expect_live_data(tmp_path: Path) -> None:
    text = 'account = "123456789012"\nretain = true\n'

    assert "provider: must be live for prod" in _refused(tmp_path, text, "prod")
    assert "requires a live provider" in _refused(tmp_path, "provider_per_minute = 75")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('aliases = {www = "app.signal9.com"}', "serves only its site_hosts"),
        ('mail = {"mail.signal9.com" = 10}', "mail.signal9.com has no address"),
        ('mail = {"mx.example.com" = 10}', "mail, spf and dmarc: must be set together"),
        ('recipients = ["me@signal9.com"]', "signal9.com is a new domain without mail"),
    ],
)
def test_a_record_that_leads_nowhere_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message in _refused(tmp_path, f'domain = "signal9.com"\n{text}\n')


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_stage("dev").region = "eu-west-1"  # type: ignore[misc]


def _settings(model: type[BaseModel] = StageSettings, above: str = "") -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _settings(field.annotation, f"{name}.")
        elif name != "stage":
            yield above + name, _described(field)


def _described(field: FieldInfo) -> str:
    assert field.description
    return field.description


def test_every_setting_is_documented_with_its_description() -> None:
    page = (ROOT / "docs/deploy-settings.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]

    listed = {cells[1].strip(" `"): cells[-2].strip() for row in rows if (cells := row.split("|"))}

    assert listed == dict(_settings())
