package hogql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
)

// Queries about which there is nothing to say: every way to give a name, and to reach a column.
var faultless = []string{
	"SELECT event, count() AS n FROM events WHERE timestamp >= now() - INTERVAL 7 DAY GROUP BY event HAVING n > 5 ORDER BY n DESC LIMIT 10",
	"WITH days AS (SELECT toDate(timestamp) AS day, person_id FROM events WHERE timestamp > '2026-01-01'), 7 AS size SELECT day, uniq(person_id) AS people, size FROM days GROUP BY day ORDER BY day",
	"SELECT a.day, b.n FROM (SELECT toDate(timestamp) AS day FROM events WHERE {filters}) AS a LEFT JOIN (SELECT toDate(created_at) AS day, count() AS n FROM persons GROUP BY day) AS b ON a.day = b.day",
	"SELECT person.properties.email, session.$session_duration, group_0.properties.name, company.properties.name, poe.properties.email, pdi.person.id, charge.amount FROM events WHERE timestamp > now() - INTERVAL 1 DAY",
	"SELECT x, y FROM (SELECT [1, 2] AS xs, [3, 4] AS ys) ARRAY JOIN xs AS x, ys AS y",
	"SELECT arrayMap((x, i) -> x * i + size, [1, 2], [3, 4]), arrayFilter(x -> x > 1, [1]) FROM (SELECT 3 AS size)",
	"SELECT event, row_number() OVER w AS r, sum(count()) OVER (ORDER BY event ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM events WHERE timestamp > now() GROUP BY event WINDOW w AS (PARTITION BY event ORDER BY event)",
	"SELECT lower(event) AS event, timestamp FROM events WHERE timestamp > now() ORDER BY event",
	"SELECT if(event = '$pageview', 'view', 'other') AS what, count() FROM events WHERE timestamp > now() GROUP BY what",
	"SELECT number + 1 AS n FROM numbers(10) WHERE n > 3",
	"SELECT s.id, s.amount FROM stripe_charge AS s UNION ALL SELECT 'x', 1",
	"SELECT system.cohorts.name, cohorts.id FROM system.cohorts WHERE deleted = 0",
	"SELECT e.event FROM posthog.events AS e WHERE e.timestamp > now()",
	"SELECT person_id FROM events WHERE timestamp > now() AND person_id IN (SELECT person_id FROM cohort_people WHERE cohort_id = 3) AND person_id IN COHORT 'Power users'",
	"WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r",
	"WITH ids AS (SELECT person_id FROM cohort_people) SELECT count() FROM events WHERE timestamp > now() AND person_id IN ids",
	"SELECT * EXCLUDE (uuid), properties.plan AS p FROM events WHERE timestamp > now() AND p = 'pro' LIMIT 1 BY p",
	"SELECT COLUMNS('^\\\\$'), * EXCLUDE (id) FROM sessions WHERE $start_timestamp > now()",
	"SELECT quantile(0.9)(properties.amount) AS p90, countIf(event = '$pageview' AND properties.is_trial = true) FROM events WHERE timestamp > now()",
	"SELECT event, distinct_id, count() FROM events WHERE timestamp > now() GROUP BY (event, distinct_id)",
	"SELECT {name} AS x, properties[{name}] FROM events WHERE timestamp > now() AND event = {name}",
	"SELECT tuple(1, 2).1, [1, 2][1], (1, 'a').2",
	"SELECT n FROM (SELECT 1 AS n UNION ALL BY NAME SELECT 2 AS m)",
	"SELECT 1 FROM (VALUES (1, 2)) AS v (a, b) WHERE a = 1",
	"SELECT max(day) FROM (SELECT toDate(timestamp) AS day FROM events) WHERE day > today()",
}

func TestFaultlessQueries(t *testing.T) {
	t.Parallel()
	cat := catalogueOf(t, project)
	for _, src := range faultless {
		list := check(t, src, cat, hogql.CheckOptions{Values: map[string]bool{"name": true}})
		if strings.Contains(src, "AS day FROM events) WHERE day") {
			require.Len(t, list, 1, brief(src, list)) // the inner query is read whole: the outer bound does not name the time
			continue
		}
		require.Empty(t, list, "%s\n%s", src, brief(src, list))
	}
}

