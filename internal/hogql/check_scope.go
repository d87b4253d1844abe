package hogql

import (
	"iter"
	"maps"
	"slices"
	"strings"
)

func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

// scope is one SELECT and the names that can be used in it.
type scope struct {
	c       *checker
	outer   *scope // of the query around it: its common table expressions are seen, its tables and aliases are not
	sel     *Select
	bounded bool // a query around it bounds the time

	declaring string // the member of WITH whose query is looked at

	ctes    map[string]*outputs // WITH name AS (query)
	values  map[string]Expr     // WITH expr AS name
	sources []*source
	aliases map[string]Expr   // of the select list and of ARRAY JOIN; anywhere, as PostHog sees them
	params  []Ident           // of the lambdas around the expression
	using   []string          // aliases being looked into
	sums    map[string]string // aliases, and what they hold: an aggregate, a window function, or neither
	depth   int               // how many levels of an expression are being looked into for its type
}

// source is one member of FROM: a stored table, or a list of columns.
type source struct {
	name    string          // its alias, or its own name; "" without either
	paths   [][]string      // the names that reach it
	hidden  string          // the table's own name, where an alias hides it
	table   *CatalogueTable // nil for a list of columns
	columns outputs
}

// has tells whether the source has a column; sure is false where only PostHog can know.
func (s *source) has(name string) (found, sure bool) {
	if s.table != nil {
		return s.table.column(name) != nil, s.table.Certain
	}
	_, ok := s.columns.find(name)
	return ok, !s.columns.open
}

// open tells whether nothing is known of the columns.
func (s *source) open() bool {
	return s.table == nil && s.columns.open || s.table != nil && s.table.Open
}

// names yields the columns' names.
func (s *source) names() iter.Seq[string] {
	return func(yield func(string) bool) {
		if s.table != nil {
			s.table.names()(yield)
			return
		}
		for _, o := range s.columns.list {
			if !yield(o.name) {
				return
			}
		}
	}
}

// check checks the SELECT and returns its columns.
func (s *scope) check() outputs {
	q := s.sel
	s.aliases = map[string]Expr{}
	s.collectAliases(q)
	bounded := s.bounded || s.boundsTime()
	for _, cte := range q.With {
		s.declare(cte, &bounded)
	}
	for _, j := range q.From {
		src := s.source(j, bounded)
		s.twice(j, src)
		s.sources = append(s.sources, src)
	}
	for _, cte := range q.With {
		if cte.Expr != nil {
			s.expr(cte.Expr, place{})
		}
	}
	s.duplicates()
	s.clauses()
	s.positions()
	s.grouping()
	if !bounded {
		s.noTime()
	}
	s.stars()
	return s.outputs()
}

// clauses checks the expressions of the SELECT, each in its place.
func (s *scope) clauses() {
	q := s.sel
	for _, j := range q.From {
		s.expr(j.On, place{clause: "JOIN ON"})
		for _, x := range j.Using {
			s.expr(x, place{clause: "USING"})
		}
	}
	if q.ArrayJoin != nil {
		s.exprs(q.ArrayJoin.Exprs, place{clause: "ARRAY JOIN"})
	}
	s.exprs(q.Columns, place{})
	s.expr(q.Prewhere, place{clause: "PREWHERE"})
	s.expr(q.Where, place{clause: "WHERE"})
	if g := q.GroupBy; g != nil {
		s.exprs(g.Exprs, place{clause: "GROUP BY"})
		for _, set := range g.Sets {
			s.exprs(set, place{clause: "GROUP BY"})
		}
	}
	s.expr(q.Having, place{noWindow: "HAVING"})
	s.expr(q.Qualify, place{})
	for _, w := range q.Windows {
		s.window(w.Spec, place{})
	}
	s.orders(q.OrderBy, place{})
	if q.Interpol != nil {
		for _, r := range q.Interpol.Items {
			s.expr(r.X, place{})
		}
	}
	if q.LimitBy != nil {
		s.exprs(q.LimitBy.Exprs, place{})
		if q.LimitBy.Offset != nil {
			s.c.offset(&Limit{Offset: q.LimitBy.Offset})
		}
	}
	s.condition(q.Where, "WHERE")
	s.condition(q.Prewhere, "PREWHERE")
	s.condition(q.Having, "HAVING")
	s.c.limit(q.Limit)
}

// declare adds a member of WITH. With bounded nil its query is not checked again.
func (s *scope) declare(cte *CTE, bounded *bool) {
	if s.ctes == nil {
		s.ctes, s.values = map[string]*outputs{}, map[string]Expr{}
	}
	if cte.Expr != nil {
		s.values[cte.Name.Name] = cte.Expr
		return
	}
	out := &outputs{open: true} // what it is to itself, when recursive
	if bounded != nil {
		if s.sel.Recursive {
			s.ctes[cte.Name.Name] = out
		}
		s.declaring = cte.Name.Name
		found := s.c.query(cte.Query, s, *bounded)
		s.declaring = ""
		out = &found
	}
	s.ctes[cte.Name.Name] = out.renamed(cte.Columns)
}

