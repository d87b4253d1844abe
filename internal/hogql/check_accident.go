package hogql

import (
	"slices"
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
			c.setTail(n)
		case *IgnoreNulls:
			c.ignoreNulls(n)
		case *Call:
			c.strangeCall(n)
		case *Binary:
			c.strangeBinary(n)
		case *Alias:
			c.twoAliases(n)
		case *TupleIndex:
			c.digits(n, Ident{})
			if n.Index == "0" {
				c.problem("index-zero", n.Span, "HogQL counts from 1: there is no element 0")
			}
		}
		return true
	})
}

// ignoreNulls warns about IGNORE NULLS where it changes something: aggregates leave nulls out in any case.
func (c *checker) ignoreNulls(n *IgnoreNulls) {
	if call, ok := n.X.(*Call); ok && call.Over == nil {
		if fn, known := LookupFunction(call.Name.Name); known && fn.Aggregate {
			return
		}
	}
	c.warn("dropped", n.Span, "PostHog drops IGNORE NULLS. Leave the nulls out in a subquery: WHERE … IS NOT NULL")
}

// twoAliases warns about a column with two names, one of which is rather a word or a column of its own.
func (c *checker) twoAliases(n *Alias) {
	if t, ok := n.X.(*TupleIndex); ok {
		c.digits(t, n.Name)
	}
	inner, ok := n.X.(*Alias)
	if !ok || inner.Name.Name == n.Name.Name || inner.End < n.Name.Start && strings.Contains(c.text(Span{inner.End, n.Name.Start}), ")") {
		return
	}
	if strings.EqualFold(inner.Name.Name, "from") && !inner.Name.Quoted() {
		c.warn("two-aliases", inner.Name.Span, "FROM is read as a name of the column here, because it stands behind AS: a name is missing before it")
		return
	}
	c.warn("two-aliases", n.Name.Span, "two names for one column, %s and %s: is a comma missing, or is one of them a word of a clause?", quoted(inner.Name.Name), quoted(n.Name.Name))
}

// digits warns about properties.123abc, which is an element of a tuple. rest is the name right behind the digits.
func (c *checker) digits(n *TupleIndex, rest Ident) {
	f, ok := n.X.(*Field)
	if !ok || f.Chain[len(f.Chain)-1].Name != "properties" || rest.Start > 0 && rest.Start != n.End || c.digitsSeen == n {
		return
	}
	c.digitsSeen = n
	span := Span{n.End - int32(len(n.Index)), n.End}
	out := Finding{Severity: Warning, Code: "property-name", Span: span, Message: "a property whose name begins with a digit needs backticks: " + clip(Print(f), 60) + ".`" + n.Index + "…`"}
	if rest.Start > 0 {
		span.End = rest.End
		out.Span = span
		out.Message = "a property whose name begins with a digit needs backticks"
		out.Hint = "`" + n.Index + rest.Name + "`"
		out.Fix = c.edit(span, out.Hint)
	}
	c.add(out)
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
		if ok && x.Op.compares() && strings.EqualFold(call.Name.Name, "not") && len(call.Args) == 1 && !isTruth(x.Y) {
			c.add(Finding{Severity: Warning, Code: "not-order", Span: call.Name.Span, Message: "NOT (x) before a comparison is read as a function: this compares the negation",
				Hint: "NOT (" + Print(call.Args[0]) + " " + x.Op.String() + " " + Print(x.Y) + ")"})
		}
	}
}

// isTruth tells what a negation can well be compared with.
func isTruth(x Expr) bool {
	switch x := x.(type) {
	case *Bool:
		return true
	case *Number:
		return x.Text == "0" || x.Text == "1"
	}
	return false
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
	span := Span{last.Start, y.End}
	out := Finding{Severity: Warning, Code: "property-name", Span: span, Hint: "`" + name + "`", Fix: c.edit(span, "`"+name+"`"),
		Message: c.text(span) + " is read as " + map[Op]string{OpSub: "a subtraction", OpDiv: "a division"}[x.Op] + ": a property with such a name needs backticks"}
	c.list = slices.DeleteFunc(c.list, func(f Finding) bool { // the second half is no column, and this says why
		half := f.Code == "unknown-column" && f.Severity == Problem && f.Span == y.Chain[0].Span
		if half {
			out.Severity = Problem
		}
		return half
	})
	c.add(out)
}
