"""Who owns a ticker: what a listing says about the company that is stored under it.

Tickers are names that companies take, leave, and take over from others. What tells companies apart
is their CIK, the number that a provider gives them, and the days on which they were listed. A
listing that lacks these contradicts nothing; one that contradicts itself decides nothing.
"""

import re
from datetime import date, timedelta
from enum import Enum, auto
from typing import Final, NamedTuple

from .companies import (
    Asset,
    AssetProfile,
    DataSet,
    FormerOwner,
    FormerTicker,
    Identity,
    Listing,
    ProblemKind,
)
from .model import Ticker

_DAY: Final = timedelta(days=1)
_CORRECTION: Final = timedelta(days=31)
"""Providers correct a listing date by some weeks."""

KEPT: Final = ("name", "exchange", "asset_type", "cik", "rank", "ipo_date")
"""What stays known of a company if a listing does not say it."""

_WORD: Final = re.compile(r"\w+")


class _Owner(Enum):
    SAME = auto()
    OTHER = auto()
    UNKNOWN = auto()


class _Opinion(NamedTuple):
    owner: _Owner
    reason: str = ""


def apply_listing(profile: AssetProfile, listing: Listing) -> AssetProfile:
    """Return the profile of a ticker after a listing: updated, of a new owner, or in dispute."""
    since = profile.identity.since
    if since is not None and listing.day < since:
        return profile  # it is about a former owner
    opinion = _compare(profile, listing)
    if opinion.owner is _Owner.SAME:
        return _update(profile, listing)
    ends = (_last_bar(profile), profile.asset.delisting_date)
    is_older = any(end is not None and listing.day < end for end in ends)
    if is_older or listing.asset.status == "inactive":
        return profile  # it is about a company that had the ticker before
    has_left = profile.asset.status == "inactive" and not _has_data(profile)
    if opinion.owner is _Owner.OTHER or has_left:
        return take_over(profile, listing)
    if _is_spelling(profile, listing):
        return _update(profile, listing)
    return dispute(profile, listing, opinion.reason)


def leave_listing(profile: AssetProfile, source: str, day: date) -> AssetProfile:
    """Return the profile of a company that a whole listing of that day lacks."""
    asset, identity = profile.asset, profile.identity
    others = tuple(name for name in identity.listed_by if name != source)
    update: dict[str, object] = {"identity": identity.model_copy(update={"listed_by": others})}
    if asset.status == "active":
        gone = {"status": "inactive", "delisting_date": asset.delisting_date or day}
        update["asset"] = asset.model_copy(update=gone)
    return profile.model_copy(update=update)


def rename(profile: AssetProfile, ticker: Ticker) -> AssetProfile:
    """Return the profile of a company that has another ticker now."""
    identity = profile.identity.model_copy(update={"renamed_to": ticker})
    return profile.model_copy(update={"identity": identity})


def rename_former_owner(profile: AssetProfile, ticker: Ticker) -> AssetProfile:
    """Return the profile of a ticker whose last former owner has another ticker now."""
    *others, last = profile.former_owners
    renamed = last.model_copy(update={"renamed_to": ticker})
    return profile.model_copy(update={"former_owners": (*others, renamed)})


def add_former_ticker(profile: AssetProfile, former: FormerTicker) -> AssetProfile:
    """Return the profile of a company that had another ticker before."""
    identity = profile.identity
    others = (known for known in identity.former_tickers if known.ticker != former.ticker)
    update = {"former_tickers": (*others, former)}
    return profile.model_copy(update={"identity": identity.model_copy(update=update)})


def dispute(profile: AssetProfile, listing: Listing, reason: str) -> AssetProfile:
    """Return the profile with a listing that may be of another company, for people to decide."""
    claim = profile.claim
    if claim is not None and (claim.asset, claim.source) == (listing.asset, listing.source):
        return profile
    disputed = profile.model_copy(update={"claim": listing})
    return disputed.with_problem(ProblemKind.IDENTITY, reason, listing.day)