// What the catalogue does not have to know is not judged.
func TestWithoutAProjectsCatalogue(t *testing.T) {
	t.Parallel()
	o := hogql.CheckOptions{}
	src := "SELECT charge.amount, properties.anything FROM events AS e JOIN revenue ON true = true WHERE event = 'anything' AND timestamp > now() AND person_id IN COHORT 'x'"
	list := check(t, src, hogql.BuiltIn(), o)
	require.Equal(t, `warning unknown-table 1:65 revenue: PostHog has no table "revenue" of its own: it must be a warehouse table or a view of the project`+"\n", brief(src, list))
	for _, f := range list {
		require.Equal(t, hogql.Warning, f.Severity, f.Message)
	}

	// A misspelt table may be one of the project's own, unless nobody else will look.
	src = "SELECT 1 FROM evnts"
	require.Contains(t, brief(src, check(t, src, hogql.BuiltIn(), o)), `warning unknown-table 1:15 evnts: PostHog has no table "evnts" of its own: it must be a warehouse table or a view of the project. Close: events`)
	require.Contains(t, brief(src, check(t, src, hogql.BuiltIn(), hogql.CheckOptions{Offline: true})), `error unknown-table 1:15 evnts: there is no table "evnts". Close: events`)
	src = "SELECT 1 FROM stripe_charge"
	require.Contains(t, brief(src, check(t, src, hogql.BuiltIn(), hogql.CheckOptions{Offline: true})), "warning unknown-table 1:15")
	src = "SELECT 1 FROM t, where x"
	require.Contains(t, brief(src, check(t, src, hogql.BuiltIn(), o)), "WHERE is read as the name of a table here")
	src = "SELECT 1 FROM numbers"
	require.Contains(t, brief(src, check(t, src, hogql.BuiltIn(), o)), "numbers is a table function: write numbers(10)")

	// Values may come later.
	src = "SELECT {name}, {variables.x}, {filters}"
	require.Equal(t, "warning placeholder 1:8 {name}: the placeholder {name} needs a value when the query runs\n"+
		"warning placeholder 1:16 {variables.x}: {variables.x} has a value only where PostHog runs the query as a saved insight\n", brief(src, check(t, src, hogql.BuiltIn(), o)))

	// OFFSET is for those who may.
	src = "SELECT 1 LIMIT 2 OFFSET 3"
	require.Empty(t, check(t, src, hogql.BuiltIn(), hogql.CheckOptions{Offset: true}))

	// A built tree has no source, and its findings no place.
	q, err := hogql.Parse("SELECT evnt FROM events")
	require.NoError(t, err)
	f, ok := hogql.Check(q, hogql.BuiltIn(), o).Problem()
	require.True(t, ok)
	require.Zero(t, f.Line)
	require.Nil(t, f.Fix)
}

func TestFindingsAreErrorsWithAPlace(t *testing.T) {
	t.Parallel()
	src := "SELECT 'é',\n  evnt\nFROM events"
	f, ok := check(t, src, hogql.BuiltIn(), hogql.CheckOptions{}).Problem()
	require.True(t, ok)
	require.Equal(t, []int{2, 3}, []int{f.Line, f.Column})
	require.Equal(t, []string{"event"}, f.Nearest)
	require.EqualError(t, f.Err(src), "line 2, column 3: events has no field \"evnt\". Close: event\n    evnt\n    ^")
	_, ok = hogql.Findings{{Severity: hogql.Warning}}.Problem()
	require.False(t, ok)
}

func TestFixesAreMadeTogether(t *testing.T) {
	t.Parallel()
	src := "SELECT evnt, tostring(1) FROM events WHERE evnt = \"x\" LIMIT 60000"
	list := check(t, src, hogql.BuiltIn(), hogql.CheckOptions{})
	fixed := list.Apply(src)
	require.Equal(t, "SELECT event, toString(1) FROM events WHERE timestamp >= now() - INTERVAL 30 DAY AND event = 'x' LIMIT 50000", fixed)
	require.Empty(t, check(t, fixed, hogql.BuiltIn(), hogql.CheckOptions{}))
	overlapping := hogql.Findings{{Fix: &hogql.Edit{Span: hogql.Span{Start: 0, End: 3}, Text: "a"}}, {Fix: &hogql.Edit{Span: hogql.Span{Start: 2, End: 4}, Text: "b"}}, {Fix: &hogql.Edit{Span: hogql.Span{Start: 9, End: 99}, Text: "c"}}}
	require.Equal(t, "ad", overlapping.Apply("xyzd"))
}

func TestCheckExpr(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"properties.plan = 'pro' AND timestamp > now()": "",
		"evnt = 'x'":            "warning unknown-column 1:1 evnt: events has no field \"evnt\". Close: event\n",
		"toDate(a) AS b, b > 1": "",
		"sum(count())":          "error nested-aggregate 1:5 count(): count is an aggregate inside the aggregate sum: compute it in a subquery first\n",
		"event IN (SELECT b FROM (SELECT 1 AS a))": "error unknown-column 1:18 b: the subquery has no field \"b\"\n",
	} {
		x, err := hogql.ParseExpr(src)
		if err != nil {
			continue
		}
		require.Equal(t, want, brief(src, hogql.CheckExpr(x, hogql.BuiltIn(), hogql.CheckOptions{Source: src})))
	}
}

