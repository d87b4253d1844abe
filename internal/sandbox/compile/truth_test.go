package compile_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// truth is a query and the rows that it must return, one a line.
type truth struct{ query, rows string }

func check(t *testing.T, cases []truth) {
	t.Helper()
	for _, c := range cases {
		require.Equal(t, c.rows, run(t, c.query), c.query)
	}
}

func TestNullSafeComparisons(t *testing.T) {
	t.Parallel()
	// a and b are null or not, both nullable: all pairs of null, 'x' and 'y'
	const from = " FROM (SELECT nullIf(a, '') AS a, nullIf(b, '') AS b FROM (SELECT arrayJoin(['', 'x', 'y']) AS a, arrayJoin(['', 'x']) AS b)) ORDER BY ifNull(a, ''), ifNull(b, '')"
	for op, want := range map[string]string{
		"=": "1,0,0,1,0,0", "!=": "0,1,1,0,1,1", "<": "0,0,0,0,0,0", "<=": "0,0,0,1,0,0", ">": "0,0,0,0,0,1", ">=": "0,0,0,1,0,1",
		"LIKE": "1,0,0,1,0,0", "ILIKE": "1,0,0,1,0,0", "NOT LIKE": "0,1,1,0,1,1", "NOT ILIKE": "0,1,1,0,1,1",
		"IS DISTINCT FROM": "0,1,1,0,1,1", "<=>": "1,0,0,1,0,0",
	} {
		got := run(t, "SELECT arrayStringConcat(groupArray(toString(toInt(r))), ',') FROM (SELECT a "+op+" b AS r"+from+")")
		require.Equal(t, `["`+want+`"]`, got, op)
	}
	check(t, []truth{
		{"SELECT a = 'x', a != 'x', 'x' = a, a =~ 'x', a !~ 'x', a =~* 'X', a !~* 'X', a < 'z', a LIKE 'x', a NOT LIKE 'x' FROM (SELECT nullIf('', '') AS a)", `[0,1,0,0,1,0,1,0,0,1]`},
		{"SELECT a = 'x', a != 'x', a =~ 'X', a !~ 'X', a =~* 'X', a !~* 'X' FROM (SELECT toNullable('x') AS a)", `[1,0,0,1,1,0]`},
		{"SELECT a = NULL, a != NULL, NULL = a, a IS NULL, a IS NOT NULL, a BETWEEN 'a' AND 'b', a NOT BETWEEN 'a' AND 'b' FROM (SELECT nullIf('', '') AS a)", `[1,0,1,1,0,0,1]`},
		{"SELECT equals(a, 'x'), notEquals(a, 'x'), equals(a, NULL) FROM (SELECT nullIf('', '') AS a)", `[0,1,1]`},
		{"SELECT a IN ('x', NULL), a IN ('x'), a NOT IN ('x') FROM (SELECT nullIf('', '') AS a)", `[1,0,1]`},
		{"SELECT event FROM events WHERE properties.label != 'x' ORDER BY timestamp", "[\"view\"]\n[\"pay\"]"},
	})
}

func TestProperties(t *testing.T) {
	t.Parallel()
	check(t, []truth{
		{"SELECT properties.label, properties.n, properties.empty, properties.none, properties.word FROM events WHERE distinct_id = 'anon'", `["say \\\"hi\\\"","1.5","",null,"null"]`},
		{"SELECT properties.list, properties.list[2], properties.list.1, properties.deep.k.z, properties['deep']['k'], properties.deep.nope FROM events WHERE distinct_id = 'anon'",
			`["[\"p\",\"q\"]","q","p","v","{\"z\":\"v\"}",null]`},
		{"SELECT properties.amount, properties.is_trial, properties.ends_at FROM events ORDER BY timestamp",
			"[null,null,null]\n[4.5,true,\"2026-03-29T14:00:00+02:00\"]\n[null,null,null]\n[4.0,false,null]"},
		{"SELECT avg(properties.amount), sum(properties.amount), countIf(properties.is_trial), max(properties.ends_at) FROM events", `[4.25,8.5,1,"2026-03-29T14:00:00+02:00"]`},
		{"SELECT toFloatOrZero(properties.amount), toFloatOrDefault(properties.amount, 9) FROM events WHERE distinct_id = 'ben' ORDER BY timestamp", "[0.0,9.0]\n[4.0,4.0]"},
		{"SELECT properties.`a b`, properties['a b'], JSONExtractFloat(properties, 'amount'), properties.$ai_trace_id FROM events WHERE distinct_id = 'ben' ORDER BY timestamp", "[null,null,0.0,\"7\"]\n[\"blank\",\"blank\",4.0,null]"},
		{"SELECT p.amount, p['label'] FROM (SELECT properties AS p FROM events WHERE distinct_id = 'ann')", `["4.5",null]`},
		{"SELECT label, count() FROM (SELECT properties.label FROM events) GROUP BY label ORDER BY label LIMIT 1", `["say \\\"hi\\\"",1]`},
		{"SELECT filters.groups[1].rollout_percentage, deleted, team_id FROM system.feature_flags WHERE deleted = 0", `["50",0,7]`},
	})
}

