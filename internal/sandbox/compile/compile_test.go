package compile_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/chdb"
	"posthog-mcp/internal/sandbox/compile"
)

// TestGolden compares the SQL of every query in testdata/*.hogql (one a line, # begins a comment) with the
// file beside it, and has the engine run it.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "*.hogql"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			var b strings.Builder
			for line := range strings.Lines(string(text)) {
				line = strings.TrimSpace(line)
				if line == "" || strings.HasPrefix(line, "#") {
					continue
				}
				c := compiled(t, line)
				columns, err := json.Marshal(c.Columns)
				require.NoError(t, err)
				b.WriteString("-- " + line + "\n" + c.SQL + "\n" + string(columns) + " " + strings.Join(c.Tables, " ") + "\n\n")
				_, err = engine(t).Query(t.Context(), c.SQL, chdb.Settings{Database: database, TimeZone: project().TimeZone})
				require.NoError(t, err, line)
			}
			golden.Check(t, strings.TrimSuffix(file, ".hogql")+".golden", b.String())
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query, hogql, tail string
		probe              bool
		limit, offset      int64
	}{
		{"SELECT number FROM numbers(3)", "SELECT number FROM numbers(3) LIMIT 101 OFFSET 0", " LIMIT 101", true, 100, 0},
		{"SELECT number FROM numbers(3) OFFSET 2", "SELECT number FROM numbers(3) LIMIT 101 OFFSET 2", " LIMIT 101 OFFSET 2", true, 100, 2},
		{"SELECT number FROM numbers(3) LIMIT 1 BY number", "SELECT number FROM numbers(3) LIMIT 1 BY number LIMIT 101 OFFSET 0", " LIMIT 1 BY __numbers.number LIMIT 101", true, 100, 0},
		{"SELECT number FROM numbers(3) LIMIT 7", "SELECT number FROM numbers(3) LIMIT 7", " LIMIT 7", false, 0, 0},
		{"SELECT number FROM numbers(3) LIMIT 50001", "SELECT number FROM numbers(3) LIMIT 50000", " LIMIT 50000", false, 0, 0},
		{"SELECT number FROM numbers(3) LIMIT 9 OFFSET 1", "SELECT number FROM numbers(3) LIMIT 9 OFFSET 1", " LIMIT 9 OFFSET 1", false, 0, 0},
		{"SELECT number FROM numbers(3) LIMIT 1 + 1", "SELECT number FROM numbers(3) LIMIT min2(50000, 1 + 1)", " LIMIT min2(50000, plus(1, 1))", false, 0, 0},
		{"SELECT number FROM numbers(3) LIMIT 50%", "SELECT number FROM numbers(3) LIMIT 50 %", " LIMIT 0.5", false, 0, 0},
		{"SELECT 1 UNION ALL SELECT 2 LIMIT 60000", "SELECT 1 LIMIT 100 UNION ALL SELECT 2 LIMIT 50000", "(SELECT 1 AS `1` LIMIT 100) UNION ALL (SELECT 2 AS `2` LIMIT 50000)", false, 0, 0},
		{"(SELECT 1 UNION ALL SELECT 2 OFFSET 1) UNION ALL (SELECT 3) LIMIT 60000", "", ") LIMIT 50000", false, 0, 0},
		{"SELECT n FROM (SELECT number AS n FROM numbers(3)) LIMIT 5", "SELECT n FROM (SELECT number AS n FROM numbers(3)) LIMIT 5", "AS __subquery LIMIT 5", false, 0, 0},
	} {
		got := compiled(t, c.query)
		require.True(t, strings.HasSuffix(got.SQL, c.tail), "%s\n%s", c.query, got.SQL)
		if c.hogql != "" {
			require.Equal(t, c.hogql, got.HogQL)
		}
		require.Equal(t, c.probe, got.Probe, c.query)
		require.Equal(t, []int64{c.limit, c.offset}, []int64{got.Limit, got.Offset}, c.query)
		again, err := hogql.Parse(got.HogQL)
		require.NoError(t, err)
		require.Equal(t, got.HogQL, hogql.Print(again))
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	// ‹…› marks the span that the error points at
	for _, c := range []struct{ query, message string }{
		{"SELECT 1 FROM ‹evnts›", "Unknown table `evnts`. Did you mean: events?"},
		{"SELECT 1 FROM ‹system.zebra›", "Unknown table `system.zebra`."},
		{"SELECT 1 FROM ‹file›('/etc/hostname')", "Unknown table `file`."},
		{"SELECT 1 FROM ‹system.experiments›", "You don't have access to table `system.experiments`."},
		{"SELECT ‹foo› FROM events", "Unable to resolve field: foo"},
		{"SELECT e.‹foo› FROM events e", "Unable to resolve field: foo"},
		{"SELECT ‹timestmp› FROM events", "Unable to resolve field: timestmp. Did you mean: timestamp?"},
		{"SELECT ‹e›.event FROM events", "Unable to resolve field: e"},
		{"SELECT person.‹nope› FROM events", "Field not found: nope"},
		{"SELECT poe.‹nope› FROM events", "Field not found: nope"},
		{"SELECT ‹person› FROM events", "Can't select a table when a column is expected: person"},
		{"SELECT ‹poe› FROM events", "Can't select a table when a column is expected: poe"},
		{"SELECT ‹events› FROM events", "Can't select a table when a column is expected: events"},
		{"SELECT ‹e.person› FROM events e", "Can't select a table when a column is expected: e.person"},
		{"SELECT ‹x› FROM (SELECT event FROM events)", "Unable to resolve field: x"},
		{"SELECT (SELECT count() FROM events WHERE event = ‹e›.event) FROM events AS e", "Unable to resolve field: e"},
		{"SELECT event.‹x› FROM events", "Can not access property \"x\" on field \"event\"."},
		{"SELECT ‹hamburger›(1)", "Unsupported function call 'hamburger(...)'"},
		{"SELECT ‹toStrin›(1)", "Unsupported function call 'toStrin(...)'. Perhaps you meant 'toString(...)'?"},
		{"SELECT ‹percentile_cont›(0.5)", "Aggregation 'percentile_cont' requires WITHIN GROUP (ORDER BY …)"},
		{"SELECT ‹sum›(0.5) WITHIN GROUP (ORDER BY 1)", "Aggregation 'sum' does not take WITHIN GROUP (ORDER BY …)"},
		{"SELECT ‹toInt›(1, 2)", "Function 'toInt' expects 1 argument, found 2"},
		{"SELECT ‹count›(1, 2)", "Aggregation 'count' expects at most 1 argument, found 2"},
		{"SELECT ‹sum›()", "Aggregation 'sum' expects 1 argument, found 0"},
		{"SELECT ‹quantile›(1)", "Aggregation 'quantile' requires parameters in addition to arguments"},
		{"SELECT ‹quantile›(0.1, 0.2)(1)", "Aggregation 'quantile' expects 1 parameter, found 2"},
		{"SELECT ‹sum›(1)(2)", "Aggregation 'sum' expects 0 parameters, found 1"},
		{"SELECT avg(‹sum(1)›)", "Aggregation 'sum' cannot be nested inside another aggregation 'avg'."},
		{"SELECT ‹row_number()› FROM events", "Function 'row_number' is a window function: write OVER (…) behind it"},
		{"SELECT ‹*›", "Cannot use '*' when there are no tables in the query"},
		{"SELECT ‹x›.* FROM events", "Unable to resolve field: x"},
		{"SELECT * EXCLUDE (‹x›) FROM events", "Unable to resolve field: x"},
		{"SELECT COLUMNS(* REPLACE (1 AS ‹x›)) FROM events", "Unable to resolve field: x"},
		{"SELECT COLUMNS(‹'('›) FROM events", "Invalid regular expression in COLUMNS: ("},
		{"SELECT ‹COLUMNS('zzz')› FROM events", "No columns match zzz"},
		{"SELECT 1 + ‹*› FROM events", "Cannot use '*' here: it stands for columns in a SELECT list or in count(*)"},
		{"SELECT ‹{name}›", "Unresolved placeholder: {name}"},
		{"SELECT 1 FROM ‹{name}›", "Unresolved placeholder: {name}"},
		{"SELECT ‹{'a': 1}›", "Dicts are not supported in SQL: use map('key', value) or tuple(…)"},
		{"SELECT ‹a.b(1)›", "You can only call simple functions in HogQL, not expressions"},
		{"SELECT ‹n› FROM (SELECT 1 AS n) a JOIN (SELECT 1 AS n) b ON a.n = b.n", "Ambiguous query. Found multiple sources for field: n"},
		{"SELECT 1 FROM ‹events PIVOT (count() FOR event IN ('a'))›", "PIVOT is not supported"},
		{"SELECT 1 FROM ‹events UNPIVOT (a FOR b IN (event))›", "UNPIVOT is not supported"},
		{"WITH RECURSIVE ‹x AS (SELECT 1)› SELECT 1 FROM x", "Recursive CTEs are not supported"},
		{"WITH x AS (SELECT 1 AS a) SELECT ‹x›.a FROM events", "Cannot access fields on CTE x yet"},
		{"WITH x (a, b) AS (SELECT 1) SELECT a FROM x", "`x` has 1 columns, but 2 names are given"},
		{"SELECT person_id IN COHORT ‹9› FROM events", "Could not find cohort with ID 9"},
		{"SELECT person_id IN COHORT ‹'No'› FROM events", "Could not find a cohort with the name \"No\""},
		{"SELECT person_id IN COHORT ‹event› FROM events", "IN COHORT takes the id or the name of a cohort"},
		{"SELECT matchesAction(‹'No'›) FROM events", "Could not find an action with the name \"No\""},
		{"SELECT matchesAction(‹99›) FROM events", "Could not find action with ID 99"},
		{"SELECT matchesAction(‹event›) FROM events", "matchesAction takes the id or the name of an action"},
		{"SELECT [1][‹0›]", "SQL indexes start from one, not from zero. E.g: array.1"},
		{"SELECT ‹properties.0› FROM events", "SQL indexes start from one, not from zero. E.g: array.1"},
		{"SELECT properties.list[‹0›] FROM events", "SQL indexes start from one, not from zero. E.g: array.1"},
		{"SELECT ‹`a%b`› FROM events", "The HogQL identifier \"a%b\" is not permitted as it contains the \"%\" character"},
		{"SELECT event AS ‹`a%b`› FROM events", "The HogQL identifier \"a%b\" is not permitted as it contains the \"%\" character"},
		{"SELECT ‹embedText›('a')", "Function 'embedText' is part of PostHog but not of this sandbox"},
		{"SELECT 1 FROM ‹bill›", "Unknown table `bill`. Did you mean: bills?"},
		{"SELECT 1 FROM broken", "The view `broken` cannot be read: its query is not valid"},
		{"SELECT 1 FROM events JOIN looping ON 1 = 1", "The view `looping` cannot be read: its query is not valid"},
		{"SELECT ‹x› FROM totals", "Unable to resolve field: x"},
		{"SELECT ‹to_char›(now(), 'YYYY')", "Function 'to_char' is part of PostHog but not of this sandbox"},
		{"SELECT arrayReduce(‹'file'›, [1])", "arrayReduce takes the name of an aggregate such as 'sum', 'max' or 'uniq' as its first argument"},
		{"SELECT CAST(1 AS ‹Blob›)", "Unsupported type in a cast: blob"},
		{"SELECT 1 UNION ALL ‹SELECT 1, 2›", "The members of UNION ALL return different numbers of columns: 1 and 2"},
		{"SELECT 1 FROM events e JOIN ‹persons p›", "JOIN needs a condition: add ON or USING, or write CROSS JOIN"},
		{"SELECT 1 FROM events JOIN persons USING (‹event›)", "Unable to resolve field: event"},
		{"SELECT 1 FROM events e JOIN persons ‹e› ON 1 = 1", "Already have joined a table called \"e\". Can't redefine."},
		{"SELECT ‹#2›", "#2 is not a column of the SELECT list, which has 0"},
		{"SELECT ‹x := 1›", "Named arguments are not supported here: x"},
		{"SELECT dateAdd(‹'eon'›, 1, now())", "dateAdd takes a unit such as 'day' as its first argument"},
		{"SELECT date_part(‹'eon'›, now())", "date_part takes a part such as 'year' or 'hour' and a time"},
		{"SELECT number FROM numbers(5) LIMIT ‹0›%", "LIMIT n% needs a number above 0 and up to 100"},
		{"SELECT sum(‹x› ORDER BY x) FROM events", "Unable to resolve field: x"},
		{"SELECT ‹sum(1 ORDER BY event)› FROM events", "ORDER BY inside sum is not supported"},
		{"SELECT groupArray(event ORDER BY event, ‹timestamp DESC›) FROM events", "ORDER BY inside groupArray sorts in one direction only"},
	} {
		source, want := c.query, hogql.Span{}
		if start := strings.Index(source, "‹"); start >= 0 {
			source = strings.Replace(source, "‹", "", 1)
			want = hogql.Span{Start: int32(start), End: int32(strings.Index(source, "›"))}
			source = strings.Replace(source, "›", "", 1)
		}
		q, err := hogql.Parse(source)
		require.NoError(t, err, source)
		p := project()
		p.Scopes = func(scope string) bool { return scope != "experiment" }
		_, err = compile.Compile(q, p, compile.Options{})
		e, ok := errors.AsType[*compile.Error](err)
		require.True(t, ok, "%s: %v", source, err)
		require.Equal(t, c.message, e.Message, source)
		require.Equal(t, "hogql_query_error", e.Code)
		require.Equal(t, e.Message, e.Error())
		if want.End > 0 {
			require.Equal(t, want, e.Span, "%s points at %q", source, source[e.Span.Start:e.Span.End])
		}
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	p := project()
	for _, table := range []string{"tables", "columns"} {
		q, err := hogql.Parse("SELECT table_name FROM system.information_schema." + table)
		require.NoError(t, err)
		p.Scopes = nil
		c, err := compile.Compile(q, p, compile.Options{PersonalKey: true})
		require.NoError(t, err)
		require.Contains(t, c.SQL, "'system.experiments'")
		p.Scopes = func(scope string) bool { return scope != "experiment" }
		c, err = compile.Compile(q, p, compile.Options{PersonalKey: true})
		require.NoError(t, err)
		require.NotContains(t, c.SQL, "'system.experiments'")
		require.Contains(t, c.SQL, "'system.feature_flags'")
	}
}

func TestOffsetIsRefusedToPersonalKeys(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		"SELECT 1 OFFSET 1", "SELECT 1 LIMIT 1 OFFSET 1", "SELECT 1 FROM (SELECT 1 LIMIT 1 OFFSET 1)", "SELECT 1 UNION ALL SELECT 1 LIMIT 1 OFFSET 1",
		"(SELECT 1 UNION ALL SELECT 2) LIMIT 1 OFFSET 1", "SELECT event FROM events LIMIT 1 OFFSET 1 BY event", "SELECT number FROM numbers(3) LIMIT 1, 1",
	} {
		q, err := hogql.Parse(source)
		require.NoError(t, err)
		_, err = compile.Compile(q, project(), compile.Options{})
		require.NoError(t, err, source)
		_, err = compile.Compile(q, project(), compile.Options{PersonalKey: true})
		require.ErrorContains(t, err, "OFFSET is not supported for personal API keys", source)
		require.ErrorContains(t, err, "timestamp")
	}
	q, err := hogql.Parse("SELECT count() FROM events SAMPLE 0.1 OFFSET 0.5")
	require.NoError(t, err)
	_, err = compile.Compile(q, project(), compile.Options{PersonalKey: true})
	require.NoError(t, err)
}

