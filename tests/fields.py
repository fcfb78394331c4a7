"""Every field of every JSON answer, and who is told it. None gets in here by itself: add what is meant to be told."""

FIELDS: dict[str, dict[str, str]] = {
    "api_affected": {
        "everybody": """
            next previous results results.failures results.fixed_in results.introduced_in results.kind
            results.last_affected results.name results.resolution results.resolved results.stated results.statement
            results.status results.tries results.url
        """,
    },
    "api_artifact": {
        "everybody": """
            access deployer developer kind name on_record_since open_issues parents resolved_issues schema_version
            title url versions versions.alias versions.name versions.released_on
        """,
    },
    "api_artifacts": {
        "everybody": """
            next previous results results.access results.deployer results.developer results.kind results.name
            results.on_record_since results.open_issues results.parents results.resolved_issues
            results.schema_version results.title results.url results.versions results.versions.alias
            results.versions.name results.versions.released_on
        """,
    },
    "api_decisions": {
        "the desk and auditors": """
            next previous results
        """,
    },
    "api_exports": {
        "everybody": """
            results results.content_type results.form results.url
        """,
    },
    "api_imports": {
        "who files in bulk": """
            next previous results
        """,
    },
    "api_issue": {
        "everybody": """
            answers artifacts artifacts.failures artifacts.fixed_in artifacts.introduced_in artifacts.kind
            artifacts.last_affected artifacts.name artifacts.resolution artifacts.resolved artifacts.stated
            artifacts.statement artifacts.status artifacts.tries artifacts.url context_of_use credits disputed
            disputed_by excerpts first_reported found_by history id in_stated_use kind lifecycle_stage modified
            number published report_count reproductions resolution resolved schema_version severity severity_set_by
            status summary title url voice_count
        """,
        "the desk": """
            reports revision
        """,
    },
    "api_issue_decisions": {
        "the desk and auditors": """
            next previous results
        """,
    },
    "api_issues": {
        "everybody": """
            next previous results results.artifacts results.artifacts.failures results.artifacts.fixed_in
            results.artifacts.introduced_in results.artifacts.kind results.artifacts.last_affected
            results.artifacts.name results.artifacts.resolution results.artifacts.resolved results.artifacts.stated
            results.artifacts.statement results.artifacts.status results.artifacts.tries results.artifacts.url
            results.context_of_use results.disputed results.first_reported results.id results.kind results.modified
            results.number results.published results.report_count results.resolution results.resolved
            results.schema_version results.severity results.status results.summary results.title results.url
            results.voice_count
        """,
        "the desk": """
            results.reports results.revision
        """,
    },
    "api_lineage": {
        "everybody": """
            next previous results
        """,
    },
    "api_reproductions": {
        "everybody": """
            next previous results
        """,
    },
    "api_signals": {
        "everybody": """
            next previous results results.artifact results.detector results.expected results.id results.issue
            results.judged results.method results.observed results.opened results.since results.state results.tier
        """,
    },
    "api_start": {
        "everybody": """
            datasets documentation exports file_a_report issues models schema signals systems
        """,
    },
    "api_subscriptions": {
        "whoever has an account": """
            results
        """,
    },
    "api_versions": {
        "everybody": """
            next previous results results.alias results.fixes results.name results.released_on
        """,
    },
    "api_waiting_issue": {
        "the desk": """
            artifacts artifacts.failures artifacts.fixed_in artifacts.introduced_in artifacts.kind
            artifacts.last_affected artifacts.name artifacts.resolution artifacts.resolved artifacts.stated
            artifacts.statement artifacts.status artifacts.tries artifacts.url context_of_use disputed
            first_reported id kind modified number published report_count reports resolution resolved revision
            schema_version severity status summary title url voice_count
        """,
    },
    "export_account": {
        "whoever has an account": """
            account account.about_the_pseudonym account.email account.joined_at account.language
            account.last_login_at account.name account.pseudonym account.reads account.uses_keys addresses
            evidence_requests imports maintainer_requests notices reports roles roles.artifact_id roles.ended_at
            roles.granted_at roles.role second_factors sessions sessions.began_at sessions.browser sessions.seen_at
            sessions.system signs_in_by subscriptions tokens webhooks
        """,
    },
    "issue_export": {
        "everybody": """
            answers artifacts artifacts.failures artifacts.fixed_in artifacts.introduced_in artifacts.kind
            artifacts.last_affected artifacts.name artifacts.resolution artifacts.resolved artifacts.stated
            artifacts.statement artifacts.status artifacts.tries artifacts.url context_of_use credits disputed
            disputed_by excerpts first_reported found_by history id in_stated_use kind lifecycle_stage modified
            number published report_count reproductions resolution resolved schema_version severity severity_set_by
            status summary title url voice_count
        """,
    },
    "issue_twin": {
        "everybody": """
            answers artifacts artifacts.failures artifacts.fixed_in artifacts.introduced_in artifacts.kind
            artifacts.last_affected artifacts.name artifacts.resolution artifacts.resolved artifacts.stated
            artifacts.statement artifacts.status artifacts.tries artifacts.url context_of_use credits disputed
            disputed_by excerpts first_reported found_by history id in_stated_use kind lifecycle_stage modified
            number published report_count reproductions resolution resolved schema_version severity severity_set_by
            status summary title url voice_count
        """,
    },
    "known_limitations": {
        "everybody": """
            artifact artifact.kind artifact.name artifact.url elsewhere known_limitations known_limitations.disputed
            known_limitations.kind known_limitations.modified known_limitations.number known_limitations.published
            known_limitations.severity known_limitations.stands known_limitations.status known_limitations.title
            known_limitations.url modified schema_version
        """,
    },
    "ready": {
        "everybody": """
            checks checks.cache checks.database checks.migrations ready
        """,
    },
    "transparency_twin": {
        "everybody": """
            counted_to counts counts.accounts_closed counts.accounts_closed.count counts.accounts_closed.is_all
            counts.decisions counts.decisions.count counts.decisions.is_all counts.declined counts.declined.count
            counts.declined.is_all counts.erased counts.erased.count counts.erased.is_all counts.held
            counts.held.count counts.held.is_all counts.merged counts.merged.count counts.merged.is_all
            counts.placed counts.placed.count counts.placed.is_all counts.published_apart
            counts.published_apart.count counts.published_apart.is_all counts.received counts.received.count
            counts.received.is_all counts.redacted counts.redacted.count counts.redacted.is_all counts.released
            counts.released.count counts.released.is_all counts.revealed counts.revealed.count
            counts.revealed.is_all counts.revealed_files counts.revealed_files.count counts.revealed_files.is_all
            counts.signals counts.signals.count counts.signals.is_all counts.taken_off counts.taken_off.count
            counts.taken_off.is_all counts.undone counts.undone.count counts.undone.is_all counts.withdrawn
            counts.withdrawn.count counts.withdrawn.is_all developers developers.developer developers.first_answer
            developers.first_answer.count developers.first_answer.median_days developers.first_answer.p90_days
            developers.longest_silence_days developers.resolution developers.resolution.count
            developers.resolution.median_days developers.resolution.p90_days developers.silent developers.told from
            is_running issues_published issues_resolved issues_resolved.documented issues_resolved.fixed
            issues_resolved.mitigated issues_resolved.not_reproducible issues_resolved.works_as_intended least next
            period periods previous schema_version tables tables.channel tables.dismiss tables.language
            tables.placed tables.signal two_person_rule url
        """,
    },
}
