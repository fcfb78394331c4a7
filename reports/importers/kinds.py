"""Which kind of failure a foreign code, probe or benchmark speaks of. Change a table, raise the version.

The triager's word replaces these; they only give a report its first place in the queue.
"""

import re
from collections.abc import Iterable

from reports.vocabulary import Kind

VERSION = "2026-11"

# AVID's taxonomy of security, ethics and performance, by code. Weaknesses of ordinary software are none of our kinds.
SEP = {
    "S0300": Kind.UNSAFE_ACTION,  # over-permissive interface
    "S0301": Kind.PRIVACY_LEAK,
    "S0400": Kind.JAILBREAK_OR_INJECTION,  # model bypass
    "S0401": Kind.JAILBREAK_OR_INJECTION,
    "S0402": Kind.JAILBREAK_OR_INJECTION,
    "S0403": Kind.JAILBREAK_OR_INJECTION,  # adversarial example
    "S0500": Kind.PRIVACY_LEAK,  # exfiltration
    "S0501": Kind.PRIVACY_LEAK,
    "E0100": Kind.UNFAIR_OR_STEREOTYPED,
    "E0101": Kind.UNFAIR_OR_STEREOTYPED,
    "E0102": Kind.UNFAIR_OR_STEREOTYPED,
    "E0301": Kind.TOXIC_OR_HATEFUL,
    "E0302": Kind.UNFAIR_OR_STEREOTYPED,  # polarisation, exclusion
    "E0400": Kind.FALSE_INFORMATION,
    "E0401": Kind.FALSE_INFORMATION,
    "E0402": Kind.FALSE_INFORMATION,
    "P0204": Kind.FALSE_INFORMATION,  # accuracy
    "P0300": Kind.PRIVACY_LEAK,
    "P0301": Kind.PRIVACY_LEAK,
    "P0302": Kind.PRIVACY_LEAK,
    "P0303": Kind.PRIVACY_LEAK,
    "P0400": Kind.DANGEROUS_INSTRUCTIONS,  # safety
    "P0401": Kind.TOXIC_OR_HATEFUL,  # psychological safety
    "P0402": Kind.DANGEROUS_INSTRUCTIONS,  # physical safety
}

# garak's probes, a whole name before its module. A module that is not here is taken for an attack: most are.
PROBES = {
    "ansiescape": Kind.UNSAFE_ACTION,
    "apikey": Kind.PRIVACY_LEAK,
    "atkgen": Kind.TOXIC_OR_HATEFUL,
    "av_spam_scanning": Kind.DANGEROUS_INSTRUCTIONS,
    "continuation": Kind.TOXIC_OR_HATEFUL,
    "divergence": Kind.PRIVACY_LEAK,
    "donotanswer": Kind.DANGEROUS_INSTRUCTIONS,
    "exploitation": Kind.UNSAFE_ACTION,
    "fileformats": Kind.OTHER,
    "glitch": Kind.OTHER,
    "goodside.Davidjl": Kind.OTHER,
    "goodside.ThreatenJSON": Kind.IGNORES_INSTRUCTIONS,
    "goodside.WhoIsRiley": Kind.FALSE_INFORMATION,
    "grandma.Slurs": Kind.TOXIC_OR_HATEFUL,
    "grandma.Substances": Kind.DANGEROUS_INSTRUCTIONS,
    "knownbadsignatures": Kind.DANGEROUS_INSTRUCTIONS,
    "leakreplay": Kind.PRIVACY_LEAK,
    "lmrc": Kind.TOXIC_OR_HATEFUL,
    "lmrc.Anthropomorphisation": Kind.OTHER,
    "lmrc.QuackMedicine": Kind.FALSE_INFORMATION,
    "malwaregen": Kind.DANGEROUS_INSTRUCTIONS,
    "misleading": Kind.FALSE_INFORMATION,
    "packagehallucination": Kind.FALSE_INFORMATION,
    "propile": Kind.PRIVACY_LEAK,
    "realtoxicityprompts": Kind.TOXIC_OR_HATEFUL,
    "replay": Kind.PRIVACY_LEAK,
    "snowball": Kind.FALSE_INFORMATION,
    "sysprompt_extraction": Kind.PRIVACY_LEAK,
    "test": Kind.OTHER,
    "topic": Kind.OTHER,
}

# Benchmarks that reports on evaluations name.
BENCHMARKS = {
    "agentharm": Kind.DANGEROUS_INSTRUCTIONS,
    "bbq": Kind.UNFAIR_OR_STEREOTYPED,
    "bold": Kind.UNFAIR_OR_STEREOTYPED,
    "cyse2_interpreter_abuse": Kind.UNSAFE_ACTION,
    "cyse2_prompt_injection": Kind.JAILBREAK_OR_INJECTION,
    "wmdp_bio": Kind.DANGEROUS_INSTRUCTIONS,
    "wmdp_chem": Kind.DANGEROUS_INSTRUCTIONS,
    "wmdp_cyber": Kind.DANGEROUS_INSTRUCTIONS,
}

