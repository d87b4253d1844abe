package hogql

import (
	"strings"
)

// accidents warns about what PostHog reads without complaint but not as it was meant: parts that it drops, and
// groupings that surprise.
func (c *checker) accidents(n Node) {
	Walk(n, func(n Node) bool {
		switch n := n.(type) {
		case *Select:
			c.dropped(n)
		case *Set:
			if len(n.OrderBy) > 0 {
				c.warn("dropped", n.OrderBy[0].Span, "PostHog drops ORDER BY behind UNION, INTERSECT and EXCEPT: the rows are in no order. Write SELECT * FROM (…) ORDER BY …")
			}
		case *IgnoreNulls:
			c.warn("dropped", n.Span, "PostHog drops IGNORE NULLS: aggregates leave nulls out in any case; for windows filter them in a subquery")
		case *Call:
			c.strangeCall(n)
		case *Binary:
			c.strangeBinary(n)
		case *Alias:
			if inner, ok := n.X.(*Alias); ok {
				c.warn("two-aliases", n.Name.Span, "two names for one column, %s and %s: is a comma missing, or is one of them a word of a clause?", quoted(inner.Name.Name), quoted(n.Name.Name))
			}
		case *TupleIndex:
			if f, ok := n.X.(*Field); ok && f.Chain[len(f.Chain)-1].Name == "properties" {
				c.warn("property-name", n.Span, "a property whose name begins with a digit needs backticks: %s.`%s…`", Print(f), n.Index)
			}
			if n.Index == "0" {
				c.problem("index-zero", n.Span, "HogQL counts from 1: there is no element 0")
			}
		}
		return true
	})
}

// dropped warns about the parts of a SELECT that PostHog drops.
func (c *checker) dropped(q *Select) {
	if len(q.TailOrder) > 0 {
		c.warn("dropped", q.TailOrder[0].Span, "PostHog drops ORDER BY behind LIMIT: the rows are in no order. Write ORDER BY before LIMIT")
	}
	if q.Totals {
		c.warn("dropped", q.Span, "PostHog drops WITH TOTALS")
	}
	if q.GroupBy != nil && q.GroupBy.With != "" {
		c.warn("dropped", q.GroupBy.Span, "PostHog drops WITH ROLLUP and WITH CUBE behind GROUP BY. Write GROUP BY ROLLUP(…) or CUBE(…)")
	}
	for _, o := range q.OrderBy {
		if o.Nulls != "" {
			c.warn("dropped", o.Span, "PostHog drops NULLS FIRST and NULLS LAST: sort by x IS NULL first")
		}
		if o.Collate != "" {
			c.warn("dropped", o.Span, "PostHog drops COLLATE: sort by lower(x)")
		}
	}
	for _, j := range q.From {
		if j.Natural {
			c.warn("dropped", j.Span, "PostHog drops NATURAL: write the join's condition after ON")
		}
		if j.On != nil && !equates(j.On) {
			c.warn("join-condition", j.On.Pos(), "ClickHouse joins on equal values only: this condition has no = between the two tables. Write CROSS JOIN and put it into WHERE")
		}
	}
	if len(q.From) > 1 {
		for _, x := range q.Columns {
			if star, ok := x.(*Star); ok && len(star.Table) > 0 && len(star.Exclude) > 0 {
				c.warn("dropped", star.Span, "PostHog drops the table before * EXCLUDE: the columns of all tables come")
			}
		}
	}
}

// equates tells whether a condition of a join holds an equation, or something that is not plain.
func equates(x Expr) bool {
	found := false
	Walk(x, func(n Node) bool {
		switch n := n.(type) {
		case *Binary:
			switch n.Op {
			case OpLess, OpLessEq, OpGreater, OpGreaterEq, OpNotEq:
			default:
				found = true
			}
		case *Logical, *Field, *Not, *Number, *String, *Interval, *Between:
		case *Call:
			found = found || n.Name.Name == "equals" || n.Name.Name == "and"
		default:
			found = true
		}
		return !found
	})
	return found
}