func TestTimeZones(t *testing.T) {
	t.Parallel()
	check(t, []truth{
		{"SELECT timestamp FROM events ORDER BY timestamp", "[\"2026-03-28T23:30:00+01:00\"]\n[\"2026-03-29T01:30:00+01:00\"]\n[\"2026-03-29T03:30:00+02:00\"]\n[\"2026-03-30T00:30:00+02:00\"]"},
		{"SELECT toDate(timestamp) AS d, count() FROM events GROUP BY d ORDER BY d", "[\"2026-03-28\",1]\n[\"2026-03-29\",2]\n[\"2026-03-30\",1]"},
		{"SELECT toStartOfDay(timestamp) AS d, count() FROM events GROUP BY d ORDER BY d", "[\"2026-03-28T00:00:00+01:00\",1]\n[\"2026-03-29T00:00:00+01:00\",2]\n[\"2026-03-30T00:00:00+02:00\",1]"},
		{"SELECT count() FROM events WHERE timestamp >= '2026-03-29' AND timestamp < '2026-03-30'", "[2]"},
		{"SELECT count() FROM events WHERE timestamp BETWEEN '2026-03-29 01:30:00' AND '2026-03-29 03:30:00'", "[2]"},
		{"SELECT count() FROM events WHERE '2026-03-29' <= timestamp AND timestamp >= '2026-03-29T00:30:00Z'", "[3]"},
		{"SELECT count() FROM events WHERE timestamp > toDateTime('2026-03-29 01:30:00') AND timestamp < now() - INTERVAL 1 DAY", "[1]"},
		{"SELECT now(), today(), yesterday(), toDateTime('2026-03-29 12:00:00'), toDateTime('2026-03-29T12:00:00Z'), toDateTime('soon')",
			`["2026-03-30T12:00:00+02:00","2026-03-30","2026-03-29","2026-03-29T12:00:00+02:00","2026-03-29T14:00:00+02:00",null]`},
		{"SELECT toTimeZone(timestamp, 'UTC'), toHour(timestamp), formatDateTime(timestamp, '%H:%i') FROM events WHERE distinct_id = 'anon'", `["2026-03-28T22:30:00Z",23,"23:30"]`},
		{"SELECT toStartOfWeek(timestamp) AS w, toStartOfWeek(timestamp, 0), count() FROM events GROUP BY w, 2 ORDER BY 1, 2", "[\"2026-03-23\",\"2026-03-22\",1]\n[\"2026-03-23\",\"2026-03-29\",2]\n[\"2026-03-30\",\"2026-03-29\",1]"},
		{"SELECT dateDiff('day', min(timestamp), max(timestamp)), dateDiff('hour', min(timestamp), max(timestamp)) FROM events", "[2,24]"},
		{"SELECT dateTrunc('month', timestamp), dateTrunc('hour', timestamp) FROM events WHERE distinct_id = 'ann'", `["2026-03-01","2026-03-29T01:00:00+01:00"]`},
		{"SELECT t FROM (SELECT timestamp AS t FROM events) WHERE t > '2026-03-30'", `["2026-03-30T00:30:00+02:00"]`},
		{"SELECT toUnixTimestamp(timestamp), fromUnixTimestamp(1774744200) FROM events WHERE distinct_id = 'ann'", `[1774744200,"2026-03-29T01:30:00+01:00"]`},
	})
}

