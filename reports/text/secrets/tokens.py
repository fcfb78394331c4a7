"""Keys, tokens and passwords: by their shape, by the words before them, or by where they stand in an address."""

import re
from collections.abc import Iterator

# Shapes that nothing else has, each a prefix with what must follow it. A run is entered only where it begins and never
# given back ("++"), so that time stays linear.
_SHAPES = (
    r"sk-[\w-]{16,}+",
    r"(?:hf_|gh[opsur]_|npm_|gsk_|r8_|tt_)[A-Za-z0-9]{20,}+",
    r"(?:github_pat_|dop_v1_|shp(?:at|ca|pa|ss)_|whsec_|dckr_pat_|lin_api_|glsa_|[prs]k_(?:live|test)_)\w{16,}+",
    r"(?:glpat-|xai-|nvapi-|pplx-|tvly-|tskey-|pypi-|GOCSPX-|xapp-|xox[abeoprs]-)[\w-]{16,}+",
    r"AIza[\w-]{30,}+",
    r"(?:AKIA|ASIA)[A-Z0-9]{16}+(?!\w)",
    r"(?:LTAI|AKID)[A-Za-z0-9]{12,}+",
    r"(?:SG|ya29)\.[\w-]{16,}+(?:\.[\w-]{16,}+)?",
    r"eyJ[\w-]{5,}+\.eyJ[\w-]{3,}+\.[\w-]*+",
    r"\d{8,10}:[\w-]{35,}+",
)
_SHAPE = re.compile(r"(?<![\w-])(?:" + "|".join(_SHAPES) + ")", re.ASCII)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?:[^-]|-(?!----))*+-----END [A-Z0-9 ]{1,40}-----|(?:\s*+[A-Za-z0-9+/=]{16,}+)*+)"  # whole, or cut off
)
_IN_ADDRESS = re.compile(r"(?<![\w+.-])[A-Za-z][\w+.-]{1,20}+://[^\s:/@]{0,64}+:([^\s/@]{1,128})@", re.ASCII)
_HOOK = re.compile(r"hooks\.slack\.com/services/([\w/]{16,}+)", re.ASCII)
_IN_QUERY = re.compile(r"[?&](?:[\w-]{0,20}?(?:key|token|secret|signature)|sig|auth)=([^&\s#\"'<>]{8,}+)", re.I | re.A)
_IN_HEADER = re.compile(r"\b(?:bearer|authorization\W{1,4}(?:basic|token)) {1,3}([\w.~+/=-]{8,}+)", re.I | re.A)

_LOGIN_WORDS = (
    r"(?:pass(?:words?|wd|phrase|code)|pass(?= ?[:=]| is )|pwd?|contrase[nñ]a)(?=[\s\"':=])"
    r"|密码|口令|كلمة (?:المرور|السر)"
)
_KEY_WORDS = (
    r"(?:(?:api|access|secret|account|private|auth|signing|encryption)[_ -]?(?:key|token|secret)"
    r"(?:[_ -]?(?:id|secret))?|client[_ -]?secret|token|secret(?:[_ -]?id)?|credential|clave(?: de (?:api|acceso))?)"
    r"(?=[\s\"':=])|密钥|秘钥|私钥|令牌|مفتاح(?: الواجهة)?"
)
_JOIN = r"""["']? {0,3}(?:for [\w@.-]{1,30}+ {0,3})?(?P<join>(?:(?:is|was|es|是|为|هي|هو) {0,3})?(?:[:=]>?)?) {0,3}"""
_QUOTED = r"""(?P<quote>["'`])(?P<quoted>[^\s,:;)\]}"'`][^"'`\n]{3,200})(?P=quote)"""
_PLAIN = r"(?P<plain>[!#-&(-+\--:=?-_a-~À-ɏ]{4,400}+)"  # all that can be typed but quotes, brackets and , ;
_LABELLED = re.compile(
    rf"(?:(?<![a-z])|(?=[^a-z]))(?:(?P<login>{_LOGIN_WORDS})|(?P<key>{_KEY_WORDS})){_JOIN}(?={_QUOTED}|{_PLAIN})",
    re.IGNORECASE,
)