// renamed gives the columns the names of a column list.
func (o *outputs) renamed(names []Ident) *outputs {
	if len(names) == 0 {
		return o
	}
	out := &outputs{}
	for i, id := range names {
		col := output{name: id.Name}
		if !o.open && i < len(o.list) {
			col.value = o.list[i].value
		}
		out.list = append(out.list, col)
	}
	return out
}

// cte finds a common table expression that is in sight.
func (s *scope) cte(name string) *outputs {
	for ; s != nil; s = s.outer {
		if o := s.ctes[name]; o != nil {
			return o
		}
	}
	return nil
}

// named tells whether WITH gives the name to an expression that is in sight.
func (s *scope) named(name string) bool {
	for ; s != nil; s = s.outer {
		if s.values[name] != nil {
			return true
		}
	}
	return false
}

// collectAliases notes every alias of n that stands in no query below it.
func (s *scope) collectAliases(n Node) {
	for _, child := range children(n) {
		s.collectAlias(child)
	}
	if a, ok := n.(*Alias); ok {
		s.aliases[a.Name.Name] = a.X
	}
}

func (s *scope) collectAlias(n Node) {
	switch n := n.(type) {
	case *Subquery, *Select, *Set, *Values:
		return
	case *Alias:
		if _, ok := s.aliases[n.Name.Name]; !ok {
			s.aliases[n.Name.Name] = n.X
		}
	}
	for _, child := range children(n) {
		s.collectAlias(child)
	}
}

// source makes a member of FROM.
func (s *scope) source(j *Join, bounded bool) *source {
	src := s.tableSource(j.Table, bounded)
	if j.Sample != nil {
		s.expr(j.Sample.Ratio, place{})
	}
	if j.Alias != nil {
		if len(src.paths) > 0 {
			src.hidden = src.paths[0][0]
		}
		src.paths = [][]string{{j.Alias.Name}}
	}
	if len(j.Columns) > 0 {
		all := src.columns
		if src.table != nil {
			all = tableOutputs(src.table)
		}
		src.table, src.columns = nil, *all.renamed(j.Columns)
	}
	return src
}

func (s *scope) tableSource(t Table, bounded bool) *source {
	switch t := t.(type) {
	case *TableName:
		return s.tableName(t)
	case *Subquery:
		return &source{columns: s.c.query(t.Query, s, bounded)}
	case *TableCall:
		return s.tableCall(t)
	case *Placeholder:
		s.c.placeholder(t)
	case *Pivot:
		s.tableSource(t.Table, bounded)
	case *Unpivot:
		s.tableSource(t.Table, bounded)
	}
	return &source{columns: outputs{open: true}}
}

func (s *scope) tableName(t *TableName) *source {
	parts := make([]string, len(t.Chain))
	for i, id := range t.Chain {
		parts[i] = id.Name
	}
	full, last := strings.Join(parts, "."), parts[len(parts)-1]
	src := &source{paths: [][]string{{last}, parts, {full}, {strings.Join(parts, "__")}}}
	if len(parts) == 1 {
		if o := s.cte(full); o != nil {
			src.columns = *o
			return src
		}
	}
	if src.table = s.c.cat.table(full); src.table == nil {
		src.columns.open = true
		if full == "numbers" {
			s.c.warn("unknown-table", t.Span, "numbers is a table function: write numbers(10)")
			return src
		}
		s.unknownTable(t, full)
	}
	return src
}

// tableFunctions returns the table functions of HogQL; numbers has one column, number.
func tableFunctions() []string { return []string{"numbers", "range", "generate_series"} }

func (s *scope) tableCall(t *TableCall) *source {
	src := &source{paths: [][]string{{t.Name.Name}}, columns: outputs{open: true}}
	if !slices.Contains(tableFunctions(), t.Name.Name) {
		s.c.add(Finding{Severity: Warning, Code: "unknown-table", Span: t.Name.Span, Nearest: s.c.closest(t.Name.Name, slices.Values(tableFunctions()), 1),
			Message: "PostHog has no table function " + quoted(t.Name.Name) + " that is known here; there are numbers, range and generate_series"})
		return src
	}
	s.exprs(t.Args, place{})
	if t.Name.Name == "numbers" {
		src.columns = outputs{list: []output{{name: "number", value: value{known: true, typ: "integer"}}}}
	}
	return src
}