func TestPeople(t *testing.T) {
	t.Parallel()
	ann, ben := `"`+uuid(1)+`"`, `"`+uuid(2)+`"`
	check(t, []truth{
		{"SELECT person_id, count() FROM events GROUP BY person_id ORDER BY person_id", "[" + ann + ",2]\n[" + ben + ",2]"},
		{"SELECT event, person.properties.email, person.properties.age, person.properties.plan, poe.properties.plan, person.created_at FROM events WHERE distinct_id != 'ben' ORDER BY timestamp",
			"[\"view\",\"ann@x\",41.0,\"pro\",\"old\",\"2026-01-01T01:00:00+01:00\"]\n[\"pay\",\"ann@x\",41.0,\"pro\",\"old\",\"2026-01-01T01:00:00+01:00\"]"},
		{"SELECT uniq(person_id), uniq(event_person_id), uniq(poe.id) FROM events", "[2,3,3]"},
		{"SELECT pdi.person_id, pdi.person.properties.email FROM events WHERE distinct_id = 'anon'", "[" + ann + `,"ann@x"]`},
		{"SELECT p.properties.email, count() FROM persons p JOIN events e ON e.person_id = p.id GROUP BY 1 ORDER BY 1", "[\"ann@x\",2]\n[\"ben@x\",2]"},
		{"SELECT e.person.properties.email, p.id FROM persons AS p JOIN events e ON p.id = e.person_id AND e.event = 'pay' ORDER BY e.timestamp", "[\"ann@x\"," + ann + "]\n[\"ben@x\"," + ben + "]"},
		{"SELECT a.distinct_id, b.distinct_id FROM events a JOIN events b ON a.person_id = b.person_id WHERE a.timestamp < b.timestamp ORDER BY a.timestamp", "[\"anon\",\"ann\"]\n[\"ben\",\"ben\"]"},
		{"SELECT distinct_id, person.properties.email FROM person_distinct_ids ORDER BY distinct_id", "[\"ann\",\"ann@x\"]\n[\"anon\",\"ann@x\"]\n[\"ben\",\"ben@x\"]"},
		{"SELECT pdi.distinct_id FROM persons WHERE properties.email = 'ann@x' ORDER BY 1", "[\"ann\"]\n[\"anon\"]"},
		{"SELECT id, properties.plan, is_identified FROM persons ORDER BY id", "[" + ann + ",\"pro\",true]\n[" + ben + ",null,false]"},
		{"SELECT event FROM events WHERE person_id IN COHORT 1 ORDER BY timestamp", "[\"view\"]\n[\"pay\"]"},
		{"SELECT distinct_id FROM events WHERE person_id NOT IN COHORT 'Payers' AND person_id IN COHORT 'Guests' LIMIT 1", `["ben"]`},
		{"SELECT person.properties.email FROM cohort_people WHERE cohort_id = 1", `["ann@x"]`},
	})
}

func TestGroupsAndSessions(t *testing.T) {
	t.Parallel()
	check(t, []truth{
		{"SELECT group_0.properties.name, company.properties.seats, company.properties.seats + 1, company.key, goe_0.key FROM events WHERE distinct_id = 'ann'", `["Acme",12.0,13.0,"c1","c1"]`},
		{"SELECT company.properties.name FROM events WHERE distinct_id = 'ben' LIMIT 1", `[null]`},
		{"SELECT session.$session_duration, session.duration, session.$entry_pathname, session.$start_timestamp FROM events ORDER BY timestamp LIMIT 1", `[7200,7200,"/a","2026-03-28T23:30:00+01:00"]`},
		{"SELECT session.$entry_pathname AS entry, count() FROM events GROUP BY entry ORDER BY entry", "[\"/a\",2]\n[null,2]"},
		{"SELECT id, person.properties.email, $exit_current_url FROM sessions ORDER BY id", "[\"s1\",\"ann@x\",null]\n[\"s2\",\"ben@x\",null]"},
		{"SELECT url FROM sessions ARRAY JOIN $urls AS url ORDER BY url", "[\"/a\"]\n[\"/b\"]"},
		{"SELECT session_id, url FROM sessions LEFT ARRAY JOIN $urls AS url ORDER BY session_id, url", "[\"s1\",\"/a\"]\n[\"s1\",\"/b\"]\n[\"s2\",\"\"]"},
	})
}

