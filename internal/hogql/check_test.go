package hogql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
)

// project is a catalogue as `posthog-mcp objects --json` writes it.
const project = `{"catalogue":{"complete":true,
	"tables":[{"name":"events","columns":[{"name":"event","type":"string"},{"name":"charge","type":"lazy_table","table":"stripe_charge"}]},
		{"name":"stripe_charge","columns":[{"name":"id","type":"string"},{"name":"amount","type":"float"}]}],
	"events":[{"name":"$pageview","count":900},{"name":"user_signed_up","count":2310}],
	"properties":[{"entity":"event","name":"plan","type":"String"},{"entity":"event","name":"amount","type":"Numeric"},{"entity":"event","name":"is_trial","type":"Boolean"},
		{"entity":"event","name":"promo_ends_at","type":"DateTime"},{"entity":"person","name":"email","type":"String"}],
	"cohorts":[{"id":3,"name":"Power users"}], "group_types":[{"name":"company","index":0}]}}`

func catalogueOf(tb testing.TB, text string) *hogql.Catalogue {
	tb.Helper()
	c, err := hogql.ReadCatalogue([]byte(text))
	require.NoError(tb, err)
	return c
}

func check(tb testing.TB, src string, cat *hogql.Catalogue, o hogql.CheckOptions) hogql.Findings {
	tb.Helper()
	q, err := hogql.Parse(src)
	require.NoError(tb, err, src)
	o.Source = src
	return hogql.Check(q, cat, o)
}

