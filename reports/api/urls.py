"""The API's URLs, version 1. A new one needs a row in the policy matrix."""

from django.urls import path

from reports.api.artifacts import ArtifactDetail, ArtifactList, LineageList, VersionList
from reports.api.bulk import FileReports
from reports.api.described import Described
from reports.api.filing import FileReport
from reports.api.imports import CancelImport, ImportRejects, Imports, OneImport
from reports.api.issues import AffectedList, Export, IssueDetail, IssueList, ReproductionList, WaitingIssue
from reports.api.receipts import AddEvidence, AnswerQuestion, Dispute, ReadReceipt, Reinstate, Withdraw, Write
from reports.api.signals import SignalList
from reports.api.start import Exports, Start
from reports.api.subscriptions import OneSubscription, Subscriptions

urlpatterns = [
    path("schema/", Described.as_view(), name="api_schema"),
    path("", Start.as_view(), name="api_start"),
    path("reports/", FileReport.as_view(), name="api_file_report"),
    path("reports/bulk/", FileReports.as_view(), name="api_bulk"),
    path("reports/<slug:reference>/", ReadReceipt.as_view(), name="api_receipt"),
    path("reports/<slug:reference>/answer/", AnswerQuestion.as_view(), name="api_receipt_answer"),
    path("reports/<slug:reference>/write/", Write.as_view(), name="api_receipt_write"),
    path("reports/<slug:reference>/add/", AddEvidence.as_view(), name="api_receipt_add"),
    path("reports/<slug:reference>/dispute/", Dispute.as_view(), name="api_receipt_dispute"),
    path("reports/<slug:reference>/withdraw/", Withdraw.as_view(), name="api_receipt_withdraw"),
    path("reports/<slug:reference>/reinstate/", Reinstate.as_view(), name="api_receipt_reinstate"),
    path("subscriptions/", Subscriptions.as_view(), name="api_subscriptions"),
    path("subscriptions/<int:pk>/", OneSubscription.as_view(), name="api_subscription"),
    path("imports/", Imports.as_view(), name="api_imports"),
    path("imports/<int:pk>/", OneImport.as_view(), name="api_import"),
    path("imports/<int:pk>/cancel/", CancelImport.as_view(), name="api_import_cancel"),
    path("imports/<int:pk>/rejects/", ImportRejects.as_view(), name="api_import_rejects"),
    path("issues/", IssueList.as_view(), name="api_issues"),
    path("issues/<issue_number:number>/", IssueDetail.as_view(), name="api_issue"),
    path("queue/<int:pk>/", WaitingIssue.as_view(), name="api_waiting_issue"),
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