func TestAnalyses(t *testing.T) {
	t.Parallel()
	check(t, []truth{
		{"SELECT level, count() FROM (SELECT person_id, windowFunnel(86400)(timestamp, event = 'view', event = 'pay') AS level FROM events GROUP BY person_id) GROUP BY level", "[2,2]"},
		{"SELECT level, count() FROM (SELECT person_id, windowFunnel(10800)(timestamp, event = 'view', event = 'pay') AS level FROM events GROUP BY person_id) GROUP BY level ORDER BY level", "[1,1]\n[2,1]"},
		{"WITH firsts AS (SELECT person_id, min(toDate(timestamp)) AS day FROM events GROUP BY person_id) SELECT f.day, dateDiff('day', f.day, toDate(e.timestamp)) AS n, uniq(e.person_id) FROM events e JOIN firsts f ON e.person_id = f.person_id GROUP BY 1, 2 ORDER BY 1, 2",
			"[\"2026-03-28\",0,1]\n[\"2026-03-28\",1,1]\n[\"2026-03-29\",0,1]\n[\"2026-03-29\",1,1]"},
		{"SELECT event, lag(event) OVER (PARTITION BY person_id ORDER BY timestamp), lead(event) OVER (PARTITION BY person_id ORDER BY timestamp), row_number() OVER w FROM events WINDOW w AS (ORDER BY timestamp) ORDER BY timestamp",
			"[\"view\",null,\"pay\",1]\n[\"pay\",\"view\",null,2]\n[\"view\",null,\"pay\",3]\n[\"pay\",\"view\",null,4]"},
		{"SELECT event, sum(count()) OVER () FROM events GROUP BY event ORDER BY event", "[\"pay\",4]\n[\"view\",4]"},
		{"SELECT event, row_number() OVER (PARTITION BY event ORDER BY timestamp DESC) AS r, distinct_id FROM events QUALIFY r = 1 ORDER BY event", "[\"pay\",1,\"ben\"]\n[\"view\",1,\"ben\"]"},
		{"SELECT event, distinct_id FROM events ORDER BY timestamp LIMIT 1 BY event LIMIT 5", "[\"view\",\"anon\"]\n[\"pay\",\"ann\"]"},
		{"SELECT event, count() FROM events GROUP BY ROLLUP(event) ORDER BY 2, 1", "[\"pay\",2]\n[\"view\",2]\n[\"\",4]"},
		{"SELECT event, count() FROM events GROUP BY GROUPING SETS ((event), ()) ORDER BY 2, 1", "[\"pay\",2]\n[\"view\",2]\n[\"\",4]"},
		{"SELECT toDate(timestamp) AS d, count() FROM events WHERE event = 'view' GROUP BY d ORDER BY d WITH FILL STEP 1 LIMIT 3", "[\"2026-03-28\",1]\n[\"2026-03-29\",1]"},
		{"SELECT toHour(timestamp) AS h, count() AS n FROM events WHERE distinct_id = 'ben' GROUP BY h ORDER BY h WITH FILL FROM 0 TO 4", "[0,1]\n[1,0]\n[2,0]\n[3,1]"},
		{"SELECT matchesAction('Paid'), event, distinct_id FROM events ORDER BY timestamp", "[1,\"view\",\"anon\"]\n[1,\"pay\",\"ann\"]\n[0,\"view\",\"ben\"]\n[1,\"pay\",\"ben\"]"},
		{"SELECT countIf(matchesAction(6)), countIf(matchesAction(7)) FROM events", "[0,4]"},
		{"SELECT groupArray(event ORDER BY timestamp DESC), string_agg(event, '>' ORDER BY timestamp), string_agg(event, '-') FROM (SELECT * FROM events ORDER BY timestamp)", `[["pay","view","pay","view"],"view>pay>view>pay","view-pay-view-pay"]`},
		{"SELECT count() FILTER (WHERE event = 'pay'), count(DISTINCT distinct_id), uniqExactIf(distinct_id, event = 'pay'), argMax(event, timestamp), quantile(0.5)(properties.amount) FROM events", `[2,3,2,"pay",4.25]`},
		{"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY properties.amount) FROM events", "[4.25]"},
	})
}