# promptfoo's red-team plugins, a whole name before what stands before its first colon. What is not here is an attack.
PLUGINS = {
    "ascii-smuggling": Kind.JAILBREAK_OR_INJECTION,
    "bfla": Kind.UNSAFE_ACTION,
    "bias": Kind.UNFAIR_OR_STEREOTYPED,
    "bola": Kind.PRIVACY_LEAK,
    "competitors": Kind.IGNORES_INSTRUCTIONS,
    "contracts": Kind.UNSAFE_ACTION,
    "cross-session-leak": Kind.PRIVACY_LEAK,
    "data-exfil": Kind.PRIVACY_LEAK,
    "debug-access": Kind.UNSAFE_ACTION,
    "divergent-repetition": Kind.PRIVACY_LEAK,
    "excessive-agency": Kind.UNSAFE_ACTION,
    "hallucination": Kind.FALSE_INFORMATION,
    "harmful": Kind.DANGEROUS_INSTRUCTIONS,
    "harmful:harassment-bullying": Kind.TOXIC_OR_HATEFUL,
    "harmful:hate": Kind.TOXIC_OR_HATEFUL,
    "harmful:insults": Kind.TOXIC_OR_HATEFUL,
    "harmful:misinformation-disinformation": Kind.FALSE_INFORMATION,
    "harmful:privacy": Kind.PRIVACY_LEAK,
    "harmful:profanity": Kind.TOXIC_OR_HATEFUL,
    "hijacking": Kind.IGNORES_INSTRUCTIONS,
    "imitation": Kind.FALSE_INFORMATION,
    "intent": Kind.JAILBREAK_OR_INJECTION,
    "off-topic": Kind.IGNORES_INSTRUCTIONS,
    "overreliance": Kind.FALSE_INFORMATION,
    "pii": Kind.PRIVACY_LEAK,
    "policy": Kind.IGNORES_INSTRUCTIONS,
    "politics": Kind.OTHER,
    "prompt-extraction": Kind.PRIVACY_LEAK,
    "rbac": Kind.UNSAFE_ACTION,
    "religion": Kind.UNFAIR_OR_STEREOTYPED,
    "shell-injection": Kind.UNSAFE_ACTION,
    "sql-injection": Kind.UNSAFE_ACTION,
    "ssrf": Kind.UNSAFE_ACTION,
    "tool-discovery": Kind.PRIVACY_LEAK,
    "unsafebench": Kind.TOXIC_OR_HATEFUL,
}

# What tests and scorers are commonly called after, by word.
CHECKS = {
    "bias": Kind.UNFAIR_OR_STEREOTYPED,
    "bypass": Kind.JAILBREAK_OR_INJECTION,
    "dose": Kind.DANGEROUS_INSTRUCTIONS,
    "fact": Kind.FALSE_INFORMATION,
    "factuality": Kind.FALSE_INFORMATION,
    "facts": Kind.FALSE_INFORMATION,
    "hallucination": Kind.FALSE_INFORMATION,
    "hate": Kind.TOXIC_OR_HATEFUL,
    "injection": Kind.JAILBREAK_OR_INJECTION,
    "jailbreak": Kind.JAILBREAK_OR_INJECTION,
    "leak": Kind.PRIVACY_LEAK,
    "moderation": Kind.TOXIC_OR_HATEFUL,
    "overrefusal": Kind.REFUSES_HARMLESS,
    "pii": Kind.PRIVACY_LEAK,
    "privacy": Kind.PRIVACY_LEAK,
    "safety": Kind.DANGEROUS_INSTRUCTIONS,
    "toxic": Kind.TOXIC_OR_HATEFUL,
    "toxicity": Kind.TOXIC_OR_HATEFUL,
    "truthfulqa": Kind.FALSE_INFORMATION,
}
_WORD = re.compile(r"[^\W_]+")

# Words of a headline that say it by themselves, the surest first.
HEADLINES = (
    (re.compile(r"\b(jailbreak|prompt injection|guardrail (evasion|bypass)|safety [\w ]{0,40}bypass)", re.I),
     Kind.JAILBREAK_OR_INJECTION),
    (re.compile(r"\b(exfiltrat|leak(s|ing|ed)? [\w ]{0,40}(information|data|secrets?|credentials?)\b)", re.I),
     Kind.PRIVACY_LEAK),
)  # fmt: skip


def kind_of_probe(probe: str) -> Kind:
    """The kind of a garak probe, "module.Name"."""
    return PROBES.get(probe) or PROBES.get(probe.partition(".")[0], Kind.JAILBREAK_OR_INJECTION)


def kind_of_plugin(plugin: str) -> Kind:
    """The kind of one of promptfoo's red-team plugins, "module" or "module:topic"."""
    return PLUGINS.get(plugin) or PLUGINS.get(plugin.partition(":")[0], Kind.JAILBREAK_OR_INJECTION)


def kind_of_task(*names: str) -> Kind:
    """The kind of an evaluation or test that its own names give away, the first that does; else "other"."""
    found = (kind_of_headline(named) or kind_of_words(named) for named in names)
    return next((kind for kind in found if kind), Kind.OTHER)


def kind_of_words(named: str) -> Kind | None:
    return next((CHECKS[word] for word in _WORD.findall(named.lower()) if word in CHECKS), None)


def kind_of_headline(headline: str) -> Kind | None:
    named = next((BENCHMARKS[word] for word in re.findall(r"\w+", headline.lower()) if word in BENCHMARKS), None)
    return named or next((kind for pattern, kind in HEADLINES if pattern.search(headline)), None)


def kind_of_codes(codes: Iterable[str]) -> Kind | None:
    """The kind of the first AVID code that has one; codes may carry their title ("S0403: Adversarial Example")."""
    return next((SEP[code[:5]] for code in codes if code[:5] in SEP), None)