func TestZones(t *testing.T) {
	t.Parallel()
	q, err := hogql.Parse("SELECT timestamp FROM events")
	require.NoError(t, err)
	p := project()
	for zone, want := range map[string]string{"": "SELECT __events.`timestamp` AS", "Europe/Berlin": "SELECT toTimeZone(__events.`timestamp`, 'Europe/Berlin') AS"} {
		p.TimeZone = zone
		c, err := compile.Compile(q, p, compile.Options{})
		require.NoError(t, err)
		require.Contains(t, c.SQL, want)
	}
	c, err := compile.Compile(q, p, compile.Options{ZoneUTC: true})
	require.NoError(t, err)
	require.NotContains(t, c.SQL, "Berlin")
	p.TimeZone = "Mars/Olympus"
	_, err = compile.Compile(q, p, compile.Options{})
	require.ErrorContains(t, err, `time zone "Mars/Olympus" is not known`)
}

// TestTextStaysText sends hostile texts through a literal and a name: they come back as they were.
func TestTextStaysText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"'", `\`, `\'`, "'; DROP TABLE events; --", "a\x00b", "\x1b[31m\b\f\v", "`", "\"", "{x}", "%s", "/* */", "\r\n\t", "é\u202e✓", "X, Y"} {
		q := &hogql.Select{Columns: []hogql.Expr{
			hogql.Str(text), hogql.As(hogql.Eq(hogql.Str(text), hogql.Fn("toNullable", hogql.Str(text))), "same"),
			hogql.Fn("JSONExtractString", hogql.Fn("toJSONString", hogql.Fn("map", hogql.Str(text), hogql.Str("v"))), hogql.Str(text)),
		}}
		c, err := compile.Compile(q, project(), compile.Options{})
		require.NoError(t, err)
		r, err := engine(t).Query(t.Context(), c.SQL, chdb.Settings{Database: database})
		require.NoError(t, err, c.SQL)
		want, err := json.Marshal([]any{text, 1, "v"})
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(r.Rows[0]))
	}
	_, err := compile.Compile(&hogql.Select{Columns: []hogql.Expr{&hogql.Number{Text: "1 FROM events"}}}, project(), compile.Options{})
	require.ErrorContains(t, err, `"1 FROM events" is not a number`)
	for _, name := range []string{"a`b", `a\b`, "__events", "select", "a b", "'", "a.b", "é"} {
		q := &hogql.Select{
			Columns: []hogql.Expr{hogql.As(hogql.Ref("event"), name), hogql.Fn("upper", hogql.Ref(name))},
			From:    []*hogql.Join{{Table: &hogql.TableName{Chain: []hogql.Ident{{Name: "events"}}}, Alias: &hogql.Ident{Name: "t " + name}}},
			Where:   hogql.Eq(hogql.Ref("t "+name, "distinct_id"), hogql.Str("ann")),
		}
		c, err := compile.Compile(q, project(), compile.Options{})
		require.NoError(t, err, name)
		r, err := engine(t).Query(t.Context(), c.SQL, chdb.Settings{Database: database})
		require.NoError(t, err, c.SQL)
		require.Equal(t, `["pay","PAY"]`, string(r.Rows[0]), name)
		require.Equal(t, name, c.Columns[0])
	}
}

