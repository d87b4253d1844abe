package hogql

func (p *printer) query(q Query) {
	switch q := q.(type) {
	case *Select:
		p.selectStmt(q)
	case *Set:
		p.set(q)
	case *Values:
		p.s("VALUES ")
		p.list(len(q.Rows), func(i int) {
			p.s("(")
			p.exprs(q.Rows[i])
			p.s(")")
		})
	case *Placeholder:
		p.bare(q)
	case *Tag:
		p.tag(q)
	}
}

func (p *printer) set(q *Set) {
	p.member(q.First, false)
	for i, m := range q.Rest {
		p.s(" " + m.Op)
		if m.ByName {
			p.s(" BY NAME")
		}
		p.s(" ")
		p.member(m.Query, i == len(q.Rest)-1 && (q.OrderBy != nil || q.Limit != nil || ownsLimitAndOffset(m.Query)))
	}
	p.tail(q.OrderBy, q.Limit)
}

// ownsLimitAndOffset reports whether q is a SELECT of which, at the end of a set, a part of LIMIT n OFFSET m
// would be read as the set's.
func ownsLimitAndOffset(q Query) bool {
	s, ok := q.(*Select)
	return ok && s.Limit != nil && s.Limit.N != nil && s.Limit.Offset != nil
}

// member prints one member of a set; closed asks for parentheses, because what follows is not its own.
func (p *printer) member(q Query, closed bool) {
	switch x := q.(type) {
	case *Set:
		closed = true
	case *Select:
		closed = closed || x.TailOrder != nil
	default:
		closed = false
	}
	if closed {
		p.s("(")
	}
	p.query(q)
	if closed {
		p.s(")")
	}
}

func (p *printer) tail(order []*Order, limit *Limit) {
	if order != nil {
		p.s(" ")
		p.orderBy(order)
	}
	if limit != nil {
		p.limit(limit)
	}
}

func (p *printer) selectStmt(q *Select) {
	if q.TailOrder != nil && q.OrderBy == nil && q.Limit == nil {
		inner := *q
		inner.TailOrder = nil
		p.s("(")
		p.selectStmt(&inner)
		p.s(")")
		p.tail(q.TailOrder, nil)
		return
	}
	p.with(q)
	p.s("SELECT ")
	if q.Distinct {
		p.s("DISTINCT ")
	}
	p.exprs(q.Columns)
	if len(q.From) > 0 {
		p.s(" FROM ")
	}
	p.joins(q.From)
	p.filters(q)
	p.grouping(q)
	if q.OrderBy != nil {
		p.s(" ")
		p.orderBy(q.OrderBy)
	}
	if q.Interpol != nil {
		p.s(" INTERPOLATE")
		if len(q.Interpol.Items) > 0 {
			p.s(" (")
			p.list(len(q.Interpol.Items), func(i int) {
				p.name(q.Interpol.Items[i].Name, nameMember)
				p.s(" AS ")
				p.expr(q.Interpol.Items[i].X, precLowest)
			})
			p.s(")")
		}
	}
	if by := q.LimitBy; by != nil {
		p.limit(&Limit{N: by.N, Offset: by.Offset})
		p.s(" BY ")
		p.exprs(by.Exprs)
	}
	p.tail(nil, q.Limit)
	p.tail(q.TailOrder, nil)
}

func (p *printer) with(q *Select) {
	if len(q.With) == 0 {
		return
	}
	p.s("WITH ")
	if q.Recursive {
		p.s("RECURSIVE ")
	}
	p.list(len(q.With), func(i int) {
		c := q.With[i]
		if c.Query == nil {
			p.expr(c.Expr, precTernary)
			p.s(" AS ")
			p.name(c.Name, nameAlias)
			return
		}
		p.cteHead(c)
		p.s(" (")
		p.query(c.Query)
		p.s(")")
	})
	p.s(" ")
}

