package hogql

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// MaxRows is how many rows PostHog gives at most: it lowers a larger LIMIT without a word.
const MaxRows = 50000

// CheckOptions tell a check where the query comes from and who will run it.
type CheckOptions struct {
	// Source is the text that the query was parsed from; without it findings have no line, column or fix.
	Source string
	// Offset: who runs the query may use OFFSET. PostHog refuses it to personal API keys.
	Offset bool
	// Offline: nobody else will look at the query before it runs, so a table that differs by a letter from one
	// of PostHog's own counts as misspelt, although a project may have a table of that name.
	Offline bool
	// Values are the placeholders that will have a value; the map's values do not matter. With nil the values
	// come later, and placeholders are only mentioned.
	Values map[string]bool
	// Most is how many findings are reported; 0 stands for 100.
	Most int
}

// Check returns what is wrong, or likely wrong, with a query that parses, in the order of the source. Problems are
// what PostHog is certain to refuse; what only PostHog can know, and what it runs though it is hardly meant, are
// warnings.
func Check(q Query, cat *Catalogue, o CheckOptions) Findings {
	c := &checker{cat: cat, o: o}
	c.query(q, nil, false)
	c.accidents(q)
	c.comments(q)
	c.habits(q)
	return c.list.locate(o.Source)
}

// CheckExpr is Check for one expression. Its names are looked for in the table events, but nothing says that it is for
// events: an unknown one is a warning.
func CheckExpr(x Expr, cat *Catalogue, o CheckOptions) Findings {
	c := &checker{cat: cat, o: o}
	s := &scope{c: c, aliases: map[string]Expr{}}
	s.collectAliases(x)
	s.sources = []*source{{paths: [][]string{{"events"}}, table: cat.table("events")}}
	s.expr(x, place{})
	c.accidents(x)
	c.comments(x)
	for i := range c.list {
		if c.list[i].Code == "unknown-column" && strings.HasPrefix(c.list[i].Message, "events ") {
			c.list[i].Severity, c.list[i].Fix = Warning, nil
		}
	}
	return c.list.locate(o.Source)
}

// checker collects the findings of one query.
type checker struct {
	cat  *Catalogue
	o    CheckOptions
	list Findings

	digitsSeen *TupleIndex // reported with the name behind it
}

// full tells that there is nothing more to report.
func (c *checker) full() bool { return len(c.list) >= cmp.Or(c.o.Most, 100) }

func (c *checker) add(f Finding) {
	if !c.full() {
		c.list = append(c.list, f)
	}
}