// corpus returns the SELECTs of the corpus that PostHog's parser takes.
func corpus(tb testing.TB) []string {
	tb.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "testdata", "hogql", "own.jsonl"))
	require.NoError(tb, err)
	defer func() { require.NoError(tb, f.Close()) }()
	var out []string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var entry struct {
			Rule, Text string
			OK         bool
		}
		require.NoError(tb, json.Unmarshal(lines.Bytes(), &entry))
		if !entry.OK {
			continue
		}
		if entry.Rule == "expr" {
			entry.Text = "SELECT " + entry.Text + " FROM events"
		}
		out = append(out, entry.Text)
	}
	require.NoError(tb, lines.Err())
	return out
}

// TestCorpus compiles whatever parses: it becomes SQL or an *Error. The engine must be able to read all of
// the SQL; it may find its types wrong.
func TestCorpus(t *testing.T) {
	t.Parallel()
	var runs, read int
	for _, text := range corpus(t) {
		q, err := hogql.Parse(text)
		if err != nil {
			continue
		}
		read++
		if tryCompile(t, q) {
			runs++
		}
	}
	require.Greater(t, read, 3000)
	require.Greater(t, runs, 300)
}

// tryCompile compiles a query and has the engine read what comes out; false without SQL.
func tryCompile(t *testing.T, q hogql.Query) bool {
	t.Helper()
	c, err := compile.Compile(q, project(), compile.Options{})
	if err != nil {
		e, ok := errors.AsType[*compile.Error](err)
		require.True(t, ok, "%v", err)
		require.NotEmpty(t, e.Message)
		require.LessOrEqual(t, e.Span.Start, e.Span.End)
		return false
	}
	_, err = engine(t).Query(t.Context(), c.SQL, chdb.Settings{Database: database, TimeZone: project().TimeZone, MaxRows: 100000})
	if e, ok := errors.AsType[*chdb.Error](err); ok {
		for _, name := range []string{"SYNTAX_ERROR", "UNKNOWN_IDENTIFIER", "UNKNOWN_TABLE", "UNKNOWN_FUNCTION", "ACCESS_DENIED", "READONLY"} {
			require.NotEqual(t, name, e.Name, "%s\n%s\n%s", hogql.Print(q), c.SQL, e.Message)
		}
	} else {
		require.NoError(t, err)
	}
	return true
}

