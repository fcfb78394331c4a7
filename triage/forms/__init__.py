"""What each move asks of a person. A form turns what was typed into what ``triage.decisions.decide`` is told."""

from collections.abc import Mapping

from triage.forms.answering import AffectForm, AskForm, NotifyForm, ReproduceForm, SettleForm, TurnDownForm
from triage.forms.base import MoveForm, ReportForm
from triage.forms.disclosing import AnnounceForm, EmbargoForm, ExtendForm, LiftForm, ScheduleForm, ShareForm
from triage.forms.placing import LookForm, MergeForm, PlaceForm, RefuseForm, ReleaseForm, SplitForm
from triage.forms.publishing import PublishForm, SpansForm, TranslateForm, UnpublishForm, WriteForm
from triage.forms.sorting import AssignForm, ClassifyForm, PrioritiseForm, SnoozeForm, WakeForm
from triage.forms.status import ConfirmForm, DismissForm, ReopenForm, ResolveForm
from triage.moves import Verb

FORMS: Mapping[str, type[MoveForm]] = {
    Verb.CONFIRM: ConfirmForm,
    Verb.RESOLVE: ResolveForm,
    Verb.DISMISS: DismissForm,
    Verb.REOPEN: ReopenForm,
    Verb.SNOOZE: SnoozeForm,
    Verb.WAKE: WakeForm,
    Verb.ASSIGN: AssignForm,
    Verb.CLASSIFY: ClassifyForm,
    Verb.PRIORITISE: PrioritiseForm,
    Verb.ASK: AskForm,
    Verb.SETTLE: SettleForm,
    Verb.AFFECT: AffectForm,
    Verb.REPRODUCE: ReproduceForm,
    Verb.TURN_DOWN: TurnDownForm,
    Verb.NOTIFY: NotifyForm,
    Verb.PLACE: PlaceForm,
    Verb.KEEP: ReportForm,
    Verb.PART: ReportForm,
    Verb.LOOK: LookForm,
    Verb.REFUSE: RefuseForm,
    Verb.RELEASE: ReleaseForm,
    Verb.MERGE: MergeForm,
    Verb.SPLIT: SplitForm,
    Verb.WRITE: WriteForm,
    Verb.EXCERPT: SpansForm,
    Verb.REDACT: SpansForm,
    Verb.TRANSLATE: TranslateForm,
    Verb.PUBLISH: PublishForm,
    Verb.UNPUBLISH: UnpublishForm,
    Verb.EMBARGO: EmbargoForm,
    Verb.EXTEND: ExtendForm,
    Verb.LIFT: LiftForm,
    Verb.SCHEDULE: ScheduleForm,
    Verb.ANNOUNCE: AnnounceForm,
    Verb.SHARE: ShareForm,
}

__all__ = ["FORMS", "MoveForm"]