def confirm_owner(profile: AssetProfile, claim: Listing) -> AssetProfile:
    """Return the profile with a disputed listing as one of the same company."""
    return _update(_settle(profile, claim.day), claim)


def take_over(profile: AssetProfile, listing: Listing) -> AssetProfile:
    """Return the profile of a new owner of the ticker, which begins with nothing.

    It begins after the last day that may belong to the former owner, which is kept beside it.
    """
    since = _first_day(profile, listing)
    asset = profile.asset
    former = FormerOwner(
        asset=asset,
        overview=profile.overview,
        freshness=profile.freshness,
        since=profile.identity.since,
        until=min(since, asset.delisting_date or since),
        renamed_to=profile.identity.renamed_to,
    )
    return AssetProfile(
        asset=listing.asset,
        identity=_identify(
            Identity(since=since, latest=(listing.day, listing.source)), listing, listing.asset
        ),
        former_owners=(*profile.former_owners, former),
        pending=profile.pending,
    )


def provider_id(asset: Asset) -> str | None:
    """Return the number that a provider gives a company, which stays when its ticker changes."""
    number = (asset.model_extra or {}).get("id")
    return number if isinstance(number, str) and number else None


def _compare(profile: AssetProfile, listing: Listing) -> _Opinion:
    """Return whether a listing is of the company that is stored under its ticker."""
    agreeing, differing = _agreeing(profile, listing), _differing(profile, listing)
    if agreeing and differing:
        return _Opinion(_Owner.UNKNOWN, f"the {agreeing} is the same, but the {differing} differs")
    if agreeing:
        return _Opinion(_Owner.SAME)
    before, now = profile.asset.name, listing.asset.name
    if differing == "CIK" and _words(before) and _words(before) == _words(now):
        return _Opinion(_Owner.UNKNOWN, f"{now} is listed with another CIK")
    if differing or profile.identity.renamed_to is not None:
        return _Opinion(_Owner.OTHER)
    if _is_renamed(profile, listing.asset):
        reason = f"{before} is listed as {now}, without anything that both listings share"
        return _Opinion(_Owner.UNKNOWN, reason)
    return _Opinion(_Owner.SAME)


def _agreeing(profile: AssetProfile, listing: Listing) -> str:
    overview = () if profile.overview is None else (profile.overview.cik,)
    if listing.asset.cik is not None and listing.asset.cik in (*_ciks(profile), *overview):
        return "CIK"
    number = provider_id(listing.asset)
    known = profile.identity.ids.get(listing.source)
    return f"number at {listing.source}" if number is not None and number == known else ""


def _differing(profile: AssetProfile, listing: Listing) -> str:
    asset, ciks = listing.asset, _ciks(profile)
    if asset.cik is not None and ciks and asset.cik not in ciks:
        return "CIK"
    number, known = provider_id(asset), profile.identity.ids.get(listing.source)
    if number is not None and known is not None and number != known:
        return f"number at {listing.source}"
    if asset.ipo_date is not None and not _is_same_date(profile.asset.ipo_date, asset.ipo_date):
        ends = (_last_bar(profile), profile.asset.delisting_date)
        if any(end is not None and end < asset.ipo_date for end in ends):
            return "listing date"
    return ""


def _ciks(profile: AssetProfile) -> tuple[str, ...]:
    listed = () if profile.asset.cik is None else (profile.asset.cik,)
    return (*listed, *profile.identity.ciks)


def _is_same_date(before: date | None, now: date) -> bool:
    return before is not None and abs(now - before) <= _CORRECTION


def _is_renamed(profile: AssetProfile, asset: Asset) -> bool:
    """Return whether a name shares no word with any name that the company had."""
    if asset.ipo_date is not None and asset.ipo_date == profile.asset.ipo_date:
        return False
    names = (*profile.identity.names, *([profile.asset.name] if profile.asset.name else ()))
    words = _words(asset.name)
    return bool(names and words) and not any(words & _words(name) for name in names)


