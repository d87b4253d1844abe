package hogql

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
)

// place is where an expression stands.
type place struct {
	clause    string // "WHERE", "GROUP BY", … where no aggregate may stand; else ""
	aggregate string // the aggregate that it is an argument of
	noWindow  string // where aggregates may stand, but no window function
}

func (s *scope) exprs(list []Expr, at place) {
	for _, x := range list {
		s.expr(x, at)
	}
}

// expr checks an expression and what is below it.
func (s *scope) expr(x Expr, at place) {
	if isNil(x) || s.c.full() {
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
		s.c.percent(x.Name)
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
		if cast, ok := x.Fn.(*Cast); ok { // what looks like arguments is of the type
			s.expr(cast.X, at)
			return
		}
	case *Binary:
		s.binary(x)
	case *Index:
		s.index(x)
	case *Between:
		left := s.quiet(x.X)
		s.compare(x.X, left, x.Low, OpGreaterEq)
		s.compare(x.X, left, x.High, OpLessEq)
	case *Not:
		s.condition(x.X, "NOT")
	case *Logical:
		for _, e := range x.Exprs {
			s.condition(e, x.Op.String())
		}
	case *Case:
		for _, w := range x.Whens {
			if x.Operand == nil {
				s.condition(w.Cond, "WHEN")
			}
		}
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
		s.c.problem("call-of-expression", x.Span, "only a function's plain name can be called, not %s", clip(cmp.Or(s.c.text(fn.Pos()), "an expression"), 60))
	}
}

