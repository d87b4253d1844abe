package hogql

import (
	"maps"
	"slices"
)

// query writes a statement or a member of a set operation.
func (w *jsonWriter) query(q Query) {
	switch q := q.(type) {
	case *Select:
		w.selectQuery(q)
	case *Set:
		w.set(q)
	case *Values:
		w.open()
		w.text("node", "ValuesQuery")
		w.key("rows")
		w.b = append(w.b, '[')
		for i, row := range q.Rows {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.exprs(row)
		}
		w.b = append(w.b, ']')
		w.close()
	case *Placeholder:
		w.wrap("Placeholder", q.X)
	case *Tag:
		w.tag(q)
	}
}

func (w *jsonWriter) selectQuery(s *Select) {
	w.open()
	if a := s.ArrayJoin; a != nil {
		w.list("array_join_list", a.Exprs)
		w.text("array_join_op", a.Kind)
	}
	w.ctes(s)
	w.raw("distinct", map[bool]string{false: "null", true: "true"}[s.Distinct])
	w.groupBy(s.GroupBy)
	w.child("having", s.Having)
	if s.Interpol != nil {
		w.interpolate(s.Interpol)
	}
	if s.Limit != nil && s.Limit.N != nil {
		w.child("limit", s.Limit.N)
	}
	if by := s.LimitBy; by != nil {
		w.key("limit_by")
		w.open()
		w.list("exprs", by.Exprs)
		w.child("n", by.N)
		w.text("node", "LimitByExpr")
		w.child("offset_value", by.Offset)
		w.close()
	}
	if s.Limit != nil && s.Limit.Percent {
		w.flag("limit_percent", true)
	}
	if s.Limit != nil && s.Limit.WithTies {
		w.flag("limit_with_ties", true)
	}
	w.text("node", "SelectQuery")
	if s.Limit != nil && s.Limit.Offset != nil {
		w.child("offset", s.Limit.Offset)
	}
	if len(s.OrderBy) > 0 {
		w.key("order_by")
		w.orders(s.OrderBy)
	}
	w.child("prewhere", s.Prewhere)
	w.child("qualify", s.Qualify)
	w.list("select", s.Columns)
	w.key("select_from")
	w.joins(s.From)
	w.child("where", s.Where)
	w.windows(s.Windows)
	w.close()
}

func (w *jsonWriter) ctes(s *Select) {
	w.key("ctes")
	if len(s.With) == 0 {
		w.b = append(w.b, "null"...)
		return
	}
	w.b = append(w.b, '[')
	for i, c := range s.With {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.open()
		if c.Query != nil {
			w.namesOrNull("columns", c.Columns)
			w.text("cte_type", "subquery")
			w.child("expr", c.Query)
			if c.Materialized == nil {
				w.raw("materialized", "null")
			} else {
				w.flag("materialized", *c.Materialized)
			}
		} else {
			w.text("cte_type", "column")
			w.child("expr", c.Expr)
		}
		w.text("name", c.Name.Name)
		w.text("node", "CTE")
		if s.Recursive {
			w.flag("recursive", true)
		}
		if c.Query != nil {
			w.namesOrNull("using_key", c.UsingKey)
		}
		w.close()
	}
	w.b = append(w.b, ']')
}

func (w *jsonWriter) namesOrNull(key string, list []Ident) {
	if len(list) == 0 {
		w.raw(key, "null")
		return
	}
	w.names(key, list)
}

func (w *jsonWriter) groupBy(g *GroupBy) {
	switch {
	case g == nil:
		w.raw("group_by", "null")
		return
	case g.Mode != "grouping_sets":
		w.listOrNull("group_by", g.Exprs)
	default:
		w.key("group_by")
		w.b = append(w.b, '[')
		for i, set := range g.Sets {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.elems("GroupingSet", set)
		}
		w.b = append(w.b, ']')
	}
	if g.Mode != "" {
		w.text("group_by_mode", g.Mode)
	}
}

