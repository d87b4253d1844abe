package compile

import (
	"fmt"
	"strconv"
	"strings"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/schema"
)

// compiledQuery is a query's SQL, without parentheses, and its outputs.
type compiledQuery struct {
	sql     string
	columns []column
}

// scope is one SELECT while it is translated.
type scope struct {
	c       *compiler
	sources []*source
	using   map[string]bool // columns that two sources share by USING
	aliases map[string]value
	ctes    *cte
	params  []param // of the lambdas around the expression
	outputs []column
	taken   map[string]bool // SQL aliases of this SELECT

	inJoin    bool   // in the condition of a JOIN
	aggregate string // the aggregate whose arguments are being translated
	windows   map[string]bool
}

// param is a lambda's parameter.
type param struct{ name, sql string }

// cte is a member of WITH, and those before it.
type cte struct {
	parent  *cte
	name    string
	expr    hogql.Expr // of an expression
	alias   string     // of a query: its SQL name
	columns []column
}

func (l *cte) find(name string) *cte {
	for ; l != nil; l = l.parent {
		if l.name == name {
			return l
		}
	}
	return nil
}

// query translates any query.
func (c *compiler) query(q hogql.Query, ctes *cte) compiledQuery {
	if c.err != nil {
		return compiledQuery{sql: "SELECT NULL"}
	}
	switch q := q.(type) {
	case *hogql.Select:
		s := &scope{c: c, ctes: ctes, aliases: map[string]value{}, taken: map[string]bool{}, using: map[string]bool{}, windows: map[string]bool{}}
		return s.selectQuery(q)
	case *hogql.Set:
		return c.set(q, ctes)
	case *hogql.Values:
		return c.values(q, ctes)
	case *hogql.Placeholder:
		c.placeholder(q)
	case *hogql.Tag:
		c.fail(q.Span, "A HogQLX tag cannot be used as a SELECT source")
	}
	return compiledQuery{sql: "SELECT NULL"}
}

func (c *compiler) placeholder(p *hogql.Placeholder) value {
	return c.fail(p.Span, "Unresolved placeholder: {%s}", hogql.Print(p.X))
}

// set translates UNION, INTERSECT and EXCEPT. The first member names the columns.
func (c *compiler) set(q *hogql.Set, ctes *cte) compiledQuery {
	first := c.query(q.First, ctes)
	out := compiledQuery{columns: first.columns}
	var b strings.Builder
	b.WriteString("(" + first.sql + ")")
	for _, m := range q.Rest {
		if m.ByName {
			c.fail(m.Query.Pos(), "%s BY NAME is not supported", m.Op)
		}
		member := c.query(m.Query, ctes)
		if c.err == nil && len(member.columns) != len(out.columns) {
			c.fail(m.Query.Pos(), "The members of %s return different numbers of columns: %d and %d", m.Op, len(out.columns), len(member.columns))
			return out
		}
		for i := range member.columns {
			v := &out.columns[i].value
			v.null = v.null || member.columns[i].value.null
			if v.kind != member.columns[i].value.kind {
				v.kind, v.json = "", nil
			}
		}
		op := m.Op // the engine means ALL where it is not said, and cannot read it
		if op == "INTERSECT ALL" || op == "EXCEPT ALL" {
			op = strings.TrimSuffix(op, " ALL")
		}
		b.WriteString(" " + op + " (" + member.sql + ")")
	}
	out.sql = b.String()
	if q.Limit != nil {
		s := &scope{c: c, ctes: ctes}
		out.sql = "SELECT * FROM (" + out.sql + ")" + s.limit(q.Limit)
	}
	return out
}

// values translates VALUES (…), (…): columns are called c1, c2 and so on.
func (c *compiler) values(q *hogql.Values, ctes *cte) compiledQuery {
	s := &scope{c: c, ctes: ctes}
	out := compiledQuery{}
	var rows []string
	for _, r := range q.Rows {
		if len(r) != len(q.Rows[0]) {
			c.fail(q.Span, "The rows of VALUES have different numbers of values: %d and %d", len(q.Rows[0]), len(r))
			return out
		}
		var row []string
		for i, e := range r {
			v := s.expr(e)
			row = append(row, v.sql+" AS c"+strconv.Itoa(i+1))
			if len(rows) == 0 {
				name := "c" + strconv.Itoa(i+1)
				out.columns = append(out.columns, column{name: name, alias: name, value: value{null: true}})
			}
		}
		rows = append(rows, "SELECT "+strings.Join(row, ", "))
	}
	out.sql = strings.Join(rows, " UNION ALL ")
	return out
}

