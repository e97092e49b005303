from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from signal9_core.bootstrap import App
from signal9_core.domain.users import WizardStatus
from signal9_core.errors import InputError, NotFoundError, OutdatedError
from signal9_core.events import NewsIngested, UserAction
from signal9_core.ports import Item
from signal9_core.repositories.users import SubscriptionRepository, UserRepository
from signal9_core.schemas.base import Request
from signal9_core.schemas.users import RecordPatch, TopicsPut, WatchlistPut, WizardPut
from signal9_core.services.users import UserService
from signal9_core.tables import USERS, TableSpec
from tests.core.storing import store_articles, store_assets
from tests.fakes import NOW, AttentivePublisher, SetClock, article
from tests.spied import SpiedStore, StoppedError

COMPLETE: dict[str, Any] = {
    "profile": {"firstName": "Ada", "lastName": "Lovelace", "birthDate": "1985-12-10"},
    "investorType": "moderate",
}


@pytest.fixture
def users(app: App) -> UserService:
    store_assets(app.assets, list(app.provider.assets()))
    return app.users


@pytest.fixture
def subscriptions(app: App) -> SubscriptionRepository:
    return SubscriptionRepository(app.store)


def patch(**fields: Any) -> RecordPatch:
    return RecordPatch.model_validate(fields)


def wizard(status: str) -> WizardPut:
    return WizardPut(wizard=WizardStatus(status))


def watchlist(*tickers: str) -> WatchlistPut:
    return WatchlistPut(watchlist=tickers)


def topics(*names: str) -> TopicsPut:
    return TopicsPut(topics=names)


def notify(app: App, *titles: str) -> None:
    """Have articles about Apple published and everybody who watches it notified."""
    now = app.clock()
    store_articles(app.news, [article(title, now.isoformat()[:16], "AAPL") for title in titles])
    app.notify(NewsIngested(at=now, ticker="AAPL", first=now, last=now, count=len(titles)))


def titles_of(users: UserService, user_id: str, *, unread: bool = False) -> list[str]:
    return [item.title for item in users.list_notifications(user_id, unread=unread).items]


def test_a_record_is_created_for_a_new_user(users: UserService) -> None:
    first = users.get("ada")

    assert (first.model.user_id, first.model.created_at) == ("ada", NOW)
    assert first.model.wizard == "not_started"
    assert users.get("ada") == first


def test_two_first_requests_create_one_record(users: UserService, spied: SpiedStore) -> None:
    def meanwhile(table: TableSpec, _: Item) -> None:
        assert table is USERS
        spied.store.put(USERS, {"userId": "ada", "createdAt": "2020-01-01T00:00:00Z"})

    spied.meanwhile = meanwhile

    assert users.get("ada").model.created_at.year == 2020


def test_a_patch_changes_what_it_names_and_null_removes(users: UserService) -> None:
    users.patch("ada", patch(**COMPLETE))

    after = users.patch("ada", patch(profile={"lastName": "Byron", "birthDate": None})).model

    assert (after.profile.first_name, after.profile.last_name) == ("Ada", "Byron")
    assert after.profile.birth_date is None
    assert after.investor_type == "moderate"


@pytest.mark.parametrize("birth_date", ["2006-01-09", "2024-01-09", "1893-01-01"])
def test_a_birth_date_is_that_of_an_adult(users: UserService, birth_date: str) -> None:
    with pytest.raises(InputError) as raised:
        users.patch("ada", patch(profile={"birthDate": birth_date}))

    assert raised.value.field == "profile.birthDate"


def test_someone_who_turns_eighteen_today_is_an_adult(users: UserService) -> None:
    after = users.patch("ada", patch(profile={"birthDate": "2006-01-08"}))

    assert after.model.profile.birth_date == date(2006, 1, 8)


def test_the_wizard_is_completed_only_when_nothing_is_missing(users: UserService) -> None:
    users.patch("ada", patch(profile={"firstName": "Ada"}))
    assert users.put_wizard("ada", wizard("in_progress")).model.wizard == "in_progress"
    with pytest.raises(InputError, match=r"profile\.lastName, profile\.birthDate, investorType"):
        users.put_wizard("ada", wizard("completed"))

    users.patch("ada", patch(**COMPLETE))
    done = users.put_wizard("ada", wizard("completed")).model

    assert (done.wizard, done.missing) == ("completed", ())
    with pytest.raises(InputError, match="while the wizard is completed"):
        users.patch("ada", patch(investorType=None))


