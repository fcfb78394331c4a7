"""Who speaks, as people and chat pages write it: "User:", "**ChatGPT**", "### 助手", "قال ChatGPT:"."""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from reports.text.conversation.turns import Role

_USER = """
user|human|me|you|i said|you said|you asked|i asked|myself|end user
用户|我|我说|我问|你|你说|您|您说|你问|人类|用戶
usuario|usuaria|tú|tu|yo|humano|humana|dijiste|has dicho|tú dijiste|yo dije
المستخدم|المستخدمة|مستخدم|أنا|أنت|الإنسان|قلت|لقد قلت|أنت قلت|قلت أنت
"""
_ASSISTANT = """
assistant|ai|a.i.|ai assistant|ai model|model|the model|bot|chatbot|llm|agent
助手|模型|ai助手|ai 助手|机器人|人工智能|助理|智能助手
asistente|modelo|ia|asistente de ia|el modelo|la ia
المساعد|النموذج|الذكاء الاصطناعي|الروبوت|روبوت|مساعد|نموذج|المساعد الذكي
"""
_BRANDS = """
chatgpt|gpt|claude|gemini|bard|copilot|microsoft copilot|bing|deepseek|grok|llama|mistral|le chat|qwen|kimi|perplexity
meta ai|gemma|phi|command r|pi|poe|豆包|文心一言|通义千问|智谱清言|元宝|千问|讯飞星火
"""
_SYSTEM = """
system|system prompt|system message|developer
系统|系统提示|系统提示词|系统消息
sistema|mensaje del sistema|instrucciones del sistema
النظام|رسالة النظام|تعليمات النظام
"""
_TOOL = """
tool|tool result|tool output|tool response|function|function result
工具|工具结果|工具输出
herramienta|resultado de la herramienta
الأداة|نتيجة الأداة
"""
# Words that also head the paragraphs of one answer: they count only where the paste begins with one.
_ASKED = """
prompt|input|instruction|question|q|my prompt
提示词|提示|问题|问|输入|提问
pregunta|entrada|instrucción|p
السؤال|سؤال|س
"""
_ANSWERED = """
response|output|answer|a|completion|reply
回答|答|输出|回复|答案
respuesta|salida|r
الجواب|الإجابة|إجابة|ج|الرد
"""
# What else stands before a colon at the start of a line, and never is the other speaker's name.
_PROSE = """
note|warning|example|question|answer|summary|important|tip|step|result|conclusion|hint|caution|update|edit|ps|p.s.|source
注意|例如|问题|答案|总结|结论|提示|警告|步骤|时间
nota|advertencia|ejemplo|resumen|importante|paso|resultado|conclusión
ملاحظة|تحذير|مثال|سؤال|جواب|ملخص|مهم|نتيجة
"""


class Style(StrEnum):
    HEADING = "heading"
    BOLD = "bold"
    BRACKET = "bracket"
    COLON = "colon"
    BARE = "bare"


class Label(NamedTuple):
    """A beginning that may name a speaker; ``role`` is None for a name nobody knows, the words start at ``end``."""

    style: Style
    name: str
    role: Role | None
    is_said: bool  # "ChatGPT said": nobody writes so but a page copied from
    is_weak: bool
    start: int
    end: int


_ARABIC = str.maketrans("أإآىة", "ااايه")  # letters that people write in two ways
_FORMATTING = re.compile("[\u0640\u064b-\u0652\u200b-\u200f\u061c\u202a-\u202e\u2060-\u2069\ufeff\ufe0f]")


def name_of(written: str) -> str:
    """One spelling of a name.

    >>> name_of(" ＡＩ  Assistant"), name_of("أنا") == name_of("انا")
    ('ai assistant', True)
    """
    folded = unicodedata.normalize("NFKC", _FORMATTING.sub("", written)).casefold().translate(_ARABIC)
    return " ".join(folded.split())


def _names(table: str) -> frozenset[str]:
    return frozenset(name_of(name) for line in table.split("\n") for name in line.split("|") if name.strip())


_ROLES: Mapping[str, Role] = {
    **dict.fromkeys(_names(_TOOL), "tool"),
    **dict.fromkeys(_names(_SYSTEM), "system"),
    **dict.fromkeys(_names(_ANSWERED) | _names(_ASSISTANT) | _names(_BRANDS), "assistant"),
    **dict.fromkeys(_names(_ASKED) | _names(_USER), "user"),
}
_WEAK = (_names(_ASKED) | _names(_ANSWERED)) - _names(_USER) - _names(_ASSISTANT)
_NOBODY = _names(_PROSE)
THE_MODEL = _names("model|the model|ai model|llm|模型|modelo|el modelo|النموذج|نموذج")  # also heads a line of settings
_SAID_BY_PERSON = _names(
    "you said|you asked|i said|i asked|你说|您说|我说|你问|dijiste|has dicho|tú dijiste|قلت|لقد قلت|أنت قلت|قلت أنت"
)
_SAID = re.compile(
    r"(?P<by>.{1,30}?)\s?"
    r"(?:said|says|responded|replied|answered|wrote|说|說|回答|回复|dijo|ha dicho|respondió|قال|يقول|رد)"
    r"|(?:قال|يقول|رد|dijo)\s(?P<after>.{1,30})"
)
_FAMILY = re.compile("|".join(sorted(map(re.escape, _names(_BRANDS)), key=len, reverse=True)))
_MODEL_WORDS = re.compile(
    r"(?:[ -]?(?:[a-z]?\d[\w.]{0,9}|sonnet|opus|haiku|pro|mini|nano|turbo|flash|ultra|preview|advanced|plus|max|large|"
    r"small|medium|chat|instant|thinking|lite|exp|experimental|latest)){0,5}"
)
_LETTERED = re.compile(r"(.{2,20}?) [ab12甲乙]")