// binary checks an operation on two operands.
func (s *scope) binary(x *Binary) {
	switch x.Op {
	case OpEq, OpNotEq, OpLess, OpLessEq, OpGreater, OpGreaterEq:
		left, right := s.quiet(x.X), s.quiet(x.Y)
		s.compare(x.X, left, x.Y, x.Op)
		s.compare(x.Y, right, x.X, x.Op)
		s.compareStored(x, left, right)
	case OpLike, OpNotLike, OpILike, OpNotILike, OpRegex, OpNotRegex, OpIRegex, OpNotIRegex:
		s.pattern(x)
	case OpAdd, OpSub, OpMul, OpDiv, OpMod:
		s.calculation(x)
	case OpIn, OpNotIn:
		left := s.quiet(x.X)
		if t, ok := x.Y.(*Tuple); ok {
			for _, e := range t.Elems {
				s.compare(x.X, left, e, OpEq)
			}
			return
		}
		if a, ok := x.Y.(*Array); ok {
			for _, e := range a.Elems {
				s.compare(x.X, left, e, OpEq)
			}
			return
		}
		s.compare(x.X, left, x.Y, OpEq)
		if f, ok := x.Y.(*Field); ok {
			if v := s.quiet(f); v.known && v.typ != "" && v.class() != classArray && v.typ != "json" {
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

// compare warns where x, whose value is v, is compared with a literal that it cannot be.
func (s *scope) compare(x Expr, v value, lit Expr, op Op) {
	c := s.c
	if !v.known {
		return
	}
	if text, ok := lit.(*String); ok && v.table == "events" && v.column == "event" && v.property == "" && (op == OpEq || op == OpNotEq) {
		c.event(text)
		return
	}
	k := v.class()
	if !isStored(x, v) || k == classNone {
		return
	}
	switch lit := lit.(type) {
	case *String:
		switch _, err := strconv.ParseFloat(lit.Value, 64); {
		case k == classNumber && err != nil:
			c.warn("type-mismatch", lit.Span, "%s holds numbers, not the text %s", label(v, x), quoted(lit.Value))
		case k == classBool && (v.property != "" || v.column == "") && err != nil:
			c.boolText(label(v, x), lit)
		case k == classTime:
			s.timeText(x, v, lit)
		}
	case *Number:
		if k == classText {
			s.textNumber(x, v, lit, op)
		}
		if k == classTime {
			c.warn("type-mismatch", lit.Span, "%s holds times: compare it with a time such as toDateTime('2026-01-31 00:00:00'), or now() - INTERVAL 7 DAY", label(v, x))
		}
	}
}

// textNumber warns about a text that is compared with a number.
func (s *scope) textNumber(x Expr, v value, lit *Number, op Op) {
	f := Finding{Severity: Warning, Code: "type-mismatch", Span: lit.Span}
	if op == OpEq || op == OpNotEq {
		text := Print(&String{Value: lit.Text})
		f.Message = label(v, x) + " holds text: compare it with " + text + ", or convert it with toFloat"
		f.Fix = s.c.edit(lit.Span, text)
	} else { // '10' is less than '9'
		f.Message = label(v, x) + " holds text, which has no order of numbers"
		f.Hint = "toFloat(" + Print(unaliased(x)) + ")"
		if text := s.c.text(x.Pos()); text != "" && v.property != "" {
			f.Fix = s.c.edit(x.Pos(), "toFloat("+text+")")
		}
	}
	s.c.add(f)
}

// timeTexts are the texts that ClickHouse reads as a time: a date, with a time of day or without, or seconds.
var timeTexts = regexp.MustCompile(`^(\d{4}[-/.]?\d{1,2}([-/.]?\d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{9,13}(\.\d+)?)([ T]|$)`)

// relativeTime is a time as PostHog's filters write it, which is no HogQL.
var relativeTime = regexp.MustCompile(`^-?(\d+)\s*(h|d|w|m|q|y|hours?|days?|weeks?|months?|quarters?|years?)( ago)?$`)

// timeText warns about a text that is no time.
func (s *scope) timeText(x Expr, v value, lit *String) {
	f := Finding{Severity: Warning, Code: "type-mismatch", Span: lit.Span}
	text := strings.TrimSpace(lit.Value)
	isDate := v.typ == "date" && v.column == ""
	switch m := relativeTime.FindStringSubmatch(strings.ToLower(text)); {
	case m != nil:
		unit := map[byte]string{'h': "HOUR", 'd': "DAY", 'w': "WEEK", 'm': "MONTH", 'q': "QUARTER", 'y': "YEAR"}[m[2][0]]
		f.Hint = "now() - INTERVAL " + m[1] + " " + unit
		f.Fix = s.c.edit(lit.Span, f.Hint)
	case strings.EqualFold(text, "now"), strings.EqualFold(text, "today"):
		f.Hint = strings.ToLower(text) + "()"
		f.Fix = s.c.edit(lit.Span, f.Hint)
	case strings.EqualFold(text, "yesterday"):
		f.Hint = "yesterday()"
		f.Fix = s.c.edit(lit.Span, f.Hint)
	case !timeTexts.MatchString(text):
		f.Hint = "'2026-01-31' or '2026-01-31 00:00:00'"
	case isDate && len(text) > 10 && strings.ContainsAny(text, " T"):
		f.Message = label(v, x) + " is a date without a time of day, which " + quoted(lit.Value) + " has"
		f.Hint = Print(&String{Value: text[:10]})
		s.c.add(f)
		return
	default:
		return
	}
	f.Message = label(v, x) + " holds times, and " + quoted(lit.Value) + " is none"
	s.c.add(f)
}

// compareStored warns about comparing two values of different classes, neither of which is a literal.
func (s *scope) compareStored(x *Binary, left, right value) {
	a, b := left.class(), right.class()
	if !isStored(x.X, left) || !isStored(x.Y, right) || a == b || a != classText && b != classText {
		return
	}
	convert, text, v, other := "toFloat", x.X, left, b
	if b == classText {
		text, v, other = x.Y, right, a
	}
	switch other {
	case classNumber:
	case classTime:
		convert = "toDateTime"
	default:
		return
	}
	f := Finding{Severity: Warning, Code: "type-mismatch", Span: text.Pos(), Hint: convert + "(" + Print(text) + ")",
		Message: label(v, text) + " holds text, and is compared with " + other.String()}
	if src := s.c.text(text.Pos()); src != "" && v.property != "" {
		f.Fix = s.c.edit(text.Pos(), convert+"("+src+")")
	}
	s.c.add(f)
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
	if len(name) < 3 {
		return nil
	}
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