// strangeCall warns about calls whose parts PostHog drops or reads in another way.
func (c *checker) strangeCall(x *Call) {
	if x.Filter != nil && x.Over != nil {
		c.warn("dropped", x.Filter.Pos(), "PostHog drops FILTER before OVER. Write %sIf(…, condition) OVER (…)", x.Name.Name)
	}
	if l, ok := swallowed(x.Args); ok && c.o.Source != "" && !strings.HasSuffix(strings.TrimRight(c.o.Source[:l.Params[0].Start], " \t\r\n"), "((") {
		if fn, known := LookupFunction(x.Name.Name); known && len(x.Args) < max(fn.MinArgs, 1) {
			return // reported with the number of arguments
		}
		before := strings.TrimRight(c.o.Source[x.Name.End:l.Params[0].Start], " \t\r\n")
		if before == "(" {
			c.warn("lambda-names", l.Span, "a lambda without parentheses takes every name before -> as its own: write (%s) -> … where they are its parameters", l.Params[len(l.Params)-1].Name)
		}
	}
}

// strangeBinary warns about operators that group in another way than they look.
func (c *checker) strangeBinary(x *Binary) {
	switch x.Op {
	case OpCoalesce:
		y, ok := x.Y.(*Binary)
		if !ok || !y.Op.compares() || c.o.Source == "" || strings.Contains(c.o.Source[x.OpPos.End:y.Start], "(") || isComparedParen(c.o.Source, y.Start) {
			return
		}
		fix := "(" + Print(x.X) + " ?? " + Print(y.X) + ")"
		c.add(Finding{Severity: Warning, Code: "coalesce-order", Span: x.OpPos, Hint: fix + " " + y.Op.String() + " " + Print(y.Y),
			Message: "?? binds looser than " + y.Op.String() + ": this is " + clip(Print(x.X)+" ?? ("+Print(y)+")", 80)})
	case OpSub, OpDiv:
		c.dash(x)
	default:
		call, ok := x.X.(*Call)
		if ok && x.Op.compares() && strings.EqualFold(call.Name.Name, "not") && len(call.Args) == 1 && strings.HasPrefix(c.text(Span{call.Name.End, call.End}), " ") {
			c.add(Finding{Severity: Warning, Code: "not-order", Span: call.Name.Span, Message: "NOT (x) before a comparison is read as a function: this compares the negation",
				Hint: "NOT (" + Print(call.Args[0]) + " " + x.Op.String() + " " + Print(x.Y) + ")"})
		}
	}
}

// isComparedParen tells whether an operand begins behind a parenthesis of its own.
func isComparedParen(src string, at int32) bool {
	return strings.HasSuffix(strings.TrimRight(src[:at], " \t\r\n"), "(")
}

func (o Op) compares() bool { return o >= OpEq && o <= OpNotIRegex }

// dash warns about properties.a-b, which is a subtraction.
func (c *checker) dash(x *Binary) {
	f, ok := x.X.(*Field)
	y, isField := x.Y.(*Field)
	if !ok || !isField || len(f.Chain) < 2 || len(y.Chain) > 1 || f.Chain[len(f.Chain)-2].Name != "properties" {
		return
	}
	if f.End != x.OpPos.Start || x.OpPos.End != y.Start || c.o.Source == "" {
		return
	}
	last := f.Chain[len(f.Chain)-1]
	name := last.Name + x.Op.String() + y.Chain[0].Name
	c.add(Finding{Severity: Warning, Code: "property-name", Span: Span{last.Start, y.End}, Hint: "`" + name + "`", Fix: c.edit(Span{last.Start, y.End}, "`"+name+"`"),
		Message: c.text(Span{last.Start, y.End}) + " is read as " + map[Op]string{OpSub: "a subtraction", OpDiv: "a division"}[x.Op] + ": a property with such a name needs backticks"})
}

// comments warns about comments that are hardly meant as such.
func (c *checker) comments() {
	src := c.o.Source
	for i := 0; i < len(src); {
		end := skipSpace(src, i)
		if end > i {
			if i > 0 && strings.IndexByte(" \t\r\n(,;", src[i-1]) < 0 && end-i > 2 {
				c.comment(i, end)
			}
			i = end
			continue
		}
		t := scan(src, i)
		i = max(int(t.end), i+1)
	}
}

// comment warns about one that follows its neighbour without a blank, and has no blank behind its mark.
func (c *checker) comment(from, to int) {
	text := c.o.Source[from:to]
	for _, mark := range []string{"--", "//", "#"} {
		if strings.HasPrefix(text, mark) && len(text) > len(mark) && strings.IndexByte(" \t\r\n-/#=*", text[len(mark)]) < 0 {
			c.warn("comment", Span{int32(from), int32(from + len(mark))}, "%s begins a comment: what follows on this line is not read", mark)
		}
	}
}
