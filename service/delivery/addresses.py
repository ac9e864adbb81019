"""May the server call this address? Only what lies outside the house, unless the operator has said otherwise."""

import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from service.outbox.reasons import Reason

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefusedError(Exception):
    """The address lies inside, or cannot be found; the message says which."""


@dataclass(frozen=True)
class Checked:
    """An address that was looked up once and may be called: connect to it, and look nothing up again."""

    family: int
    target: tuple[Any, ...]


def allowed_hosts(text: str) -> frozenset[str]:
    """Return the hosts of a comma-separated list: "10.0.0.5, hooks.local:8443"."""
    return frozenset(part.strip().lower() for part in text.split(",") if part.strip())


def is_public(address: str) -> bool:
    """Is this IP address on the public internet: not private, loopback, link-local, multicast or reserved?

    An IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64) is judged as what it really leads to.
    """
    ip: IpAddress = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in NAT64:
            inner.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        found = [v4 for v4 in inner if v4 is not None]
        if found:
            return all(is_public(str(v4)) for v4 in found)
        if ip.is_site_local or int(ip) >> 32 == 0:  # fec0::/10, and ::a.b.c.d as old programs wrote it.
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def checked(host: str, port: int, allowed: Collection[str] = ()) -> Checked:
    """Look a host up once and return an address of it that may be called.

    A host that has any inside address is refused whole. Errors: AddressRefusedError.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as why:
        raise AddressRefusedError(Reason.NOT_FOUND.quoting(host)) from why
    if not {host.lower(), f"{host.lower()}:{port}"} & set(allowed):
        inside = [str(target[0]) for *_, target in found if not is_public(str(target[0]))]
        if inside:
            where = host if host == inside[0] else f"{host} → {inside[0]}"
            raise AddressRefusedError(Reason.INSIDE.quoting(where))
    family, *_, target = found[0]
    return Checked(family, target)
