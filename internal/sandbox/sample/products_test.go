package sample_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/chdb"
	"posthog-mcp/internal/sandbox/sample"
	"posthog-mcp/internal/sandbox/schema"
)

func TestRecordingsAgreeWithEvents(t *testing.T) {
	load(t, large())
	const recorded = "session_replay_events AS r INNER JOIN sessions AS s ON s.session_id = r.session_id"
	require.Zero(t, one(t, 1, "SELECT count() FROM session_replay_events AS r LEFT ANTI JOIN sessions AS s ON s.session_id = r.session_id"))
	for _, wrong := range []string{
		"r.start_time != s.`$start_timestamp`", "r.end_time < s.`$end_timestamp`", "r.end_time > toDateTime64('2026-06-15 12:00:00', 6, 'UTC')",
		"r.start_time < toDateTime64('2026-05-16 12:00:00', 6, 'UTC')", "r.all_urls != s.`$urls`", "r.click_count < s.`$autocapture_count`",
		"r.active_milliseconds < 500", "r.active_milliseconds > 500 + dateDiff('millisecond', r.start_time, r.end_time)", "r.distinct_id != s.distinct_id",
	} {
		require.Zero(t, one(t, 1, "SELECT countIf("+wrong+") FROM "+recorded), wrong)
	}
	all := "SELECT countIf(rages = 0 AND was) / countIf(rages = 0), countIf(rages > 0 AND was) / countIf(rages > 0) FROM (SELECT `$session_id` AS id, countIf(event = '$rageclick') AS rages, " +
		"id IN (SELECT session_id FROM session_replay_events) AS was FROM events WHERE id IN (SELECT session_id FROM sessions " +
		"WHERE `$start_timestamp` >= toDateTime64('2026-05-16 12:00:00', 6, 'UTC')) GROUP BY id)"
	var usual, rage float64
	values(t, 1, all, &usual, &rage)
	require.InDelta(t, sample.RecordedShare, usual, 0.02)
	require.InDelta(t, sample.RecordedRageShare, rage, 0.04)
	// the console's lines are those that the recordings count
	require.Zero(t, one(t, 1, `SELECT countIf(r.console_error_count != l.errors OR r.console_warn_count != l.warnings OR r.console_log_count != l.others) FROM session_replay_events AS r
		LEFT JOIN (SELECT log_source_id AS id, countIf(level = 'error') AS errors, countIf(level = 'warn') AS warnings, countIf(level = 'info') AS others FROM log_entries
			WHERE log_source = 'session_replay' GROUP BY id) AS l ON l.id = r.session_id`))
	require.Zero(t, one(t, 1, "SELECT count() FROM system_session_recordings AS k LEFT ANTI JOIN session_replay_events AS r ON r.session_id = k.session_id"))
	require.Greater(t, one(t, 1, "SELECT count() FROM system_session_recordings"), 100.)
}

func TestIssuesAndFingerprints(t *testing.T) {
	load(t, large())
	require.Equal(t, `[["`+sample.PlaybackIssue+`"]]`, rows(t, 1, "SELECT groupArray(issue_id) FROM error_tracking_issue_fingerprint_overrides"))
	require.Zero(t, one(t, 1, "SELECT countIf(id = '"+sample.KeyframeIssue+"') FROM system_error_tracking_issues"), "merged: no issue of its own")
	require.Positive(t, one(t, 1, "SELECT countIf(properties LIKE '%\"$exception_issue_id\":\""+sample.KeyframeIssue+"\"%') FROM events"), "its exceptions keep its id")
	for _, sql := range []string{
		"SELECT (SELECT count() FROM system_error_tracking_issue_fingerprints) - (SELECT count() FROM error_tracking_fingerprint_issue_state)",
		"SELECT countIf(s.issue_name != i.name OR s.issue_status != i.status OR s.fp_hash != cityHash64(s.fingerprint)) FROM error_tracking_fingerprint_issue_state AS s JOIN system_error_tracking_issues AS i ON i.id = s.issue_id",
		`SELECT countIf(f.first_seen != e.first) FROM system_error_tracking_issue_fingerprints AS f JOIN (SELECT JSONExtractString(properties, '$exception_fingerprint') AS print, min(timestamp) AS first
			FROM events WHERE event = '$exception' GROUP BY print) AS e ON e.print = f.fingerprint`,
		"SELECT countIf(i.created_at != f.first) FROM system_error_tracking_issues AS i JOIN (SELECT issue_id, min(first_seen) AS first FROM system_error_tracking_issue_fingerprints GROUP BY issue_id) AS f ON f.issue_id = i.id",
	} {
		require.Zero(t, one(t, 1, sql), sql)
	}
	require.InDelta(t, 3, one(t, 1, "SELECT countIf(assigned_user_id = 1) FROM error_tracking_fingerprint_issue_state"), 0, "the first two issues, three fingerprints")
}

