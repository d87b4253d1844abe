package hogql

import (
	"strconv"
	"strings"
)

// place is where an expression stands.
type place struct {
	clause    string // "WHERE", "GROUP BY", … where no aggregate may stand; else ""
	aggregate string // the aggregate that it is an argument of
}

func (s *scope) exprs(list []Expr, at place) {
	for _, x := range list {
		s.expr(x, at)
	}
}

// expr checks an expression and what is below it.
func (s *scope) expr(x Expr, at place) {
	if isNil(x) {
		return
	}
	switch x := x.(type) {
	case *Field:
		s.field(x)
		s.aliasedAggregate(x, at)
		return
	case *Placeholder:
		s.c.placeholder(x)
		return
	case *Tag, *Positional:
		return
	case *Star:
		s.starAlone(x)
	case *Alias:
		s.using = append(s.using, x.Name.Name)
		s.expr(x.X, at)
		s.using = s.using[:len(s.using)-1]
		return
	case *Subquery:
		s.c.query(x.Query, s, false)
		return
	case *Lambda:
		s.lambda(x, at)
		return
	case *NamedArg:
		s.expr(x.Value, at)
		return
	case *Call:
		s.call(x, at)
		return
	case *CallExpr:
		s.callExpr(x)
	case *Binary:
		s.binary(x)
	case *Index:
		s.index(x)
	case *Columns:
		if x.Star == nil {
			s.exprs(x.List, at)
		}
		return
	}
	s.below(x, at)
}

// below checks the parts of an expression.
func (s *scope) below(n Node, at place) {
	for _, child := range children(n) {
		if x, ok := child.(Expr); ok {
			s.expr(x, at)
		}
	}
}

func (s *scope) lambda(x *Lambda, at place) {
	if _, ok := x.Body.(*Block); ok {
		s.c.warn("block", x.Span, "a lambda with a block { … } is for Hog programs: PostHog refuses it in SQL")
		return
	}
	n := len(s.params)
	s.params = append(s.params, x.Params...)
	s.expr(x.Body, at)
	s.params = s.params[:n]
}

// starAlone checks that t.* names a table of the SELECT, and that * has one.
func (s *scope) starAlone(x *Star) {
	if len(s.sources) == 0 || len(x.Table) == 0 || s.isParam(x.Table[0].Name) {
		return
	}
	for _, src := range s.sources {
		for _, p := range src.paths {
			if strings.Join(p, ".") == strings.Join(chainNames(x.Table), ".") {
				return
			}
		}
		if src.open() {
			return
		}
		if found, _ := src.has(x.Table[0].Name); found {
			return
		}
	}
	s.c.warn("unknown-column", x.Span, "%s.* names no table of this query", strings.Join(chainNames(x.Table), "."))
}

// index checks x[i]: a name between double quotes is a column, not a key.
func (s *scope) index(x *Index) {
	f, ok := x.Index.(*Field)
	if ok && len(f.Chain) == 1 && f.Chain[0].Quoted() && strings.HasPrefix(s.c.text(f.Span), `"`) {
		return // reported as an unknown column, with the quotes to write
	}
	if name, ok := x.Index.(*String); ok {
		if v := s.quiet(x.X); v.typ == "json" && v.property == "" {
			s.c.judgeProperty(s.c.property(v, name.Value), name.Span)
		}
	}
}

// callExpr checks a call of something that is no plain name.
func (s *scope) callExpr(x *CallExpr) {
	switch fn := x.Fn.(type) {
	case *Lambda:
	case *Cast:
		s.c.add(Finding{Severity: Problem, Code: "call-of-expression", Span: x.Span, Message: "x::Type(…) is read as a call of the cast value, which PostHog refuses",
			Hint: "CAST(x AS " + fn.Type.Text + "(…))"})
	default:
		s.c.problem("call-of-expression", x.Span, "only a function's plain name can be called, not %s", clip(Print(x.Fn), 60))
	}
}

// binary checks an operation on two operands.
func (s *scope) binary(x *Binary) {
	switch x.Op {
	case OpEq, OpNotEq, OpLess, OpLessEq, OpGreater, OpGreaterEq:
		s.compare(s.quiet(x.X), x.Y, x.Op)
		s.compare(s.quiet(x.Y), x.X, x.Op)
	case OpIn, OpNotIn:
		left := s.quiet(x.X)
		if t, ok := x.Y.(*Tuple); ok {
			for _, e := range t.Elems {
				s.compare(left, e, OpEq)
			}
			return
		}
		if a, ok := x.Y.(*Array); ok {
			for _, e := range a.Elems {
				s.compare(left, e, OpEq)
			}
			return
		}
		s.compare(left, x.Y, OpEq)
		if f, ok := x.Y.(*Field); ok {
			if v := s.quiet(f); v.known && v.typ != "" && v.typ != "array" && v.typ != "json" {
				s.c.warn("in-column", x.Span, "IN with one column drops the parentheses: write %s = %s", clip(Print(x.X), 40), clip(Print(f), 40))
			}
		}
	case OpInCohort, OpNotInCohort:
		s.c.cohort(x.Y)
	}
}