func (p *printer) cteHead(c *CTE) {
	p.name(c.Name, nameBare)
	if c.Columns != nil {
		p.s(" (")
		p.names(c.Columns)
		p.s(")")
	}
	if c.UsingKey != nil {
		p.s(" USING KEY (")
		p.names(c.UsingKey)
		p.s(")")
	}
	p.s(" AS")
	if c.Materialized != nil {
		if !*c.Materialized {
			p.s(" NOT")
		}
		p.s(" MATERIALIZED")
	}
}

func (p *printer) joins(list []*Join) {
	var before *Join
	for _, j := range list {
		p.join(before, j)
		before = j
	}
}

// join prints a member of FROM behind the one before it, which is nil for the first. A comma behind ON would
// go on with the condition.
func (p *printer) join(before, j *Join) {
	switch {
	case before == nil:
	case j.Comma && before.On == nil:
		p.s(", ")
	default:
		p.s(" ")
		if j.Natural {
			p.s("NATURAL ")
		}
		p.s(j.Kind + " ")
	}
	p.table(j.Table)
	if j.Alias != nil {
		p.s(" AS ")
		p.name(*j.Alias, nameAlias)
		if j.Columns != nil {
			p.s(" (")
			p.names(j.Columns)
			p.s(")")
		}
	}
	if j.Final {
		p.s(" FINAL")
	}
	if j.Sample != nil {
		p.s(" SAMPLE ")
		p.ratio(j.Sample.Ratio)
		if j.Sample.Offset != nil {
			p.s(" OFFSET ")
			p.ratio(j.Sample.Offset)
		}
	}
	if j.On != nil {
		p.s(" ON ")
		p.expr(j.On, precLowest)
	}
	if j.Using != nil {
		p.s(" USING (")
		p.exprs(j.Using)
		p.s(")")
	}
}

func (p *printer) ratio(x Expr) {
	if b, ok := x.(*Binary); ok {
		p.expr(b.X, precPostfix)
		p.s("/")
		p.expr(b.Y, precPostfix)
		return
	}
	p.expr(x, precPostfix)
}

func (p *printer) table(t Table) {
	switch t := t.(type) {
	case *TableName:
		for i, id := range t.Chain {
			if i > 0 {
				p.s(".")
				p.name(id, nameMember)
				continue
			}
			p.name(id, nameTable)
		}
	case *TableCall:
		p.name(t.Name, nameTable)
		p.s("(")
		p.exprs(t.Args)
		p.s(")")
	case *Subquery:
		p.bare(t)
	case *Placeholder:
		p.bare(t)
	case *Tag:
		p.tag(t)
	case *JoinTree:
		p.s("(")
		p.joins(t.Joins)
		p.s(")")
	case *Pivot:
		p.pivot(t)
	case *Unpivot:
		p.unpivot(t)
	}
}

func (p *printer) pivotTable(t Table, alias *Ident, columns []Ident) {
	p.table(t)
	if alias != nil {
		p.s(" AS ")
		p.name(*alias, nameAlias)
		if columns != nil {
			p.s(" (")
			p.names(columns)
			p.s(")")
		}
	}
}

func (p *printer) pivot(t *Pivot) {
	p.pivotTable(t.Table, t.Alias, t.Renamed)
	p.s(" PIVOT (")
	p.exprs(t.Aggregates)
	p.s(" FOR")
	for _, c := range t.Columns {
		p.s(" ")
		p.expr(c.Column, precTernary)
		p.s(" IN (")
		p.exprs(c.Values)
		p.s(")")
	}
	if t.GroupBy != nil {
		p.s(" GROUP BY ")
		p.exprs(t.GroupBy)
	}
	p.s(")")
}

func (p *printer) unpivot(t *Unpivot) {
	p.pivotTable(t.Table, t.Alias, t.Renamed)
	p.s(" UNPIVOT ")
	if t.IncludeNulls {
		p.s("INCLUDE NULLS ")
	}
	p.s("(")
	p.list(len(t.Columns), func(i int) {
		c := t.Columns[i]
		p.list(len(c.Values), func(i int) { p.expr(c.Values[i], precTernary) })
		p.s(" FOR ")
		p.list(len(c.Names), func(i int) { p.expr(c.Names[i], precTernary) })
		p.s(" IN (")
		p.exprs(c.Columns)
		p.s(")")
	})
	p.s(")")
}

