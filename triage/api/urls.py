"""The API's URLs for those who triage. Before those of ``reports.api``: one of them does more than the one there."""

from django.urls import path

from triage.api.decisions import AllDecisions, IssueDecisions, UndoDecision
from triage.api.reproductions import Reproductions

urlpatterns = [
    path("decisions/", AllDecisions.as_view(), name="api_decisions"),
    path("decisions/<int:pk>/undo/", UndoDecision.as_view(), name="api_undo"),
    path("issues/<issue_named:named>/decisions/", IssueDecisions.as_view(), name="api_issue_decisions"),
    path("issues/<issue_number:number>/reproductions/", Reproductions.as_view(), name="api_reproductions"),
]