def _is_spelling(profile: AssetProfile, listing: Listing) -> bool:
    """Return whether another provider may just spell the name of a company in another way.

    Where no data are stored, nothing can be joined to them.
    """
    is_listed_elsewhere = profile.asset.status == "active" and (
        listing.source not in profile.identity.listed_by
    )
    return is_listed_elsewhere and not _has_data(profile)


def _has_data(profile: AssetProfile) -> bool:
    return profile.overview is not None or bool(profile.freshness)


def _words(name: str | None) -> frozenset[str]:
    return frozenset(_WORD.findall((name or "").casefold()))


def _last_bar(profile: AssetProfile) -> date | None:
    prices = profile.freshness.get(DataSet.PRICES)
    return None if prices is None else prices.as_of


def _first_day(profile: AssetProfile, listing: Listing) -> date:
    """Return the first day that surely belongs to a new owner.

    One that was listed while the ticker still was of another company had another ticker then.
    """
    last, listed = _last_bar(profile), listing.asset.ipo_date
    ends = (last, profile.asset.delisting_date, profile.identity.since, listing.previous)
    is_new = listed is not None and all(end is None or end < listed for end in ends)
    first = listed if is_new and listed is not None else listing.day
    after = (None if last is None else last + _DAY, *ends[1:3])
    return max([first, *(day for day in after if day is not None)])


def _update(profile: AssetProfile, listing: Listing) -> AssetProfile:
    latest, now = profile.identity.latest, (listing.day, listing.source)
    if latest is not None and now < latest:
        asset = _fill(profile.asset, listing.asset)
    else:
        asset = _merge(profile, listing)
    identity = _identify(profile.identity, listing, asset)
    if asset != profile.asset:
        identity = identity.model_copy(update={"latest": max(now, latest or now)})
    return profile.model_copy(update={"asset": asset, "identity": identity})


def _fill(asset: Asset, older: Asset) -> Asset:
    """Return a company with what only an older listing says of it."""
    missing = {name: getattr(older, name) for name in KEPT if getattr(asset, name) is None}
    return asset.model_copy(update=missing)


def _merge(profile: AssetProfile, listing: Listing) -> Asset:
    before, asset = profile.asset, listing.asset
    update = {name: getattr(before, name) for name in KEPT if getattr(asset, name) is None}
    left = before.delisting_date if before.status == "inactive" else None
    if asset.status == "inactive":
        known = before.status == "inactive" or not profile.identity.listed_by
        update["delisting_date"] = asset.delisting_date or (left if known else listing.day)
    elif left is not None and listing.day < left:  # it was listed when this listing was made
        update |= {"status": "inactive", "delisting_date": left}
    return asset.model_copy(update=update)


def _identify(identity: Identity, listing: Listing, asset: Asset) -> Identity:
    """Return the identity with what a listing adds to it."""
    number = provider_id(listing.asset)
    is_active = asset.status == "active"
    sources = tuple(source for source in identity.listed_by if source != listing.source)
    is_listed = is_active and listing.asset.status == "active"
    return identity.model_copy(
        update={
            "names": tuple(dict.fromkeys((*identity.names, *filter(None, [asset.name])))),
            "ciks": tuple(dict.fromkeys((*identity.ciks, *filter(None, [asset.cik])))),
            "ids": identity.ids | ({} if number is None else {listing.source: number}),
            "listed_by": tuple(sorted((*sources, *([listing.source] if is_listed else ())))),
            "renamed_to": None if is_active else identity.renamed_to,
        }
    )


def _settle(profile: AssetProfile, day: date) -> AssetProfile:
    settled = profile.model_copy(update={"claim": None})
    return settled.with_problem(ProblemKind.IDENTITY, None, day)
