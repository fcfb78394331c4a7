"""Which addresses of the Internet a webhook may go to: those that anybody could reach from anywhere.

Tables of our own, because ``ipaddress`` answers differently from one Python to the next, and calls global what leads
into the same machine by another way (64:ff9b::7f00:1 is 127.0.0.1 behind a NAT64). Origin: the IANA registries of
special-purpose addresses for IPv4 and IPv6 (RFC 6890 and its updates), and what clouds serve their keys from.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

FORBIDDEN_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network; Linux takes 0.0.0.0 for itself
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a carrier's NAT, and the metadata of one cloud
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a public number that one cloud answers inside every machine
        "169.254.0.0/16",  # link-local, and the metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, and the metadata of one cloud
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # multicast tunnels
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
GLOBAL_6 = IPv6Network("2000::/3")  # all that is handed out; NAT64, unique local, link-local and multicast lie outside
FORBIDDEN_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # the 6bone that was
        "3fff::/20",  # documentation
    )
)
ISATAP = (0x0000_5EFE, 0x0200_5EFE)  # an IPv4 address follows in the last 32 bits (RFC 5214)


def is_public(address: str) -> bool:
    """Whether everybody can reach ``address`` ("93.184.216.34", "2606:2800::1"). Not an address: no.

    >>> is_public("93.184.216.34"), is_public("169.254.169.254"), is_public("::ffff:127.0.0.1")
    (True, False, False)
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in FORBIDDEN_4)
    return _is_public_6(ip)


def _is_public_6(ip: IPv6Address) -> bool:
    if ip.scope_id is not None or ip not in GLOBAL_6:
        return False
    within = int(ip) & 0xFFFF_FFFF_FFFF_FFFF
    return within >> 32 not in ISATAP and not any(ip in network for network in FORBIDDEN_6)


def is_among(address: str, networks: Iterable[Network]) -> bool:
    """Whether ``address`` lies in one of ``networks``. An IPv4 address in the dress of IPv6 counts as neither."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return any(ip.version == network.version and ip in network for network in networks)


def networks_in(listed: str) -> tuple[Network, ...]:
    """``"10.1.0.0/16, ::1/128"`` as networks. Raises ValueError for what is none."""
    return tuple(ip_network(part) for part in listed.replace(",", " ").split())