// brief writes findings as "error unknown-column evnt: events has …".
func brief(src string, list hogql.Findings) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "%s %s %d:%d %s: %s", f.Severity, f.Code, f.Line, f.Column, src[f.Span.Start:f.Span.End], f.Message)
		if f.Hint != "" {
			b.WriteString(" | " + f.Hint)
		}
		if f.Fix != nil {
			b.WriteString(" => " + hogql.Findings{f}.Apply(src))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// findings are the rules of the checker: a query that breaks the rule, with the place between « and », what is
// said, the repaired query where there is an edit, and a twin that keeps the rule.
var findings = []struct{ code, severity, bad, message, fixed, good string }{
	// names
	{"unknown-column", "error", "SELECT «evnt» FROM events", `events has no field "evnt". Close: event`, "SELECT event FROM events", "SELECT event FROM events"},
	{"unknown-column", "error", "SELECT e.«tiemstamp» FROM events AS e", `events has no field "tiemstamp". Close: timestamp`, "SELECT e.timestamp FROM events AS e", "SELECT e.timestamp FROM events AS e"},
	{"unknown-column", "error", "SELECT «events».event FROM events AS e", "events is called e in this query", "SELECT e.event FROM events AS e", "SELECT events.event FROM events"},
	{"unknown-column", "error", "SELECT a FROM (SELECT «a» FROM events)", `events has no field "a"`, "", "SELECT a FROM (SELECT event AS a FROM events)"},
	{"unknown-column", "error", "SELECT «b» FROM (SELECT event AS a FROM events)", `the subquery has no field "b"`, "", "SELECT a FROM (SELECT event AS a FROM events)"},
	{"unknown-column", "error", "WITH c AS (SELECT event AS a FROM events) SELECT «b» FROM c", `c has no field "b"`, "", "WITH c AS (SELECT event AS a FROM events) SELECT a FROM c"},
	{"unknown-column", "error", "WITH c (x) AS (SELECT event AS a FROM events) SELECT «a» FROM c", `c has no field "a"`, "", "WITH c (x) AS (SELECT event AS a FROM events) SELECT x FROM c"},
	{"unknown-column", "error", "SELECT event FROM events AS e WHERE distinct_id IN (SELECT distinct_id FROM persons AS p JOIN person_distinct_ids AS d ON d.person_id = p.id WHERE «e».event = 'x')", `"e" is a table of the query around`, "",
		"SELECT event FROM events AS e WHERE distinct_id IN (SELECT d.distinct_id FROM persons AS p JOIN person_distinct_ids AS d ON d.person_id = p.id)"},
	{"unknown-column", "error", "SELECT arrayMap(x -> x + «y», [1])", `there is no FROM, so "y" is no column`, "", "SELECT arrayMap((x, y) -> x + y, [1], [2])"},
	{"unknown-column", "error", "SELECT «q» FROM events ARRAY JOIN [1] AS n", `events has no field "q"`, "", "SELECT n FROM events ARRAY JOIN [1] AS n"},
	{"unknown-column", "error", "SELECT count() FROM events JOIN persons USING («idd»)", `no table of this query has a field "idd"`, "SELECT count() FROM events JOIN persons USING (id)", "SELECT count() FROM events JOIN persons USING (created_at)"},
	{"unknown-column", "error", "SELECT event FROM events WHERE event = «\"$pageview\"»", `events has no field "$pageview"`, "SELECT event FROM events WHERE event = '$pageview'", "SELECT event FROM events WHERE event = '$pageview'"},
	{"unknown-column", "warning", "SELECT «$nothing» FROM sessions", `sessions has no field "$nothing" that is known here`, "", "SELECT $entry_msclkid FROM sessions"},
	{"unknown-column", "warning", "SELECT «active» FROM system.feature_flags", `system.feature_flags has no field "active" that is known here`, "", "SELECT filters FROM system.feature_flags"},
	{"unknown-column", "warning", "SELECT poe.«x» FROM events", `poe has no field "x" that is known here`, "", "SELECT poe.id FROM events"},
	{"unknown-column", "warning", "SELECT «x.*» FROM events", `x.* names no table`, "", "SELECT x.* FROM persons AS x"},
	{"unknown-table", "error", "SELECT 1 FROM «evnts»", `there is no table "evnts". Close: events`, "SELECT 1 FROM events", "SELECT 1 FROM events"},
	{"unknown-table", "error", "SELECT 1 FROM «insights»", `there is no table "insights". Close: system.insights`, "SELECT 1 FROM system.insights", "SELECT 1 FROM system.insights"},
	{"unknown-table", "error", "SELECT 1 FROM «orders»", `there is no table "orders"`, "", "SELECT amount FROM stripe_charge"},
	{"unknown-table", "warning", "SELECT 1 FROM «rows»(1)", "no table function", "", "SELECT number FROM numbers(1)"},
	{"table-as-column", "error", "SELECT «person» FROM events", "person is a table, not a column", "", "SELECT person.id FROM events"},
	{"table-as-column", "error", "SELECT «poe» FROM events", "poe is a table, not a column", "", "SELECT poe.id FROM events"},
	{"star-without-table", "error", "SELECT «*»", "there is no FROM", "", "SELECT 1"},
	{"no-fields", "warning", "SELECT event.«name» FROM events", "event is a string and has no field", "", "SELECT properties.name FROM events"},
	{"unknown-window", "warning", "SELECT count() OVER «w» FROM events", `there is no WINDOW "w"`, "", "SELECT count() OVER w FROM events WINDOW w AS (ORDER BY timestamp)"},
	// what the project has
	{"unknown-event", "warning", "SELECT 1 FROM events WHERE event = «'user_singed_up'»", `no event named "user_singed_up" has been seen here. Close: user_signed_up (2310 in 30 d)`, "SELECT 1 FROM events WHERE event = 'user_signed_up'", "SELECT 1 FROM events WHERE event = 'user_signed_up'"},
	{"unknown-event", "warning", "SELECT 1 FROM events WHERE event IN ('$pageview', «'signup'»)", "Close: user_signed_up (2310 in 30 d). 0 rows may mean the wrong name", "SELECT 1 FROM events WHERE event IN ('$pageview', 'user_signed_up')", "SELECT 1 FROM events WHERE event IN ('$pageview', 'user_signed_up')"},
	{"unknown-event", "warning", "SELECT 1 FROM (SELECT event AS e FROM events) WHERE «'xyz'» = e", `no event named "xyz"`, "", "SELECT 1 FROM (SELECT event AS e FROM events) WHERE '$pageview' = e"},
	{"unknown-property", "warning", "SELECT properties.«plam» FROM events", `no event property named "plam" has been seen here`, "SELECT properties.plan FROM events", "SELECT properties.plan FROM events"},
	{"unknown-property", "warning", "SELECT person.properties[«'emial'»] FROM events", `no person property named "emial"`, "", "SELECT person.properties['email'] FROM events"},
	{"unknown-property", "warning", "SELECT properties.«emial» FROM persons", `no person property named "emial"`, "SELECT properties.email FROM persons", "SELECT properties.$virt_revenue FROM persons"},
	{"unknown-cohort", "warning", "SELECT 1 FROM events WHERE person_id IN COHORT «'Power user'»", `no cohort named "Power user" is known here. Close: Power users`, "", "SELECT 1 FROM events WHERE person_id IN COHORT 'Power users'"},
	{"unknown-cohort", "warning", "SELECT 1 FROM events WHERE person_id NOT IN COHORT «4»", "no cohort with the id 4", "", "SELECT 1 FROM events WHERE person_id NOT IN COHORT 3"},
	// functions
	{"unknown-function", "error", "SELECT «coutn»()", `HogQL has no function "coutn". Close: count`, "SELECT count()", "SELECT count()"},
	{"unknown-function", "error", "SELECT «tostring»(1)", "names of functions tell capitals. Write toString", "SELECT toString(1)", "SELECT toString(1)"},
	{"unknown-function", "error", "WITH x -> x AS f SELECT «g»(1)", `HogQL has no function "g"`, "", "WITH x -> x AS f SELECT f(1)"},
	{"argument-count", "error", "SELECT «toDate()»", "function toDate takes", "", "SELECT toDate('2026-01-01')"},
	{"argument-count", "error", "SELECT «count(1, 2)»", "aggregate count takes at most 1 argument; here are 2", "", "SELECT count(*)"},
	{"argument-count", "error", "SELECT «quantile(1)»", "aggregate quantile needs parameters", "", "SELECT quantile(0.9)(1)"},
	{"argument-count", "error", "SELECT «quantile(1, 2)(3)»", "aggregate quantile takes 1 parameter in its first parentheses; here are 2", "", "SELECT quantile(0.5)(3)"},
	{"argument-count", "warning", "SELECT «toString(2)(event)» FROM events", "function toString takes no parameters", "", "SELECT groupArray(2)(event) FROM events"},
	{"argument-count", "error", "SELECT «arrayMap(a, x -> x)» FROM (SELECT [1] AS a)", "the lambda without parentheses took the names before it as its own", "", "SELECT arrayMap((x) -> x, a) FROM (SELECT [1] AS a)"},
	{"call-of-expression", "error", "SELECT «1::Nullable(String)»", "PostHog refuses", "SELECT 1::String", "SELECT CAST(1 AS Nullable(String))"},
	{"call-of-expression", "error", "SELECT «properties.a(1)» FROM events", "only a function's plain name can be called", "", "SELECT (x -> x)(1)"},
	{"nested-aggregate", "error", "SELECT sum(«count()») FROM events", "count is an aggregate inside the aggregate sum", "", "SELECT sum(count()) OVER () FROM events"},
	{"nested-aggregate", "error", "SELECT count() AS n, max(«n») FROM events", "n is an aggregate inside the aggregate max", "", "SELECT max(n) FROM (SELECT count() AS n FROM events GROUP BY event)"},
	{"aggregate-in-where", "error", "SELECT 1 FROM events WHERE «count()» > 1", "count(…) is an aggregate and cannot stand in WHERE", "", "SELECT event FROM events GROUP BY event HAVING count() > 1"},
	{"aggregate-in-where", "error", "SELECT count() AS n FROM events WHERE «n» > 1", "n is an aggregate and cannot stand in WHERE", "", "SELECT event, count() AS n FROM events GROUP BY event HAVING n > 1"},
	{"aggregate-in-where", "error", "SELECT 1 FROM events WHERE «row_number() OVER ()» = 1", "a window function cannot stand in WHERE", "", "SELECT r FROM (SELECT row_number() OVER () AS r FROM events) WHERE r = 1"},
	{"aggregate-in-group-by", "error", "SELECT count() AS n FROM events GROUP BY «n»", "n is an aggregate and cannot stand in GROUP BY", "", "SELECT count() AS n FROM events GROUP BY event"},
	{"aggregate-in-join-on", "error", "SELECT 1 FROM events JOIN persons ON id = «max(person_id)»", "cannot stand in JOIN ON", "", "SELECT 1 FROM events JOIN persons ON id = person_id"},
	{"not-grouped", "warning", "SELECT «event», count() FROM events", "event is neither in GROUP BY nor inside an aggregate", "", "SELECT event, count() FROM events GROUP BY 1"},
	{"not-grouped", "warning", "SELECT toDate(timestamp) AS day, «timestamp», count() FROM events GROUP BY day", "timestamp is neither in GROUP BY", "", "SELECT toDate(timestamp) AS day, max(timestamp), count() FROM events GROUP BY day"},
	{"not-grouped", "warning", "SELECT event FROM events GROUP BY event HAVING «distinct_id» = ''", "distinct_id is neither in GROUP BY", "", "SELECT e.event FROM events AS e GROUP BY event ORDER BY count(), any(distinct_id)"},
	{"not-grouped", "warning", "SELECT count() FROM events ORDER BY «timestamp»", "timestamp is neither in GROUP BY", "", "SELECT event, distinct_id, count() FROM events GROUP BY GROUPING SETS ((event, distinct_id), (event)) ORDER BY event"},
	// what PostHog refuses or lowers
	{"offset", "error", "SELECT 1 LIMIT 1 OFFSET «2»", "OFFSET is refused to API keys", "", "SELECT 1 FROM events SAMPLE 1/10 OFFSET 1/2"},
	{"offset", "error", "SELECT number FROM numbers(9) LIMIT 1 OFFSET «2» BY number", "OFFSET is refused to API keys", "", "SELECT number FROM numbers(9) LIMIT 1 BY number"},
	{"offset", "error", "(SELECT 1) UNION ALL (SELECT 2) LIMIT 1 OFFSET «2»", "OFFSET is refused to API keys", "", "(SELECT 1) UNION ALL (SELECT 2) LIMIT 1"},
	{"limit-too-large", "warning", "SELECT 1 LIMIT «60000»", "LIMIT 60000 is lowered", "SELECT 1 LIMIT 50000", "SELECT 1 LIMIT 50000"},
	{"placeholder", "error", "SELECT «{nam}»", "the placeholder {nam} has no value", "", "SELECT {name}, {filters}"},
	{"placeholder", "error", "SELECT 1 FROM events WHERE event = «{variables.x}»", "the placeholder {variables} has no value", "", "SELECT 1 FROM events WHERE event = {name}"},
	{"index-zero", "error", "SELECT «[1].0»", "HogQL counts from 1", "", "SELECT [1].1"},
	{"block", "warning", "SELECT arrayMap(«x -> { return x }», [1])", "PostHog refuses it in SQL", "", "SELECT arrayMap(x -> x, [1])"},
	{"set-columns", "warning", "SELECT 1 UNION ALL «SELECT 2, 3»", "UNION ALL: 2 columns here, 1 column before", "", "SELECT 1 UNION ALL SELECT 2"},
	// time and size
	{"no-time-filter", "warning", "SELECT 1 FROM «events»", "Add: WHERE timestamp >= now() - INTERVAL 30 DAY", "SELECT 1 FROM events WHERE timestamp >= now() - INTERVAL 30 DAY", "SELECT 1 FROM events WHERE {filters}"},
	{"no-time-filter", "warning", "SELECT 1 FROM «events» WHERE event = '$pageview' LIMIT 5", "Add: AND timestamp", "SELECT 1 FROM events WHERE timestamp >= now() - INTERVAL 30 DAY AND event = '$pageview' LIMIT 5", "SELECT 1 FROM (SELECT * EXCLUDE (uuid) FROM events) WHERE timestamp > now()"},
	{"no-time-filter", "warning", "SELECT 1 FROM «events» WHERE event = 'x' OR event = 'y'", "Add: AND timestamp", "", "SELECT toDate(timestamp) AS d FROM events WHERE d > '2026-01-01'"},
	{"no-time-filter", "warning", "SELECT 1 FROM «events» AS e JOIN persons AS p ON p.id = e.person_id", "Add: WHERE e.timestamp >=", "", "SELECT 1 FROM events AS e JOIN persons AS p ON p.id = e.person_id WHERE e.timestamp > now()"},
	{"no-time-filter", "warning", "SELECT 1 FROM «sessions»", "Add: WHERE $start_timestamp >=", "SELECT 1 FROM sessions WHERE $start_timestamp >= now() - INTERVAL 30 DAY", "WITH events AS (SELECT 1) SELECT 1 FROM events"},
	{"select-star", "warning", "SELECT «*» FROM events", "name the columns that are needed", "", "SELECT * FROM persons"},
	// types
	{"type-mismatch", "warning", "SELECT 1 FROM events WHERE properties.amount > «'much'»", `the property "amount" holds numbers`, "", "SELECT 1 FROM events WHERE properties.amount > 5"},
	{"type-mismatch", "warning", "SELECT 1 FROM events WHERE properties.plan = «5»", `the property "plan" holds text`, "SELECT 1 FROM events WHERE properties.plan = '5'", "SELECT 1 FROM events WHERE properties.plan = 'pro'"},
	{"type-mismatch", "warning", "SELECT 1 FROM events WHERE properties.is_trial = «'true'»", "holds true and false", "SELECT 1 FROM events WHERE properties.is_trial = true", "SELECT 1 FROM events WHERE properties.is_trial = true"},
	{"type-mismatch", "warning", "SELECT 1 FROM events WHERE timestamp > «5»", "timestamp holds times", "", "SELECT 1 FROM events WHERE timestamp > '2026-01-01'"},
	{"type-mismatch", "warning", "SELECT 1 FROM events WHERE properties.promo_ends_at > «5»", "holds times", "", "SELECT 1 FROM events WHERE properties.promo_ends_at > now()"},
	{"in-column", "warning", "SELECT 1 FROM events WHERE «event IN (distinct_id)»", "write event = distinct_id", "", "SELECT 1 FROM events WHERE event IN ('$pageview')"},
	// accidents of the language
	{"dropped", "warning", "SELECT event FROM events LIMIT 5 ORDER BY «timestamp»", "drops ORDER BY behind LIMIT", "SELECT event FROM events ORDER BY timestamp LIMIT 5", "SELECT event FROM events ORDER BY timestamp LIMIT 5"},
	{"dropped", "warning", "SELECT event FROM events ORDER BY «event NULLS FIRST»", "drops NULLS FIRST: nulls come last", "", "SELECT event FROM events ORDER BY event NULLS LAST"},
	{"dropped", "warning", "SELECT event FROM events ORDER BY «event COLLATE 'de'»", "drops COLLATE", "", "SELECT event FROM events ORDER BY lower(event)"},
	{"dropped", "warning", "SELECT event, count() FROM events GROUP BY event «WITH ROLLUP»", "drops WITH ROLLUP", "", "SELECT event, count() FROM events GROUP BY ROLLUP(event)"},
	{"dropped", "warning", "SELECT event, count() FROM events GROUP BY event «WITH TOTALS»", "drops WITH TOTALS", "", "SELECT event, count() FROM events GROUP BY event"},
	{"dropped", "warning", "SELECT 1 FROM events NATURAL JOIN «persons»", "drops NATURAL", "", "SELECT 1 FROM events JOIN persons ON id = person_id"},
	{"dropped", "warning", "SELECT any(«event IGNORE NULLS») OVER () FROM events", "drops IGNORE NULLS", "", "SELECT any(event) OVER () FROM events"},
	{"dropped", "warning", "SELECT count() FILTER (WHERE «event = '$pageview'») OVER () FROM events", "drops FILTER before OVER", "", "SELECT countIf(event = '$pageview') OVER () FROM events"},
	{"dropped", "warning", "(SELECT 1 AS a) UNION ALL (SELECT 2) ORDER BY «a»", "drops ORDER BY behind UNION", "", "SELECT * FROM (SELECT 1 AS a UNION ALL SELECT 2) ORDER BY a"},
	{"dropped", "warning", "SELECT «e.* EXCLUDE (event)» FROM events AS e JOIN persons AS p ON p.id = e.person_id", "drops the table before * EXCLUDE", "", "SELECT e.* EXCLUDE (event) FROM events AS e"},
	{"join-condition", "warning", "SELECT 1 FROM events AS e JOIN persons AS p ON «e.timestamp > p.created_at»", "joins on equal values", "SELECT 1 FROM events AS e CROSS JOIN persons AS p WHERE e.timestamp > p.created_at", "SELECT 1 FROM events AS e JOIN persons AS p ON e.person_id = p.id AND e.timestamp > p.created_at"},
	{"coalesce-order", "warning", "SELECT event «??» 'x' = 'y' FROM events", "?? binds looser than =", "", "SELECT (event ?? 'x') = 'y', event ?? ('x' = 'y') FROM events"},
	{"not-order", "warning", "SELECT «not» (event) = 'x' FROM events", "read as a function", "", "SELECT not (event = 'x') FROM events"},
	{"lambda-names", "warning", "SELECT arrayFilter(«a, x -> x > 1», a) FROM (SELECT [1] AS a)", "takes every name before -> as its own", "", "SELECT arrayFilter((a, x) -> x > 1, a, a) FROM (SELECT [1] AS a)"},
	{"two-aliases", "warning", "SELECT event AS a «b» FROM events", "two names for one column", "", "SELECT event AS a FROM events"},
	{"property-name", "warning", "SELECT properties.«a-b», 1 AS b FROM events", "read as a subtraction", "SELECT properties.`a-b`, 1 AS b FROM events", "SELECT properties.`a-b` FROM events"},
	{"property-name", "warning", "SELECT properties.«$feature/b», 1 AS b FROM events", "read as a division", "SELECT properties.`$feature/b`, 1 AS b FROM events", "SELECT properties.amount / properties.plan FROM events"},
	{"property-name", "warning", "SELECT properties.«123abc» FROM events", "begins with a digit", "SELECT properties.`123abc` FROM events", "SELECT properties.`123abc` FROM events"},
	{"comment", "warning", "SELECT 1«--»2", "-- begins a comment", "", "SELECT 1 -- 2"},
	{"comment", "warning", "SELECT event«//»distinct_id\nFROM events", "// begins a comment", "", "SELECT event // the name\nFROM events"},
}

func TestFindings(t *testing.T) {
	t.Parallel()
	cat := catalogueOf(t, project)
	for _, c := range findings {
		t.Run(c.bad, func(t *testing.T) {
			t.Parallel()
			o := hogql.CheckOptions{Values: map[string]bool{"name": true}}
			from := strings.Index(c.bad, "«")
			to := strings.Index(c.bad, "»") - len("«")
			src := strings.NewReplacer("«", "", "»", "").Replace(c.bad)
			list := check(t, src, cat, o)
			var found *hogql.Finding
			for i := range list {
				if list[i].Code == c.code {
					found = &list[i]
					break
				}
			}
			require.NotNil(t, found, brief(src, list))
			require.Equal(t, c.severity, found.Severity.String(), brief(src, list))
			require.Contains(t, found.Message, c.message)
			require.Equal(t, src[from:to], src[found.Span.Start:found.Span.End])
			fixed := ""
			if found.Fix != nil {
				fixed = hogql.Findings{*found}.Apply(src)
			}
			if c.fixed != "" || c.code != "dropped" && c.code != "join-condition" { // those are repaired as habits where that is certain
				require.Equal(t, c.fixed, fixed)
			}
			for _, text := range []string{fixed, c.good} {
				if text != "" {
					list := check(t, text, cat, o)
					require.NotContains(t, brief(text, list), " "+c.code+" ", text)
					require.NotContains(t, brief(text, list), "error ", text)
				}
			}
		})
	}
}