func (c *checker) problem(code string, span Span, format string, args ...any) {
	c.add(Finding{Severity: Problem, Code: code, Span: span, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) warn(code string, span Span, format string, args ...any) {
	c.add(Finding{Severity: Warning, Code: code, Span: span, Message: fmt.Sprintf(format, args...)})
}

// text returns the source of a span; "" where the source is not known.
func (c *checker) text(s Span) string {
	if s.Start < 0 || int(s.End) > len(c.o.Source) || s.Start >= s.End {
		return ""
	}
	return c.o.Source[s.Start:s.End]
}

// children returns the nodes right below n.
func children(n Node) []Node {
	var list []Node
	w := &walker{visit: func(n Node) (bool, bool) {
		list = append(list, n)
		return false, true
	}}
	w.children(n)
	return list
}

// output is a column of a query.
type output struct {
	name  string
	value value
}

// outputs are the columns of a query; open: there may be others.
type outputs struct {
	list []output
	open bool
}

func (o outputs) find(name string) (value, bool) {
	i := slices.IndexFunc(o.list, func(out output) bool { return out.name == name })
	if i < 0 {
		return value{}, false
	}
	return o.list[i].value, true
}

// query checks a query and returns its columns. bounded: the query around it, of which it is a table, bounds
// the time.
func (c *checker) query(q Query, outer *scope, bounded bool) outputs {
	switch q := q.(type) {
	case *Select:
		s := &scope{c: c, outer: outer, sel: q, bounded: bounded}
		return s.check()
	case *Set:
		out := c.query(q.First, outer, bounded)
		inner := outer
		if first, ok := q.First.(*Select); ok && len(first.With) > 0 {
			// WITH before a chain of UNION stands in its first member and is seen by all.
			inner = &scope{c: c, outer: outer, sel: &Select{}}
			for _, cte := range first.With {
				inner.declare(cte, nil)
			}
		}
		for _, m := range q.Rest {
			more := c.query(m.Query, inner, bounded)
			if m.ByName {
				out.list, out.open = append(out.list, more.list...), out.open || more.open
			} else if n := len(more.list); !out.open && !more.open && n != len(out.list) {
				c.warn("set-columns", m.Query.Pos(), "%s: %s here, %s before", m.Op, count(n, "column"), count(len(out.list), "column"))
			}
		}
		c.limit(q.Limit)
		return out
	case *Placeholder:
		c.placeholder(q)
	case *Values:
		s := &scope{c: c, outer: outer, sel: &Select{}}
		for _, row := range q.Rows {
			for _, x := range row {
				s.expr(x, place{})
			}
		}
	}
	return outputs{open: true}
}

// limit checks LIMIT and OFFSET.
func (c *checker) limit(l *Limit) {
	if l == nil {
		return
	}
	if l.Offset != nil {
		c.offset(l)
	}
	if f, ok := l.N.(*Field); ok && !l.Percent {
		c.limitName(f)
	}
	if n, ok := l.N.(*Number); ok && !l.Percent {
		if rows, ok := smallInt(n.Text); ok && rows > MaxRows {
			c.add(Finding{Severity: Warning, Code: "limit-too-large", Span: n.Span, Message: "PostHog gives 50,000 rows at most: LIMIT " + clip(n.Text, 30) + " is lowered without a word",
				Fix: c.edit(n.Span, "50000")})
		}
	}
}

// limitName reports LIMIT with a column for a number.
func (c *checker) limitName(f *Field) {
	out := Finding{Severity: Problem, Code: "limit-name", Span: f.Span, Message: "LIMIT takes a number, not the column " + quoted(Print(f))}
	if len(f.Chain) == 1 && strings.EqualFold(f.Chain[0].Name, "all") {
		out.Message = "LIMIT ALL is read as a column: PostHog gives 50,000 rows at most"
		out.Fix = c.edit(f.Span, "50000")
	}
	c.add(out)
}

// offset reports the OFFSET of LIMIT.
func (c *checker) offset(l *Limit) {
	span := l.Offset.Pos()
	f := Finding{Severity: Problem, Code: "offset", Span: span, Message: "OFFSET is refused to API keys", Hint: keysetHint}
	n, isNumber := l.Offset.(*Number)
	switch {
	case !c.o.Offset && l.Swapped:
		f.Message = "LIMIT a, b means limit a and offset b in HogQL, and OFFSET is refused to API keys"
	case !c.o.Offset && isNumber && n.Text == "0" && l.N != nil && l.N.Pos().End < span.Start && !l.WithTies:
		f.Message, f.Hint = "OFFSET is refused to API keys, even OFFSET 0", ""
		f.Fix = c.edit(Span{l.N.Pos().End, span.End}, "")
	case !c.o.Offset:
	case l.Swapped:
		f.Severity, f.Code, f.Hint = Warning, "limit-order", ""
		f.Message = "LIMIT a, b means limit a and offset b in HogQL: the other way round than in MySQL and ClickHouse. Write LIMIT n OFFSET m"
	default:
		return
	}
	c.add(f)
}

// keysetHint is what to do instead of OFFSET.
const keysetHint = "LIMIT alone. Go on from the last row instead: ORDER BY timestamp DESC, uuid DESC, " +
	"and for the next rows WHERE (timestamp, uuid) < (last timestamp, last uuid). For fewer calls raise limit (up to 50000)."

// edit returns an edit of the source, or nil where the source is not known.
func (c *checker) edit(span Span, text string) *Edit {
	if c.o.Source == "" || int(span.End) > len(c.o.Source) {
		return nil
	}
	return &Edit{Span: span, Text: text}
}

// placeholder checks that {name} will have a value.
func (c *checker) placeholder(p *Placeholder) {
	Walk(p.X, func(n Node) bool {
		f, ok := n.(*Field)
		if !ok {
			return true
		}
		name := f.Chain[0].Name
		switch {
		case name == "filters" || c.o.Values[name]:
		case c.o.Values == nil && name == "variables":
			c.warn("placeholder", p.Span, "{%s} has a value only where PostHog runs the query as a saved insight", clip(Print(f), 60))
		case c.o.Values == nil:
			c.warn("placeholder", p.Span, "the placeholder {%s} needs a value when the query runs", clip(name, 60))
		default:
			f := Finding{Severity: Problem, Code: "placeholder", Span: p.Span, Message: "the placeholder {" + clip(name, 60) + "} has no value",
				Hint: `values={"` + clip(name, 60) + `": "…"} beside the query`}
			if f.Nearest = c.closest(name, mapKeys(c.o.Values), 1); len(f.Nearest) > 0 {
				f.Hint = "{" + f.Nearest[0] + "}, which has one"
			}
			if name == "variables" {
				f.Hint = "the value itself, or a {name} with an entry in values: PostHog's stored variables are not read here"
			}
			c.add(f)
		}
		return true
	})
}
