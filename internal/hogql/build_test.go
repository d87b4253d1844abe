package hogql_test

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
)

// hostile are texts made to end the literal or name that they stand in.
func hostile() []string {
	return []string{
		"signup' OR '1'='1", `\' OR 1=1 --`, `\\' OR 1=1 --`, "a`b", "a``b", `a"b`, "a\\", "\\", "'", "''", "`", "a.b", "a b", "", "\n\r\t\b\f\a\v", "\x00",
		"/* */", "-- x", "# x", "{x}", "}", "é😀", "select", "null", "let", "true", "team_id", "1a", "$x", `\x41`, `\N`, `\0`, "'; DROP TABLE t; --",
	}
}

func TestStringsStayLiterals(t *testing.T) {
	t.Parallel()
	for _, s := range hostile() {
		q := &hogql.Select{Columns: []hogql.Expr{hogql.Int(1)}, Where: hogql.Eq(hogql.Ref("event"), hogql.Str(s))}
		printed := hogql.Print(q)
		again, err := hogql.Parse(printed)
		require.NoError(t, err, printed)
		require.True(t, hogql.Equal(q, again), printed)
		require.Equal(t, s, again.(*hogql.Select).Where.(*hogql.Binary).Y.(*hogql.String).Value)
	}
	require.Equal(t, "event = 'signup'' OR ''1''=''1'", hogql.Print(hogql.Eq(hogql.Ref("event"), hogql.Str("signup' OR '1'='1"))))
}

func TestNamesStayNames(t *testing.T) {
	t.Parallel()
	for _, s := range hostile() {
		for _, x := range []hogql.Expr{
			hogql.Ref(s), hogql.Ref("properties", s), hogql.Ref(s, "a"), hogql.Fn(s, hogql.Ref("a")), hogql.As(hogql.Int(1), s),
			&hogql.Lambda{Params: []hogql.Ident{{Name: s}}, Body: hogql.Int(1)},
			&hogql.Template{Parts: []hogql.Expr{hogql.Str("x" + s), hogql.Ref("y")}},
		} {
			printed := hogql.Print(x)
			again, err := hogql.ParseExpr(printed)
			require.NoError(t, err, printed)
			require.True(t, hogql.Equal(x, again), printed)
		}
	}
}

func TestBuilder(t *testing.T) {
	t.Parallel()
	a, b, c := hogql.Ref("a"), hogql.Ref("b"), hogql.Ref("c")
	for want, x := range map[string]hogql.Expr{
		"a = 1 AND b != 2":            hogql.And(hogql.Eq(a, hogql.Int(1)), nil, hogql.NotEq(b, hogql.Int(2))),
		"(a OR b) AND c":              hogql.And(hogql.Or(a, b), c),
		"a AND b AND c":               hogql.And(hogql.And(a, b), c),
		"a":                           hogql.Or(nil, a),
		"a < 1 OR a <= 2":             hogql.Or(hogql.Less(a, hogql.Int(1)), hogql.LessEq(a, hogql.Int(2))),
		"a > -1 OR a >= 2.5":          hogql.Or(hogql.Greater(a, hogql.Int(-1)), hogql.GreaterEq(a, hogql.Float(2.5))),
		"a IN (1, 'x')":               hogql.In(a, hogql.Int(1), hogql.Str("x")),
		"a IN (1,)":                   hogql.In(a, hogql.Int(1)),
		"not(a)":                      hogql.Negate(a),
		"not(a OR b)":                 &hogql.Not{X: hogql.Or(a, b)},
		"NOT a = b":                   &hogql.Not{X: hogql.Eq(a, b)},
		"a - (b - c)":                 hogql.Op2(hogql.OpSub, a, hogql.Op2(hogql.OpSub, b, c)),
		"count(a) AS n":               hogql.As(hogql.Fn("count", a), "n"),
		"5.0":                         hogql.Float(5),
		"1e+300":                      hogql.Float(1e300),
		"nan":                         hogql.Float(math.NaN()),
		"inf":                         hogql.Float(math.Inf(1)),
		"-inf":                        hogql.Float(math.Inf(-1)),
		"-9223372036854775808":        hogql.Int(math.MinInt64),
		"-(-1)":                       &hogql.Neg{X: hogql.Int(-1)},
		"properties.`$feature/x`":     hogql.Ref("properties", "$feature/x"),
		"properties.$browser_version": hogql.Ref("properties", "$browser_version"),
		"`from`.x = `order`":          hogql.Eq(hogql.Ref("from", "x"), hogql.Ref("order")),
		"a + (x -> y)":                hogql.Op2(hogql.OpAdd, a, &hogql.Lambda{Params: []hogql.Ident{{Name: "x"}}, Body: hogql.Ref("y")}),
		"f(a, (x) -> y)":              hogql.Fn("f", a, &hogql.Lambda{Params: []hogql.Ident{{Name: "x"}}, Body: hogql.Ref("y")}),
		"(a AS b) = c":                hogql.Eq(hogql.As(a, "b"), c),
		"(NOT x -> y) AND a":          hogql.And(&hogql.Not{X: &hogql.Lambda{Params: []hogql.Ident{{Name: "x"}}, Body: hogql.Ref("y")}}, a),
		"(a IS NULL).b":               nil,
	} {
		if x == nil {
			continue
		}
		require.Equal(t, want, hogql.Print(x))
		again, err := hogql.ParseExpr(want)
		require.NoError(t, err, want)
		require.Equal(t, want, hogql.Print(again))
	}
	require.Nil(t, hogql.And())
	require.Nil(t, hogql.Or(nil, nil))
}

