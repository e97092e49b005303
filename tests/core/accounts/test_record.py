from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from signal9_core.bootstrap import App, Own
from signal9_core.domain import User, WizardStatus
from signal9_core.errors import InputError, OutdatedError
from signal9_core.events import UserAction
from signal9_core.ports import ABSENT, Item
from signal9_core.schemas import RecordPatch, Request, TopicsPut, WatchlistPut, WizardPut
from signal9_core.tables import USERS, TableSpec
from tests.fakes import NOW, AttentivePublisher
from tests.spied import SpiedStore, StoppedError

WHOLE: dict[str, Any] = {
    "profile": {"firstName": "Ada", "lastName": "Lovelace", "birthDate": "1985-12-10"},
    "investorType": "moderate",
}


def patch(**fields: Any) -> RecordPatch:
    return RecordPatch.model_validate(fields)


def wizard(status: str) -> WizardPut:
    return WizardPut(wizard=WizardStatus(status))


def watchlist(*tickers: str) -> WatchlistPut:
    return WatchlistPut(watchlist=tickers)


def topics(*names: str) -> TopicsPut:
    return TopicsPut(topics=names)


def test_a_record_is_made_when_its_owner_is_first_seen(own: Own) -> None:
    first = own.get_record("ada")

    assert first.answer.user_id == "ada"
    assert first.answer.created_at == NOW
    assert first.answer.wizard == "not_started"
    assert own.get_record("ada") == first


def test_two_first_requests_make_one_record(own: Own, app: App, spied: SpiedStore) -> None:
    def meanwhile(table: TableSpec, _: Item) -> None:
        assert table is USERS
        spied.store.put(USERS, {"userId": "ada", "createdAt": "2020-01-01T00:00:00Z"})

    spied.meanwhile = meanwhile

    assert own.get_record("ada").answer.created_at.year == 2020


def test_a_patch_changes_what_it_names_and_null_removes(own: Own) -> None:
    own.patch_record("ada", patch(**WHOLE))

    after = own.patch_record("ada", patch(profile={"lastName": "Byron", "birthDate": None})).answer

    assert after.profile.first_name == "Ada"
    assert after.profile.last_name == "Byron"
    assert after.profile.birth_date is None
    assert after.investor_type == "moderate"


@pytest.mark.parametrize(
    ("birth_date", "problem"),
    [
        ("2006-01-09", "18 years"),
        ("2024-01-09", "nobody"),
        ("1893-01-01", "nobody"),
    ],
)
def test_only_adults_have_a_birth_date(own: Own, birth_date: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as raised:
        own.patch_record("ada", patch(profile={"birthDate": birth_date}))

    assert raised.value.field == "profile.birthDate"


def test_who_turns_eighteen_today_is_an_adult(own: Own) -> None:
    after = own.patch_record("ada", patch(profile={"birthDate": "2006-01-08"}))

    assert after.answer.profile.birth_date == date(2006, 1, 8)


def test_the_wizard_is_completed_only_when_everything_is_known(own: Own) -> None:
    own.patch_record("ada", patch(profile={"firstName": "Ada"}))
    assert own.put_wizard("ada", wizard("in_progress")).answer.wizard == "in_progress"
    with pytest.raises(InputError, match=r"profile\.lastName, profile\.birthDate, investorType"):
        own.put_wizard("ada", wizard("completed"))

    own.patch_record("ada", patch(**WHOLE))
    done = own.put_wizard("ada", wizard("completed")).answer

    assert done.wizard == "completed"
    assert done.missing == ()
    with pytest.raises(InputError, match="while the wizard is completed"):
        own.patch_record("ada", patch(investorType=None))


def test_topics_are_normalised_and_kept_once_in_order(own: Own) -> None:
    after = own.put_topics("ada", topics("Mergers & Acquisitions", "IPO", "ipo "))

    assert after.answer.topics == ("mergers_and_acquisitions", "ipo")


@pytest.mark.parametrize("name", ["&", "¡", "a" * 65])
def test_what_is_no_topic_is_named_by_its_place(own: Own, name: str) -> None:
    given = topics("ipo", name)
    if name == "&":
        assert own.put_topics("ada", given).answer.topics == ("ipo", "and")
        return
    with pytest.raises(InputError) as raised:
        own.put_topics("ada", given)

    assert raised.value.field == "topics.1"


def test_a_watchlist_keeps_its_order_and_each_company_once(own: Own) -> None:
    after = own.put_watchlist("ada", watchlist("msft", "BRK-B", "AAPL", "brk.b"))

    assert after.answer.watchlist == ("MSFT", "BRK.B", "AAPL")
    assert own.put_watchlist("ada", watchlist()).answer.watchlist == ()


@pytest.mark.parametrize("name", ["AAPPL", "not a ticker"])
def test_a_company_that_is_not_known_cannot_be_watched(own: Own, name: str) -> None:
    with pytest.raises(InputError) as raised:
        own.put_watchlist("ada", watchlist("AAPL", name))

    assert raised.value.field == "watchlist.1"
    assert ("did you mean AAPL" in raised.value.message) == (name == "AAPPL")
    assert own.get_record("ada").answer.watchlist == ()


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        (RecordPatch, {"userId": "grace"}),
        (RecordPatch, {"profile": {"first_name": "Ada"}}),
        (RecordPatch, {"profile": None}),
        (RecordPatch, {"profile": {"firstName": " "}}),
        (RecordPatch, {"profile": {"firstName": "A\x00"}}),
        (RecordPatch, {"profile": {"firstName": "a" * 101}}),
        (RecordPatch, {"profile": {"firstName": "\ud800"}}),
        (RecordPatch, {"profile": {"birthDate": 0}}),
        (RecordPatch, {"profile": {"birthDate": "1985-02-30"}}),
        (RecordPatch, {"investorType": "reckless"}),
        (WizardPut, {}),
        (TopicsPut, {"topics": ["a"] * 51}),
        (WatchlistPut, {"watchlist": ["AAPL"] * 201}),
        (WatchlistPut, {"watchlist": [1]}),
    ],
)
def test_what_a_record_cannot_hold_is_refused(model: type[Request], sent: object) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(sent)