// unknownTable reports a table that the catalogue does not have.
func (s *scope) unknownTable(t *TableName, full string) {
	c := s.c
	f := Finding{Severity: Warning, Code: "unknown-table", Span: t.Span}
	name := t.Chain[len(t.Chain)-1].Name
	f.Nearest = c.closest(full, c.cat.tableNames(), 3)
	if system := "system." + full; c.cat.Tables[system] != nil {
		f.Nearest = []string{system}
	}
	if c.cat.Complete {
		f.Severity = Problem
	}
	switch {
	case len(t.Chain) == 1 && clauseTable(t.Chain[0]):
		f.Message = strings.ToUpper(name) + " is read as the name of a table here: is there a comma or a word too many before it?"
	case c.cat.Complete:
		f.Message = "there is no table " + quoted(full)
	default:
		f.Message = "PostHog has no table " + quoted(full) + " of its own: it must be a warehouse table or a view of the project"
		if c.o.Offline && c.misspelt(full, f.Nearest) {
			f.Severity = Problem
			f.Message = "there is no table " + quoted(full)
		}
	}
	if why := s.unfinished(full); why != "" {
		f.Message, f.Nearest = why, nil
	}
	if len(f.Nearest) > 0 {
		f.Message += ". Close: " + strings.Join(f.Nearest, ", ")
	}
	if len(f.Nearest) == 1 && f.Severity == Problem {
		f.Fix = c.edit(t.Span, tableText(f.Nearest[0]))
	}
	c.add(f)
}

// misspelt tells whether a name is one letter away from a table of PostHog's own, or names one of system.* without
// its prefix.
func (c *checker) misspelt(name string, near []string) bool {
	return slices.ContainsFunc(near, func(n string) bool {
		return n == "system."+name || EditDistance(strings.ToLower(name), strings.ToLower(n), 1) <= 1
	})
}

func tableText(name string) string {
	var chain []Ident
	for part := range strings.SplitSeq(name, ".") {
		chain = append(chain, Ident{Name: part})
	}
	return Print(&TableName{Chain: chain})
}

// clauseTable tells a clause's word that was read as a table.
func clauseTable(id Ident) bool {
	switch strings.ToLower(id.Name) {
	case "where", "on", "join", "group", "order", "having", "select", "limit", "union":
		return !id.Quoted()
	}
	return false
}

func quoted(name string) string { return `"` + clip(name, 60) + `"` }

// mostOutputs is how many columns of a query are looked at; more are taken for unknown ones.
const mostOutputs = 1000

// outputs returns the columns that the SELECT gives.
func (s *scope) outputs() outputs {
	var out outputs
	for _, x := range s.sel.Columns {
		switch x := x.(type) {
		case *Star:
			all := s.star(x)
			out.list, out.open = append(out.list, all.list...), out.open || all.open
			if len(out.list) > mostOutputs { // stars of stars
				out.list, out.open = out.list[:mostOutputs], true
			}
		case *Columns, *Spread:
			out.open = true
		case *Alias:
			out.list = append(out.list, output{x.Name.Name, s.quiet(x.X)})
		case *Field:
			out.list = append(out.list, output{x.Chain[len(x.Chain)-1].Name, s.quiet(x)})
		default:
			out.list = append(out.list, output{Print(x), s.quiet(x)})
		}
	}
	return out
}

// star returns the columns that * stands for.
func (s *scope) star(x *Star) outputs {
	var out outputs
	for _, src := range s.sources {
		if len(x.Table) > 0 && !slices.ContainsFunc(src.paths, func(p []string) bool { return slices.Equal(p, chainNames(x.Table)) }) {
			continue
		}
		all := src.columns
		if src.table != nil {
			all = tableOutputs(src.table)
		}
		out.list, out.open = append(out.list, all.list...), out.open || all.open
		if len(out.list) > mostOutputs {
			out.open = true
			break
		}
	}
	out.open = out.open || len(out.list) == 0
	out.list = slices.DeleteFunc(out.list, func(o output) bool {
		return slices.ContainsFunc(x.Exclude, func(id Ident) bool { return id.Name == o.name })
	})
	return out
}

// tableOutputs returns what * gives of a table; it is closed only where the columns are certain.
func tableOutputs(t *CatalogueTable) outputs {
	out := outputs{open: t.Open || !t.Certain}
	for i := range t.Columns {
		if col := &t.Columns[i]; !col.Hidden && !col.path() {
			out.list = append(out.list, output{col.Name, value{known: true, typ: col.Type, table: t.Name, column: col.Name}})
		}
	}
	return out
}

func chainNames(chain []Ident) []string {
	names := make([]string, len(chain))
	for i, id := range chain {
		names[i] = id.Name
	}
	return names
}
