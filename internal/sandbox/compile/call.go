package compile

import (
	"slices"
	"strings"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/schema"
)

// call translates a function call. Only functions that HogQL knows can be called.
func (s *scope) call(e *hogql.Call) value {
	f, ok := hogql.LookupFunction(e.Name.Name)
	if !ok {
		return s.unknownFunction(e.Name)
	}
	if f.Aggregate && s.aggregate != "" && e.Over == nil {
		return s.c.fail(e.Span, "Aggregation '%s' cannot be nested inside another aggregation '%s'.", e.Name.Name, s.aggregate)
	}
	if !s.counts(e, f) {
		return value{sql: "NULL"}
	}
	outer := s.aggregate
	if f.Aggregate && e.Over == nil {
		s.aggregate = e.Name.Name
	}
	out := s.known(e, f)
	s.aggregate = outer
	return out
}

func (s *scope) unknownFunction(name hogql.Ident) value {
	names := hogql.FunctionNames()
	if near := hogql.Nearest(name.Name, slices.Values(names), 1); len(near) > 0 {
		return s.c.fail(name.Span, "Unsupported function call '%s(...)'. Perhaps you meant '%s(...)'?", name.Name, near[0])
	}
	return s.c.fail(name.Span, "Unsupported function call '%s(...)'", name.Name)
}

// counts checks the numbers of arguments and parameters.
func (s *scope) counts(e *hogql.Call, f hogql.Function) bool {
	term := "Function"
	if f.Aggregate {
		term = "Aggregation"
	}
	args, params := len(e.Args), len(e.Params)
	if f.WithinGroup != (len(e.Within) > 0) {
		word := map[bool]string{true: "requires", false: "does not take"}[f.WithinGroup]
		s.c.fail(e.Name.Span, "%s '%s' %s WITHIN GROUP (ORDER BY …)", term, e.Name.Name, word)
		return false
	}
	if len(e.Within) > 0 { // the value to order by is the argument; what stands in the parentheses are parameters
		args, params = f.MinArgs, params+args
	}
	if len(e.Args) == 1 {
		switch e.Args[0].(type) {
		case *hogql.Star:
			if strings.EqualFold(f.Name, "count") || strings.EqualFold(f.Name, "countDistinct") {
				args = 0
			}
		case *hogql.Spread, *hogql.Columns:
			args = f.MinArgs
		}
	}
	if !s.c.arity(e.Name, term, "argument", args, f.MinArgs, f.MaxArgs) {
		return false
	}
	if f.MinParams > 0 && params == 0 {
		s.c.fail(e.Name.Span, "%s '%s' requires parameters in addition to arguments", term, e.Name.Name)
		return false
	}
	return params == 0 || s.c.arity(e.Name, term, "parameter", params, f.MinParams, f.MaxParams)
}

// arity checks a count; most is -1 without bound.
func (c *compiler) arity(name hogql.Ident, term, what string, found, least, most int) bool {
	plural := func(n int) string {
		if n == 1 {
			return what
		}
		return what + "s"
	}
	few, many := found < least, most >= 0 && found > most
	switch {
	case (few || many) && least == most:
		c.fail(name.Span, "%s '%s' expects %d %s, found %d", term, name.Name, least, plural(least), found)
	case few:
		c.fail(name.Span, "%s '%s' expects at least %d %s, found %d", term, name.Name, least, plural(least), found)
	case many:
		c.fail(name.Span, "%s '%s' expects at most %d %s, found %d", term, name.Name, most, plural(most), found)
	}
	return !few && !many
}

// known translates a call of a function in the table.
func (s *scope) known(e *hogql.Call, f hogql.Function) value {
	if v, ok := s.special(e, f); ok {
		return v
	}
	in := invocation{call: e, function: f, name: f.Name, args: s.arguments(e.Args), params: s.arguments(e.Params)}
	if e.Over == nil && f.Window {
		return s.c.fail(e.Span, "Function '%s' is a window function: write OVER (…) behind it", e.Name.Name)
	}
	if len(e.Within) > 0 {
		in.params = append(in.params, in.args...)
		in.args = nil
		for _, o := range e.Within {
			in.args = append(in.args, s.expr(o.X))
		}
	}
	if len(e.OrderBy) > 0 {
		return s.ordered(e, in)
	}
	out := s.rewrite(&in)
	if s.c.err != nil || in.done {
		return out
	}
	out.sql = s.printed(&in)
	return out
}