func TestCharges(t *testing.T) {
	load(t, large())
	require.InDelta(t, 0, one(t, 1, "SELECT count() - uniqExact(id) FROM stripe_charge"), 0)
	for _, wrong := range []string{
		"amount <= 0", "amount_captured NOT IN (0, amount)", "amount_refunded > amount_captured", "refunded != (amount_refunded = amount)", "paid != (status = 'succeeded')",
		"(status = 'failed') != isNotNull(failure_code)", "created_at > toDateTime64('2026-06-15 12:00:00', 6, 'UTC')", "JSONExtractString(assumeNotNull(metadata), 'distinct_id') = ''",
		"assumeNotNull(description) = '' OR endsWith(assumeNotNull(description), ': ')",
	} {
		require.Zero(t, one(t, 1, "SELECT countIf("+wrong+") FROM stripe_charge"), wrong)
	}
	// what was sold is charged once, with the same money
	require.InDelta(t, one(t, 1, "SELECT sum(round(JSONExtractFloat(properties, 'amount') * 100)) FROM events WHERE event IN ('movie_rent_complete', 'movie_buy_complete', 'subscription_purchased', 'upgrade_completed')"),
		one(t, 1, "SELECT sum(amount) FROM stripe_charge WHERE NOT startsWith(assumeNotNull(description), 'Renewal')"), 0.1)
	var failed, refunded, renewals float64
	values(t, 1, "SELECT countIf(status = 'failed') / count(), countIf(refunded) / count(), countIf(startsWith(assumeNotNull(description), 'Renewal')) FROM stripe_charge", &failed, &refunded, &renewals)
	require.InDelta(t, 0.03, failed, 0.015)
	require.InDelta(t, 0.02, refunded, 0.012)
	require.Greater(t, renewals, 100.)
	// a subscription that ended is not renewed
	require.Zero(t, one(t, 1, `SELECT countIf(c.created_at > e.timestamp + INTERVAL 1 MINUTE) FROM stripe_charge AS c JOIN events AS e ON e.distinct_id = JSONExtractString(assumeNotNull(c.metadata), 'distinct_id')
		WHERE e.event = 'subscription_cancelled' AND startsWith(assumeNotNull(c.description), 'Renewal')`))
	for currency, want := range map[string]string{"USD": "1.0", "EUR": "0.9"} {
		require.Equal(t, "["+want+",91]", rows(t, 1, "SELECT toFloat64(any(rate)), uniqExact(date) FROM exchange_rate WHERE currency = '"+currency+"'"), currency)
	}
}

func TestLogLines(t *testing.T) {
	load(t, small())
	require.InDelta(t, sample.LogDays*24*120, one(t, 1, "SELECT uniqExact(uuid) FROM logs"), 0)
	for _, sql := range []string{
		"SELECT countIf(timestamp > toDateTime64('2026-06-15 12:00:00', 6, 'UTC') OR observed_timestamp < timestamp) FROM logs",
		"SELECT countIf(timestamp < toDateTime64('2026-06-08 12:00:00', 6, 'UTC')) FROM logs",
		"SELECT countIf(upper(level) != severity_text OR resource_attributes['service.name'] != service_name OR body = '') FROM logs",
		"SELECT countIf((level = 'error') != (severity_number = 17)) FROM logs",
		"SELECT uniqExact(resource_attributes) - uniqExact(resource_fingerprint) FROM logs",
		"SELECT countIf(level = 'error' AND attributes['http.status_code'] < '500') FROM logs WHERE service_name = 'api'",
		// every attribute of every line is counted once
		"SELECT (SELECT sum(attribute_count) FROM log_attributes) - (SELECT sum(length(attributes) + length(resource_attributes)) FROM logs)",
	} {
		require.Zero(t, one(t, 1, sql), sql)
	}
	require.Equal(t, `[["api","player"]]`, rows(t, 1, "SELECT arraySort(groupUniqArray(service_name)) FROM logs"))
	bad := one(t, 1, "SELECT countIf(toDate(timestamp) = '2026-06-14') / countIf(toDate(timestamp) < '2026-06-14') FROM logs WHERE service_name = 'player' AND level = 'error'")
	require.Greater(t, bad, 1., "the player breaks on the bad day: more errors than on all the days before")
}