func TestQueryForms(t *testing.T) {
	t.Parallel()
	check(t, []truth{
		{"SELECT 2 AS a UNION ALL SELECT 2", "[2]\n[2]"},
		{"SELECT a FROM (SELECT 1 AS a UNION ALL SELECT 2 UNION ALL SELECT 2) ORDER BY a", "[1]\n[2]\n[2]"},
		{"SELECT count() FROM (SELECT 1 AS a UNION DISTINCT SELECT 1)", "[1]"},
		{"SELECT a FROM (SELECT 1 AS a UNION ALL SELECT 2) EXCEPT SELECT 2", "[1]"},
		{"SELECT 1 INTERSECT SELECT 1", "[1]"},
		{"WITH x AS (SELECT event AS e FROM events), y (n) AS (SELECT count() FROM x) SELECT n, n + 1 FROM y", "[4,5]"},
		{"WITH 3 AS three, toDate(timestamp) AS day SELECT three, day FROM events WHERE distinct_id = 'ann'", `[3,"2026-03-29"]`},
		{"WITH e AS (SELECT 'pay') SELECT count() FROM events WHERE event IN e", "[2]"},
		{"SELECT (SELECT count() FROM events), (SELECT max(event) FROM events WHERE event = 'none')", `[4,""]`},
		{"SELECT a.n, b.m FROM (SELECT 1 AS n) AS a JOIN (SELECT 1 AS n, 2 AS m) AS b USING (n)", "[1,2]"},
		{"SELECT n FROM (SELECT 1 AS n) AS a JOIN (SELECT 1 AS n) AS b USING n", "[1]"},
		{"SELECT x, y FROM (SELECT 1 AS x) a, (SELECT 2 AS y) b", "[1,2]"},
		{"SELECT x, y FROM (SELECT 1 AS x) a POSITIONAL JOIN (SELECT 2 AS y) b", "[1,2]"},
		{"SELECT e.event, s.$entry_pathname FROM sessions s ASOF JOIN events e ON s.session_id = e.$session_id AND s.$end_timestamp >= e.timestamp ORDER BY s.id", "[\"pay\",\"/a\"]\n[\"pay\",null]"},
		{"SELECT p.id FROM persons p ANTI JOIN cohort_people c ON p.id = c.person_id", `["` + uuid(2) + `"]`},
		{"SELECT number FROM numbers(2) ORDER BY number DESC", "[1]\n[0]"},
		{"SELECT range FROM range(1, 3)", "[1]\n[2]"},
		{"SELECT g FROM generate_series(1, 5, 2) AS s(g)", "[1]\n[3]\n[5]"},
		{"SELECT c1, b FROM (VALUES (1, 'x'), (2, 'y')) AS t(c1, b) ORDER BY c1", "[1,\"x\"]\n[2,\"y\"]"},
		{"SELECT n, x FROM (SELECT 1 AS n, [5, 6] AS arr) ARRAY JOIN arr AS x", "[1,5]\n[1,6]"},
		{"SELECT [1, 2] AS nums, a FROM numbers(1) ARRAY JOIN nums AS a", "[[1,2],1]\n[[1,2],2]"},
		{"SELECT event, event, upper(event) AS event FROM events ORDER BY timestamp LIMIT 1", `["view","view","VIEW"]`},
		{"SELECT upper(event) AS event FROM events WHERE event = 'PAY' LIMIT 1", `["PAY"]`},
		{"SELECT * EXCLUDE (properties) FROM (SELECT event, properties, distinct_id FROM events WHERE distinct_id = 'ann')", `["pay","ann"]`},
		{"SELECT COLUMNS(* REPLACE (upper(event) AS event)) FROM (SELECT event FROM events WHERE distinct_id = 'ann')", `["PAY"]`},
		{"SELECT COLUMNS('^n[0-9]$'), greatest(*COLUMNS('^n')), COLUMNS(n2, n1) FROM (SELECT 1 AS n1, 2 AS n2, 3 AS m)", "[1,2,2,2,1]"},
		{"SELECT a.*, b.m FROM (SELECT 1 AS n) a CROSS JOIN (SELECT 2 AS m) b", "[1,2]"},
		{"SELECT event AS e, #1 FROM events ORDER BY #1 LIMIT 1", `["pay","pay"]`},
		{"SELECT count() FROM events FINAL SAMPLE 1 PREWHERE event = 'pay' WHERE distinct_id = 'ann'", "[1]"},
		{"SELECT count() FROM events SAMPLE 0.000001", "[0]"},
		{"SELECT count() = countIf(cityHash64(distinct_id) % 1000000 < 500000) FROM events SAMPLE 0.5", "[1]"},
		{"SELECT number FROM numbers(10) ORDER BY number LIMIT 20%", "[0]\n[1]"},
		{"SELECT number FROM numbers(3) LIMIT 100%", "[0]\n[1]\n[2]"},
		{"SELECT 1 AS a FROM numbers(3) ORDER BY a LIMIT 1 WITH TIES", "[1]\n[1]\n[1]"},
		{"SELECT number FROM numbers(5) ORDER BY number LIMIT 1, 3", "[3]"},
		{"(SELECT number FROM numbers(5) ORDER BY number) LIMIT 2", "[0]\n[1]"},
		{"SELECT DISTINCT event FROM events ORDER BY event", "[\"pay\"]\n[\"view\"]"},
		{"SELECT event, count() AS n FROM events GROUP BY ALL HAVING n > 1 ORDER BY event", "[\"pay\",2]\n[\"view\",2]"},
		{"SELECT uuid FROM raw_persons AS p JOIN posthog.events e ON e.event_person_id = p.id WHERE e.distinct_id = 'ann'", `["` + uuid(102) + `"]`},
	})
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	check(t, []truth{
		{"SELECT toInt('3'), toInt('x'), toFloat('1.5'), toFloat('x'), toBool('true'), toBool('x'), toUUID('x'), toDate('2026-01-02'), toDate('nope'), toDecimal('1.5', 2), toString(1)",
			`[3,null,1.5,null,true,null,null,"2026-01-02",null,"1.50","1"]`},
		{"SELECT '3'::int, 'x'::int, '1.5'::float, CAST('2026-01-02' AS Date), TRY_CAST('x' AS Int64), 1::text, CAST('1,5' AS String), CAST([1] AS Array(String)), 'true'::boolean, '2026-01-02 03:04:05'::timestamp",
			`[3,null,1.5,"2026-01-02",null,"1","1,5",["1"],true,"2026-01-02T03:04:05+01:00"]`},
		{"SELECT CASE WHEN 1 = 2 THEN 'a' END, CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' ELSE 'c' END, 1 = 1 ? 'y' : 'n', NULL ?? 'd'", `[null,"b","y","d"]`},
		{"SELECT f'a{1}b{NULL}', 'x' || 1 || NULL, concat('a', NULL, 2), f''", `["a1b","x1","a2",""]`},
		{"SELECT arrayMap(x -> x + 1, [1, 2]), arrayFilter((x, y) -> y > 1, ['a', 'b'], [1, 2]), arrayMap(x -> arrayMap(y -> x * y, [1, 2]), [1, 3])", `[[2,3],["b"],[[1,2],[3,6]]]`},
		{"SELECT tuple(1, 'a').2, (1, 2).1, [1, 2, 3][-1], [1, 2, 3][2:3], [5, 6, 7][:2], [5, 6, 7].1, map('k', 1)['k'], [1]?.[5]", `["a",1,3,[2,3],[5,6],5,1,null]`},
		{"SELECT -(1), - -2, not (1 = 2), 7 % 4, 7 / 2, 1 + 2 * 3 - 4, .5, 0x10, 1 BETWEEN 0 AND 2, 1 AND 0, 1 OR 0", `[-1,2,1,3,3.5,3,0.5,16,1,0,1]`},
		{"SELECT TRIM(BOTH 'x' FROM 'xax'), TRIM(LEADING 'x' FROM 'xax'), TRIM(TRAILING 'x' FROM 'xax'), trim(' a ')", `["a","ax","xa","a"]`},
		{"SELECT toDate('2026-01-31') + INTERVAL 1 MONTH, toDate('2026-01-01') - INTERVAL '2 days', dateAdd('day', 1, toDate('2026-01-01')), dateSub(toDate('2026-01-03'), INTERVAL 1 DAY), toDate('2026-01-01') + INTERVAL '3' day",
			`["2026-02-28","2025-12-30","2026-01-02","2026-01-02","2026-01-04"]`},
		{"SELECT if(1, 'a', 'b'), multiIf(0, 'a', 1, 'b', 'c'), ifNull(NULL, 1), isNull(NULL), nullIf(1, 1), COALESCE(NULL, 2), isEmpty(''), isNotEmpty([1])", `["a","b",1,1,null,2,1,1]`},
		{"SELECT split_part('a-b-c', '-', 2), generateSeries(1, 5, 2), md5('a'), sortableSemVer('1.20.3'), date_part('year', toDate('2026-01-01')), make_date(2026, 1, 2), date_trunc('month', toDate('2026-01-15')), arrayReduce('sum', [1, 2])",
			`["b",[1,3,5],"0cc175b9c0f1b6a831c399e269772661",[1,20,3],2026,"2026-01-02","2026-01-01",3]`},
		{"SELECT 'it''s', 'tab\\there', 'back\\\\slash', 'nl\\n', 'é✓'", `["it's","tab\there","back\\slash","nl\n","é✓"]`},
		{"SELECT sparkline([1, 2]), recordingButton('s1', 'active'), <b class='x'>hi {1}</b>", `[["__hx_tag","Sparkline","data",[1,2]],["__hx_tag","RecordingButton","sessionId","s1","recordingStatus","active"],["__hx_tag","b","class","x","children",["hi ",1]]]`},
		{"SELECT toIntOrZero('x'), toNullableString(1), toTimeZone(toDateTime('2026-01-01T00:00:00Z'), 'UTC'), toDateTime64('2026-01-01', 3), parseDateTimeBestEffort('Jan 2 2026'), make_timestamp(2026, 1, 2, 3, 4, 5), toDateTime(0), toDateTimeUS('02/01/2026')",
			`[0,"1","2026-01-01T00:00:00Z","2026-01-01T00:00:00+01:00","2026-01-02T00:00:00+01:00","2026-01-02T03:04:05+01:00","1970-01-01T01:00:00+01:00","2026-02-01T00:00:00+01:00"]`},
		{"SELECT x IGNORE NULLS, (1 AS x) FROM (SELECT 2 AS x)", `[2,1]`},
		{"SELECT (1 AS one) + one, one * 10", `[2,10]`},
	})
}

