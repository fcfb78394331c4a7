"""Addresses of people and of machines: e-mail, IPv4 and IPv6."""

import ipaddress
import re
from collections.abc import Iterator

_LOCAL = r"A-Za-z0-9À-ɏ._%+'-"
_EMAIL = re.compile(
    rf"(?<![{_LOCAL}])([{_LOCAL}]{{1,64}}+)@((?:[A-Za-z0-9À-ɏ-]{{1,63}}+\.){{1,8}}[A-Za-z]{{2,24}}+)(?![\w-])", re.A
)
_SPELT = re.compile(
    rf"(?<![{_LOCAL}])[{_LOCAL}]{{1,64}}+(?: dot [{_LOCAL}]{{1,30}}+){{0,3}}"
    r"(?: ?(?P<bracket>[\[({] ?(?:at|@) ?[\])}]) ?| at )"
    r"[a-z0-9-]{1,63}+(?:(?P<dot> dot | ?[\[({]dot[\])}] ?|\.)[a-z0-9-]{2,63}+){1,4}",
    re.IGNORECASE | re.ASCII,
)
_REMOTE = re.compile(r":[\w.~-]{1,100}/", re.ASCII)  # git@host:path is a place for code
_FILES = frozenset(("png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "json", "html", "md", "py", "txt"))


def emails(text: str) -> Iterator[tuple[int, int]]:
    """Where e-mail addresses stand, written as such or spelt out to hide them from machines."""
    for found in _EMAIL.finditer(text):
        local, host = found[1].lstrip(".'%-"), found[2]
        is_release = host[0].isdigit() and re.match(r"\d+[.x]", host)  # name@2.1.0-beta.rc, logo@2x.png
        is_file = host.rpartition(".")[2].lower() in _FILES
        if local and not is_release and not is_file and not (local == "git" and _REMOTE.match(text, found.end())):
            yield found.end(1) - len(local), found.end()
    for found in _SPELT.finditer(text):
        if found["bracket"] or found["dot"] != ".":
            yield found.span()


_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = re.compile(rf"(?<![\w.])(?<![A-Za-z]/)(?<![=><~^]=)(?:{_OCTET}\.){{3}}{_OCTET}(?!\w|\.\d|-[a-z])", re.ASCII)
_IPV6 = re.compile(r"(?<![\w.:])[0-9A-Fa-f]{1,4}(?:::?[0-9A-Fa-f]{1,4}){1,7}(?:::)?(?![\w:]|\.\d)", re.ASCII)
_NETWORKS = re.compile(r"[23][0-9a-f]{3}:|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:|64:ff9b:", re.IGNORECASE)
_VERSION_BEFORE = re.compile(
    r"(?:\b(?:version|versión|ver|release|build|firmware|driver|section|chapter|clause|upgraded|updated)\b|§|版本|固件|升级|驱动|第"
    r"|الإصدار)[^\n]{0,16}\Z",
    re.IGNORECASE | re.ASCII,
)
_MACHINE_BEFORE = re.compile(r"(?:\bip|address|host|server|ssh|ping|://|@|地址|服务器)[^\n]{0,16}\Z", re.I | re.A)
_REACH = 32  # characters before a number in which words tell what it is
_LEAST_OCTET = 32  # four parts that are all smaller are rather a version, unless words say otherwise
_RESOLVERS = frozenset(("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "114.114.114.114", "223.5.5.5"))


def ips(text: str) -> Iterator[tuple[int, int]]:
    """Where addresses of machines stand that may lead to somebody."""
    for found in _IPV4.finditer(text):
        if _leads_somewhere(found[0]) and not _is_version(text, found):
            yield found.span()
    for found in _IPV6.finditer(text):
        if _NETWORKS.match(found[0]) and _is_ipv6(found[0]):
            yield found.span()


def _leads_somewhere(address: str) -> bool:
    return not address.startswith(("0.", "127.", "255.")) and address not in _RESOLVERS


def _is_version(text: str, found: re.Match[str]) -> bool:
    start = found.start()
    before = text[max(0, start - _REACH) : start]
    if _MACHINE_BEFORE.search(before):
        return False
    parts = [int(part) for part in found[0].split(".")]
    return bool(_VERSION_BEFORE.search(before)) or (parts[0] != 10 and max(parts) < _LEAST_OCTET)


def _is_ipv6(address: str) -> bool:
    try:
        ipaddress.IPv6Address(address)
    except ipaddress.AddressValueError:
        return False
    return True
