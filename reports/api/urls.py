"""The API's URLs, version 1. A new one needs a row in the policy matrix."""

from django.urls import path

from reports.api.filing import FileReport, ReadReceipt
from reports.api.reading import ArtifactDetail, ArtifactList, IssueDetail, IssueList

urlpatterns = [
    path("reports/", FileReport.as_view(), name="api_file_report"),
    path("reports/<slug:reference>/", ReadReceipt.as_view(), name="api_receipt"),
    path("issues/", IssueList.as_view(), name="api_issues"),
    path("issues/<issue_number:number>/", IssueDetail.as_view(), name="api_issue"),
    path("<any_kind:kind>/", ArtifactList.as_view(), name="api_artifacts"),
    path("<any_kind:kind>/<str:org>/<str:name>/", ArtifactDetail.as_view(), name="api_artifact"),
]
