package hogql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/hogql"
)

// queries are texts whose canonical form is a golden; they use every construct once.
func queries() []string {
	return []string{
		"select count(), event from events where timestamp >= now() - interval 7 day group by event order by count() desc limit 10",
		"select distinct a, b as c, d e from t",
		"select properties.$browser, properties.`a b`, person.properties.email, \"q\" from events as e",
		"select a from t where (((a = 1))) and (b = 2 or c = 3) and not d",
		"select not (a), not a, not not a, not (select 1), - a, - -a, -(1), -1, - 1, +1",
		"select a + b * c, (a + b) * c, a - (b - c), a || b || c, a / b % c",
		"select a ?? b = c, (a ?? b) = c, a <=> b, a is distinct from b, a is not distinct from b, a is null, a is not null",
		"select a like 'x', a not ilike 'y', a in (1, 2), a not in (1), a in cohort 7, a not in cohort 'x', a =~ 'x', a !~* 'y'",
		"select a between 1 and 2, a not between b and c, (a and b) between 1 and 2",
		"select a ? b : c ? d : e, (a ? b : c) ? d : e, (a as b) + 1",
		"select case when a then b end, case a when 1 then 'x' else 'y' end",
		"select a::Int, a::timestamp with time zone, cast(a as Nullable(Decimal(10, 2))), try_cast(a as DateTime64(3, 'UTC')), cast(a, 'Int')",
		"select interval 1 day, interval '7 days', interval a + 1 hour, trim(both 'x' from a), trim(a)",
		"select a[1], a[1:2], a[:], a.1, a?.b, a?.[1], f(x).y, (1).1, 1.5, .5, 1., 1e3, 0x1F, inf, nan, 017",
		"select 'it''s', 'a\\\\b\\n', f'a{b}c\\{d}', f'{x}', {p}, {a.b}, {}, {'a': 1, b: 2}, [1, 2], (1, 2), (1,), array[3], #1",
		"select *, t.*, * exclude (a, b), columns('x.*'), columns(a, b), columns(* replace (a + 1 as a)), *columns('y')",
		"select count(distinct a), quantile(0.9)(x), f()(x), countIf(a) filter (where b), g(a order by b desc), quantile(0.5) within group (order by x)",
		"select sum(a) over (), rank() over w, lag(a, 1) over (partition by b order by c desc rows between 1 preceding and current row), f(x ignore nulls) over (range unbounded preceding)",
		"select arrayMap(x -> x + 1, a), arrayFold((x, y) -> x, a, b), f(a, (x) -> y), f(() -> 1), lambda x: x, f(n := 1), x -> { let a := 1; return a }",
		"select x -> { if (a) b else { c; } while (d) e; for (let i := 0; i < 3; i := i + 1) f; for (let k, v in g) h; fn m(n) { return; } try { o } catch (p: Q) { r } catch { s } finally { t } throw u; v.w := 1; {}; }",
		"with 1 as one, c as (select 2), d (x, y) as not materialized (select 3, 4), e using key (z) as materialized (select 5) select one from c, d",
		"with recursive r as (select 1 union all select 2) select * from r",
		"select a from t1 as a (x, y) left join t2 b on a.x = b.x inner join t3 using (k, l), t4 cross join t5 any join t6 on a asof left join t7 on b natural join t8",
		"select a from t final sample 1/10 offset 1/2 join (select 1) s on 1 join numbers(10) n on 1 join {p} on 1 join (t9 join t10 on 1) on 2",
		"select a from (values (1, 'a'), (2, 'b')) as v (n, s)",
		"select a from t pivot (sum(x) as s for y in (1, 2) z in (3) group by w) p unpivot include nulls (v for n in (c1, c2), (v1, v2) for (n1, n2) in ((d1, d2))) u",
		"select a from t left array join arr as x, [1] as y prewhere a where b group by all with totals having c qualify d window w as (order by e), v as () order by f nulls last, g collate 'en' with fill from 1 to 2 step 3 interpolate (h as i)",
		"select a from t group by rollup(a, b) with cube",
		"select a from t group by cube(a)",
		"select a from t group by grouping sets ((a, b), (a), ())",
		"select a from t order by a limit 2 by b, c limit 5, 10",
		"select a from t limit 3, 2 by b",
		"select a from t limit 10 % with ties offset 5",
		"select a from t offset 5",
		"select a from t limit 5 order by b",
		"(select a from t) order by b",
		"(select a from t limit 5 offset 2) limit 3",
		"select 1 union all select 2 union select 3 intersect select 4 except all select 5 union all by name select 6",
		"(select 1 union all select 2) except (select 3 limit 1) order by a limit 3",
		"{p} union all (select 1 order by a order by b)",
		"select <a b='x' c={1} d>text {e} <f /></a> from <g /> as h",
		"<a />",
		"{query};",
		"select `select`, `from`, `true`, `null`, `a.b`, ``, `date`, `order`.x, x.`let`, x.from, if(a, b, c), and(a, b), `cast`(x, y), timestamp, date, name from `select`.b as `team_id`",
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, src := range queries() {
		q, err := hogql.Parse(src)
		require.NoError(t, err, src)
		requireRoundTrip(t, "select", q)
		fmt.Fprintf(&b, "## %s\n%s\n\n", src, hogql.Print(q))
	}
	golden.Check(t, "testdata/print.golden", b.String())
}

func TestPrintParts(t *testing.T) {
	t.Parallel()
	require.Empty(t, hogql.Print(nil))
	require.Equal(t, "a + 1", hogql.Print(hogql.Op2(hogql.OpAdd, hogql.Ref("a"), hogql.Int(1))))
	q, err := hogql.Parse("select 1 from t.u join f(1) on 2")
	require.NoError(t, err)
	s := q.(*hogql.Select)
	require.Equal(t, "t.u", hogql.Print(s.From[0].Table))
	require.Equal(t, "f(1)", hogql.Print(s.From[1].Table))
	require.Equal(t, "NOT IN COHORT", hogql.OpNotInCohort.String())
	require.Empty(t, hogql.Op(200).String())
}

// TestWalk checks that Walk and All see every node of every construct once, parents first.
func TestWalk(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, src := range queries() {
		q, err := hogql.Parse(src)
		require.NoError(t, err)
		seen := map[hogql.Node]bool{}
		var order []hogql.Node
		hogql.Walk(q, func(n hogql.Node) bool {
			require.False(t, seen[n], "%T twice in %s", n, src)
			seen[n] = true
			order = append(order, n)
			return true
		})
		i := 0
		for n := range hogql.All(q) {
			require.Same(t, order[i], n)
			i++
		}
		require.Len(t, order, i)
		for _, n := range order {
			fmt.Fprintf(&b, "%s ", strings.TrimPrefix(fmt.Sprintf("%T", n), "*hogql."))
		}
		b.WriteString("\n")
	}
	golden.Check(t, "testdata/walk.golden", b.String())
}

func TestWalkStops(t *testing.T) {
	t.Parallel()
	q, err := hogql.Parse("select a + b, (select c) from t where d")
	require.NoError(t, err)
	var names []string
	hogql.Walk(q, func(n hogql.Node) bool {
		if f, ok := n.(*hogql.Field); ok {
			names = append(names, f.Chain[0].Name)
		}
		_, sub := n.(*hogql.Subquery)
		return !sub
	})
	require.Equal(t, []string{"a", "b", "d"}, names)
	count := 0
	for range hogql.All(q) {
		if count++; count == 3 {
			break
		}
	}
	require.Equal(t, 3, count)
}

// TestSpans checks that each node's span holds the spans of the nodes below it and reads as what it is.
func TestSpans(t *testing.T) {
	t.Parallel()
	for _, src := range queries() {
		q, err := hogql.Parse(src)
		require.NoError(t, err)
		for n := range hogql.All(q) {
			s := n.Pos()
			require.Less(t, s.Start, s.End, "%T in %s", n, src)
			require.LessOrEqual(t, int(s.End), len(src))
			if f, ok := n.(*hogql.Field); ok {
				x, err := hogql.ParseExpr(src[s.Start:s.End])
				require.NoError(t, err, "%s of %s", src[s.Start:s.End], src)
				require.True(t, hogql.Equal(f, x))
			}
		}
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	parse := func(src string) hogql.Expr {
		x, err := hogql.ParseExpr(src)
		require.NoError(t, err)
		return x
	}
	require.True(t, hogql.Equal(parse("a  +  `b`"), parse("a+b")))
	require.True(t, hogql.Equal(nil, nil))
	for _, pair := range [][2]string{{"a", "b"}, {"a", "a.b"}, {"1", "'1'"}, {"a + b", "a - b"}, {"f()", "f(1)"}, {"f()", "f()()"}, {"a is null", "a is not null"}, {"true", "false"}} {
		require.False(t, hogql.Equal(parse(pair[0]), parse(pair[1])), pair)
	}
	require.False(t, hogql.Equal(nil, parse("a")))
}

func FuzzParse(f *testing.F) {
	for _, src := range append(wrong(), queries()...) {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		_, err := hogql.Parse(src)
		if err != nil {
			require.NotEmpty(t, err.Error())
		}
		_, err = hogql.ParseExpr(src)
		if err != nil {
			require.NotEmpty(t, err.Error())
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	for _, src := range queries() {
		f.Add(src)
	}
	for _, c := range corpus(f) {
		if c.OK {
			f.Add(c.Text)
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		for _, rule := range []string{"select", "expr"} {
			if tree, err := parseRule(rule, src); err == nil {
				requireRoundTrip(t, rule, tree)
			}
		}
	})
}