def test_topics_are_normalized_and_stored_once_in_order(users: UserService) -> None:
    after = users.put_topics("ada", topics("Mergers & Acquisitions", "IPO", "ipo ", "&"))

    assert after.model.topics == ("mergers_and_acquisitions", "ipo", "and")


@pytest.mark.parametrize("name", ["¡", "a" * 65])
def test_an_invalid_topic_is_named_by_its_position(users: UserService, name: str) -> None:
    with pytest.raises(InputError) as raised:
        users.put_topics("ada", topics("ipo", name))

    assert raised.value.field == "topics.1"


def test_a_watchlist_has_its_order_and_each_company_once(users: UserService) -> None:
    after = users.put_watchlist("ada", watchlist("msft", "BRK-B", "AAPL", "brk.b"))

    assert after.model.watchlist == ("MSFT", "BRK.B", "AAPL")
    assert users.put_watchlist("ada", watchlist()).model.watchlist == ()


@pytest.mark.parametrize("name", ["AAPPL", "not a ticker"])
def test_an_unknown_company_cannot_be_watched(users: UserService, name: str) -> None:
    with pytest.raises(InputError) as raised:
        users.put_watchlist("ada", watchlist("AAPL", name))

    assert raised.value.field == "watchlist.1"
    assert ("did you mean AAPL" in raised.value.message) == (name == "AAPPL")
    assert users.get("ada").model.watchlist == ()


