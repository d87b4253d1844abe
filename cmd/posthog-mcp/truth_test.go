package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/sandboxtest"
)

// people resolves merged persons by hand: the override of an event's distinct id wins over the person
// stored on the event.
const people = `(SELECT e.*, if(o.distinct_id != '', o.person_id, e.person_id) AS who
	FROM project_1.events AS e LEFT JOIN project_1.person_distinct_id_overrides AS o ON e.distinct_id = o.distinct_id)`

// truths are the analyses of the first part's bar: HogQL that goes the whole way through the binary and
// the sandbox, and another formulation in ClickHouse's own SQL that goes straight to the engine.
var truths = []struct{ name, hogql, sql string }{
	{
		"events per day",
		`SELECT toDate(timestamp) AS day, count() AS n FROM events
		 WHERE timestamp >= '2026-06-01' AND timestamp < '2026-06-15' GROUP BY day ORDER BY day`,
		`SELECT toString(toDate(timestamp, 'UTC')) AS d, sum(1) FROM project_1.events
		 WHERE toDate(timestamp, 'UTC') BETWEEN '2026-06-01' AND '2026-06-14' GROUP BY d ORDER BY d`,
	},
	{
		"top events",
		`SELECT event, count() AS n, count(DISTINCT person_id) AS people FROM events
		 WHERE timestamp > now() - INTERVAL 30 DAY GROUP BY event ORDER BY n DESC, event LIMIT 10`,
		`SELECT event, sum(1) AS n, uniqExact(who) FROM ` + people + `
		 WHERE timestamp > toDateTime64('2026-05-16 12:00:00', 6, 'UTC') GROUP BY event ORDER BY n DESC, event LIMIT 10`,
	},
	{
		"unique users by day",
		`SELECT toStartOfDay(timestamp) AS day, uniqExact(person_id) AS people FROM events
		 WHERE timestamp >= now() - INTERVAL 7 DAY GROUP BY day ORDER BY day`,
		`SELECT concat(toString(toDate(timestamp, 'UTC')), 'T00:00:00Z') AS d, length(groupUniqArray(who)) FROM ` + people + `
		 WHERE timestamp >= toDateTime64('2026-06-08 12:00:00', 6, 'UTC') GROUP BY d ORDER BY d`,
	},
	{
		"a funnel with windowFunnel",
		`SELECT level, count() AS people FROM (
		   SELECT person_id, windowFunnel(1209600)(timestamp, event = '$pageview', event = 'user_signed_up', event = 'subscription_purchased') AS level
		   FROM events WHERE timestamp >= '2026-05-01' GROUP BY person_id)
		 GROUP BY level ORDER BY level`,
		// Without windowFunnel: the best level over every possible first step.
		`WITH
		   steps AS (SELECT who, groupArrayIf(toUnixTimestamp(timestamp), event = '$pageview') AS a,
		     groupArrayIf(toUnixTimestamp(timestamp), event = 'user_signed_up') AS b,
		     groupArrayIf(toUnixTimestamp(timestamp), event = 'subscription_purchased') AS c
		     FROM ` + people + ` WHERE timestamp >= toDateTime64('2026-05-01 00:00:00', 6, 'UTC') GROUP BY who)
		 SELECT multiIf(
		     arrayExists(x -> arrayExists(y -> y >= x AND y <= x + 1209600 AND arrayExists(z -> z >= y AND z <= x + 1209600, c), b), a), 3,
		     arrayExists(x -> arrayExists(y -> y >= x AND y <= x + 1209600, b), a), 2,
		     notEmpty(a), 1, 0) AS level, sum(1)
		 FROM steps GROUP BY level ORDER BY level`,
	},
	{
		"weekly retention",
		`SELECT cohort, week, count() AS people FROM (
		   SELECT DISTINCT f.person_id AS person, toStartOfWeek(f.first, 1) AS cohort,
		     dateDiff('week', toStartOfWeek(f.first, 1), toStartOfWeek(e.timestamp, 1)) AS week
		   FROM (SELECT person_id, min(timestamp) AS first FROM events WHERE event = 'user_signed_up' GROUP BY person_id) AS f
		   JOIN events AS e ON e.person_id = f.person_id
		   WHERE e.event = 'movie_viewed' AND e.timestamp >= f.first)
		 GROUP BY cohort, week ORDER BY cohort, week`,
		`SELECT toString(toMonday(first, 'UTC')) AS cohort, intDiv(toRelativeDayNum(toMonday(t, 'UTC')) - toRelativeDayNum(toMonday(first, 'UTC')), 7) AS week, uniqExact(who)
		 FROM (SELECT who, minIf(timestamp, event = 'user_signed_up') AS first, countIf(event = 'user_signed_up') AS signed,
		     groupArrayIf(timestamp, event = 'movie_viewed') AS views FROM ` + people + ` GROUP BY who)
		 ARRAY JOIN views AS t WHERE signed > 0 AND t >= first GROUP BY cohort, week ORDER BY cohort, week`,
	},
	{
		"breakdown by an event property",
		`SELECT properties.$browser AS browser, count() AS n FROM events WHERE event = '$pageview' GROUP BY browser ORDER BY n DESC, browser`,
		`SELECT JSONExtractString(properties, '$browser') AS b, sum(1) AS n FROM project_1.events WHERE event = '$pageview' GROUP BY b ORDER BY n DESC, b`,
	},
	{
		"breakdown by a person property",
		`SELECT person.properties.plan AS plan, uniqExact(person_id) AS people FROM events
		 WHERE event = 'movie_viewed' GROUP BY plan ORDER BY people DESC, plan`,
		`SELECT nullIf(JSONExtractString(p.properties, 'plan'), '') AS plan, uniqExact(x.who) AS n
		 FROM ` + people + ` AS x INNER JOIN project_1.persons AS p ON p.id = x.who
		 WHERE x.event = 'movie_viewed' GROUP BY plan ORDER BY n DESC, plan`,
	},
	{
		"breakdown by a session property",
		`SELECT session.$channel_type AS channel, count() AS n FROM events WHERE event = '$pageview' GROUP BY channel ORDER BY n DESC, channel`,
		`SELECT s.` + "`$channel_type`" + ` AS c, sum(1) AS n FROM project_1.events AS e
		 INNER JOIN project_1.sessions AS s ON s.session_id = e.` + "`$session_id`" + ` WHERE e.event = '$pageview' GROUP BY c ORDER BY n DESC, c`,
	},
	{
		"percentiles",
		`SELECT quantileExact(0.5)(properties.amount) AS p50, quantileExact(0.9)(properties.amount) AS p90, max(properties.amount) AS top
		 FROM events WHERE event = 'subscription_purchased'`,
		`SELECT quantileExact(0.5)(a), quantileExact(0.9)(a), max(a) FROM
		 (SELECT JSONExtractFloat(properties, 'amount') AS a FROM project_1.events WHERE event = 'subscription_purchased')`,
	},
	{
		"a window function",
		`SELECT day, n, sum(n) OVER (ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS week FROM (
		   SELECT toDate(timestamp) AS day, count() AS n FROM events WHERE timestamp >= '2026-06-01' GROUP BY day) ORDER BY day`,
		`WITH d AS (SELECT toDate(timestamp, 'UTC') AS day, sum(1) AS n FROM project_1.events WHERE timestamp >= toDateTime64('2026-06-01 00:00:00', 6, 'UTC') GROUP BY day)
		 SELECT toString(a.day), any(a.n), sum(b.n) FROM d AS a CROSS JOIN d AS b WHERE b.day <= a.day AND b.day > a.day - 7 GROUP BY a.day ORDER BY a.day`,
	},
	{
		"a CTE",
		`WITH buyers AS (SELECT person_id, count() AS bought FROM events WHERE event = 'movie_buy_complete' GROUP BY person_id)
		 SELECT bought, count() AS people FROM buyers GROUP BY bought ORDER BY bought`,
		`SELECT n, sum(1) FROM (SELECT who, sum(1) AS n FROM ` + people + ` WHERE event = 'movie_buy_complete' GROUP BY who) GROUP BY n ORDER BY n`,
	},
	{
		"UNION ALL",
		`SELECT * FROM (SELECT 'views' AS what, count() AS n FROM events WHERE event = 'movie_viewed'
		 UNION ALL SELECT 'trailers' AS what, count() AS n FROM events WHERE event = 'trailer_played') ORDER BY what`,
		`SELECT if(event = 'movie_viewed', 'views', 'trailers') AS what, sum(1) FROM project_1.events
		 WHERE event IN ('movie_viewed', 'trailer_played') GROUP BY what ORDER BY what`,
	},
	{
		"ARRAY JOIN",
		`SELECT part, count() AS n FROM (SELECT splitByChar('_', event) AS parts FROM events)
		 ARRAY JOIN parts AS part GROUP BY part ORDER BY n DESC, part LIMIT 20`,
		`SELECT arrayJoin(splitByString('_', event)) AS part, sum(1) AS n FROM project_1.events GROUP BY part ORDER BY n DESC, part LIMIT 20`,
	},
	{
		"LIMIT BY",
		`SELECT properties.$device_type AS device, properties.$browser AS browser, count() AS n FROM events WHERE event = '$pageview'
		 GROUP BY device, browser ORDER BY device, n DESC, browser LIMIT 2 BY device`,
		`SELECT device, tupleElement(pair, 2), -tupleElement(pair, 1) FROM (
		   SELECT device, arraySlice(arraySort(groupArray((-n, browser))), 1, 2) AS best FROM (
		     SELECT JSONExtractString(properties, '$device_type') AS device, JSONExtractString(properties, '$browser') AS browser, toInt64(sum(1)) AS n
		     FROM project_1.events WHERE event = '$pageview' GROUP BY device, browser) GROUP BY device)
		 ARRAY JOIN best AS pair ORDER BY device, pair`,
	},
	{
		"a cohort",
		`SELECT count() AS n, uniqExact(person_id) AS people FROM events WHERE person_id IN COHORT 'Power users'`,
		`SELECT sum(1), uniqExact(who) FROM ` + people + ` WHERE who IN (SELECT person_id FROM project_1.cohort_people
		 WHERE cohort_id = (SELECT id FROM project_1.system_cohorts WHERE name = 'Power users'))`,
	},
	{
		"system.insights",
		`SELECT short_id, name, JSONExtractString(query, 'kind') AS kind FROM system.insights WHERE deleted = 0 ORDER BY id`,
		`SELECT short_id, name, extract(query, '"kind": ?"([A-Za-z]+)"') FROM project_1.system_insights WHERE deleted = 0 ORDER BY id`,
	},
}

