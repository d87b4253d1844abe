package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/sandboxtest"
)

// who resolves merged persons by hand: the override of an event's distinct id wins over the person stored on it.
const who = `(SELECT e.*, if(o.distinct_id != '', o.person_id, e.person_id) AS who
	FROM project_1.events AS e LEFT JOIN project_1.person_distinct_id_overrides AS o ON e.distinct_id = o.distinct_id)`

// tasks are what PostHog asks of agents in its own benchmark, as far as it is answered by reading. Each is
// answered by HogQL through the API, and checked by ClickHouse's own SQL, written in another way and sent
// straight to the engine. The data ends on Monday 2026-06-15 at noon; the project's weeks begin on Sunday.
var tasks = []struct {
	name, hogql, sql string
	project          int // 0 means 1
	rows             int // known for certain; 0 where the second formulation tells alone
}{
	{
		name: "daily event volume of the last 7 days",
		hogql: `SELECT toDate(timestamp) AS day, count() AS events FROM events
			WHERE timestamp >= toStartOfDay(now()) - INTERVAL 6 DAY GROUP BY day ORDER BY day`,
		sql: `SELECT toString(d), (SELECT count() FROM project_1.events) - countIf(toDate(timestamp) != d) FROM project_1.events
			CROSS JOIN (SELECT toDate('2026-06-09') + number AS d FROM numbers(7)) AS days GROUP BY d ORDER BY d`,
		rows: 7,
	},
	{
		name: "ten most common events this month",
		hogql: `SELECT event, count() AS n FROM events WHERE timestamp >= toStartOfMonth(now())
			GROUP BY event ORDER BY n DESC, event LIMIT 10`,
		sql: `SELECT tupleElement(t, 2), -tupleElement(t, 1) FROM (SELECT arraySlice(arraySort(groupArray((-toInt64(n), event))), 1, 10) AS list FROM
			(SELECT event, sum(1) AS n FROM project_1.events WHERE toYYYYMM(timestamp) = 202606 GROUP BY event)) ARRAY JOIN list AS t`,
		rows: 10,
	},
	{
		name: "saved insights about signup conversion",
		hogql: `SELECT short_id, name, JSONExtractString(query, 'source', 'kind') AS kind FROM system.insights
			WHERE deleted = 0 AND saved = 1 AND (name ILIKE '%signup%' OR description ILIKE '%signing up%') ORDER BY name`,
		sql: `SELECT short_id, name, extract(query, '"source":.*"kind":"([A-Za-z]+Query)"') FROM project_1.system_insights
			WHERE (deleted, saved) = (0, 1) AND match(concat(name, ' ', description), '(?i)sign(up|ing up)') ORDER BY name`,
		rows: 2,
	},
	{
		name: "which events exist, onboarding above all",
		hogql: `SELECT event, count() AS n, uniqExact(person_id) AS people FROM events
			WHERE timestamp >= now() - INTERVAL 30 DAY AND (event ILIKE '%onboard%' OR event ILIKE '%signed_up%') GROUP BY event ORDER BY event`,
		sql: `SELECT event, sum(1), length(groupUniqArray(who)) FROM ` + who + ` WHERE timestamp >= toDateTime64('2026-05-16 12:00:00', 6, 'UTC')
			AND event IN ('onboarding_completed', 'user_signed_up') GROUP BY event ORDER BY event`,
		rows: 2,
	},
	{
		name: "which browsers users have",
		hogql: `SELECT properties.$browser AS browser, uniqExact(person_id) AS people FROM events
			WHERE timestamp >= now() - INTERVAL 30 DAY GROUP BY browser ORDER BY people DESC, browser`,
		sql: `SELECT browser, sum(1) FROM (SELECT DISTINCT JSONExtractString(properties, '$browser') AS browser, who FROM ` + who + `
			WHERE timestamp >= toDateTime64('2026-05-16 12:00:00', 6, 'UTC')) GROUP BY browser ORDER BY 2 DESC, 1`,
		rows: 4,
	},
	{
		name: "warehouse tables and their columns",
		hogql: `SELECT table_name, column_name FROM system.information_schema.columns
			WHERE table_schema = 'warehouse' ORDER BY table_name, ordinal_position`,
		sql:  `SELECT table, name FROM system.columns WHERE database = 'project_1' AND table = 'stripe_charge' ORDER BY position`,
		rows: 18,
	},
	{
		name: "weekly active users, 8 weeks",
		hogql: `SELECT toStartOfWeek(timestamp) AS week, count(DISTINCT person_id) AS people FROM events
			WHERE timestamp >= toStartOfWeek(now()) - INTERVAL 7 WEEK GROUP BY week ORDER BY week`,
		sql: `SELECT toString(toDate('2026-06-14') - 7 * ago) AS week, uniqExact(who) FROM (
			SELECT who, intDiv(toDate('2026-06-20') - toDate(timestamp, 'UTC'), 7) AS ago FROM ` + who + `) WHERE ago < 8 GROUP BY ago ORDER BY week`,
		rows: 8,
	},
	{
		name: "conversion from viewing the site to signing up, this month",
		hogql: `SELECT countIf(level >= 1) AS visitors, countIf(level >= 2) AS signups, round(signups / visitors, 4) AS conversion FROM (
			SELECT person_id, windowFunnel(1209600)(timestamp, event = '$pageview', event = 'user_signed_up') AS level FROM events
			WHERE timestamp >= toStartOfMonth(now()) GROUP BY person_id)`,
		sql: `SELECT uniqExact(p.who), uniqExactIf(p.who, s.at >= p.at AND s.at <= p.at + INTERVAL 14 DAY) AS n, round(n / uniqExact(p.who), 4) FROM
			(SELECT who, timestamp AS at FROM ` + who + ` WHERE event = '$pageview' AND timestamp >= '2026-06-01 00:00:00') AS p
			LEFT JOIN (SELECT who, timestamp AS at FROM ` + who + ` WHERE event = 'user_signed_up' AND timestamp >= '2026-06-01 00:00:00') AS s ON p.who = s.who`,
		rows: 1,
	},
	{
		name: "do last month's signups come back week over week",
		hogql: `SELECT dateDiff('week', toStartOfWeek(s.at), toStartOfWeek(e.timestamp)) AS week, count(DISTINCT e.person_id) AS people FROM events AS e
			INNER JOIN (SELECT person_id, min(timestamp) AS at FROM events WHERE event = 'user_signed_up' AND timestamp >= toStartOfMonth(now()) - INTERVAL 1 MONTH
				AND timestamp < toStartOfMonth(now()) GROUP BY person_id) AS s ON e.person_id = s.person_id
			WHERE e.timestamp >= s.at AND e.timestamp >= toStartOfMonth(now()) - INTERVAL 1 MONTH GROUP BY week ORDER BY week`,
		sql: `SELECT w, sum(1) FROM (SELECT who, arrayJoin(arrayDistinct(arrayMap(t -> intDiv(toDate(toStartOfWeek(t)) - toDate(toStartOfWeek(first)), 7),
				arrayFilter(t -> t >= first, times)))) AS w FROM (
			SELECT who, minIf(timestamp, event = 'user_signed_up') AS first, groupArray(timestamp) AS times FROM ` + who + ` GROUP BY who
			HAVING countIf(event = 'user_signed_up') > 0 AND toYYYYMM(first) = 202605)) GROUP BY w ORDER BY w`,
	},
	{
		name: "what users do right after logging in",
		hogql: `SELECT next, count() AS n FROM (SELECT event, leadInFrame(event) OVER (PARTITION BY person_id ORDER BY timestamp, uuid
				ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS next FROM events WHERE timestamp >= now() - INTERVAL 30 DAY)
			WHERE event = 'user_logged_in' AND next != '' GROUP BY next ORDER BY n DESC, next LIMIT 10`,
		sql: `SELECT next, sum(1) AS n FROM (SELECT tupleElement(step, 3) AS event, list[i + 1].3 AS next FROM (
				SELECT arraySort(groupArray((timestamp, uuid, event))) AS list FROM ` + who + ` WHERE timestamp >= toDateTime64('2026-05-16 12:00:00', 6, 'UTC') GROUP BY who)
			ARRAY JOIN list AS step, arrayEnumerate(list) AS i)
			WHERE event = 'user_logged_in' AND next != '' GROUP BY next ORDER BY n DESC, next LIMIT 10`,
		rows: 10,
	},
	{
		name: "of this week's active users: new, returning, resurrecting",
		hogql: `SELECT multiIf(first >= toStartOfWeek(now()), 'new', active_before, 'returning', 'resurrecting') AS kind, count() AS people FROM (
			SELECT person_id, min(timestamp) AS first, max(timestamp) AS last,
				countIf(timestamp >= toStartOfWeek(now()) - INTERVAL 1 WEEK AND timestamp < toStartOfWeek(now())) > 0 AS active_before
			FROM events GROUP BY person_id HAVING last >= toStartOfWeek(now())) GROUP BY kind ORDER BY kind`,
		sql: `WITH now_active AS (SELECT DISTINCT who FROM ` + who + ` WHERE timestamp >= '2026-06-14 00:00:00'),
				last_week AS (SELECT DISTINCT who FROM ` + who + ` WHERE timestamp >= '2026-06-07 00:00:00' AND timestamp < '2026-06-14 00:00:00'),
				older AS (SELECT DISTINCT who FROM ` + who + ` WHERE timestamp < '2026-06-07 00:00:00')
			SELECT multiIf(who IN last_week, 'returning', who IN older, 'resurrecting', 'new') AS kind, sum(1) FROM now_active GROUP BY kind ORDER BY kind`,
		rows: 3,
	},
	{
		name: "days per week on which the most engaged users are active",
		hogql: `SELECT days, count() AS people FROM (SELECT person_id, count(DISTINCT toDate(timestamp)) AS days FROM events
			WHERE timestamp >= toStartOfDay(now()) - INTERVAL 6 DAY AND person_id IN COHORT 'Power users' GROUP BY person_id) GROUP BY days ORDER BY days`,
		sql: `SELECT length(days) AS n, sum(1) FROM (SELECT who, groupUniqArray(toDayOfYear(timestamp)) AS days FROM ` + who + `
			WHERE toDate(timestamp) BETWEEN '2026-06-09' AND '2026-06-15' AND who IN (SELECT person_id FROM project_1.cohort_people WHERE cohort_id = 1)
			GROUP BY who) GROUP BY n ORDER BY n`,
	},
	{
		name: "exceptions spiked yesterday: which users",
		hogql: `SELECT person.properties.email AS email, count() AS exceptions FROM events
			WHERE event = '$exception' AND toDate(timestamp) = yesterday() AND person.properties.email IS NOT NULL
			GROUP BY email ORDER BY exceptions DESC, email LIMIT 1000`,
		sql: `SELECT JSONExtractString(p.properties, 'email') AS email, sum(1) AS n FROM ` + who + ` AS e
			INNER JOIN project_1.persons AS p ON p.id = e.who
			WHERE event = '$exception' AND timestamp >= '2026-06-14 00:00:00' AND timestamp < '2026-06-15 00:00:00' AND email != ''
			GROUP BY email ORDER BY n DESC, email`,
	},
	{
		name: "who dropped off between the first two steps of the signup funnel",
		hogql: `SELECT person_id FROM (SELECT person_id, windowFunnel(1209600)(timestamp, event = '$pageview', event = 'user_signed_up') AS level FROM events
			WHERE timestamp >= now() - INTERVAL 30 DAY GROUP BY person_id) WHERE level = 1 ORDER BY person_id LIMIT 50000`,
		sql: `SELECT toString(who) FROM (SELECT who, groupArrayIf(timestamp, event = '$pageview') AS pages, groupArrayIf(timestamp, event = 'user_signed_up') AS signups
			FROM ` + who + ` WHERE timestamp >= toDateTime64('2026-05-16 12:00:00', 6, 'UTC') GROUP BY who)
			WHERE notEmpty(pages) AND NOT arrayExists(p -> arrayExists(s -> s >= p AND s <= p + INTERVAL 14 DAY, signups), pages) ORDER BY who`,
	},
	{
		name: "top error issues by volume this week",
		hogql: `SELECT i.name AS issue, i.description AS message, count() AS n, count(DISTINCT e.person_id) AS people FROM events AS e
			INNER JOIN system.error_tracking_issues AS i ON e.issue_id = i.id
			WHERE e.event = '$exception' AND e.timestamp >= toStartOfWeek(now()) GROUP BY issue, message ORDER BY n DESC, message`,
		sql: `SELECT i.name, i.description, sum(1) AS n, uniqExact(e.who) FROM ` + who + ` AS e
			INNER JOIN project_1.system_error_tracking_issue_fingerprints AS f ON f.fingerprint = JSONExtractString(e.properties, '$exception_fingerprint')
			INNER JOIN project_1.system_error_tracking_issues AS i ON i.id = f.issue_id
			WHERE e.event = '$exception' AND e.timestamp >= '2026-06-14 00:00:00' GROUP BY i.name, i.description ORDER BY n DESC, i.description`,
	},
	{
		name: "recent stack traces of the most common error",
		hogql: `SELECT e.timestamp AS at, JSONExtractString(f, 'function') AS function, JSONExtractString(f, 'filename') AS file, JSONExtractInt(f, 'lineno') AS line FROM (
				SELECT timestamp, uuid, JSONExtractArrayRaw(properties, '$exception_list', 1, 'stacktrace', 'frames') AS frames FROM events
				WHERE event = '$exception' AND issue_id = (SELECT issue_id FROM events WHERE event = '$exception' AND timestamp >= toStartOfWeek(now())
					GROUP BY issue_id ORDER BY count() DESC, issue_id LIMIT 1)
				ORDER BY timestamp DESC, uuid DESC LIMIT 5) AS e
			ARRAY JOIN frames AS f, arrayEnumerate(frames) AS place ORDER BY at DESC, place DESC LIMIT 100`,
		sql: `SELECT formatDateTime(timestamp, '%Y-%m-%dT%H:%i:%s.%fZ'), JSONExtractString(properties, '$exception_list', 1, 'stacktrace', 'frames', k, 'function'),
				JSONExtractString(properties, '$exception_list', 1, 'stacktrace', 'frames', k, 'filename'),
				JSONExtractInt(properties, '$exception_list', 1, 'stacktrace', 'frames', k, 'lineno') FROM (
				SELECT timestamp, properties FROM project_1.events WHERE event = '$exception' AND JSONExtractString(properties, '$exception_fingerprint') IN (
					SELECT fingerprint FROM project_1.system_error_tracking_issue_fingerprints WHERE issue_id = '0190a000-0000-7000-8000-000000000001')
				ORDER BY timestamp DESC, uuid DESC LIMIT 5) AS e
			ARRAY JOIN range(1, JSONLength(properties, '$exception_list', 1, 'stacktrace', 'frames') + 1) AS k ORDER BY timestamp DESC, k DESC`,
	},
	{
		name:  "active feature flags",
		hogql: "SELECT key, name FROM system.feature_flags WHERE deleted = 0 ORDER BY key",
		sql:   "SELECT key, name FROM project_1.system_feature_flags WHERE key != 'old-banner' ORDER BY key",
		rows:  3,
	},
	{
		name: "rollout conditions of one flag by key",
		hogql: `SELECT place, JSONExtractInt(g, 'rollout_percentage') AS percent,
				arrayStringConcat(arrayMap(p -> concat(JSONExtractString(p, 'key'), ' ', JSONExtractString(p, 'operator'), ' ', JSONExtractRaw(p, 'value')),
					JSONExtractArrayRaw(g, 'properties')), ' and ') AS conditions
			FROM (SELECT JSONExtractArrayRaw(filters, 'groups') AS list FROM system.feature_flags WHERE key = 'mcp-analytics' AND deleted = 0)
			ARRAY JOIN list AS g, arrayEnumerate(list) AS place ORDER BY place`,
		sql: `SELECT 1, 100, 'email icontains "@hogflix.example"' UNION ALL
			SELECT 2, 25, 'country exact ["US","DE"] and plan exact ["pro","family"]' ORDER BY 1`,
		rows: 2,
	},
	{
		name: "recordings with rage clicks this week",
		hogql: `SELECT session_id, start_time, click_count FROM session_replay_events
			WHERE start_time >= toStartOfWeek(now()) AND session_id IN (
				SELECT $session_id FROM events WHERE event = '$rageclick' AND timestamp >= toStartOfWeek(now()) - INTERVAL 1 DAY)
			ORDER BY start_time DESC, session_id LIMIT 1000`,
		sql: `SELECT r.session_id, formatDateTime(any(r.start_time), '%Y-%m-%dT%H:%i:%s.%fZ'), any(r.click_count) FROM project_1.session_replay_events AS r
			INNER JOIN project_1.events AS e ON e.` + "`$session_id`" + ` = r.session_id WHERE r.start_time >= '2026-06-14 00:00:00'
			GROUP BY r.session_id HAVING countIf(e.event = '$rageclick') > 0 ORDER BY any(r.start_time) DESC, r.session_id`,
	},
	{
		name: "the same by the join from recordings to events",
		hogql: `SELECT session_id, count() AS rage_clicks FROM session_replay_events
			WHERE start_time >= toStartOfWeek(now()) AND events.event = '$rageclick' GROUP BY session_id ORDER BY rage_clicks DESC, session_id LIMIT 1000`,
		sql: `SELECT ` + "`$session_id`" + `, sum(1) AS n FROM project_1.events WHERE event = '$rageclick' AND ` + "`$session_id`" + ` IN (
			SELECT session_id FROM project_1.session_replay_events WHERE start_time >= '2026-06-14 00:00:00') GROUP BY 1 ORDER BY n DESC, 1`,
	},
	{
		name: "latest LLM traces and their tokens",
		hogql: `SELECT properties.$ai_trace_id AS trace, count() AS calls, sum(properties.$ai_input_tokens) AS tokens_in, sum(properties.$ai_output_tokens) AS tokens_out,
				round(sum(properties.$ai_total_cost_usd), 6) AS usd
			FROM events WHERE event = '$ai_generation' AND timestamp >= now() - INTERVAL 7 DAY GROUP BY trace ORDER BY max(timestamp) DESC, trace LIMIT 10`,
		sql: `SELECT trace_id, sum(1), toFloat64(sum(input_tokens)), toFloat64(sum(total_tokens - input_tokens)), round(sum(total_cost_usd), 6)
			FROM project_1.posthog_ai_events WHERE timestamp >= toDateTime64('2026-06-08 12:00:00', 6, 'UTC')
			GROUP BY trace_id ORDER BY max(timestamp) DESC, trace_id LIMIT 10`,
		rows: 10,
	},
	{
		name: "error-severity logs of the API service in the last hour",
		hogql: `SELECT timestamp, body, attributes['http.status_code'] AS status FROM logs
			WHERE service_name = 'api' AND level = 'error' AND timestamp >= now() - INTERVAL 1 HOUR ORDER BY timestamp DESC LIMIT 1000`,
		sql: `SELECT formatDateTime(timestamp, '%Y-%m-%dT%H:%i:%s.%fZ'), body, attributes['http.status_code'] FROM project_1.logs
			WHERE severity_number = 17 AND resource_attributes['service.name'] = 'api' AND timestamp >= toDateTime64('2026-06-15 11:00:00', 6, 'UTC') ORDER BY timestamp DESC`,
	},
	{
		name:    "flags of another project",
		hogql:   "SELECT key, name FROM system.feature_flags WHERE deleted = 0 ORDER BY key",
		sql:     "SELECT key, name FROM project_2.system_feature_flags ORDER BY key",
		project: 2,
		rows:    1,
	},
}

