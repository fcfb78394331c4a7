"""Every URL of the site. Names that people rely on are in the project's interface list; add freely, change none."""

from django.contrib import admin
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts import pages as account_pages
from config import health
from reports import converters  # noqa: F401 -- registers "any_kind" and "issue_number"
from reports.pages import account, artifact, checking, drafting, filing, issue, notices, receipt
from triage import pages as desk
from triage.pages import artifacts, bulk, maintainer, publication, reproductions, reveal, views, workbench
from triage.pages.health import queue_health
from triage.pages.quality import quality

urlpatterns = [
    path("", issue.home, name="home"),
    path("report/", filing.report, name="report"),
    path("report/check/", checking.check, name="report_check"),
    path("report/draft/", drafting.draft, name="report_draft"),
    path("report/discard/", drafting.drop, name="report_discard"),
    path("reports/<slug:reference>/", receipt.receipt, name="receipt"),
    path("reports/<slug:reference>/close/", receipt.close, name="receipt_close"),
    path("reports/<slug:reference>/answer/", receipt.answer, name="receipt_answer"),
    path("reports/<slug:reference>/dispute/", receipt.object_to, name="receipt_dispute"),
    path("<any_kind:kind>/", artifact.artifacts, name="artifacts"),
    path("<any_kind:kind>/<str:org>/<str:name>/", artifact.artifact, name="artifact"),
    path("issues/", issue.issues, name="issues"),
    path("issues/<issue_number:number>/", issue.issue, name="issue"),
    path("issues/<issue_number:number>.json", issue.issue_twin, name="issue_twin"),
    path("issues/<issue_number:number>/.json", issue.twin_beside, name="issue_twin_beside"),
    path("notices/", notices.notices, name="notices"),
    path("notices/<int:pk>/", notices.notice, name="notice"),
    path("notices/read/", notices.read, name="notices_read"),
    path("notices/pace/", notices.pace, name="notices_pace"),
    path("notices/follow/", notices.follow, name="follow"),
    path("notices/unsubscribe/<str:token>/", notices.unsubscribe, name="unsubscribe"),
    path("quality/", quality, name="quality"),
    path("triage/", desk.queue, name="queue"),
    path("triage/<int:pk>/", desk.issue, name="triage_issue"),
    path("triage/<int:pk>/decide/", desk.decide, name="triage_decide"),
    path("triage/<int:pk>/claim/", desk.claim, name="claim"),
    path("triage/<int:pk>/release/", desk.release, name="release"),
    path("triage/ten/", desk.give_ten, name="give_ten"),
    path("triage/release/", desk.release_all, name="release_all"),
    path("triage/settings/", desk.own, name="own_desk"),
    path("triage/<int:pk>/publication/", publication.publication, name="publication"),
    path("triage/<int:pk>/publication/preview/", publication.preview, name="publication_preview"),
    path("triage/reports/<slug:reference>/reveal/", reveal.reveal, name="reveal"),
    path("triage/decisions/<int:pk>/undo/", desk.undo, name="triage_undo"),
    path("triage/decisions/undo-last/", desk.undo_last, name="undo_last"),
    path("triage/bulk/", bulk.bulk, name="bulk"),
    path("triage/bulk/start/", bulk.bulk_start, name="bulk_start"),
    path("triage/bulk/<int:pk>/", bulk.bulk_progress, name="bulk_progress"),
    path("triage/bulk/<int:pk>/cancel/", bulk.bulk_cancel, name="bulk_cancel"),
    path("triage/bulk/<int:pk>/resume/", bulk.bulk_resume, name="bulk_resume"),
    path("triage/bulk/<int:pk>/undo/", bulk.bulk_undo, name="bulk_undo"),
    path("triage/<int:pk>/merge/", workbench.workbench_merge, name="workbench_merge"),
    path("triage/<int:pk>/split/", workbench.workbench_split, name="workbench_split"),
    path("triage/health/", queue_health, name="queue_health"),
    path("triage/views/", views.queue_views, name="views"),
    path("triage/views/new/", views.queue_view_new, name="queue_view_new"),
    path("triage/views/<int:pk>/", views.queue_view, name="queue_view"),
    path("triage/views/<int:pk>/copy/", views.queue_view_copy, name="queue_view_copy"),
    path("triage/views/<int:pk>/delete/", views.queue_view_delete, name="queue_view_delete"),
    path("triage/themes/", desk.themes, name="themes"),
    path("triage/themes/<int:pk>/", desk.theme, name="theme"),
    path("triage/artifacts/", artifacts.artifact_desks, name="artifact_desks"),
    path("triage/artifacts/<int:pk>/", artifacts.artifact_desk, name="artifact_desk"),
    path("triage/artifacts/<int:pk>/decide/", artifacts.artifact_decide, name="artifact_decide"),
    path("triage/artifacts/<int:pk>/merge/", artifacts.artifact_merge, name="artifact_merge"),
    path("triage/artifacts/<int:pk>/lineage/", artifacts.artifact_lineage, name="artifact_lineage"),
    path("triage/artifacts/<int:pk>/undo/<int:decision>/", artifacts.artifact_undo, name="artifact_undo"),
    path("triage/artifacts/<int:pk>/confirm/", desk.confirm_artifact, name="confirm_artifact"),
    path("triage/<int:pk>/reproductions/", reproductions.reproductions, name="reproductions"),
    path("maintain/", maintainer.maintain, name="maintain"),
    path("maintain/<int:pk>/", maintainer.maintain_issue, name="maintain_issue"),
    path("maintain/<int:pk>/acknowledge/", maintainer.maintain_acknowledge, name="maintain_acknowledge"),
    path("maintain/<int:pk>/answer/", maintainer.maintain_answer, name="maintain_answer"),
    path("maintain/<int:pk>/reproduce/", maintainer.maintain_reproduce, name="maintain_reproduce"),
    path("maintain/<int:pk>/take-back/", maintainer.maintain_take_back, name="maintain_take_back"),
    path("maintain/<int:pk>/reveal/", maintainer.maintain_reveal, name="maintain_reveal"),
    path("accounts/sign-in/<str:code>/", account_pages.sign_in, name="sign_in"),
    path("accounts/", include("allauth.urls")),
    # exempt: a language is no secret, and so no public page needs a cookie for its token
    path("language/", csrf_exempt(set_language), name="set_language"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("reports.api.urls")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="api_schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="api_schema"), name="api_docs"),
    path("health/ready/", health.ready, name="ready"),
]
