package hogql

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// byCount sorts events by how often they were seen.
func (c *checker) byCount(events []string) {
	slices.SortFunc(events, func(a, b string) int {
		return cmp.Or(cmp.Compare(c.cat.Events[b], c.cat.Events[a]), cmp.Compare(a, b))
	})
}

// call checks a function's name, its arguments' number, and whether an aggregate may stand there.
func (s *scope) call(x *Call, at place) {
	fn, known := LookupFunction(x.Name.Name)
	switch {
	case s.isParam(x.Name.Name):
		known = false
	case !known:
		if !s.named(x.Name.Name) {
			s.unknownFunction(x)
		}
	default:
		s.arity(x, fn)
		s.windowed(x, fn)
		s.arguments(x, fn)
	}
	inner := at
	if known && fn.Aggregate && x.Over == nil {
		switch {
		case at.aggregate != "":
			s.c.problem("nested-aggregate", x.Span, "%s is an aggregate inside the aggregate %s: compute it in a subquery first", fn.Name, at.aggregate)
		case at.clause != "":
			s.aggregateIn(x.Span, fn.Name+"(…)", at.clause)
		}
		inner.aggregate = fn.Name
	}
	if x.Over != nil {
		if at.aggregate != "" {
			s.c.problem("nested-aggregate", x.Span, "a window function cannot stand inside the aggregate %s: compute it in a subquery first", at.aggregate)
		}
		if where := cmp.Or(at.clause, at.noWindow); where != "" {
			s.windowIn(x.Span, aWindow, where)
		}
		inner = place{noWindow: "another window function"} // its arguments are computed first: they may be aggregates
		s.over(x.Over)
	}
	s.exprs(x.Params, place{})
	s.exprs(x.Args, inner)
	s.orders(x.OrderBy, inner)
	s.orders(x.Within, inner)
	s.expr(x.Filter, inner)
}

// windowed checks that OVER stands behind what can take it, and behind what needs it.
func (s *scope) windowed(x *Call, fn Function) {
	switch {
	case fn.Window && x.Over == nil:
		s.c.add(Finding{Severity: Problem, Code: "window-without-over", Span: x.Span, Message: fn.Name + " is a window function and needs OVER",
			Hint: clip(Print(x), 60) + " OVER (PARTITION BY … ORDER BY …)"})
	case x.Over != nil && !fn.Window && !fn.Aggregate:
		s.c.warn("no-window-function", x.Span, "%s is no aggregate and no window function: it takes no OVER", fn.Name)
	}
}

func (s *scope) over(o *Over) {
	if o.Name != nil {
		if !slices.ContainsFunc(s.sel.windows(), func(w *NamedWindow) bool { return w.Name.Name == o.Name.Name }) {
			s.c.warn("unknown-window", o.Name.Span, "there is no WINDOW %s in this query", quoted(o.Name.Name))
		}
		return
	}
	s.window(o.Spec, place{})
}

// windows returns the named windows of a SELECT that may be nil.
func (q *Select) windows() []*NamedWindow {
	if q == nil {
		return nil
	}
	return q.Windows
}

func (s *scope) window(w *Window, at place) {
	if w == nil {
		return
	}
	s.exprs(w.PartitionBy, at)
	s.orders(w.OrderBy, at)
}

func (s *scope) orders(list []*Order, at place) {
	for _, o := range list {
		s.expr(o.X, at)
	}
}

func (s *scope) aggregateIn(span Span, what, clause string) {
	f := Finding{Severity: Problem, Code: "aggregate-in-" + strings.ToLower(strings.ReplaceAll(clause, " ", "-")), Span: span, Message: what + " is an aggregate and cannot stand in " + clause}
	if clause == "WHERE" || clause == "PREWHERE" {
		f.Hint = "HAVING behind GROUP BY for conditions on aggregates"
	}
	s.c.add(f)
}

