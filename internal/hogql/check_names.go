package hogql

import (
	"slices"
	"strconv"
	"strings"
)

// twice reports a second table of a SELECT that has the name of another, which PostHog refuses.
func (s *scope) twice(j *Join, src *source) {
	span := Span{}
	if t, ok := j.Table.(*TableName); ok {
		span, src.name = t.Span, strings.Join(chainNames(t.Chain), "__")
	}
	if j.Alias != nil {
		span, src.name = j.Alias.Span, j.Alias.Name
	}
	if src.name != "" && slices.ContainsFunc(s.sources, func(o *source) bool { return o.name == src.name }) {
		s.c.problem("duplicate-table", span, "this query has two tables called %s: give this one another alias", quoted(src.name))
	}
}

// duplicates warns about two columns with one name: from outside only one of them can be read. A whole query may
// give them, where the names were not chosen.
func (s *scope) duplicates() {
	seen := map[string]Expr{}
	for _, x := range s.sel.Columns {
		a, aliased := x.(*Alias)
		name := ""
		span := x.Pos()
		switch f := unaliased(x).(type) {
		case *Field:
			name = f.Chain[len(f.Chain)-1].Name
		default:
			if !aliased {
				continue
			}
		}
		if aliased {
			name, span = a.Name.Name, a.Name.Span
		}
		other, ok := seen[name]
		if !ok {
			seen[name] = x
			continue
		}
		_, both := other.(*Alias)
		switch {
		case Equal(unaliased(other), unaliased(x)):
		case aliased && both:
			s.c.warn("duplicate-column", span, "two columns are called %s: PostHog may refuse it, and only one of them can be read by that name", quoted(name))
		case s.outer != nil:
			s.c.warn("duplicate-column", span, "two columns of this subquery are called %s, and only one of them can be read from outside: give one an alias", quoted(name))
		}
	}
}

// ambiguous reports a column without a table that more than one table of the query has, which PostHog refuses.
func (s *scope) ambiguous(f *Field) bool {
	name := f.Chain[0].Name
	var tables []string
	for _, src := range s.sources {
		if found, _ := src.has(name); found {
			label := "a subquery without an alias"
			if len(src.paths) > 0 {
				label = strings.Join(src.paths[0], ".")
			}
			tables = append(tables, label)
		}
	}
	if len(tables) < 2 || slices.ContainsFunc(s.sel.From, func(j *Join) bool { return j.Using != nil }) {
		return false
	}
	hint := make([]string, len(tables))
	for i, t := range tables {
		hint[i] = tableText(t) + "." + Print(f)
	}
	s.c.add(Finding{
		Severity: Problem, Code: "ambiguous-column", Span: f.Chain[0].Span, Hint: strings.Join(hint, " or "),
		Message: quoted(name) + " is a column of more than one table of this query: " + strings.Join(tables, ", "),
	})
	return true
}

// correlated reports a table of the query around: a subquery does not see it.
func (s *scope) correlated(id Ident) bool {
	for o := s.outer; o != nil; o = o.outer {
		for _, src := range o.sources {
			if !slices.ContainsFunc(src.paths, func(p []string) bool { return len(p) == 1 && p[0] == id.Name }) {
				continue
			}
			s.c.add(Finding{
				Severity: Problem, Code: "unknown-column", Span: id.Span,
				Message: quoted(id.Name) + " is a table of the query around: HogQL has no correlated subqueries",
				Hint:    "JOIN the subquery, grouped by the key, instead of comparing inside of it",
			})
			return true
		}
	}
	return false
}

// unfinished says why the name of a common table expression is no table yet; "" for other names.
func (s *scope) unfinished(name string) string {
	for o := s; o != nil; o = o.outer {
		if o.sel == nil {
			continue
		}
		i := slices.IndexFunc(o.sel.With, func(c *CTE) bool { return c.Name.Name == name && c.Query != nil })
		switch {
		case i < 0:
		case o.declaring == name:
			return quoted(name) + " is being defined here: only WITH RECURSIVE lets a query read itself"
		default:
			return quoted(name) + " is defined later in WITH: a query sees only those before it, so move it up, and let the two not read each other"
		}
	}
	return ""
}

// positions reports numbers in GROUP BY and ORDER BY that stand for no column.
func (s *scope) positions() {
	q := s.sel
	for _, x := range q.Columns {
		switch x.(type) {
		case *Star, *Columns, *Spread:
			return
		}
	}
	check := func(x Expr) {
		n, ok := x.(*Number)
		if !ok || strings.Trim(n.Text, "0123456789") != "" {
			return
		}
		if i, err := strconv.Atoi(n.Text); err != nil || i < 1 || i > len(q.Columns) {
			s.c.warn("position", n.Span, "there is no column %s: the query has %s", clip(n.Text, 20), count(len(q.Columns), "column"))
		}
	}
	if q.GroupBy != nil && q.GroupBy.Mode == "" {
		for _, x := range q.GroupBy.Exprs {
			check(x)
		}
	}
	for _, o := range q.OrderBy {
		check(o.X)
	}
}

// percent reports a name with a percent sign, which PostHog refuses.
func (c *checker) percent(id Ident) {
	if strings.Contains(id.Name, "%") {
		c.add(Finding{Severity: Problem, Code: "percent-name", Span: id.Span, Message: "PostHog allows no % in a name: " + quoted(id.Name)})
	}
}
