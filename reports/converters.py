"""What may stand in an address: the three kinds of artifact, an issue's number, how a badge is drawn, in whose format
the record is taken away."""

from django.urls import register_converter

from reports.vocabulary import ArtifactKind, ExportForm, RerunForm


class AnyKind:
    """ "models", "systems" or "datasets", as addresses write it; a view is given the kind itself."""

    regex = "|".join(f"{kind}s" for kind in ArtifactKind.values)

    def to_python(self, value: str) -> ArtifactKind:
        return ArtifactKind(value.removesuffix("s"))

    def to_url(self, value: str) -> str:
        return value if value.endswith("s") else f"{value}s"


class IssueNumber:
    """TT-2026-00412: the year, then at least five digits."""

    regex = "TT-[0-9]{4}-[0-9]{5,11}"  # with its year no longer than the column

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class IssueNamed:
    """An issue's number, or its id, which is all that one has which waits."""

    regex = f"{IssueNumber.regex}|[0-9]{{1,18}}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return str(value)


class BadgeForm:
    regex = "svg|png"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class AnyForm:
    regex = "|".join(ExportForm.values)

    def to_python(self, value: str) -> ExportForm:
        return ExportForm(value)

    def to_url(self, value: str) -> str:
        return value


class AnyRerunForm:
    regex = "|".join(RerunForm.values)

    def to_python(self, value: str) -> RerunForm:
        return RerunForm(value)

    def to_url(self, value: str) -> str:
        return value


register_converter(AnyRerunForm, "case_form")
register_converter(AnyForm, "any_form")
register_converter(AnyKind, "any_kind")
register_converter(BadgeForm, "badge_form")
register_converter(IssueNamed, "issue_named")
register_converter(IssueNumber, "issue_number")