// selectQuery translates one SELECT. FROM is printed last, when all joins are known.
func (s *scope) selectQuery(q *hogql.Select) compiledQuery {
	with := s.with(q)
	joins := s.tables(q)
	names := s.arrayNames(q.ArrayJoin)
	for _, e := range q.Columns {
		s.output(e)
	}
	arrays := s.arrayJoin(q.ArrayJoin, names)
	var tail strings.Builder
	s.conditions(&tail, q)
	if q.GroupBy != nil {
		tail.WriteString(s.groupBy(q.GroupBy))
	}
	if q.Having != nil {
		tail.WriteString(" HAVING " + s.expr(q.Having).sql)
	}
	for i, w := range q.Windows {
		tail.WriteString(map[bool]string{true: " WINDOW ", false: ", "}[i == 0])
		tail.WriteString(schema.Ident(w.Name.Name) + " AS (" + s.window(w.Spec, "") + ")")
	}
	if q.Qualify != nil {
		tail.WriteString(" QUALIFY " + s.expr(q.Qualify).sql)
	}
	s.orderBy(&tail, q)
	if l := q.LimitBy; l != nil {
		tail.WriteString(" LIMIT " + s.expr(l.N).sql)
		if l.Offset != nil {
			tail.WriteString(" OFFSET " + s.expr(l.Offset).sql)
		}
		tail.WriteString(" BY " + s.list(l.Exprs))
	}
	tail.WriteString(s.limit(q.Limit))
	if len(s.outputs) == 0 && s.c.err == nil {
		s.c.fail(q.Span, "The SELECT has no columns")
	}
	var b strings.Builder
	b.WriteString(with + "SELECT ")
	if q.Distinct {
		b.WriteString("DISTINCT ")
	}
	for i, col := range s.outputs {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(col.value.sql + " AS " + schema.Ident(col.alias))
	}
	for i, j := range joins {
		if i == 0 {
			b.WriteString(" FROM " + j.source.from())
			continue
		}
		b.WriteString(" " + j.kind + " " + j.source.from() + j.on)
	}
	b.WriteString(arrays)
	b.WriteString(tail.String())
	return compiledQuery{sql: b.String(), columns: s.outputs}
}

// with reads WITH and prints its queries.
func (s *scope) with(q *hogql.Select) string {
	var parts []string
	for _, w := range q.With {
		if q.Recursive {
			s.c.fail(w.Span, "Recursive CTEs are not supported")
		}
		member := &cte{parent: s.ctes, name: w.Name.Name, expr: w.Expr}
		if w.Query != nil {
			r := s.c.query(w.Query, s.ctes)
			member.alias, member.columns = s.c.unique(w.Name.Name), r.columns
			member.columns = s.c.rename(r.columns, w.Columns, w.Name)
			parts = append(parts, schema.Ident(member.alias)+" AS ("+r.sql+")")
		}
		s.ctes = member
	}
	if len(parts) == 0 {
		return ""
	}
	return "WITH " + strings.Join(parts, ", ") + " "
}

// rename gives columns the names of a list such as t(a, b).
func (c *compiler) rename(cols []column, names []hogql.Ident, at hogql.Ident) []column {
	if len(names) == 0 {
		return cols
	}
	if len(names) > len(cols) {
		c.fail(at.Span, "`%s` has %d columns, but %d names are given", at.Name, len(cols), len(names))
		return cols
	}
	out := append([]column(nil), cols...)
	for i, n := range names {
		out[i].name = n.Name
	}
	return out
}

// conditions prints WHERE. PREWHERE is one more condition: the engine takes it only from stored tables.
func (s *scope) conditions(b *strings.Builder, q *hogql.Select) {
	var parts []string
	for _, e := range []hogql.Expr{q.Prewhere, q.Where} {
		if e != nil {
			parts = append(parts, s.expr(e).sql)
		}
	}
	parts = append(parts, s.samples(q)...)
	switch len(parts) {
	case 0:
	case 1:
		b.WriteString(" WHERE " + parts[0])
	default:
		b.WriteString(" WHERE and(" + strings.Join(parts, ", ") + ")")
	}
}

// samples are the conditions that SAMPLE stands for. PostHog's events are sampled by a hash of distinct_id, so that a
// person is read whole or not at all; the engine's small tables have no sampling key.
func (s *scope) samples(q *hogql.Select) []string {
	var parts []string
	for i, j := range q.From {
		if j.Sample == nil || i >= len(s.sources) || !s.c.has(s.sources[i], "distinct_id") {
			continue
		}
		number, ok := j.Sample.Ratio.(*hogql.Number)
		if !ok {
			continue
		}
		if ratio, err := strconv.ParseFloat(number.Text, 64); err == nil && ratio > 0 && ratio < 1 {
			chain := []hogql.Ident{{Name: "distinct_id"}}
			parts = append(parts, fmt.Sprintf("less(modulo(cityHash64(%s), 1000000), %d)", s.c.resolve(s.sources[i], chain, chain).sql, int(ratio*1e6)))
		}
	}
	return parts
}