func (p *printer) filters(q *Select) {
	if q.ArrayJoin != nil {
		p.s(" " + q.ArrayJoin.Kind + " ")
		p.exprs(q.ArrayJoin.Exprs)
	}
	p.clause(" PREWHERE ", q.Prewhere)
	p.clause(" WHERE ", q.Where)
}

func (p *printer) clause(words string, x Expr) {
	if x != nil {
		p.s(words)
		p.expr(x, precLowest)
	}
}

func (p *printer) grouping(q *Select) {
	if g := q.GroupBy; g != nil {
		p.groupBy(g)
		if g.With != "" {
			p.s(" WITH " + g.With)
		}
	}
	if q.Totals {
		p.s(" WITH TOTALS")
	}
	p.clause(" HAVING ", q.Having)
	p.clause(" QUALIFY ", q.Qualify)
	if len(q.Windows) > 0 {
		p.s(" WINDOW ")
		p.list(len(q.Windows), func(i int) {
			p.name(q.Windows[i].Name, nameMember)
			p.s(" AS ")
			p.window(q.Windows[i].Spec)
		})
	}
}

func (p *printer) groupBy(g *GroupBy) {
	switch g.Mode {
	case "all":
		p.s(" GROUP BY ALL")
	case "rollup":
		p.s(" GROUP BY ROLLUP(")
		p.exprs(g.Exprs)
		p.s(")")
	case "cube":
		p.s(" GROUP BY CUBE(")
		p.exprs(g.Exprs)
		p.s(")")
	case "grouping_sets":
		p.s(" GROUP BY GROUPING SETS (")
		p.list(len(g.Sets), func(i int) {
			p.s("(")
			p.exprs(g.Sets[i])
			p.s(")")
		})
		p.s(")")
	default:
		if len(g.Exprs) > 0 {
			p.s(" GROUP BY ")
			p.exprs(g.Exprs)
		}
	}
}

func (p *printer) orderBy(list []*Order) {
	p.s("ORDER BY ")
	p.list(len(list), func(i int) { p.order(list[i]) })
}

func (p *printer) order(o *Order) {
	p.expr(o.X, precLowest)
	if o.Desc {
		p.s(" DESC")
	}
	if o.Nulls != "" {
		p.s(" NULLS " + o.Nulls)
	}
	if o.Collate != "" {
		p.s(" COLLATE " + quoteString(o.Collate))
	}
	if f := o.Fill; f != nil {
		p.s(" WITH FILL")
		p.clause(" FROM ", f.From)
		p.clause(" TO ", f.To)
		p.clause(" STEP ", f.Step)
	}
}

func (p *printer) limit(l *Limit) {
	if l.N != nil {
		p.s(" LIMIT ")
		p.expr(l.N, precLowest)
		if l.Percent {
			p.s(" %")
		}
		if l.WithTies {
			p.s(" WITH TIES")
		}
	}
	p.clause(" OFFSET ", l.Offset)
}

func (p *printer) window(w *Window) {
	p.s("(")
	start := len(p.buf)
	if w.PartitionBy != nil {
		p.s("PARTITION BY ")
		p.exprs(w.PartitionBy)
	}
	if w.OrderBy != nil {
		p.space(start)
		p.orderBy(w.OrderBy)
	}
	if w.Frame != "" {
		p.space(start)
		p.s(w.Frame + " ")
		if w.End != nil {
			p.s("BETWEEN ")
			p.bound(w.Start)
			p.s(" AND ")
			p.bound(w.End)
		} else {
			p.bound(w.Start)
		}
	}
	p.s(")")
}

// space prints a blank if anything was printed since start.
func (p *printer) space(start int) {
	if len(p.buf) > start {
		p.s(" ")
	}
}

func (p *printer) bound(b *Bound) {
	switch {
	case b.Kind == "CURRENT ROW":
		p.s(b.Kind)
		return
	case b.Value == nil:
		p.s("UNBOUNDED")
	default:
		p.expr(b.Value, precLowest)
	}
	p.s(" " + b.Kind)
}