func TestWarehouseIsDescribed(t *testing.T) {
	w := load(t, small())
	tables := w.Projects[0].Tables
	require.Len(t, tables, 3)
	for _, table := range tables {
		require.NotEmpty(t, table.ID, table.Name)
		require.NotEmpty(t, table.Doc, table.Name)
		if table.Kind == schema.DataWarehouse {
			require.Equal(t, rows(t, 1, "SELECT count() FROM "+table.Physical), fmt.Sprintf("[%d]", table.Rows))
			continue
		}
		_, err := hogql.Parse(table.Query)
		require.NoError(t, err, table.Name)
		require.Equal(t, fmt.Sprintf("[%q,%d]", table.Query, map[bool]int{true: 1}[table.Kind == schema.MaterializedView]),
			rows(t, 1, "SELECT JSONExtractString(query, 'query'), is_materialized FROM system_data_modeling_views WHERE name = '"+table.Name+"'"))
	}
	require.Equal(t, time.Date(2026, 6, 15, 4, 0, 0, 0, time.UTC), w.Projects[0].LastSync)
	for _, p := range w.Projects[1:] {
		require.Empty(t, p.Tables, p.Name)
	}
	require.Equal(t, `["Completed",6]`+"\n"+`["Failed",1]`, rows(t, 1, "SELECT status, count() FROM system_source_sync_jobs GROUP BY status ORDER BY status"))
	require.Equal(t, fmt.Sprintf(`["stripe_charge",%d,"Stripe","Completed"]`, tables[0].Rows), rows(t, 1, `SELECT t.name, t.row_count, s.source_type, k.status FROM system_data_warehouse_tables AS t
		JOIN system_data_warehouse_sources AS s ON s.id = t.external_data_source_id JOIN system_source_schemas AS k ON k.table_id = t.id`))
	require.Equal(t, `[7,"Failed"]`, rows(t, 1, "SELECT count(), argMin(status, rows_synced) FROM system_source_sync_jobs"))
}

func TestQueryLog(t *testing.T) {
	load(t, small())
	for _, wrong := range []string{
		"event_date != toDate(event_time)", "query_start_time > event_time", "(exception_code = 0) != (status = 'QueryFinish')", "(exception_code = 0) != (exception_name = '')",
		"result_rows > 0 AND exception_code != 0", "is_personal_api_key_request != (api_key_label != '')", "query = ''", "event_time > toDateTime64('2026-06-15 12:00:00', 6, 'UTC')",
	} {
		require.Zero(t, one(t, 1, "SELECT countIf("+wrong+") FROM query_log"), wrong)
	}
	require.InDelta(t, 600, one(t, 1, "SELECT uniqExact(query_id) FROM query_log"), 0)
	require.Equal(t, `[[0,47,159]]`, rows(t, 1, "SELECT arraySort(groupUniqArray(exception_code)) FROM query_log"))
}

func TestLanguageModelsAgreeWithEvents(t *testing.T) {
	load(t, small())
	require.Zero(t, one(t, 1, `SELECT countIf(e.event != '$ai_generation' OR a.total_tokens != JSONExtractInt(e.properties, '$ai_input_tokens') + JSONExtractInt(e.properties, '$ai_output_tokens')
		OR a.trace_id != JSONExtractString(e.properties, '$ai_trace_id') OR a.is_error != JSONExtractBool(e.properties, '$ai_is_error')) FROM posthog_ai_events AS a JOIN events AS e ON toString(e.uuid) = a.uuid`))
	require.InDelta(t, one(t, 1, "SELECT countIf(event = '$ai_generation') FROM events"), one(t, 1, "SELECT count() FROM posthog_ai_events"), 0)
	require.Zero(t, one(t, 1, "SELECT count() FROM posthog_ai_events AS a LEFT ANTI JOIN persons AS p ON toString(p.id) = a.person_id"))
}