func (w *jsonWriter) interpolate(in *Interpolate) {
	w.key("interpolate")
	w.b = append(w.b, '[')
	for i, item := range in.Items {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.open()
		w.key("expr")
		w.field([]Ident{item.Name}, "")
		w.text("node", "InterpolateExpr")
		w.child("value", item.X)
		w.close()
	}
	w.b = append(w.b, ']')
}

// orders writes the members of ORDER BY, or null where there is none.
func (w *jsonWriter) orders(list []*Order) {
	if len(list) == 0 {
		w.b = append(w.b, "null"...)
		return
	}
	w.b = append(w.b, '[')
	for i, o := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.open()
		w.child("expr", o.X)
		w.text("node", "OrderExpr")
		w.text("order", map[bool]string{false: "ASC", true: "DESC"}[o.Desc])
		if o.Fill != nil {
			w.key("with_fill")
			w.fill(o.Fill)
		}
		w.close()
	}
	w.b = append(w.b, ']')
}

func (w *jsonWriter) fill(f *Fill) {
	w.open()
	if f.From != nil {
		w.child("from_value", f.From)
	}
	w.text("node", "WithFillExpr")
	if f.Step != nil {
		w.child("step_value", f.Step)
	}
	if f.To != nil {
		w.child("to_value", f.To)
	}
	w.close()
}

// windows writes WINDOW's names; the last of two equal ones counts.
func (w *jsonWriter) windows(list []*NamedWindow) {
	if len(list) == 0 {
		return
	}
	byName := map[string]*Window{}
	for _, n := range list {
		byName[n.Name.Name] = n.Spec
	}
	w.key("window_exprs")
	w.open()
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		w.key(name)
		w.window(byName[name])
	}
	w.close()
}

// members writes the nodes under their names.
func (w *jsonWriter) members(byName map[string]Node) {
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		w.child(name, byName[name])
	}
}

func (w *jsonWriter) window(s *Window) {
	w.open()
	w.bound("frame_end", s.End)
	if s.Frame != "" {
		w.text("frame_method", s.Frame)
	}
	w.bound("frame_start", s.Start)
	w.text("node", "WindowExpr")
	w.key("order_by")
	w.orders(s.OrderBy)
	w.listOrNull("partition_by", s.PartitionBy)
	w.close()
}

// bound writes one end of a frame; a whole number stands there without its node.
func (w *jsonWriter) bound(key string, b *Bound) {
	if b == nil {
		w.raw(key, "null")
		return
	}
	w.key(key)
	w.open()
	w.text("frame_type", b.Kind)
	if b.Kind != "CURRENT ROW" {
		n, isNumber := shown(b.Value).(*Number)
		value, kind := "", true
		if isNumber {
			value, kind = numberJSON(n.Text)
		}
		if isNumber && !kind && isWhole(value) {
			w.raw("frame_value", value)
		} else {
			w.child("frame_value", b.Value)
		}
	}
	w.text("node", "WindowFrameExpr")
	w.close()
}

// isWhole reports whether the JSON of a number is one without point and exponent.
func isWhole(value string) bool {
	for i := range len(value) {
		if c := value[i]; c == '.' || c == 'e' {
			return false
		}
	}
	return true
}

func (w *jsonWriter) set(s *Set) {
	w.open()
	w.child("initial_select_query", s.First)
	if s.Limit != nil && s.Limit.N != nil {
		w.child("limit", s.Limit.N)
	}
	if s.Limit != nil && s.Limit.Percent {
		w.flag("limit_percent", true)
	}
	if s.Limit != nil && s.Limit.WithTies {
		w.flag("limit_with_ties", true)
	}
	w.text("node", "SelectSetQuery")
	if s.Limit != nil && s.Limit.Offset != nil {
		w.child("offset", s.Limit.Offset)
	}
	w.key("subsequent_select_queries")
	w.b = append(w.b, '[')
	for i, m := range s.Rest {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.open()
		w.text("node", "SelectSetNode")
		w.child("select_query", m.Query)
		op := m.Op
		if m.ByName {
			op += " BY NAME"
		}
		w.text("set_operator", op)
		w.close()
	}
	w.b = append(w.b, ']')
	w.close()
}