func FuzzCompile(f *testing.F) {
	for i, text := range corpus(f) {
		if i%20 == 0 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := hogql.Parse(text)
		if err != nil || len(text) > 500 {
			return
		}
		tryCompile(t, q)
	})
}

func BenchmarkCompile(b *testing.B) {
	q, err := hogql.Parse("SELECT person.properties.email, properties.$browser, count() AS n FROM events WHERE timestamp > now() - INTERVAL 7 DAY GROUP BY 1, 2 ORDER BY n DESC")
	require.NoError(b, err)
	for b.Loop() {
		_, err := compile.Compile(q, project(), compile.Options{})
		require.NoError(b, err)
	}
}

// TestFunctionsExist calls every function of the table: the engine must have what is not refused.
func TestFunctionsExist(t *testing.T) {
	t.Parallel()
	refused := 0
	for _, name := range hogql.FunctionNames() {
		f, ok := hogql.LookupFunction(name)
		require.True(t, ok)
		call := hogql.Fn(name)
		text := "1"
		switch name {
		case "JSONExtract", "accurateCast", "accurateCastOrNull":
			text = "String" // the name of a type
		}
		for range max(f.MinArgs, min(1, f.MaxArgs*f.MaxArgs)) { // one where none is needed, but some are possible
			call.Args = append(call.Args, hogql.Str(text))
		}
		if f.WithinGroup {
			call.Within = []*hogql.Order{{X: hogql.Str(text)}}
		}
		for range f.MinParams {
			call.HasParam, call.Params = true, append(call.Params, hogql.Float(0.5))
		}
		if f.Window {
			call.Over = &hogql.Over{Spec: &hogql.Window{}}
		}
		c, err := compile.Compile(&hogql.Select{Columns: []hogql.Expr{call}}, project(), compile.Options{})
		if err != nil {
			refused++
			continue
		}
		_, err = engine(t).Query(t.Context(), c.SQL, chdb.Settings{Database: database})
		if e, ok := errors.AsType[*chdb.Error](err); ok {
			require.NotContains(t, []string{"UNKNOWN_FUNCTION", "UNKNOWN_AGGREGATE_FUNCTION", "SYNTAX_ERROR", "FUNCTION_NOT_ALLOWED"}, e.Name, "%s: %s", name, e.Message)
		}
	}
	require.Less(t, refused, 60)
}