func TestReadCatalogue(t *testing.T) {
	t.Parallel()
	c := catalogueOf(t, project)
	require.True(t, c.Complete)
	require.Equal(t, int64(2310), c.Events["user_signed_up"])
	require.Equal(t, "Numeric", c.Properties["event"]["amount"])
	require.Equal(t, int64(3), c.Cohorts["Power users"])
	require.Equal(t, "timestamp", c.Tables["events"].Time, "PostHog's own tables stay")
	require.Nil(t, hogql.BuiltIn().Events)
	require.NotContains(t, hogql.BuiltIn().Tables, "stripe_charge", "the built-in catalogue is not changed")
	for _, col := range hogql.BuiltIn().Tables["events"].Columns {
		require.NotEqual(t, "charge", col.Name)
	}

	kinds := catalogueOf(t, `{"catalogue":{"tables":[{"name":"v","columns":[{"name":"a","type":"virtual_table","names":["b"]},{"name":"c","type":"field_traverser","chain":["a","b"]},
		{"name":"d","type":"view"},{"name":"e","type":"expression"},{"name":"loop","type":"field_traverser","chain":["loop","x"]}]},{"name":"w","columns":null}]}}`)
	for src, want := range map[string]string{
		"SELECT a.b, c, d.anything, e.x FROM v": "",
		"SELECT a FROM v":                       "error table-as-column 1:8 a: a is a table, not a column: name a column of it | a.…\n",
		"SELECT loop.x FROM v":                  "",
		"SELECT anything FROM w":                "",
		"SELECT b FROM v":                       "warning unknown-column 1:8 b: v has no field \"b\" that is known here\n",
	} {
		require.Equal(t, want, brief(src, check(t, src, kinds, hogql.CheckOptions{})), src)
	}
	for text, want := range map[string]string{
		"[":                "read catalogue: unexpected end of JSON input",
		`{"items":[]}`:     `the JSON has no member "catalogue"; posthog-mcp objects --json, without a search, writes it`,
		`{"catalogue":[]}`: "read catalogue: json: cannot unmarshal array",
	} {
		_, err := hogql.ReadCatalogue([]byte(text))
		require.ErrorContains(t, err, want)
	}
}

// Every table of the built-in catalogue has columns or says that they are not known, and joins lead to tables.
func TestBuiltInCatalogue(t *testing.T) {
	t.Parallel()
	c := hogql.BuiltIn()
	require.Greater(t, len(c.Tables), 100)
	for name, table := range c.Tables {
		require.Equal(t, name, table.Name)
		require.NotEqual(t, table.Open, len(table.Columns) > 0, name)
		names := map[string]bool{}
		for _, col := range table.Columns {
			require.False(t, names[col.Name], "%s.%s twice", name, col.Name)
			names[col.Name] = true
			if col.Table != "" {
				require.Contains(t, c.Tables, col.Table, name)
			}
		}
		if table.Time != "" {
			require.True(t, names[table.Time], name)
		}
	}
}

// FuzzCheck: no text makes the checker fail, every place is inside the text, every edit leaves a text that
// can be read by the scanner, and what was printed from the tree is judged alike.
func FuzzCheck(f *testing.F) {
	for _, c := range findings {
		f.Add(strings.NewReplacer("«", "", "»", "").Replace(c.bad))
		f.Add(c.good)
	}
	for _, src := range faultless {
		f.Add(src)
	}
	cat := catalogueOf(f, project)
	f.Fuzz(func(t *testing.T, src string) {
		q, err := hogql.Parse(src)
		if err != nil {
			return
		}
		list := hogql.Check(q, cat, hogql.CheckOptions{Source: src})
		for _, found := range list {
			if found.Span.Start < 0 || found.Span.Start > found.Span.End || int(found.Span.End) > len(src) || found.Line < 1 || found.Column < 1 {
				t.Fatalf("%q: %+v", src, found)
			}
		}
		_ = list.Apply(src)
		_, bad := hogql.Check(q, cat, hogql.CheckOptions{}).Problem()
		printed := hogql.Print(q)
		again, err := hogql.Parse(printed)
		if err != nil {
			t.Fatalf("%q prints as %q: %v", src, printed, err)
		}
		if _, stillBad := hogql.Check(again, cat, hogql.CheckOptions{}).Problem(); bad != stillBad {
			t.Fatalf("%q is judged %v, printed as %q %v", src, bad, printed, stillBad)
		}
	})
}

// Aliases of aliases, and thousands of mistakes, cost no more than their text.
func TestCheckIsNoBurden(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("SELECT count() AS n, event + event AS a0")
	for i := range 60 { // looked into one by one, not 2^60 times
		fmt.Fprintf(&b, ", a%d + a%d AS a%d", i, i, i+1)
	}
	b.WriteString(" FROM events WHERE a60 > 1 AND a60 < 5")
	src := b.String()
	require.Contains(t, brief(src, check(t, src, hogql.BuiltIn(), hogql.CheckOptions{})), "warning not-grouped 1:22 event")

	src = "SELECT " + strings.Repeat("evnt, ", 5000) + "1 FROM events WHERE timestamp > now()"
	require.Len(t, check(t, src, hogql.BuiltIn(), hogql.CheckOptions{}), 100)
	require.Len(t, check(t, src, hogql.BuiltIn(), hogql.CheckOptions{Most: 3}), 3)

	b.Reset()
	b.WriteString("WITH c0 AS (SELECT 1 AS a, 2 AS b)")
	for i := range 60 {
		fmt.Fprintf(&b, ", c%d AS (SELECT *, * FROM c%d)", i+1, i)
	}
	src = b.String() + " SELECT a, missing FROM c60"
	require.Empty(t, check(t, src, hogql.BuiltIn(), hogql.CheckOptions{}), "of so many columns one may be the missing one")
}
