-- The state of each fingerprint's issue, as PostHog keeps it next to the events.
INSERT INTO {{.Database}}.error_tracking_fingerprint_issue_state (fingerprint, issue_id, issue_name, issue_description, issue_status, assigned_user_id,
    first_seen, fp_hash)
SELECT print.fingerprint, print.issue_id, issue.name, issue.description, issue.status, nullIf(given.user_id, 0), print.first_seen, cityHash64(print.fingerprint)
FROM {{.Database}}.system_error_tracking_issue_fingerprints AS print
INNER JOIN {{.Database}}.system_error_tracking_issues AS issue ON issue.id = print.issue_id
LEFT JOIN {{.Database}}.system_error_tracking_issue_assignments AS given ON given.issue_id = print.issue_id;