func TestBenchmarkTasks(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	for _, task := range tasks {
		t.Run(task.name, func(t *testing.T) {
			e := queryOf(task.hogql)
			if task.project != 0 {
				e.path = fmt.Sprintf("/api/projects/%d/query/", task.project)
			}
			got := read[answer](t, e.do(t, s), http.StatusOK)
			want := s.SQL(t, task.sql, 1)
			require.NotEmpty(t, want, "the engine has no rows: this proves nothing")
			require.Equal(t, fmt.Sprint(want), fmt.Sprint(got.Results))
			if task.rows > 0 {
				require.Len(t, got.Results, task.rows)
			}
			if got.HasMore != nil {
				require.False(t, *got.HasMore, "the answer is whole")
			}
		})
	}
}

// TestBenchmarkSavedInsight answers "run the saved weekly revenue insight: latest value" as an agent would: it
// finds the insight, takes its HogQL and runs it.
func TestBenchmarkSavedInsight(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	found := read[answer](t, query(t, s, `SELECT short_id, JSONExtractString(query, 'source', 'query') FROM system.insights WHERE name ILIKE '%weekly revenue%' AND deleted = 0`), http.StatusOK)
	require.Len(t, found.Results, 1)
	text, _ := found.Results[0][1].(string)
	got := read[answer](t, query(t, s, text), http.StatusOK)
	require.Greater(t, len(got.Results), 10)
	last := got.Results[len(got.Results)-1]
	want := s.SQL(t, `SELECT '2026-06-14', round(sum(arraySum([JSONExtractFloat(properties, 'amount')])), 2) FROM events
		WHERE toDate(timestamp) >= '2026-06-14' AND (startsWith(event, 'movie_rent') OR startsWith(event, 'movie_buy') OR event LIKE 'subscription_p%')`, 1)
	require.Equal(t, fmt.Sprint(want[0]), fmt.Sprint(last))
	amount, _ := last[1].(json.Number)
	value, err := amount.Float64()
	require.NoError(t, err)
	require.Positive(t, value)
}
