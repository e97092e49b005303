"""Cuts a network into subnets: public ones first, private ones well apart."""

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

from .errors import ConstructError

__all__ = ["SubnetPlan", "plan_subnets"]

_PUBLIC_FROM: Final = 1
_PRIVATE_FROM: Final = 101


@dataclass(frozen=True, slots=True)
class SubnetPlan:
    """The CIDR blocks of a network, one public and one private subnet per zone."""

    cidr: str
    public: tuple[str, ...]
    private: tuple[str, ...]


def plan_subnets(cidr: str, *, az_count: int, subnet_prefix: int = 24) -> SubnetPlan:
    """Return the subnets of `cidr`: number 1 on for public, number 101 on for private.

    In a network too small for that, the public ones start at its beginning and the private ones
    at its middle.
    """
    network = _network(cidr)
    room = 2 ** (subnet_prefix - network.prefixlen) if subnet_prefix >= network.prefixlen else 0
    if az_count < 1 or 2 * az_count > room:
        raise ConstructError(
            f"{cidr} has room for {room} subnets of /{subnet_prefix}, not for {az_count} public "
            f"and {az_count} private ones"
        )
    roomy = az_count <= _PRIVATE_FROM - _PUBLIC_FROM and _PRIVATE_FROM + az_count <= room
    public, private = (_PUBLIC_FROM, _PRIVATE_FROM) if roomy else (0, room // 2)
    return SubnetPlan(
        cidr,
        public=tuple(_nth(network, subnet_prefix, public + zone) for zone in range(az_count)),
        private=tuple(_nth(network, subnet_prefix, private + zone) for zone in range(az_count)),
    )


def _network(cidr: str) -> IPv4Network:
    try:
        return IPv4Network(cidr)
    except ValueError as error:
        raise ConstructError(f"{cidr!r} is not a network: {error}") from error


def _nth(network: IPv4Network, prefix: int, position: int) -> str:
    first = int(network.network_address) + position * 2 ** (32 - prefix)
    return str(IPv4Network((first, prefix)))
