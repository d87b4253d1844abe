package compile_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWarehouse(t *testing.T) {
	t.Parallel()
	check(t, []truth{
		{"SELECT id, cents, meta.kind FROM bills WHERE paid_at < '2026-03-29 02:00:00'", `["b1",250,"sale"]`},
		{"SELECT * FROM totals", `["2026-03-29",4.0]`},
		{"SELECT t.day, count() FROM totals AS t GROUP BY t.day", `["2026-03-29",1]`},
		{"SELECT e.event, t.total FROM events AS e JOIN totals AS t ON t.day = toDate(e.timestamp) ORDER BY e.timestamp LIMIT 1", `["pay",4.0]`},
		{"SELECT day FROM totals_kept", `["2026-03-29"]`},
		{"WITH bills AS (SELECT 1 AS one) SELECT one FROM bills", `[1]`},
	})
	require.Equal(t, []string{"totals_kept"}, compiled(t, "SELECT * FROM totals_kept").Tables, "what a view reads is its own business")
}

func TestReplay(t *testing.T) {
	t.Parallel()
	check(t, []truth{
		{"SELECT session_id, click_count, person.properties.email, person_id = person.id, session.$session_duration FROM session_replay_events", `["s1",7,"ann@x",1,7200]`},
		{"SELECT countIf(events.event = 'view'), countIf(properties.label = 'x'), count() FROM session_replay_events", "[1,0,2]"},
		{"SELECT console_logs.message, console_logs.level FROM session_replay_events", `["boom","error"]`},
		{"SELECT message FROM console_logs_log_entries", `["boom"]`},
		{"SELECT b.message, c.message FROM batch_export_log_entries AS b JOIN console_logs_log_entries AS c ON b.log_source_id = c.log_source_id", `["done","boom"]`},
		{"SELECT count() FROM posthog.log_entries", "[2]"},
		{"SELECT min_first_timestamp, _timestamp, person.properties.email FROM raw_session_replay_events", `["2026-03-28T23:30:00+01:00","2026-03-29T01:30:00+01:00","ann@x"]`},
	})
}

func TestLogs(t *testing.T) {
	t.Parallel()
	check(t, []truth{
		{"SELECT message, body, attributes.route, attributes['a b'], attributes.none, resource_fingerprint FROM logs WHERE level = 'error'", `["it broke","it broke","/a","c","",18446744073709551615]`},
		{"SELECT service_name, countIf(level = 'error') FROM logs WHERE timestamp > now() - INTERVAL 1 HOUR AND attributes.route != '/b' GROUP BY service_name", `["api",1]`},
		{"SELECT query_duration_ms FROM query_log", "[12]"},
		{"SELECT query_id FROM posthog.query_log", `["q1"]`},
		{"SELECT model, input.1.role, person.properties.email FROM posthog.ai_events", `["m","user","ben@x"]`},
	})
	require.NotContains(t, strings.Join(compiled(t, "SELECT * FROM logs").Columns, ","), "team_id")
}

func TestIssues(t *testing.T) {
	t.Parallel()
	check(t, []truth{
		{"SELECT event, issue_id, issue_name, issue_status, issue_assigned_user_id, issue_first_seen FROM events ORDER BY timestamp",
			"[\"view\",null,null,null,null,null]\n[\"pay\",\"i1\",\"Boom\",\"active\",4,null]\n[\"view\",\"i9\",null,null,null,null]\n[\"pay\",\"i1\",\"Boom\",\"active\",4,null]"},
		{"SELECT event_issue_id, issue_id_v2, fingerprint_issue_state.issue_name FROM events WHERE properties.$exception_fingerprint = 'f2'", `["i2","i1","Boom"]`},
		{"SELECT i.name, count() FROM events AS e JOIN system.error_tracking_issues AS i ON e.issue_id = i.id GROUP BY i.name", `["Boom",2]`},
	})
	require.NotContains(t, strings.Join(compiled(t, "SELECT * FROM events").Columns, ","), "issue", "* leaves them out")
}

func TestChannels(t *testing.T) {
	t.Parallel()
	check(t, []truth{
		{"SELECT lookupDomainType('www.google.com'), lookupDomainType('nowhere.example'), lookupDomainType(NULL), hogql_lookupDomainType('facebook')", `["Search",null,null,"Social"]`},
		{"SELECT lookupPaidSourceType('google'), lookupOrganicSourceType('l.instagram.com'), lookupPaidSourceType('email')", `["Paid Search","Organic Social",null]`},
		{"SELECT lookupPaidMediumType('social'), lookupOrganicMediumType('newsletter'), lookupOrganicMediumType('cpm'), lookupPaidMediumType('cpm')", `["Paid Social","Email",null,"Display"]`},
	})
}

func TestCurrencies(t *testing.T) {
	t.Parallel()
	check(t, []truth{
		{"SELECT toFloat(convertCurrency('EUR', 'USD', 9)), toFloat(convertCurrency('USD', 'INR', 2, toDate('2026-01-01'))), toFloat(convertCurrency('GBP', 'EUR', 8.0))", "[10.0,170.0,9.0]"},
		{"SELECT toFloat(convertCurrency('XYZ', 'USD', 9)), toFloat(convertCurrency('XYZ', 'XYZ', 9)), convertCurrency('EUR', 'USD', NULL)", "[0.0,9.0,null]"},
		{"SELECT toFloat(sum(convertCurrency('USD', 'EUR', properties.amount))) FROM events", "[7.65]"},
		{"SELECT uniqTheta(event), uniqThetaIf(event, event = 'pay') FROM events", "[2,1]"},
	})
}