func TestMoreFunctions(t *testing.T) {
	t.Parallel()
	check(t, []truth{
		{"SELECT toTimeZone(timestamp), toTimeZone(timestamp, 'UTC'), toDateTime(timestamp), toDateTime(timestamp, 'UTC') FROM events WHERE distinct_id = 'ann'",
			`["2026-03-29T01:30:00+01:00","2026-03-29T00:30:00Z","2026-03-29T01:30:00+01:00","2026-03-29T00:30:00Z"]`},
		{"SELECT toDateTime64('2026-01-01', 3, 'UTC'), parseDateTime('2026-01-02', '%Y-%m-%d'), parseDateTime('2026-01-02', '%Y-%m-%d', 'UTC'), parseDateTime('x', '%Y'), now('UTC')",
			`["2026-01-01T00:00:00Z","2026-01-02T00:00:00+01:00","2026-01-02T00:00:00Z",null,"2026-03-30T10:00:00Z"]`},
		{"SELECT toDateTime(map('a', '2026-01-01')['a']), make_timestamptz(2026, 1, 2, 3, 4, 5, 'UTC'), UUIDv7ToDateTime('018cc251-f400-7000-8000-000000000000'), UUIDv7ToDateTime('x'), toLastDayOfWeek(toDate('2026-03-25'))",
			`["2026-01-01T00:00:00+01:00","2026-01-02T03:04:05Z","2024-01-01T01:00:00+01:00",null,"2026-03-29"]`},
		{"SELECT extractIPv4Substrings('at 10.0.0.1 and 1.2.3'), json_agg(1), every(1 = 1), array(1, 2), fromUnixTimestamp64Milli(0), current_date(), _toInt64('5'), toFloatOrDefault('x')",
			`[["10.0.0.1"],"[1]",1,[1,2],"1970-01-01T01:00:00+01:00","2026-03-30",5,0.0]`},
		{"SELECT CAST('1.25' AS Decimal(10, 2)), CAST('7' AS Nullable(Int64)), CAST('3' AS UInt8), CAST(['1'] AS Int64[]), CAST('1.5' AS Float32), CAST('2026-01-01 00:00:00' AS DateTime64(3)), CAST('x' AS UUID)",
			`["1.25",7,3,[1],1.5,"2026-01-01T00:00:00+01:00",null]`},
		{"SELECT sum(number) OVER (ORDER BY number ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s, sum(number) OVER (ORDER BY number ROWS 1 PRECEDING) FROM numbers(3) ORDER BY s", "[0,0]\n[1,1]\n[3,3]"},
		{"SELECT avg(toInt(n)), min(n), any(n), lower(upper(n)) = n FROM (SELECT 'a' AS n) GROUP BY n", `[null,"a","a",1]`},
		{"SELECT round(avg(x), 1), sumIf(x, x > 1), addDays(toDate('2026-01-01'), 1) FROM (SELECT arrayJoin([1, 2, 3]) AS x)", `[2.0,5,"2026-01-02"]`},
		{"SELECT groupArrayIf(event, event != 'pay' ORDER BY timestamp) FROM events", `[["view","view"]]`},
		{"SELECT arrayReduce('uniq', [1, 1, 2]), arrayReduce('maxMap', [map('a', 1)]), arrayReduce('median', [1, 2, 3])", `[2,{"a":1},2.0]`},
		{"SELECT p.properties['email'], p.properties.list[1], e.person.properties['plan'] FROM events e JOIN persons p ON p.id = e.person_id WHERE e.distinct_id = 'ann'", `["ann@x",null,"pro"]`},
		{"SELECT p.email FROM (SELECT properties AS p FROM persons) ORDER BY p.email DESC LIMIT 1", `["ben@x"]`},
	})
}

