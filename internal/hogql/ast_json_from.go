package hogql

import "slices"

// joins writes the members of FROM, each inside the one before it.
func (w *jsonWriter) joins(list []*Join) {
	for _, j := range list {
		w.open()
		w.joinAlias(j.Alias, j.Columns)
		w.constraint(j)
		if j.Kind != "" {
			w.text("join_type", j.Kind)
		}
		w.key("next_join")
	}
	w.b = append(w.b, "null"...)
	for _, j := range slices.Backward(list) {
		w.text("node", "JoinExpr")
		w.key("sample")
		w.sample(j.Sample)
		w.tableKeys(j.Table)
		w.raw("table_final", map[bool]string{false: "null", true: "true"}[j.Final])
		w.close()
	}
}

// joinAlias writes a table's alias, and its column aliases where it has an alias.
func (w *jsonWriter) joinAlias(alias *Ident, columns []Ident) {
	if alias == nil {
		w.raw("alias", "null")
		return
	}
	w.text("alias", alias.Name)
	w.namesOrNull("column_aliases", columns)
}

func (w *jsonWriter) constraint(j *Join) {
	kind, x := "ON", j.On
	if len(j.Using) > 0 {
		kind, x = "USING", j.Using[0]
		if len(j.Using) > 1 {
			x = &Tuple{Elems: j.Using}
		}
	}
	switch {
	case j.Kind == "" || j.Kind == "CROSS JOIN":
	case x == nil:
		w.raw("constraint", "null")
	default:
		w.key("constraint")
		w.open()
		w.text("constraint_type", kind)
		w.child("expr", x)
		w.text("node", "JoinConstraint")
		w.close()
	}
}

// tableKeys writes the keys of a join that hold its table.
func (w *jsonWriter) tableKeys(t Table) {
	w.key("table")
	call, ok := t.(*TableCall)
	if !ok {
		w.table(t)
		return
	}
	w.field([]Ident{call.Name}, "")
	w.list("table_args", call.Args)
}

// table writes a table.
func (w *jsonWriter) table(t Table) {
	switch t := t.(type) {
	case *TableName:
		w.field(t.Chain, "")
	case *TableCall:
		w.field([]Ident{t.Name}, "")
	case *Subquery:
		w.query(t.Query)
	case *Placeholder:
		w.query(t)
	case *Tag:
		w.query(t)
	case *JoinTree:
		w.joins(t.Joins)
	case *Pivot:
		w.pivot(t)
	case *Unpivot:
		w.unpivot(t)
	}
}

// inner writes the table that a pivot works on, as a join of its own where there is more than the table.
func (w *jsonWriter) inner(t Table, alias *Ident, columns []Ident) {
	w.key("table")
	if _, call := t.(*TableCall); !call && alias == nil {
		w.table(t)
		return
	}
	w.open()
	w.joinAlias(alias, columns)
	w.raw("next_join", "null")
	w.text("node", "JoinExpr")
	w.tableKeys(t)
	w.close()
}

func (w *jsonWriter) pivot(v *Pivot) {
	w.open()
	w.list("aggregates", v.Aggregates)
	w.key("columns")
	w.b = append(w.b, '[')
	for i, c := range v.Columns {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.open()
		w.child("column", c.Column)
		w.text("node", "PivotColumn")
		w.list("values", c.Values)
		w.close()
	}
	w.b = append(w.b, ']')
	if len(v.GroupBy) > 0 {
		w.list("group_by", v.GroupBy)
	}
	w.text("node", "PivotExpr")
	w.inner(v.Table, v.Alias, v.Renamed)
	w.close()
}

func (w *jsonWriter) unpivot(v *Unpivot) {
	w.open()
	w.key("columns")
	w.b = append(w.b, '[')
	for i, c := range v.Columns {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.open()
		w.child("name_columns", oneOrTuple(c.Names))
		w.text("node", "UnpivotColumn")
		w.list("unpivot_values", c.Columns)
		w.child("value_columns", oneOrTuple(c.Values))
		w.close()
	}
	w.b = append(w.b, ']')
	w.flag("include_nulls", v.IncludeNulls)
	w.text("node", "UnpivotExpr")
	w.inner(v.Table, v.Alias, v.Renamed)
	w.close()
}

func oneOrTuple(list []Expr) Expr {
	if len(list) == 1 {
		return list[0]
	}
	return &Tuple{Elems: list}
}

func (w *jsonWriter) sample(s *Sample) {
	if s == nil {
		w.b = append(w.b, "null"...)
		return
	}
	w.open()
	w.text("node", "SampleExpr")
	w.key("offset_value")
	w.ratio(s.Offset)
	w.key("sample_value")
	w.ratio(s.Ratio)
	w.close()
}

func (w *jsonWriter) ratio(x Expr) {
	left, right := x, Expr(nil)
	switch x := x.(type) {
	case nil, *Placeholder:
		w.node(x)
		return
	case *Binary:
		left, right = x.X, x.Y
	}
	w.open()
	w.child("left", left)
	w.text("node", "RatioExpr")
	w.child("right", right)
	w.close()
}
