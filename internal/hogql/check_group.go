package hogql

import (
	"reflect"
	"slices"
	"strconv"
)

// grouping warns about columns that are neither grouped nor inside an aggregate.
func (s *scope) grouping() {
	q := s.sel
	g := &grouped{s: s, fields: map[string][][]string{}, firsts: map[string][][]string{}, texts: map[string]bool{}, kinds: map[reflect.Type]bool{}, seen: map[string]bool{}}
	switch {
	case q.GroupBy != nil && q.GroupBy.Mode == "all":
		return
	case q.GroupBy != nil:
		for _, x := range q.GroupBy.Exprs {
			g.key(x)
		}
		for _, set := range q.GroupBy.Sets {
			for _, x := range set {
				g.key(x)
			}
		}
	case !slices.ContainsFunc(q.Columns, hasAggregate) && (q.Having == nil || !hasAggregate(q.Having)):
		return
	}
	for _, x := range q.Columns {
		if _, ok := x.(*Star); !ok {
			g.check(x)
		}
	}
	if q.Having != nil {
		g.check(q.Having)
	}
	for _, o := range q.OrderBy {
		g.check(o.X)
	}
}

// grouped are the keys of a GROUP BY.
type grouped struct {
	s      *scope
	fields map[string][][]string // keys that are columns, by the last name
	firsts map[string][][]string // the same by the first name
	texts  map[string]bool       // other keys, printed
	kinds  map[reflect.Type]bool // the kinds of nodes among them
	seen   map[string]bool       // aliases that were looked into
}

// key adds a key: a position or an alias stands for its expression.
func (g *grouped) key(x Expr) {
	switch k := x.(type) {
	case *Alias:
		g.key(k.X)
	case *Tuple:
		for _, e := range k.Elems {
			g.key(e)
		}
	case *Number:
		if i, err := strconv.Atoi(k.Text); err == nil && i >= 1 && i <= len(g.s.sel.Columns) {
			g.add(unaliased(g.s.sel.Columns[i-1]))
		}
	case *Field:
		if of, ok := g.s.aliases[k.Chain[0].Name]; ok && len(k.Chain) == 1 {
			g.add(unaliased(of))
		}
	}
	g.add(x)
}

func (g *grouped) add(x Expr) {
	f, ok := x.(*Field)
	if !ok {
		g.texts[Print(x)] = true
		g.kinds[reflect.TypeOf(x)] = true
		return
	}
	names := chainNames(f.Chain)
	last := names[len(names)-1]
	g.fields[last] = append(g.fields[last], names)
	g.firsts[names[0]] = append(g.firsts[names[0]], names)
}

// unaliased takes the alias off.
func unaliased(x Expr) Expr {
	for {
		a, ok := x.(*Alias)
		if !ok {
			return x
		}
		x = a.X
	}
}

// is tells whether x is a key. A column's table may be named or not, and what is below a key comes with it.
func (g *grouped) is(x Expr) bool {
	f, ok := x.(*Field)
	if !ok {
		return g.kinds[reflect.TypeOf(x)] && g.texts[Print(x)]
	}
	a := chainNames(f.Chain)
	return slices.ContainsFunc(g.fields[a[len(a)-1]], func(b []string) bool {
		n := min(len(a), len(b))
		return slices.Equal(a[len(a)-n:], b[len(b)-n:])
	}) || slices.ContainsFunc(g.firsts[a[0]], func(b []string) bool {
		n := min(len(a), len(b))
		return slices.Equal(a[:n], b[:n])
	})
}

// check looks at x and what is below it.
func (g *grouped) check(x Node) {
	if isNil(x) {
		return
	}
	if e, ok := x.(Expr); ok && g.is(e) {
		return
	}
	s := g.s
	switch x := x.(type) {
	case *Alias:
		if g.is(&Field{Chain: []Ident{x.Name}}) {
			return
		}
		s.using = append(s.using, x.Name.Name)
		g.check(x.X)
		s.using = s.using[:len(s.using)-1]
		return
	case *Subquery, *Placeholder, *Tag, *Star, *Columns, *Spread, *Positional:
		return
	case *Lambda:
		n := len(s.params)
		s.params = append(s.params, x.Params...)
		g.check(x.Body)
		s.params = s.params[:n]
		return
	case *Call:
		if fn, ok := LookupFunction(x.Name.Name); !ok || fn.Aggregate && x.Over == nil || fn.Name == "grouping" {
			return
		}
	case *Field:
		g.field(x)
		return
	}
	for _, child := range children(x) {
		g.check(child)
	}
}

// field warns about a column that stands alone.
func (g *grouped) field(f *Field) {
	s, name := g.s, f.Chain[0].Name
	if s.isParam(name) {
		return
	}
	if of, ok := s.aliases[name]; ok && len(f.Chain) == 1 && !s.inside(name) {
		if !g.seen[name] {
			g.seen[name] = true
			s.using = append(s.using, name)
			g.check(of)
			s.using = s.using[:len(s.using)-1]
		}
		return
	}
	if s.named(name) || s.cte(name) != nil && len(f.Chain) == 1 {
		return
	}
	v := s.quiet(f)
	if !v.known {
		return // reported already, or not known
	}
	text := clip(Print(f), 60)
	s.c.add(Finding{Severity: Warning, Code: "not-grouped", Span: f.Span, Message: text + " is neither in GROUP BY nor inside an aggregate",
		Hint: "GROUP BY …, " + text + " or any(" + text + ")"})
}