func TestInformationSchema(t *testing.T) {
	t.Parallel()
	check(t, []truth{
		{"SELECT table_schema, table_name, table_type FROM system.information_schema.tables WHERE table_name IN ('events', 'system.cohorts', 'system.information_schema.columns', 'query_log', 'bills', 'totals', 'totals_kept', 'posthog.ai_events') ORDER BY 1, 2",
			strings.Join([]string{`["information_schema","system.information_schema.columns","information_schema"]`, `["public","events","posthog"]`, `["public","posthog.ai_events","posthog"]`,
				`["public","query_log","posthog"]`, `["system","system.cohorts","system"]`, `["views","totals","view"]`, `["views","totals_kept","view"]`, `["warehouse","bills","data_warehouse"]`}, "\n")},
		{"SELECT table_catalog, row_count FROM system.information_schema.tables WHERE table_name IN ('bills', 'totals') ORDER BY 1", "[\"bills\",3]\n[\"totals\",null]"},
		{"SELECT column_name, data_type, is_nullable, is_array, field_kind FROM system.information_schema.columns WHERE table_schema = 'public' AND table_name = 'events' AND column_name IN ('uuid', 'properties', 'poe', 'poe.properties', 'elements_chain_ids', 'person_id', 'pdi', 'team_id') ORDER BY ordinal_position",
			"[\"uuid\",\"UUID\",false,false,\"column\"]\n[\"properties\",\"JSON\",false,false,\"column\"]\n[\"elements_chain_ids\",\"Array\",false,true,\"expression\"]\n[\"person_id\",\"UUID\",false,false,\"expression\"]\n[\"poe\",\"VirtualTable\",false,false,\"virtual_table\"]\n[\"poe.properties\",\"JSON\",false,false,\"column\"]"},
		{"SELECT source_column, target_table, target_column, relationship_kind, via FROM system.information_schema.relationships WHERE source_table = 'events' AND source_column IN ('person_id', '$session_id') ORDER BY 1",
			"[\"$session_id\",\"sessions\",\"session_id\",\"lazy_join\",\"session\"]\n[\"person_id\",\"persons\",\"id\",\"lazy_join\",\"person\"]"},
		{"SELECT source_column, target_table, target_column, via FROM system.information_schema.relationships WHERE source_table = 'session_replay_events' AND relationship_kind = 'field_traverser' ORDER BY 1 LIMIT 1",
			`["person","session_replay_events","pdi.person",null]`},
		{"SELECT count() > 10 FROM system.information_schema.data_types", "[1]"},
		{"SELECT t.table_name, count() FROM system.information_schema.tables t JOIN system.information_schema.columns AS c ON t.table_name = c.table_name AND t.table_schema = c.table_schema WHERE t.table_name = 'system.information_schema.data_types' GROUP BY 1", `["system.information_schema.data_types",2]`},
	})
	require.Contains(t, strings.Join(compiled(t, "SELECT * FROM system.information_schema.tables").Columns, ","), "table_catalog,table_schema")
}