func TestLiteral(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]any{
		"NULL": nil, "'x'": "x", "true": true, "1": 1, "2": int64(2), "1.5": 1.5, "12345678901234567890": json.Number("12345678901234567890"),
		"-1e5": json.Number("-1e5"), "[1, ['a', NULL]]": []any{1, []any{"a", nil}}, "[]": []any{},
	} {
		x, err := hogql.Literal(v)
		require.NoError(t, err)
		require.Equal(t, want, hogql.Print(x))
	}
	for want, v := range map[string]any{
		"not a number":                   json.Number("1; drop"),
		"\"a\" is not a number":          json.Number("a"),
		"cannot be a literal":            map[string]any{},
		"element 2: a value of type int": []any{1, []int{2}},
	} {
		_, err := hogql.Literal(v)
		if want == "element 2: a value of type int" {
			want = "element 2: a value of type []int"
		}
		require.ErrorContains(t, err, want)
	}
}

func TestLimitRows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		src, want string
		limited   hogql.Limited
	}{
		{"select a from t", "SELECT a FROM t LIMIT 100", hogql.Limited{Kind: hogql.LimitSet, N: 100}},
		{"select a from t offset 5", "SELECT a FROM t LIMIT 100 OFFSET 5", hogql.Limited{Kind: hogql.LimitSet, N: 100}},
		{"select a from t limit 10", "SELECT a FROM t LIMIT 10", hogql.Limited{Kind: hogql.LimitKept, N: 10, Own: 10}},
		{"select a from t limit 100", "SELECT a FROM t LIMIT 100", hogql.Limited{Kind: hogql.LimitKept, N: 100, Own: 100}},
		{"select a from t limit 0", "SELECT a FROM t LIMIT 0", hogql.Limited{Kind: hogql.LimitKept}},
		{"select a from t limit 101 offset 7", "SELECT a FROM t LIMIT 100 OFFSET 7", hogql.Limited{Kind: hogql.LimitLowered, N: 100, Own: 101}},
		{"select a from t limit 101, 7", "SELECT a FROM t LIMIT 100 OFFSET 7", hogql.Limited{Kind: hogql.LimitLowered, N: 100, Own: 101}},
		{"select a from t limit 99999999999999999999", "SELECT a FROM t LIMIT 100", hogql.Limited{Kind: hogql.LimitLowered, N: 100, Own: math.MaxInt64}},
		{"select a from t limit 1 by a", "SELECT a FROM t LIMIT 1 BY a LIMIT 100", hogql.Limited{Kind: hogql.LimitSet, N: 100}},
		{"select a from t limit 500 by a limit 500", "SELECT a FROM t LIMIT 500 BY a LIMIT 100", hogql.Limited{Kind: hogql.LimitLowered, N: 100, Own: 500}},
		{"select a from t order by a limit 500 with ties", "SELECT a FROM t ORDER BY a LIMIT 500 WITH TIES", hogql.Limited{}},
		{"select a from t limit 10 %", "SELECT a FROM t LIMIT 10 %", hogql.Limited{}},
		{"select a from t limit 10 + 500", "SELECT a FROM t LIMIT 10 + 500", hogql.Limited{}},
		{"select a from t limit -1", "SELECT a FROM t LIMIT -1", hogql.Limited{}},
		{"select a from t limit 1e3", "SELECT a FROM t LIMIT 1e3", hogql.Limited{}},
		{"select a from t limit {n}", "SELECT a FROM t LIMIT {n}", hogql.Limited{}},
		{"select 1 union all select 2", "SELECT * FROM (SELECT 1 UNION ALL SELECT 2) LIMIT 100", hogql.Limited{Kind: hogql.LimitWrapped, N: 100}},
		{"(select 1 except select 2) limit 5", "SELECT * FROM (SELECT 1 EXCEPT (SELECT 2) LIMIT 5) LIMIT 100", hogql.Limited{Kind: hogql.LimitWrapped, N: 100}},
		{"with x as (select 1 limit 7) select * from x", "WITH x AS (SELECT 1 LIMIT 7) SELECT * FROM x LIMIT 100", hogql.Limited{Kind: hogql.LimitSet, N: 100}},
		{"{q}", "{q}", hogql.Limited{}},
	} {
		q, err := hogql.Parse(c.src)
		require.NoError(t, err, c.src)
		before := hogql.Print(q)
		got, limited := hogql.LimitRows(q, 100)
		require.Equal(t, c.want, hogql.Print(got))
		require.Equal(t, c.limited, limited, c.src)
		require.Equal(t, before, hogql.Print(q), "the query that was given changed")
		again, err := hogql.Parse(hogql.Print(got))
		require.NoError(t, err)
		require.True(t, hogql.Equal(got, again), c.src)
	}
}