@pytest.mark.parametrize(
    ("model", "body"),
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
def test_an_invalid_body_is_refused(model: type[Request], body: object) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(body)


def test_a_change_may_depend_on_the_version_that_was_read(users: UserService) -> None:
    read = users.get("ada")
    changed = users.put_topics("ada", topics("ipo"), [read.version])

    with pytest.raises(OutdatedError):
        users.put_topics("ada", topics("earnings"), [read.version])

    assert users.get("ada") == changed
    after = users.put_topics("ada", topics("earnings"), [changed.version])
    assert after.model.topics == ("earnings",)


def test_two_changes_at_once_are_both_stored(
    users: UserService, app: App, spied: SpiedStore
) -> None:
    users.get("ada")
    spied.meanwhile = lambda _, __: put_record(app, watchlist=("AAPL",))

    after = users.put_topics("ada", topics("ipo")).model

    assert (after.topics, after.watchlist) == (("ipo",), ("AAPL",))


def put_record(app: App, **fields: object) -> None:
    """Change Ada's record as another process would."""
    repository = UserRepository(app.store)
    record = repository.get("ada")
    assert record is not None
    repository.put(record.model.model_copy(update=fields), expected=record.version)


def test_changing_nothing_writes_and_announces_nothing(
    users: UserService, spied: SpiedStore, publisher: AttentivePublisher
) -> None:
    before = users.put_topics("ada", topics("ipo"))
    writes, events = spied.writes, len(publisher.heard)

    assert users.put_topics("ada", topics("IPO")) == before
    assert (spied.writes, len(publisher.heard)) == (writes, events)


def test_every_change_is_announced(users: UserService, publisher: AttentivePublisher) -> None:
    users.patch("ada", patch(**COMPLETE))
    users.put_wizard("ada", wizard("completed"))
    users.put_topics("ada", topics("ipo"))
    users.put_watchlist("ada", watchlist("AAPL"))

    actions = [event for event in publisher.heard if isinstance(event, UserAction)]
    assert [event.action for event in actions] == ["profile", "wizard", "topics", "watchlist"]
    assert {event.user_id for event in actions} == {"ada"}


def test_subscriptions_follow_the_record(
    users: UserService, subscriptions: SubscriptionRepository
) -> None:
    users.put_watchlist("ada", watchlist("AAPL", "MSFT"))
    users.put_topics("ada", topics("ipo"))
    users.put_watchlist("ada", watchlist("MSFT"))

    assert set(subscriptions.subscribers(tickers=["AAPL"])) == set()
    assert set(subscriptions.subscribers(tickers=["MSFT"])) == {"ada"}
    assert set(subscriptions.subscribers(topics=["ipo"])) == {"ada"}


@pytest.mark.parametrize("write", range(6))
def test_dropping_a_company_and_adding_it_at_once_leaves_subscription_and_record_in_step(
    users: UserService,
    app: App,
    spied: SpiedStore,
    subscriptions: SubscriptionRepository,
    write: int,
) -> None:
    users.put_watchlist("ada", watchlist("AAPL"))

    def meanwhile(_: TableSpec, __: Item) -> None:
        if spied.writes < start + write:
            spied.meanwhile = meanwhile
        else:
            app.users.put_watchlist("ada", watchlist("AAPL", "MSFT"))

    start = spied.writes
    spied.meanwhile = meanwhile
    users.put_watchlist("ada", watchlist())

    expected = {"ada"} if users.get("ada").model.watchlist else set()
    assert set(subscriptions.subscribers(tickers=["AAPL"])) == expected


@pytest.mark.parametrize("writes", range(5))
def test_a_change_stopped_anywhere_is_completed_by_the_next_try(
    users: UserService,
    subscriptions: SubscriptionRepository,
    spied: SpiedStore,
    publisher: AttentivePublisher,
    writes: int,
) -> None:
    users.put_watchlist("ada", watchlist("MSFT"))
    publisher.heard.clear()
    spied.stop_before = spied.writes + writes
    with pytest.raises(StoppedError):
        users.put_watchlist("ada", watchlist("AAPL"))
    spied.stop_before = None

    after = users.put_watchlist("ada", watchlist("AAPL")).model

    assert after.watchlist == ("AAPL",)
    assert set(subscriptions.subscribers(tickers=["AAPL"])) == {"ada"}
    assert any(isinstance(event, UserAction) for event in publisher.heard)


@pytest.fixture
def notified(users: UserService) -> UserService:
    """The users, of whom Ada and Grace watch Apple."""
    for name in ("ada", "grace"):
        users.put_watchlist(name, watchlist("AAPL"))
    return users


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_notifications_are_paged_latest_first(
    notified: UserService, app: App, clock: SetClock, limit: int
) -> None:
    for title in "01234":
        notify(app, title)
        clock.move(days=12)
    page = notified.list_notifications("ada", limit=limit)
    titles = [item.title for item in page.items]
    cursor = page.next_cursor

    while page.next_cursor is not None:
        page = notified.list_notifications("ada", limit=limit, cursor=page.next_cursor)
        titles += [item.title for item in page.items]

    assert titles == list("43210")
    assert titles_of(notified, "nobody") == []
    if cursor is not None:
        with pytest.raises(InputError, match="cursor"):
            notified.list_notifications("grace", limit=limit, cursor=cursor)


def test_a_notification_is_marked_as_read_once(
    notified: UserService, app: App, clock: SetClock
) -> None:
    notify(app, "first", "second")
    item = next(item for item in notified.list_notifications("ada").items if item.title == "first")
    marked = notified.mark_read("ada", item.id)
    clock.move(days=1)

    assert marked.read_at == NOW
    assert notified.mark_read("ada", item.id) == marked
    assert titles_of(notified, "ada", unread=True) == ["second"]


def test_notifications_of_another_user_do_not_exist(notified: UserService, app: App) -> None:
    notify(app, "secret")
    (item,) = notified.list_notifications("grace").items

    for notification_id in (item.id, "made-up"):
        with pytest.raises(NotFoundError):
            notified.mark_read("ada", notification_id)

    assert notified.list_notifications("grace").items == [item]


def test_notifications_expire_after_three_months(
    notified: UserService, app: App, clock: SetClock
) -> None:
    notify(app, "first")
    clock.move(days=89)
    assert titles_of(notified, "ada") == ["first"]

    clock.move(days=2)

    assert titles_of(notified, "ada") == []


def test_viewed_companies_are_listed_latest_first(users: UserService) -> None:
    for ticker in ("AAPL", "msft", "brk-b"):
        users.note_viewed("ada", ticker)

    assert users.note_viewed("ada", "AAPL").viewed == ["AAPL", "BRK.B", "MSFT"]
    with pytest.raises(NotFoundError):
        users.note_viewed("ada", "NOPE")


def test_an_export_holds_everything_about_one_user(notified: UserService, app: App) -> None:
    notified.put_topics("ada", topics("ipo"))
    notified.note_viewed("ada", "AAPL")
    notify(app, "first")

    export = notified.export("ada")

    assert export.user == notified.get("ada").model
    assert export.viewed == ["AAPL"]
    assert [item.title for item in export.notifications] == ["first"]
    assert export.exported_at == NOW