// invocation is a call while it is rewritten for the engine.
type invocation struct {
	call     *hogql.Call
	function hogql.Function
	name     string // for the engine
	args     []value
	params   []value
	frame    string // of a window without one
	done     bool   // the rewritten value is complete
}

// arguments translates arguments; COLUMNS(…) stands for several.
func (s *scope) arguments(list []hogql.Expr) []value {
	var out []value
	for _, e := range list {
		switch e.(type) {
		case *hogql.Spread, *hogql.Columns:
			cols, _ := s.columnsOf(e)
			for _, col := range cols {
				out = append(out, col.value)
			}
		default:
			out = append(out, s.expr(e))
		}
	}
	return out
}

// printed is the call as the engine reads it.
func (s *scope) printed(in *invocation) string {
	e := in.call
	var b strings.Builder
	b.WriteString(in.name)
	if len(in.params) > 0 {
		b.WriteString("(" + join(in.params) + ")")
	}
	b.WriteString("(")
	if e.Distinct {
		b.WriteString("DISTINCT ")
	}
	b.WriteString(join(in.args) + ")")
	if e.Over == nil {
		if e.Filter != nil {
			b.WriteString(" FILTER (WHERE " + s.expr(e.Filter).sql + ")")
		}
		return b.String()
	}
	b.WriteString(" OVER ")
	if e.Over.Name != nil {
		return b.String() + schema.Ident(e.Over.Name.Name)
	}
	return b.String() + "(" + s.window(e.Over.Spec, in.frame) + ")"
}

func join(list []value) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = v.sql
	}
	return strings.Join(parts, ", ")
}

// items translates and joins a list.
func (s *scope) items(list []hogql.Expr) string { return join(s.arguments(list)) }

// window prints a window's specification; frame stands where it has none.
func (s *scope) window(w *hogql.Window, frame string) string {
	var parts []string
	if len(w.PartitionBy) > 0 {
		parts = append(parts, "PARTITION BY "+s.list(w.PartitionBy))
	}
	if len(w.OrderBy) > 0 {
		parts = append(parts, "ORDER BY "+s.orders(w.OrderBy))
	}
	if w.Frame != "" && w.Start != nil {
		frame = w.Frame + " " + s.bound(w.Start)
		if w.End != nil {
			frame = w.Frame + " BETWEEN " + s.bound(w.Start) + " AND " + s.bound(w.End)
		}
	}
	if frame != "" {
		parts = append(parts, frame)
	}
	return strings.Join(parts, " ")
}

func (s *scope) bound(b *hogql.Bound) string {
	switch {
	case b.Kind == "CURRENT ROW":
		return b.Kind
	case b.Value == nil:
		return "UNBOUNDED " + b.Kind
	}
	return s.expr(b.Value).sql + " " + b.Kind
}

// ordered translates groupArray(x ORDER BY y): the engine sorts the collected pairs.
func (s *scope) ordered(e *hogql.Call, in invocation) value {
	switch {
	case e.Over != nil || len(in.params) > 0 || len(in.args) == 0:
	case in.name == "groupArray" || in.name == "array_agg" || in.name == "string_agg" || in.name == "groupArrayIf":
		keys := []string{in.args[0].sql}
		for _, o := range e.OrderBy {
			if o.Desc != e.OrderBy[0].Desc {
				return s.c.fail(o.Span, "ORDER BY inside %s sorts in one direction only", e.Name.Name)
			}
			keys = append(keys, s.expr(o.X).sql)
		}
		sort := map[bool]string{true: "arrayReverseSort", false: "arraySort"}[e.OrderBy[0].Desc]
		call := in
		call.name = "groupArray"
		call.args = append([]value{{sql: "tuple(" + strings.Join(keys, ", ") + ")"}}, in.args[1:]...)
		var separator string
		if in.name == "string_agg" {
			separator, call.args = in.args[1].sql, call.args[:1]
		}
		if in.name == "groupArrayIf" {
			call.name = in.name
		}
		p := schema.Ident(s.c.unique("pair"))
		var order []string
		for i := range e.OrderBy {
			order = append(order, "tupleElement("+p+", "+string(rune('2'+i))+")")
		}
		sql := "arrayMap(" + p + " -> tupleElement(" + p + ", 1), " + sort + "(" + p + " -> tuple(" + strings.Join(order, ", ") + "), " + s.printed(&call) + "))"
		if separator != "" {
			return value{sql: "arrayStringConcat(" + sql + ", " + separator + ")", kind: schema.String}
		}
		return value{sql: sql, kind: schema.Array}
	}
	return s.c.fail(e.Span, "ORDER BY inside %s is not supported", e.Name.Name)
}
