"""Who may do what: one table, deny by default.

Decides from plain facts it is handed (an :class:`Actor` and, where it matters, an artifact's number), so that
pages, API and tests ask the same question. Every endpoint names its act; tests/test_policy.py holds the matrix.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from accounts.models import Role


class Act(StrEnum):
    """What can be asked for. A token needs the scope of the same name (see ``SCOPES``)."""

    READ_PUBLIC = "read_public"
    FILE = "file"
    FILE_BULK = "file_bulk"
    NAME_SOURCE = "name_source"
    OPEN_RECEIPT = "open_receipt"
    FOLLOW = "follow"
    OWN_ACCOUNT = "own_account"
    SEE_UNPUBLISHED = "see_unpublished"
    SEE_HAZARDS = "see_hazards"
    DECIDE = "decide"
    ERASE = "erase"
    SEE_OWN_ARTIFACTS = "see_own_artifacts"
    ANSWER_FOR_ARTIFACT = "answer_for_artifact"
    READ_DECISIONS = "read_decisions"
    MANAGE_USERS = "manage_users"
    READ_METRICS = "read_metrics"
    ASK_FOR_EVIDENCE = "ask_for_evidence"
    LEND_EVIDENCE = "lend_evidence"
    VOUCH = "vouch"


EVERYBODY = frozenset({"anonymous", "reporter", *Role.values})
RULES: dict[Act, frozenset[str]] = {
    Act.READ_PUBLIC: EVERYBODY,
    Act.FILE: EVERYBODY,
    Act.OPEN_RECEIPT: EVERYBODY,  # with the code
    Act.FOLLOW: frozenset({"reporter"}),  # whoever has an account
    Act.OWN_ACCOUNT: frozenset({"reporter"}),  # and the reports kept in it
    Act.FILE_BULK: frozenset({Role.RESEARCHER, Role.TRIAGER, Role.MODERATOR, Role.MAINTAINER}),
    # Not maintainers: whoever takes the keys of a source first keeps out what it is about to say of their own artifact
    Act.NAME_SOURCE: frozenset({Role.RESEARCHER, Role.TRIAGER, Role.MODERATOR}),
    Act.SEE_UNPUBLISHED: frozenset({Role.TRIAGER, Role.MODERATOR}),
    Act.SEE_HAZARDS: frozenset({Role.MODERATOR}),
    Act.DECIDE: frozenset({Role.TRIAGER, Role.MODERATOR}),
    Act.ERASE: frozenset({Role.MODERATOR}),  # the second of two: anybody who decides may propose it
    Act.SEE_OWN_ARTIFACTS: frozenset({Role.MAINTAINER}),  # the maintainers' desk, whichever artifacts are theirs
    Act.ANSWER_FOR_ARTIFACT: frozenset({Role.MAINTAINER}),  # of one artifact, which has to be named
    Act.READ_DECISIONS: frozenset({Role.TRIAGER, Role.MODERATOR, Role.AUDITOR}),
    Act.MANAGE_USERS: frozenset({Role.ADMIN}),
    Act.ASK_FOR_EVIDENCE: frozenset({Role.RESEARCHER}),  # gated evidence, for a purpose and a term; and to read it then
    Act.LEND_EVIDENCE: frozenset({Role.MODERATOR}),  # to anybody but themselves
    Act.READ_METRICS: frozenset({Role.TRIAGER, Role.MODERATOR, Role.AUDITOR, Role.ADMIN}),  # numbers, of nobody
    Act.VOUCH: frozenset({Role.TRIAGER, Role.MODERATOR, Role.ADMIN}),  # look into who asks to be a maintainer
}
SCOPES: dict[str, frozenset[Act]] = {
    "report:write": frozenset({Act.FILE}),
    "report:bulk": frozenset({Act.FILE, Act.FILE_BULK, Act.NAME_SOURCE}),
    "queue:read": frozenset({Act.SEE_UNPUBLISHED, Act.SEE_HAZARDS}),
    "queue:write": frozenset({Act.DECIDE}),
    "decisions:read": frozenset({Act.READ_DECISIONS}),
    "metrics:read": frozenset({Act.READ_METRICS}),
    "account:write": frozenset({Act.FOLLOW}),
}
STAFF = frozenset({Role.TRIAGER, Role.MODERATOR, Role.AUDITOR, Role.ADMIN})  # the operator's own people
OPEN_TO_ANY_TOKEN = frozenset({Act.READ_PUBLIC, Act.OPEN_RECEIPT})


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever asks: an account, a token's account narrowed to its scopes, or nobody in particular."""

    user_id: int | None = None
    pseudonym: str = "anonymous"
    roles: frozenset[str] = frozenset()
    artifact_ids: frozenset[int] = field(default_factory=frozenset)  # those a maintainer answers for
    scopes: frozenset[str] | None = None  # None: a person in a session, not a token
    speaks_for: frozenset[int] = field(default_factory=frozenset)  # those they speak for now: see ``spokesperson``

    @property
    def is_triager(self) -> bool:
        return allows(self, Act.DECIDE)