_INVISIBLE = "\u200b-\u200f\u061c\u202a-\u202e\u2060-\u2069\ufeff"
_TIME = r"[\[(]?\d[\d./\-:,，T年月日 ]{0,28}(?:[AaPp]\.?[Mm]\.?|Z|UTC)?[\])]?(?:\s{0,2}[-–—|·,]\s|[ \t])\s{0,2}"
_ASIDE = r"(?:\s{0,2}[(（\[][^()（）\[\]\n]{1,40}[)）\]])?"
_CLOCK = r"(?:[\s,·–—-]{1,3}\d[\d./:,\- ]{2,20}(?:[AaPp]\.?[Mm]\.?)?)?"
_AFTER = rf"{_ASIDE}{_CLOCK}[{_INVISIBLE}]{{0,3}}"
_NAME = r"(?P<name>[^\W\d_][\w.'’\-+\u0610-\u065f \t]{0,39}?)"
_EMOJI = r"(?:[\U0001F300-\U0001FAFF\u2600-\u27bf\ufe0f\u200d]{1,5}\s?)?"
_START = rf"[{_INVISIBLE}]{{0,4}} {{0,3}}[{_INVISIBLE}]{{0,4}}(?:{_TIME})?{_EMOJI}"
_COLON = "[:：﹕∶]"
_GAP = r"\s{0,2}"
_STARS = r"(?:\*\*|__|\*)"

_STYLES = {
    Style.HEADING: (
        rf"{_START}#{{1,6}}[ \t]{{1,3}}(?:{_TIME})?{_EMOJI}{_STARS}?"
        rf"{_NAME}{_AFTER}{_STARS}?{_GAP}(?:{_COLON}{_STARS}?|$)"
    ),
    Style.BOLD: (
        rf"{_START}{_STARS}{_EMOJI}{_NAME}{_AFTER}{_GAP}"
        rf"(?:{_COLON}{_GAP}{_STARS}|{_STARS}{_AFTER}{_GAP}(?:{_COLON}|$))"
    ),
    Style.BRACKET: rf"{_START}[\[【<]{_NAME}[\]】>]{_AFTER}{_GAP}{_COLON}?",
    Style.COLON: rf"{_START}{_NAME}{_AFTER}{_GAP}{_COLON}(?!//)(?<!\d{_COLON}(?=\d))",  # neither https:// nor 12:30
    Style.BARE: rf"{_START}{_NAME}{_AFTER}{_GAP}$",
}
_PATTERNS = {style: re.compile(pattern) for style, pattern in _STYLES.items()}
_LONGEST = 160  # characters of a line in which a label may stand; a bound, so that reading stays linear


def label_of(line: str, start: int) -> Label | None:
    """The name of a speaker that the line begins with, if it does; ``start`` is the line's place in the paste."""
    head = line[:_LONGEST]
    unknown: Label | None = None
    for style, pattern in _PATTERNS.items():
        is_whole = len(line) == len(head) or style not in (Style.BARE, Style.HEADING)
        if is_whole and (found := pattern.match(head)) and (label := _label(style, found, start)):
            if label.role:
                return label
            unknown = unknown or label
    return unknown


def _label(style: Style, found: re.Match[str], start: int) -> Label | None:
    name = name_of(found["name"])
    said = _SAID.fullmatch(name)
    spoken_by = name_of(said["by"] or said["after"] or "") if said else name
    if lettered := _LETTERED.fullmatch(spoken_by):
        spoken_by = lettered[1]
    is_person_said = name in _SAID_BY_PERSON
    role: Role | None = "user" if is_person_said else role_of(spoken_by)
    if role is None and (style is Style.BARE or not name or name in _NOBODY):
        return None
    is_said = is_person_said or (said is not None and role is not None)
    return Label(style, name, role, is_said, spoken_by in _WEAK, start, start + found.end())


def role_of(name: str) -> Role | None:
    """The role of a name in its one spelling; makers' names may carry a version ("claude 3.5 sonnet", "gpt-4o")."""
    if role := _ROLES.get(name):
        return role
    family = _FAMILY.match(name)
    return "assistant" if family and _MODEL_WORDS.fullmatch(name, family.end()) else None