// The default rules by which PostHog tells a session's channel, on cases that the sample data does not hold.
func TestChannelType(t *testing.T) {
	engine(t)
	for _, c := range []struct{ source, medium, campaign, domain, gad, gclid, fbclid, want string }{
		{want: "Direct", domain: "$direct"},
		{want: "Direct", domain: "$direct", source: "direct"},
		{want: "Direct", domain: "$direct", campaign: "spring"},
		{want: "Unknown"},
		{want: "Referral", domain: "blog.example.org"},
		{want: "Organic Search", domain: "www.google.com"},
		{want: "Organic Social", domain: "l.instagram.com"},
		{want: "Organic Social", domain: "$direct", fbclid: "1"},
		{want: "Organic Video", domain: "youtube.com"},
		{want: "Organic Video", domain: "x.example", campaign: "big_video"},
		{want: "Organic Shopping", campaign: "shop_now", domain: "x.example"},
		{want: "Email", medium: "newsletter", domain: "$direct"},
		{want: "Email", source: "email"},
		{want: "Push", medium: "web-push"},
		{want: "Affiliate", medium: "affiliate"},
		{want: "Cross Network", campaign: "a cross-network b", medium: "cpc"},
		{want: "Paid Search", source: "google", medium: "cpc"},
		{want: "Paid Search", gclid: "1", domain: "www.google.com"},
		{want: "Paid Search", gad: "1", domain: "$direct"},
		{want: "Paid Social", medium: "paid_social", source: "facebook"},
		{want: "Paid Social", medium: "paid", fbclid: "1"},
		{want: "Paid Video", medium: "cpv", campaign: "video"},
		{want: "Paid Shopping", medium: "ppc", campaign: "shopping"},
		{want: "Paid Unknown", medium: "retargeting"},
		{want: "Display", medium: "cpm"},
	} {
		text := func(s string) string { return "nullIf('" + s + "', '')" }
		sql := schema.ChannelType(schema.ChannelInputs{Source: text(c.source), Medium: text(c.medium), Campaign: text(c.campaign), Domain: text(c.domain),
			GadSource: text(c.gad), HasGclid: "'" + c.gclid + "' != ''", HasFbclid: "'" + c.fbclid + "' != ''"})
		r, err := shared.engine.Query(t.Context(), "SELECT "+sql, chdb.Settings{})
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("[%q]", c.want), string(r.Rows[0]), "%+v", c)
	}
}

// The questions that go back an hour, a day or a week have an answer at any instant and with any seed.
func TestRecentDataIsThereAtAnyInstant(t *testing.T) {
	for i, now := range []time.Time{
		time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC), time.Date(2027, 1, 3, 23, 0, 0, 0, time.UTC),
	} {
		load(t, sample.Options{Events: 20_000, Seed: uint64(7 + i), Now: now})
		at := "toDateTime64('" + now.Format(time.DateTime) + "', 6, 'UTC')"
		for _, sql := range []string{
			"SELECT count() FROM logs WHERE service_name = 'api' AND level = 'error' AND timestamp >= " + at + " - INTERVAL 1 HOUR",
			"SELECT count() FROM events WHERE event = '$exception' AND toDate(timestamp) = toDate(" + at + ") - 1",
			"SELECT count() FROM session_replay_events WHERE start_time >= " + at + " - INTERVAL 7 DAY AND session_id IN (SELECT `$session_id` FROM events WHERE event = '$rageclick')",
			"SELECT count() FROM posthog_ai_events WHERE timestamp >= " + at + " - INTERVAL 7 DAY",
			"SELECT count() FROM query_log WHERE event_time >= " + at + " - INTERVAL 1 DAY",
			"SELECT count() FROM stripe_charge WHERE created_at >= " + at + " - INTERVAL 7 DAY",
		} {
			require.Positive(t, one(t, 1, sql), "%s: %s", now, sql)
		}
		for _, table := range []string{"logs", "events"} {
			require.Zero(t, one(t, 1, "SELECT countIf(timestamp > "+at+") FROM "+table), table)
		}
	}
}