// cohort warns about a cohort that the project does not have.
func (c *checker) cohort(x Expr) {
	if c.cat.Cohorts == nil {
		return
	}
	switch x := x.(type) {
	case *String:
		if _, ok := c.cat.Cohorts[x.Value]; !ok {
			near := c.closest(x.Value, mapKeys(c.cat.Cohorts), 3)
			f := Finding{Severity: Warning, Code: "unknown-cohort", Span: x.Span, Nearest: near, Message: "no cohort named " + quoted(x.Value) + " is known here"}
			if len(near) > 0 {
				f.Message += ". Close: " + strings.Join(near, ", ")
			}
			c.add(f)
		}
	case *Number:
		for _, id := range c.cat.Cohorts {
			if strconv.FormatInt(id, 10) == x.Text {
				return
			}
		}
		c.warn("unknown-cohort", x.Span, "no cohort with the id %s is known here", clip(x.Text, 20))
	}
}

// compare warns where a value is compared with a literal that it cannot be.
func (s *scope) compare(v value, lit Expr, op Op) {
	c := s.c
	if !v.known {
		return
	}
	if text, ok := lit.(*String); ok && v.table == "events" && v.column == "event" && v.property == "" && (op == OpEq || op == OpNotEq) {
		c.event(text)
		return
	}
	name := v.column
	if v.property != "" {
		name = "the property " + quoted(v.property)
	}
	var numeric, isText, isBool bool
	switch strings.ToLower(v.typ) {
	case "numeric", "integer", "float", "decimal":
		numeric = true
	case "string":
		isText = true
	case "boolean":
		isBool = true
	}
	switch lit := lit.(type) {
	case *String:
		if _, err := strconv.ParseFloat(lit.Value, 64); numeric && err != nil {
			c.warn("type-mismatch", lit.Span, "%s holds numbers, not the text %s", name, quoted(lit.Value))
		} else if isBool && v.property != "" {
			c.boolText(name, lit)
		}
	case *Number:
		if isText {
			c.add(Finding{Severity: Warning, Code: "type-mismatch", Span: lit.Span, Message: name + " holds text: compare it with " + Print(&String{Value: lit.Text}) + ", or convert it with toFloat",
				Fix: c.edit(lit.Span, Print(&String{Value: lit.Text}))})
		}
		if v.typ == "datetime" || v.typ == "DateTime" {
			c.warn("type-mismatch", lit.Span, "%s holds times: compare it with a time such as toDateTime('2026-01-31 00:00:00'), or now() - INTERVAL 7 DAY", name)
		}
	}
}

// boolText warns about 'true' where true is meant.
func (c *checker) boolText(name string, lit *String) {
	f := Finding{Severity: Warning, Code: "type-mismatch", Span: lit.Span, Message: name + " holds true and false, not the text " + quoted(lit.Value)}
	if word := strings.ToLower(lit.Value); word == "true" || word == "false" {
		f.Hint, f.Fix = word, c.edit(lit.Span, word)
	}
	c.add(f)
}

// event warns about an event that the project has not seen.
func (c *checker) event(text *String) {
	if c.cat.Events == nil {
		return
	}
	if _, ok := c.cat.Events[text.Value]; ok {
		return
	}
	near := c.closest(text.Value, mapKeys(c.cat.Events), 3)
	if len(near) == 0 {
		near = c.containing(text.Value)
	}
	f := Finding{Severity: Warning, Code: "unknown-event", Span: text.Span, Nearest: near, Message: "no event named " + quoted(text.Value) + " has been seen here"}
	for i, n := range near {
		f.Message += []string{". Close: ", ", "}[min(i, 1)] + n
		if seen := c.cat.Events[n]; seen > 0 {
			f.Message += " (" + strconv.FormatInt(seen, 10) + " in 30 d)"
		}
	}
	f.Message += ". 0 rows may mean the wrong name"
	if len(near) == 1 {
		f.Fix = c.edit(text.Span, Print(&String{Value: near[0]}))
	}
	c.add(f)
}

// containing returns up to three events whose name has every word of a name, most frequent first; endings do not
// count, so that signup finds user_signed_up.
func (c *checker) containing(name string) []string {
	stem := strings.NewReplacer("_", "", " ", "", "-", "", "$", "", "ed", "", "ing", "")
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune("_ -$", r) })
	var found []string
	for event := range c.cat.Events {
		squeezed := stem.Replace(strings.ToLower(event))
		all := len(words) > 0
		for _, w := range words {
			all = all && strings.Contains(squeezed, strings.TrimSuffix(stem.Replace(w), "s"))
		}
		if all {
			found = append(found, event)
		}
	}
	c.byCount(found)
	return found[:min(3, len(found))]
}
