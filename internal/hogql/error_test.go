package hogql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/hogql"
)

// wrong are queries as people and models write them, each with one slip.
func wrong() []string {
	return []string{
		"SELECT event, count( FROM events",
		"SELECT count() FROM events WHERE timestamp > now() - INTERVAL 7 DAYS",
		"SELECT count() FROM events WHERE timestamp > now() - INTERVAL '7 DAYS'",
		`SELECT match(event, '\d+\.x') FROM events`,
		"SELECT a FROM events WHERE a<b and c>d",
		"FROM events SELECT event",
		"SELECT a FROM t WHERE x = 1 GROUP BY a WHERE y = 2",
		"SELECT a FROM t GROUP BY a WHERE y = 2",
		"SELECT a FROM t LIMIT 10 WHERE a = 1",
		"SELECT 1; SELECT 2",
		"SELECT a && b FROM t",
		"SELECT !a FROM t",
		"SELECT a ** 2",
		"SELECT a ^ 2",
		"SELECT f(x => 1)",
		"SELECT a => 1",
		"SELECT EXTRACT(YEAR FROM timestamp) FROM events",
		"SELECT DATE '2024-01-01'",
		"SELECT event FROM events WHERE event = user signed up",
		"SELECT 'it's' FROM t",
		"SELECT a FROM t WHERE x IS TRUE",
		"SELECT timestamp AT TIME ZONE 'UTC' FROM events",
		"SELECT e.timestamp AT TIME ZONE 'UTC' FROM events e",
		"SELECT a @ b",
		"SELECT é",
		"SELECT a FROM t ORDER BY a,",
		"SELECT a FROM t ORDER a",
		"SELECT a count() FROM t",
		"SELECT a b c FROM t",
		"SELECT TOP 10 a FROM t",
		"WITH x AS 1 SELECT x",
		"SELECT a FROM t SETTINGS max_threads = 1",
		"SELECT properties->>'$browser' FROM events",
		"SELECT x::Int[]",
		"SELECT x::if",
		"SELECT (1 + 2 FROM t",
		"SELECT a FROM t WHERE a IN ()",
		"SELECT a FROM t WHERE x = ?",
		"SELECT a FROM t WHERE x = :name",
		"DELETE FROM events",
		"SELECT * EXCEPT (a) FROM t",
		"SELECT a FROM t FETCH FIRST 10 ROWS ONLY",
		"SELECT a RLIKE 'x' FROM t",
		"SELECT 1 AS team_id",
		"SELECT properties.let FROM events",
		"SELECT a FROM t JOIN u ON a, b",
		"SELECT case when a then b FROM t",
		"SELECT a,, b FROM t",
		"SELECT a) FROM t",
		"SELECT f'a{b' FROM t",
		"SELECT from events",
		"SELECT a FROM (SELECT b FROM c",
		"SELECT 'abc",
		"SELECT 0o17",
		"",
		"SELECT",
		"SELECT a FROM t CROSS JOIN u ON a = b",
		"SELECT substring(a FROM 1 FOR 2)",
		"SELECT ‘a’",
		"SELECT a FROM",
		"SELECT a FROM t WHERE",
		"SELECT a FROM t WHERE AND b",
		"SELECT a +",
		"SELECT +a",
		"select a from t array join b",
		"SELECT event FROM events WHERE (event = 'a' AND (b = 1) GROUP BY event",
		"SELECT a\nFROM events\nWHERE timestamp > toDate('2026-01-01'\n  AND event = 'x'",
		"SELECT 'ü€😀', a b c FROM t",
		"SELECT a FROM t WHERE x LIKE '50\\%'",
		"SELECT a FROM t WHERE AND b",
		"SELECT a FROM t WHERE x ISNULL",
		"SELECT a | b",
		"SELECT a & b",
		"SELECT {a, b}",
		"SELECT f(a b) FROM t",
		"SELECT a FROM t ORDER BY a DESC LIMIT 5 SELECT",
		"SELECT <a>x</b>",
		"SELECT <a b=1 />",
		"SELECT a FROM t1 FULL SEMI JOIN t2 ON x",
		"SELECT 1 ARRAY JOIN a AS b",
		"SELECT a between x -> b and c",
		"SELECT f'a\\q'",
		"SELECT a FROM t AS 'x'",
		"SELECT cast(a as Enum8('a' = 1))",
		"SELECT INTERVAL '1 month 2 days'",
		"SELECT INTERVAL 7",
		"SELECT a FROM t LEFT u",
		"SELECT a FROM t GROUP a",
		"SELECT a FROM t SAMPLE x",
		"WITH x AS SELECT 1 SELECT 2",
		"WITH x (SELECT 1) SELECT 2",
		"SELECT * FROM t UNION SELECT",
		"SELECT a FROM t; DROP TABLE t",
		"SELECT a IS b",
		"SELECT a[1",
		"SELECT {a",
		"SELECT a.",
		"SELECT x := 1 := 2",
		"SELECT a FROM t WHERE a NOT b",
		"SELECT toString(a FROM t",
		"SELECT a FROM events WHERE timestamp > '2024-01-01 AND event = 'x'",
		"SELECT “a”",
		"SELECT a AS null",
		"SELECT a\u200b FROM t",
		"SELECT a \\ b",
		"VALUES (1)",
		"SELECT a FROM t WHERE date >= 2024-01-01 00:00:00",
		"SELECT a, FROM t ORDER BY",
		"SELECT a FROM t1 JOIN t2 USING ()",
		"SELECT a.b ** f(1)[2]::Int FROM t",
		"SELECT DISTINCT ON (a, f(b)) a AS x, c FROM t ORDER BY a, d DESC LIMIT 10",
		"SELECT a + b & c FROM t",
		"SELECT [1][1] & {x} FROM t",
		"SELECT a FROM t WHERE b LIKE 'x' ESCAPE c",
		"SELECT a FROM t WHERE b GLOB '[a]*'",
		"SELECT a FROM t, u ON a = b",
		"SELECT a FROM t ORDER BY lower(b COLLATE nocase)",
		"SELECT properties->>'odd name' FROM events",
		"SELECT e.properties->'let' FROM events e",
		"SELECT TIME '10:00'",
		"DESCRIBE TABLE events",
		"WITH x AS 1, y AS (2) SELECT x",
		"SELECT substring(f(a) FROM 1)",
		"SELECT substring(a FROM f(1) FOR 2)",
		"SELECT INTERVAL '7 days 3'",
		"SELECT INTERVAL 'x days'",
		"SELECT INTERVAL '2 hrs 30 min'",
		"SELECT a = b AT TIME ZONE 'UTC' FROM t",
		"SELECT a FROM t WHERE b AT TIME ZONE zone = 1",
		"SELECT a FROM (SELECT b FROM c LIMIT 1 WHERE d) UNION ALL SELECT 2",
		"SELECT a FROM t LIMIT 1 WHERE b LIMIT 2",
		"SELECT a FROM t WHERE b OR c WHERE d",
		"SELECT a FROM t WHERE b GLOBAL NOT IN (1)",
		"SELECT a FROM t WHERE b IN 'x', c",
		"SELECT a FROM t WHERE x = 1 DIV 2 * 3",
		"SELECT a FROM t WHERE x NOT REGEXP 'y' AND z MOD 2 = 1",
		"SELECT <a b /*c*/ FROM t",
		"SELECT a FROM t WHERE a <b c",
		"WITH now() SELECT 1",
		"SELECT a FROM t EXCEPT DISTINCT b",
		"SELECT r'\\d' FROM t",
		"SELECT 2026-01-01 10:00, x FROM t",
		"SELECT a FROM t WHERE (b = 1 AND c = 2",
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, src := range wrong() {
		_, err := hogql.Parse(src)
		require.Error(t, err, src)
		fmt.Fprintf(&b, "%s\n%v\n\n", strings.ReplaceAll("## "+src, "\n", "\n## "), err)
	}
	golden.Check(t, "testdata/errors.golden", b.String())
}

// TestHintsParse checks that a hint that is a whole query is HogQL.
func TestHintsParse(t *testing.T) {
	t.Parallel()
	whole := 0
	for _, src := range wrong() {
		_, err := hogql.Parse(src)
		var e *hogql.Error
		require.ErrorAs(t, err, &e)
		if strings.HasPrefix(strings.ToUpper(e.Hint), "SELECT ") && !strings.Contains(e.Hint, "…") || strings.HasPrefix(e.Hint, "WITH 1 AS x SELECT") {
			whole++
			_, err := hogql.Parse(e.Hint)
			require.NoError(t, err, "%s\n%s", src, e.Hint)
		}
	}
	require.Greater(t, whole, 40)
}

func TestErrorPlace(t *testing.T) {
	t.Parallel()
	_, err := hogql.Parse("SELECT 1,\n  'ü€😀' AS a,\n  'ü€😀' b c\nFROM t")
	var e *hogql.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, 3, e.Line)
	require.Equal(t, 11, e.Column) // characters, not bytes
	require.Equal(t, "  'ü€😀' b c", e.Source)
}