// aliasedAggregate reports an alias of an aggregate where no aggregate may stand. An alias that has the name
// of a column is left to PostHog.
func (s *scope) aliasedAggregate(f *Field, at place) {
	name := f.Chain[0].Name
	x, ok := s.aliases[name]
	if !ok || len(f.Chain) > 1 || s.inside(name) || s.isParam(name) || at == (place{}) || at.clause == "ARRAY JOIN" {
		return
	}
	for _, src := range s.sources {
		if found, _ := src.has(name); found || src.open() {
			return
		}
	}
	what, known := s.sums[name]
	if !known {
		what = innerAggregate(x)
		if s.sums == nil {
			s.sums = map[string]string{}
		}
		s.sums[name] = what
	}
	switch {
	case what == "":
	case at.aggregate != "":
		s.c.problem("nested-aggregate", f.Span, "%s is %s inside the aggregate %s: compute it in a subquery first", name, what, at.aggregate)
	case what == aWindow:
		s.windowIn(f.Span, name+" is "+what+" and", cmp.Or(at.clause, at.noWindow))
	case at.clause != "":
		s.aggregateIn(f.Span, name, at.clause)
	}
}

// What an alias can stand for that is not computed row by row.
const (
	anAggregate = "an aggregate"
	aWindow     = "a window function"
)

// innerAggregate tells whether an expression holds an aggregate or a window function; "" for neither.
func innerAggregate(x Expr) string {
	window := false
	Walk(x, func(n Node) bool {
		if call, ok := n.(*Call); ok && call.Over != nil {
			window = true
		}
		_, isQuery := n.(*Subquery)
		return !window && !isQuery
	})
	switch {
	case window:
		return aWindow
	case hasAggregate(x):
		return anAggregate
	}
	return ""
}

// windowIn reports a window function where none may stand.
func (s *scope) windowIn(span Span, what, clause string) {
	code := "aggregate-in-" + strings.ToLower(strings.ReplaceAll(clause, " ", "-"))
	if strings.HasPrefix(clause, "another") {
		code = "nested-aggregate"
	}
	s.c.add(Finding{Severity: Problem, Code: code, Span: span,
		Message: what + " cannot stand in " + clause, Hint: "SELECT * FROM (SELECT …, row_number() OVER (…) AS x FROM …) WHERE x …"})
}

// hasAggregate tells whether an expression holds an aggregate, windows and subqueries left aside.
func hasAggregate(x Expr) bool {
	found := false
	Walk(x, func(n Node) bool {
		switch n := n.(type) {
		case *Subquery:
			return false
		case *Call:
			fn, ok := LookupFunction(n.Name.Name)
			found = found || ok && fn.Aggregate && n.Over == nil
		}
		return !found
	})
	return found
}

// unknownFunction reports a function that PostHog does not let HogQL call.
func (s *scope) unknownFunction(x *Call) {
	name := x.Name.Name
	near := s.c.closest(name, publicFunctions, 3)
	same := slices.IndexFunc(near, func(n string) bool { return strings.EqualFold(n, name) })
	f := Finding{Severity: Problem, Code: "unknown-function", Span: x.Name.Span, Nearest: near, Message: "HogQL has no function " + quoted(name)}
	switch {
	case strings.EqualFold(name, "on") && s.sel != nil && s.sel.Distinct:
		f.Message, f.Nearest = "DISTINCT ON is read as DISTINCT and a function on", nil
		f.Hint = "SELECT … ORDER BY … LIMIT 1 BY " + clip(printList(x.Args), 60)
	case same >= 0:
		f.Message += ": names of functions tell capitals. Write " + near[same]
		f.Hint = near[same]
		f.Fix = s.c.edit(x.Name.Span, near[same])
	case len(near) > 0:
		f.Message += ". Close: " + strings.Join(near, ", ")
		slip := func(n string) bool { return EditDistance(strings.ToLower(name), strings.ToLower(n), 1) <= 1 }
		if slip(near[0]) && !slices.ContainsFunc(near[1:], slip) {
			f.Fix = s.c.edit(x.Name.Span, near[0])
		}
	case strings.EqualFold(name, "exists"):
		f.Hint = "key IN (SELECT key FROM …)"
	case strings.EqualFold(name, "cube"), strings.EqualFold(name, "rollup"):
		f.Message = strings.ToUpper(name) + " stands alone in GROUP BY: beside other keys it is read as a function"
	}
	s.c.add(f)
}