def test_a_change_depends_on_the_version_that_was_read(own: Own) -> None:
    read = own.get_record("ada")
    changed = own.put_topics("ada", topics("ipo"), [read.version])

    with pytest.raises(OutdatedError):
        own.put_topics("ada", topics("earnings"), [read.version])

    assert own.get_record("ada") == changed
    assert own.put_topics("ada", topics("earnings"), [changed.version]).answer.topics == (
        "earnings",
    )


def test_two_changes_at_the_same_time_are_both_kept(own: Own, app: App, spied: SpiedStore) -> None:
    own.get_record("ada")

    def meanwhile(_: TableSpec, __: Item) -> None:
        found = app.users.get("ada")
        assert found is not None
        app.users.put(
            found.user.model_copy(update={"watchlist": ("AAPL",)}), expected=found.version
        )

    spied.meanwhile = meanwhile
    after = own.put_topics("ada", topics("ipo")).answer

    assert (after.topics, after.watchlist) == (("ipo",), ("AAPL",))


def test_changing_nothing_writes_nothing_and_tells_nobody(
    own: Own, spied: SpiedStore, publisher: AttentivePublisher
) -> None:
    before = own.put_topics("ada", topics("ipo"))
    written, heard = spied.writes, len(publisher.heard)

    assert own.put_topics("ada", topics("IPO")) == before
    assert (spied.writes, len(publisher.heard)) == (written, heard)


def test_every_change_is_announced_as_an_action(own: Own, publisher: AttentivePublisher) -> None:
    own.patch_record("ada", patch(**WHOLE))
    own.put_wizard("ada", wizard("completed"))
    own.put_topics("ada", topics("ipo"))
    own.put_watchlist("ada", watchlist("AAPL"))

    heard = [each for each in publisher.heard if isinstance(each, UserAction)]
    assert [each.action for each in heard] == ["profile", "wizard", "topics", "watchlist"]
    assert {each.user_id for each in heard} == {"ada"}


def test_followers_are_in_step_with_records(own: Own, app: App) -> None:
    own.put_watchlist("ada", watchlist("AAPL", "MSFT"))
    own.put_topics("ada", topics("ipo"))
    own.put_watchlist("ada", watchlist("MSFT"))

    assert app.followers.subscribers(tickers=["AAPL"]) == set()
    assert (
        app.followers.subscribers(tickers=["MSFT"])
        == app.followers.subscribers(topics=["ipo"])
        == {"ada"}
    )


def test_what_another_request_takes_up_while_this_one_drops_it_is_followed(
    own: Own, app: App, spied: SpiedStore
) -> None:
    own.put_watchlist("ada", watchlist("AAPL"))
    rival = User(user_id="ada", watchlist=("AAPL",), topics=("ipo",), created_at=NOW)

    def meanwhile(table: TableSpec, item: Item) -> None:
        if table is not USERS and str(item.get("name", "")).startswith("subscribers"):
            found = app.users.get("ada")
            assert found is not None
            app.users.put(rival, expected=found.version)
        else:
            spied.meanwhile = meanwhile

    spied.meanwhile = meanwhile
    own.put_watchlist("ada", watchlist())

    found = app.users.get("ada")
    assert found is not None
    assert found.user == rival
    assert app.followers.subscribers(tickers=["AAPL"]) == {"ada"}


@pytest.mark.parametrize("writes", range(5))
def test_a_change_stopped_anywhere_is_completed_by_the_next_try(
    own: Own, app: App, spied: SpiedStore, publisher: AttentivePublisher, writes: int
) -> None:
    app.users.put(User(user_id="ada", watchlist=("MSFT",), created_at=NOW), expected=ABSENT)
    app.followers.subscribe(User(user_id="ada", watchlist=("MSFT",), created_at=NOW))
    spied.stop_before = spied.writes + writes
    with pytest.raises(StoppedError):
        own.put_watchlist("ada", watchlist("AAPL"))
    spied.stop_before = None

    after = own.put_watchlist("ada", watchlist("AAPL")).answer

    assert after.watchlist == ("AAPL",)
    assert app.followers.subscribers(tickers=["AAPL"]) == {"ada"}
    assert any(isinstance(each, UserAction) for each in publisher.heard)