func TestErrorLongLine(t *testing.T) {
	t.Parallel()
	_, err := hogql.Parse("SELECT " + strings.Repeat("a, ", 200) + "b c d, " + strings.Repeat("e, ", 200) + "f")
	require.Error(t, err)
	lines := strings.Split(err.Error(), "\n")
	require.GreaterOrEqual(t, len(lines), 3)
	require.Less(t, len([]rune(lines[1])), 140)
	caret := len([]rune(lines[2][:strings.Index(lines[2], "^")]))
	require.Equal(t, 'd', []rune(lines[1])[caret])
}

func TestErrorWithoutText(t *testing.T) {
	t.Parallel()
	require.Equal(t, "no\nwrite: yes", (&hogql.Error{Message: "no", Hint: "yes"}).Error())
	e := hogql.NewError("a\nb c", hogql.Span{Start: 4, End: 5}, "no")
	require.Equal(t, "line 2, column 3: no\n  b c\n    ^", e.Error())
}

func TestLimits(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("(", n) + "1" + strings.Repeat(")", n) }
	_, err := hogql.ParseExpr(deep(150))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		options hogql.Options
		src     string
		want    string
	}{
		"bytes":       {hogql.Options{}, "SELECT '" + strings.Repeat("x", hogql.DefaultMaxBytes) + "'", "too long"},
		"few bytes":   {hogql.Options{MaxBytes: 9}, "SELECT 123", "at most 9"},
		"depth":       {hogql.Options{}, "SELECT " + deep(hogql.DefaultMaxDepth), "nested too deep"},
		"deep minus":  {hogql.Options{}, "SELECT " + strings.Repeat("- ", 400) + "a", "nested too deep"},
		"deep not":    {hogql.Options{}, "SELECT " + strings.Repeat("not ", 400) + "a", "nested too deep"},
		"deep query":  {hogql.Options{}, strings.Repeat("(", 400) + "SELECT 1" + strings.Repeat(")", 400), "nested too deep"},
		"deep from":   {hogql.Options{}, "SELECT 1 FROM " + strings.Repeat("(", 400) + "t" + strings.Repeat(")", 400), "nested too deep"},
		"deep array":  {hogql.Options{}, "SELECT " + strings.Repeat("[", 400), "nested too deep"},
		"deep lambda": {hogql.Options{}, "SELECT " + strings.Repeat("x -> ", 400) + "1", "nested too deep"},
		"deep if":     {hogql.Options{}, "SELECT " + strings.Repeat("a ? b : ", 400) + "1", "nested too deep"},
		"deep tag":    {hogql.Options{}, "SELECT " + strings.Repeat("<a>", 400), "nested too deep"},
		"deep type":   {hogql.Options{}, "SELECT CAST(a AS " + strings.Repeat("Array(", 400) + "Int" + strings.Repeat(")", 401), "nested too deep"},
		"deep block":  {hogql.Options{}, "SELECT x -> " + strings.Repeat("{ a; ", 400), "nested too deep"},
		"few levels":  {hogql.Options{MaxDepth: 3}, "SELECT ((((1))))", "at most 3 levels"},
		"nodes":       {hogql.Options{MaxNodes: 100}, "SELECT 1" + strings.Repeat(", 1", 200), "too complex"},
		"utf-8":       {hogql.Options{}, "SELECT '\xff'", "not UTF-8"},
		"case":        {hogql.Options{}, "SELECT " + strings.Repeat("case - ", 120) + "x", ""},
		"interval":    {hogql.Options{}, "SELECT " + strings.Repeat("interval (", 60) + "1" + strings.Repeat(")", 60), ""},
		"select":      {hogql.Options{}, strings.Repeat("(select (", 60) + "1" + strings.Repeat("))", 60), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.options.Parse(c.src)
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
			}
		})
	}
}

func TestLongChains(t *testing.T) {
	t.Parallel()
	for _, op := range []string{" + ", " AND ", " || ", " = ", ", "} {
		q, err := hogql.Parse("SELECT a" + strings.Repeat(op+"a", 5000))
		require.NoError(t, err)
		requireRoundTrip(t, "select", q)
	}
}
