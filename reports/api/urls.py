"""The API's URLs, version 1. A new one needs a row in the policy matrix."""

from django.urls import path

from reports.api.artifacts import ArtifactDetail, ArtifactList, LineageList, VersionList
from reports.api.filing import FileReport, ReadReceipt
from reports.api.issues import AffectedList, Export, IssueDetail, IssueList, ReproductionList, WaitingIssue
from reports.api.signals import SignalList
from reports.api.start import Exports, Start

urlpatterns = [
    path("", Start.as_view(), name="api_start"),
    path("reports/", FileReport.as_view(), name="api_file_report"),
    path("reports/<slug:reference>/", ReadReceipt.as_view(), name="api_receipt"),
    path("issues/", IssueList.as_view(), name="api_issues"),
    path("issues/<issue_number:number>/", IssueDetail.as_view(), name="api_issue"),
    path("issues/<int:pk>/", WaitingIssue.as_view(), name="api_waiting_issue"),
    path("issues/<issue_number:number>/affected/", AffectedList.as_view(), name="api_affected"),
    path("issues/<issue_number:number>/reproductions/", ReproductionList.as_view(), name="api_reproductions"),
    path("issues/<issue_number:number>/export/<any_form:form>/", Export.as_view(), name="api_export"),
    path("signals/", SignalList.as_view(), name="api_signals"),
    path("exports/", Exports.as_view(), name="api_exports"),
    path("<any_kind:kind>/", ArtifactList.as_view(), name="api_artifacts"),
    path("<any_kind:kind>/<str:org>/<str:name>/", ArtifactDetail.as_view(), name="api_artifact"),
    path("<any_kind:kind>/<str:org>/<str:name>/versions/", VersionList.as_view(), name="api_versions"),
    path("<any_kind:kind>/<str:org>/<str:name>/lineage/", LineageList.as_view(), name="api_lineage"),
]