_DIGIT, _LETTER = re.compile("[0-9]"), re.compile("[A-Za-z]")
_RUN = re.compile("[A-Za-z0-9]{20}")
_SIGN_INSIDE = re.compile(r"\w[@#$%^&*!+~=|-]+\w")
_PLACEHOLDER = re.compile(
    r"[\[<{*•]|\$[A-Z_({]|\\?%[A-Z_(]|.*(?:\.\.\.|…|\*\*\*|xxxx)|.{0,8}your[_-]|https?:", re.IGNORECASE
)
_CODE = re.compile(
    r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*[(\[]|(?:self|this|os|process|config|settings|env)\.\w|[a-z]+(?:_[a-z]+)+$"
)
_FILE = re.compile(r"[/\\]|.{0,80}\.(?:py|js|ts|json|txt|md|gguf|safetensors)$")
_PLAIN_WORDS = """
changed correct default disabled empty enabled expired false forgotten hidden incorrect invalid missing none null
optional pass password protected redacted removed required reset secret secure string strong true undefined unknown user
weak wrong
"""
_SAID_OF_PASSWORDS = frozenset(_PLAIN_WORDS.split())
_LEAST_KEY = 12  # characters: a shorter one after "token" is rather a word of a text about tokens


def tokens(text: str) -> Iterator[tuple[int, int]]:
    """Where keys, tokens and passwords stand, those first that are surest."""
    yield from (found.span() for found in _PRIVATE_KEY.finditer(text))
    yield from (found.span() for found in _SHAPE.finditer(text) if _is_made(found[0]))
    yield from (found.span(1) for found in _HOOK.finditer(text))
    for found in _IN_ADDRESS.finditer(text):
        if not _is_placeholder(found[1]):
            yield found.span(1)
    for pattern in (_IN_HEADER, _IN_QUERY):
        yield from (found.span(1) for found in pattern.finditer(text) if _is_mixed(found[1]))
    yield from _labelled(text)


def _labelled(text: str) -> Iterator[tuple[int, int]]:
    for found in _LABELLED.finditer(text):
        group = "quoted" if found["quoted"] else "plain"
        value = found[group].rstrip(".:?)]}\\")
        is_firm = found["join"].rstrip(">")[-1:] in (":", "=")
        if group == "plain" and found.start() and text[found.start() - 1] in "?&":
            value = value.partition("&")[0]
        end = found.start(group) + len(value)
        is_last = group == "quoted" or not text[end : end + 2].strip(".,;)}]|")
        told = (
            _is_key(value, is_firm=is_firm) if found["key"] else _is_password(value, is_firm=is_firm, is_last=is_last)
        )
        if told and not _is_placeholder(value):
            yield found.start(group), end


def _is_made(shaped: str) -> bool:
    """Whether a machine made what has the shape of a key. Some makers use no digits, but packages no capitals."""
    is_spelt_out = shaped.startswith(("sk-", "pypi-"))
    return _is_mixed(shaped) or (_has_both_cases(shaped) and not is_spelt_out and not _is_placeholder(shaped))


def _is_password(value: str, *, is_firm: bool, is_last: bool) -> bool:
    """``is_firm``: a colon or equals sign stands before it; ``is_last``: nothing goes on after it."""
    if _CODE.match(value) or " " in value:
        return False
    has_digit, has_letter = bool(_DIGIT.search(value)), bool(_LETTER.search(value))
    if has_letter and (has_digit or _SIGN_INSIDE.search(value)):
        return is_firm or has_digit or is_last
    if has_digit:
        return len(value) >= 6
    return is_firm and is_last and len(value) >= 4


def _is_key(value: str, *, is_firm: bool) -> bool:
    if _CODE.match(value) or _FILE.match(value) or " " in value or len(value) < _LEAST_KEY:
        return False
    return _is_mixed(value) and (is_firm or _has_both_cases(value) or bool(_RUN.search(value)))


def _is_mixed(value: str) -> bool:
    """Whether it looks made by a machine: digits among letters, and no few of them again and again."""
    digits, has_cases = len(_DIGIT.findall(value)), _has_both_cases(value)
    is_random = digits >= 4 or (has_cases and (digits > 0 or value.endswith("=")))
    return is_random and bool(_LETTER.search(value)) and not _is_placeholder(value)


def _has_both_cases(value: str) -> bool:
    return value != value.lower() and value != value.upper()


def _is_placeholder(value: str) -> bool:
    return bool(_PLACEHOLDER.match(value)) or value.lower() in _SAID_OF_PASSWORDS or len(set(value.lower())) < 3