func TestAnswersEqualTheEngine(t *testing.T) {
	s := sandboxtest.Start(t)
	for _, truth := range truths {
		t.Run(truth.name, func(t *testing.T) {
			got := posthogMCP(t, environ(s), "", "query", "--format", "json", "--limit", "50000", truth.hogql)
			require.Equal(t, 0, got.code, got.stderr)
			var answer struct {
				Rows    [][]any `json:"rows"`
				Count   int     `json:"row_count"`
				HasMore bool    `json:"has_more"`
			}
			decode(t, got.stdout, &answer)
			want := s.SQL(t, truth.sql, 1)
			require.NotEmpty(t, want, "the engine has no rows: this proves nothing")
			require.Equal(t, fmt.Sprint(want), fmt.Sprint(answer.Rows))
			require.Equal(t, len(want), answer.Count)
			require.False(t, answer.HasMore)
		})
	}
}

// TestInformationSchema has no second source in the engine: the columns of a table are known by name.
func TestInformationSchema(t *testing.T) {
	s := sandboxtest.Start(t)
	got := posthogMCP(t, environ(s), "", "query", "--format", "csv",
		"SELECT column_name, data_type FROM system.information_schema.columns WHERE table_schema = 'public' AND table_name = 'groups' ORDER BY column_name")
	require.Equal(t, 0, got.code, got.stderr)
	require.Equal(t, "column_name:String,data_type:String\n"+
		"created_at,DateTime\nindex,Integer\nkey,String\nproperties,JSON\nupdated_at,DateTime\n", got.stdout)
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	require.NoError(t, d.Decode(into), "%s", text)
}