func TestFillPlaceholders(t *testing.T) {
	t.Parallel()
	sub, err := hogql.ParseExpr("(select 1)")
	require.NoError(t, err)
	values := map[string]hogql.Expr{"a": hogql.Str("x'y"), "variables.n": hogql.Int(5), "q": sub}
	for src, want := range map[string]string{
		"select {a}, f({variables.n}), [{a}] from t where {a} = b limit {variables.n}": "SELECT 'x''y', f(5), ['x''y'] FROM t WHERE 'x''y' = b LIMIT 5",
		"select 1 from {q} as s where {q} = 1":                                         "SELECT 1 FROM (SELECT 1) AS s WHERE (SELECT 1) = 1",
		"{q} union all select 2":                                                       "SELECT 1 UNION ALL SELECT 2",
		"{q}":                                                                          "SELECT 1",
		"select 1":                                                                     "SELECT 1",
	} {
		q, err := hogql.Parse(src)
		require.NoError(t, err)
		before := hogql.Print(q)
		got, err := hogql.FillPlaceholders(q, values)
		require.NoError(t, err, src)
		require.Equal(t, want, hogql.Print(got))
		require.Equal(t, before, hogql.Print(q), "the query that was given changed")
	}
	for src, want := range map[string]string{
		"select {nope}":     "the placeholder {nope} has no value\nwrite: one of {a}, {q}, {variables.n}",
		"select {a + 1}":    "a placeholder holds one name, this one holds a + 1\nwrite: {name}",
		"select 1 from {a}": "the placeholder {a} stands for a table or query, its value is none",
		"{a}":               "the placeholder {a} stands for a table or query, its value is none",
	} {
		q, err := hogql.Parse(src)
		require.NoError(t, err)
		_, err = hogql.FillPlaceholders(q, values)
		require.EqualError(t, err, want)
		var e *hogql.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, byte('{'), src[e.Span.Start])
	}
	q, err := hogql.Parse("select {a}")
	require.NoError(t, err)
	_, err = hogql.FillPlaceholders(q, nil)
	require.ErrorContains(t, err, "without placeholders")
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	names := hogql.FunctionNames()
	require.Len(t, names, 1159)
	require.True(t, slices.IsSorted(names))
	for _, name := range names {
		f, ok := hogql.LookupFunction(name)
		require.True(t, ok, name)
		require.Equal(t, name, f.Name)
		require.NotEmpty(t, f.Kind, name)
		require.True(t, f.MaxArgs == -1 || f.MinArgs <= f.MaxArgs, name)
		require.True(t, f.MaxParams == -1 || f.MinParams <= f.MaxParams, name)
	}
	for name, want := range map[string]hogql.Function{
		"count":      {Name: "count", Kind: "aggregate", MaxArgs: 1, Aggregate: true},
		"COUNT":      {Name: "count", Kind: "aggregate", MaxArgs: 1, Aggregate: true},
		"sumIf":      {Name: "sumIf", Kind: "aggregate", MinArgs: 2, MaxArgs: 2, Aggregate: true, CaseSensitive: true},
		"quantile":   {Name: "quantile", Kind: "aggregate", MinArgs: 1, MaxArgs: 1, MinParams: 1, MaxParams: 1, Aggregate: true, CaseSensitive: true},
		"uniq":       {Name: "uniq", Kind: "aggregate", MinArgs: 1, MaxArgs: -1, Aggregate: true, CaseSensitive: true},
		"toDateTime": {Name: "toDateTime", Kind: "type conversion", MinArgs: 1, MaxArgs: 2, CaseSensitive: true, TZAware: true},
		"row_number": {Name: "row_number", Kind: "window", Window: true, CaseSensitive: true},
	} {
		got, ok := hogql.LookupFunction(name)
		require.True(t, ok, name)
		require.Equal(t, want, got)
	}
	funnel, ok := hogql.LookupFunction("windowFunnel")
	require.True(t, ok)
	require.Equal(t, -1, funnel.MaxParams)
	for _, name := range []string{"hamburger", "TODATETIME", "SumIf", ""} {
		_, ok := hogql.LookupFunction(name)
		require.False(t, ok, name)
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := slices.Values(hogql.FunctionNames())
	require.Equal(t, []string{"toString"}, hogql.Nearest("tostring", names, 1))
	require.Equal(t, "toStartOfMonth", hogql.Nearest("toStartOfMoth", names, 3)[0])
	require.Equal(t, []string{"abd"}, hogql.Nearest("abc", slices.Values([]string{"abd", "xyz", "abc"}), 5))
	require.Equal(t, []string{"ba"}, hogql.Nearest("ab", slices.Values([]string{"ba", "xy"}), 5)) // neighbours swapped
	require.Empty(t, hogql.Nearest("zzzzzz", maps.Keys(map[string]int{"a": 1, strings.Repeat("z", 40): 1}), 5))
}