// publicFunctions yields the functions that are meant to be called: not those with a leading underscore.
func publicFunctions(yield func(string) bool) {
	for name := range functions() {
		if !strings.HasPrefix(name, "_") && !yield(name) {
			return
		}
	}
}

func printList(list []Expr) string {
	texts := make([]string, len(list))
	for i, x := range list {
		texts[i] = Print(x)
	}
	return strings.Join(texts, ", ")
}

// arity checks the number of arguments and parameters.
func (s *scope) arity(x *Call, fn Function) {
	args, params := x.Args, x.Params
	if len(x.Within) > 0 {
		return // the arguments are the parameters there, and ORDER BY gives the others
	}
	for _, list := range [][]Expr{args, params} {
		for _, a := range list {
			switch a := a.(type) {
			case *Columns, *Spread, *Placeholder:
				return
			case *Star:
				if fn.Name != "count" || len(a.Exclude) > 0 {
					return
				}
			}
		}
	}
	kind := "function "
	if fn.Aggregate {
		kind = "aggregate "
	}
	if n := len(args); n < fn.MinArgs || fn.MaxArgs >= 0 && n > fn.MaxArgs {
		f := Finding{Severity: Problem, Code: "argument-count", Span: x.Span,
			Message: kind + fn.Name + " takes " + between(fn.MinArgs, fn.MaxArgs, "argument") + "; here " + isAre(n)}
		if l, ok := swallowed(args); ok {
			f.Message += ": the lambda without parentheses took the names before it as its own"
			f.Hint = "(" + l.Params[len(l.Params)-1].Name + ") -> … between parentheses"
		}
		s.c.add(f)
	}
	if n := len(args); fn.Name == "multiIf" && n >= fn.MinArgs && n%2 == 0 {
		s.c.problem("argument-count", x.Span, "multiIf takes pairs of a condition and a value, and one value more for the rest: here %s", isAre(n))
	}
	n := len(params)
	switch {
	case n < fn.MinParams && !x.HasParam:
		s.c.add(Finding{Severity: Problem, Code: "argument-count", Span: x.Span, Message: kind + fn.Name + " needs parameters in parentheses of their own before its arguments",
			Hint: fn.Name + "(…)(" + clip(printList(args), 60) + ")"})
	case fn.MinParams == 0 && fn.MaxParams == 0 && n > 0: // PostHog counts them only where some are needed
		if fn.Aggregate {
			return // ClickHouse's own may take some: groupArray(5)(x)
		}
		s.c.warn("argument-count", x.Span, "%s%s takes no parameters in parentheses of their own", kind, fn.Name)
	case n < fn.MinParams || fn.MaxParams >= 0 && n > fn.MaxParams:
		s.c.problem("argument-count", x.Span, "%s%s takes %s in its first parentheses; here %s", kind, fn.Name, between(fn.MinParams, fn.MaxParams, "parameter"), isAre(n))
	}
}

func isAre(n int) string {
	switch n {
	case 0:
		return "is none"
	case 1:
		return "is 1"
	}
	return "are " + strconv.Itoa(n)
}

// between says how many there may be.
func between(low, high int, thing string) string {
	switch {
	case high == 0:
		return "no " + thing + "s"
	case low == high:
		return count(low, thing)
	case high < 0:
		return "at least " + count(low, thing)
	case low == 0:
		return "at most " + count(high, thing)
	}
	return strconv.Itoa(low) + " to " + count(high, thing)
}

// swallowed tells whether the last argument is a lambda that took more than one name.
func swallowed(args []Expr) (*Lambda, bool) {
	if len(args) == 0 {
		return nil, false
	}
	l, ok := args[0].(*Lambda)
	return l, ok && len(l.Params) > 1
}