// output adds one item of the SELECT list, which * makes several columns of.
func (s *scope) output(e hogql.Expr) {
	if many, ok := s.columnsOf(e); ok {
		for _, col := range many {
			s.addOutput(col.name, col.value)
		}
		return
	}
	if a, ok := e.(*hogql.Alias); ok {
		v := s.expr(a.X)
		if s.checkAlias(a.Name) {
			s.aliases[a.Name.Name] = s.aliased(v, s.addOutput(a.Name.Name, v))
		}
		return
	}
	s.addOutput(outputName(e), s.expr(e))
}

// addOutput adds a column and returns its SQL alias: the name, made different from those there are.
func (s *scope) addOutput(name string, v value) string {
	alias := s.sqlAlias(name)
	s.outputs = append(s.outputs, column{name: name, alias: alias, value: v})
	return alias
}

func (s *scope) sqlAlias(name string) string {
	base := name
	if strings.HasPrefix(base, "__") || base == "" {
		base = "u" + base
	}
	alias := base
	for n := 2; s.taken[alias]; n++ {
		alias = base + "_" + strconv.Itoa(n)
	}
	s.taken[alias] = true
	return alias
}

// aliased is what an alias of v stands for.
func (s *scope) aliased(v value, alias string) value {
	out := value{sql: schema.Ident(alias), kind: v.kind, null: v.null}
	if v.kind == schema.JSON {
		out.json = &property{column: out.sql}
	}
	return out
}

// checkAlias refuses the names that PostHog keeps for itself.
func (s *scope) checkAlias(id hogql.Ident) bool {
	switch strings.ToLower(id.Name) {
	case "true", "false", "null", "team_id":
		s.c.fail(id.Span, "\"%s\" cannot be an alias or identifier, as it's a reserved keyword", id.Name)
		return false
	}
	if strings.Contains(id.Name, "%") {
		s.c.fail(id.Span, "The HogQL identifier \"%s\" is not permitted as it contains the \"%%\" character", id.Name)
		return false
	}
	return true
}

func (s *scope) list(exprs []hogql.Expr) string {
	parts := make([]string, len(exprs))
	for i, e := range exprs {
		parts[i] = s.expr(e).sql
	}
	return strings.Join(parts, ", ")
}

func (s *scope) groupBy(g *hogql.GroupBy) string {
	switch g.Mode {
	case "all":
		return " GROUP BY ALL"
	case "rollup", "cube":
		return " GROUP BY " + strings.ToUpper(g.Mode) + "(" + s.list(g.Exprs) + ")"
	case "grouping_sets":
		sets := make([]string, len(g.Sets))
		for i, set := range g.Sets {
			sets[i] = "(" + s.list(set) + ")"
		}
		return " GROUP BY GROUPING SETS (" + strings.Join(sets, ", ") + ")"
	}
	return " GROUP BY " + s.list(g.Exprs)
}

func (s *scope) orderBy(b *strings.Builder, q *hogql.Select) {
	if len(q.OrderBy) == 0 {
		return
	}
	b.WriteString(" ORDER BY " + s.orders(q.OrderBy))
	if q.Interpol == nil {
		return
	}
	b.WriteString(" INTERPOLATE")
	for i, item := range q.Interpol.Items {
		b.WriteString(map[bool]string{true: " (", false: ", "}[i == 0])
		b.WriteString(schema.Ident(item.Name.Name) + " AS " + s.expr(item.X).sql)
	}
	if len(q.Interpol.Items) > 0 {
		b.WriteString(")")
	}
}

// orders prints an ORDER BY list. PostHog drops NULLS FIRST, NULLS LAST and COLLATE.
func (s *scope) orders(list []*hogql.Order) string {
	parts := make([]string, len(list))
	for i, o := range list {
		parts[i] = s.expr(o.X).sql + map[bool]string{true: " DESC", false: " ASC"}[o.Desc]
		if f := o.Fill; f != nil {
			parts[i] += " WITH FILL"
			for _, p := range []struct {
				word string
				x    hogql.Expr
			}{{" FROM ", f.From}, {" TO ", f.To}, {" STEP ", f.Step}} {
				if p.x != nil {
					parts[i] += p.word + s.expr(p.x).sql
				}
			}
		}
	}
	return strings.Join(parts, ", ")
}

// limit prints LIMIT and OFFSET. A percentage is a fraction for the engine.
func (s *scope) limit(l *hogql.Limit) string {
	if l == nil {
		return ""
	}
	var out string
	if l.N != nil {
		n := s.expr(l.N).sql
		if l.Percent {
			f, err := strconv.ParseFloat(n, 64)
			if err != nil || f <= 0 || f > 100 {
				s.c.fail(l.N.Pos(), "LIMIT n%% needs a number above 0 and up to 100")
			}
			n = strconv.FormatFloat(f/100, 'f', -1, 64)
			if f == 100 {
				n = strconv.Itoa(maxLimit)
			}
		}
		out = " LIMIT " + n
	}
	if l.Offset != nil {
		if n := s.expr(l.Offset).sql; n != "0" || l.N == nil {
			out += " OFFSET " + n
		}
	}
	if l.WithTies {
		out += " WITH TIES"
	}
	return out
}