ANONYMOUS = Actor()
ENGINE = Actor(pseudonym="engine")
SYSTEM = Actor(pseudonym="system")  # management commands: whoever has the shell


def granted(scopes: frozenset[str]) -> frozenset[Act]:
    """What a token with these scopes may ask for, if its account may."""
    return OPEN_TO_ANY_TOKEN.union(*(SCOPES.get(scope, frozenset()) for scope in scopes))


def missing_scopes(scopes: frozenset[str], act: Act) -> list[str]:
    """Any of which a token with ``scopes`` would need for ``act``; none if it has one, or no scope is for it.

    >>> missing_scopes(frozenset({"queue:read"}), Act.FILE)
    ['report:write', 'report:bulk']
    """
    return [] if act in granted(scopes) else [scope for scope, acts in SCOPES.items() if act in acts]


def usable_scopes(actor: Actor) -> list[str]:
    """The scopes with which a token of ``actor`` could do something that not every token can.

    >>> usable_scopes(Actor(user_id=1, roles=frozenset({"researcher"})))
    ['report:write', 'report:bulk', 'account:write']
    """
    open_to_all = {act for act, roles in RULES.items() if roles == EVERYBODY}
    return [scope for scope, acts in SCOPES.items() if any(allows(actor, act) for act in (acts - open_to_all) or acts)]


def allows(actor: Actor, act: Act, *, artifact_id: int | None = None) -> bool:
    """Whether ``actor`` may do ``act``; about ``artifact_id`` where the right hangs on one artifact."""
    if actor.scopes is not None and act not in granted(actor.scopes):
        return False
    held = actor.roles | {"reporter" if actor.user_id else "anonymous"}
    if act is Act.ANSWER_FOR_ARTIFACT and artifact_id not in actor.artifact_ids:
        return False
    return not held.isdisjoint(RULES.get(act, frozenset()))


def is_for_staff(act: Act) -> bool:
    """Whether nobody but the operator's own people may ever do it."""
    return RULES.get(act, frozenset()) <= STAFF


def off_duty(actor: Actor) -> Actor:
    """The same person where nobody works: what they are beside that, an account, a researcher, a maintainer, stays."""
    return replace(actor, roles=actor.roles - STAFF)


def spokesperson(actor: Actor) -> Actor:
    """The same person at the maintainers' desk: they see what is told to those who answer for their artifacts.

    Everywhere else a maintainer reads as everybody does, so that no public page differs for them; and here they are
    nothing but a maintainer, whatever else they are.
    """
    mine = frozenset(pk for pk in actor.artifact_ids if allows(actor, Act.ANSWER_FOR_ARTIFACT, artifact_id=pk))
    return replace(actor, roles=actor.roles & {Role.MAINTAINER}, speaks_for=mine)
