package hogql

import (
	"strconv"
	"strings"
)

// word reads an operand that begins with a bare word: a literal, a special form, a lambda, a call or a
// name. A special form whose shape does not follow is a name.
func (p *parser) word() Expr {
	t := p.tok
	switch next := p.peek(); next.kind {
	case kAssign:
		return p.namedArg()
	case kArrow, kComma:
		if p.lambdaAt(t) {
			return p.bareLambda()
		}
	}
	if t.kw != kwNone {
		if x, ok := p.special(t); ok {
			return x
		}
		if p.failed {
			return nil
		}
		if keywords[t.kw].flags&kwNever != 0 {
			p.failAt(t, failNever, "an expression")
			return nil
		}
	}
	return p.chain()
}

// special reads the form that the keyword t begins, if its shape follows.
func (p *parser) special(t token) (Expr, bool) {
	next := p.peek()
	switch t.kw {
	case kwNull:
		p.next()
		return &Null{Span{t.start, t.end}}, true
	case kwInf, kwInfinity, kwNan:
		return p.number(t.start), true
	case kwTrue, kwFalse:
		if next.kind == kDot && (p.nameAfter(next) || p.after(next).kind == kStar) || next.kind == kLParen {
			return nil, false
		}
		p.next()
		return &Bool{Span: Span{t.start, t.end}, Value: t.kw == kwTrue}, true
	case kwCase:
		return p.caseExpr(next)
	case kwInterval:
		return p.interval(next)
	case kwDate, kwTimestamp:
		if next.kind == kString {
			p.failAt(t, failTypedLiteral, "")
		}
	case kwCast, kwTryCast:
		if next.kind == kLParen {
			return p.cast(), true
		}
	case kwColumns:
		if next.kind == kLParen {
			if x := p.columns(); x != nil {
				return x, true
			}
		}
	case kwTrim:
		if next.kind == kLParen {
			return p.trim(next)
		}
	case kwArray:
		if next.kind == kLBracket {
			p.next()
			return p.arrayWord(t), true
		}
	case kwLambda:
		if isName(next) && p.lambdaWordAt(next) {
			return p.wordLambda(), true
		}
	}
	return nil, false
}

// nameAfter reports whether a name follows t.
func (p *parser) nameAfter(t token) bool { return isName(p.after(t)) }

// whenOperandAt reports whether the WHEN at t, behind CASE, is a column: a second one with its condition follows.
func (p *parser) whenOperandAt(t token) bool {
	second := scan(p.src, int(t.end))
	if second.kw != kwWhen {
		return false
	}
	third := scan(p.src, int(second.end))
	return third.kw != kwThen && !isInfixWord(third) && startsOperand(p.src, third)
}

// caseExpr reads CASE [operand] WHEN … END.
func (p *parser) caseExpr(next token) (Expr, bool) {
	start := p.tok.start
	c := &Case{}
	if next.kw == kwWhen && !p.whenOperandAt(next) {
		p.next()
	} else {
		if !p.operandAt(next) {
			return nil, false
		}
		m := p.mark()
		p.next()
		c.Operand = p.expr()
		if (p.failed || !p.is(kwWhen)) && next.kw == kwCase && p.reset(m) { // CASE may be a column's name
			p.next()
			c.Operand = p.chain()
		}
		if p.failed || !p.is(kwWhen) {
			first, failed := p.failure, p.failed
			if next.kind != kLParen && next.kind != kLBracket && next.kind != kMinus && next.kind != kIdent {
				if !failed {
					p.failWant("WHEN")
				}
				return nil, false
			}
			if !p.reset(m) {
				p.failed, p.failure = true, first
			}
			return nil, false
		}
	}
	for p.is(kwWhen) {
		p.next()
		w := When{Cond: p.expr()}
		p.expectWord(kwThen)
		w.Then = p.expr()
		c.Whens = append(c.Whens, w)
		p.count()
	}
	if p.accept(kwElse) {
		c.Else = p.expr()
	}
	if !p.is(kwEnd) {
		p.fail(failure{tok: p.tok, code: failExpected, want: "END of the CASE", open: -1})
	}
	p.next()
	c.Span = p.span(start)
	return c, !p.failed
}

var intervalUnits = map[keyword]string{
	kwSecond: "second", kwMinute: "minute", kwHour: "hour", kwDay: "day", kwWeek: "week", kwMonth: "month",
	kwQuarter: "quarter", kwYear: "year",
}

// behindInterval reports whether the word before the token is INTERVAL, to which the unit behind a text then belongs.
func (p *parser) behindInterval() bool {
	const word = "interval"
	at := int(p.prevEnd) - len(word)
	return at >= 0 && strings.EqualFold(p.src[at:p.prevEnd], word)
}

// interval reads INTERVAL x unit and INTERVAL 'count unit'.
func (p *parser) interval(next token) (Expr, bool) {
	t := p.tok
	if next.kind == kString {
		after := intervalUnits[p.after(next).kw]
		if count, unit, ok := intervalText(p.src[next.start+1 : next.end-1]); ok && (after == "" || p.behindInterval()) {
			p.next()
			p.next()
			return &Interval{Span: p.span(t.start), Count: count, Unit: unit, Text: true}, true
		}
	}
	starUnit := next.kind == kStar && intervalUnits[scan(p.src, int(next.end)).kw] != ""
	if !p.operandAt(next) && !starUnit {
		return nil, false
	}
	m := p.mark()
	p.next()
	seen := p.pointNames
	x := p.expr()
	unit, ok := intervalUnits[p.tok.kw]
	if !ok && seen != p.pointNames && !p.floatUnits && p.reset(m) { // 1.year may be a member of 1, or a unit
		p.floatUnits = true
		p.next()
		x = p.expr()
		p.floatUnits = false
		unit, ok = intervalUnits[p.tok.kw]
	}
	if !ok && !p.failed && p.takeUnit(x) {
		unit, ok = intervalUnits[p.tok.kw]
	}
	if p.failed && p.failure.code == failInterval {
		return nil, false
	}
	if ok && !p.failed {
		p.next()
		return &Interval{Span: p.span(t.start), X: x, Unit: unit}, true
	}
	switch {
	case p.failed && next.kind != kLParen && next.kind != kLBracket && next.kind != kMinus && next.kind != kIdent && next.kind != kStar:
		return nil, false
	case next.kind == kString:
		p.failAt(next, failInterval, "")
		return nil, false
	}
	if !p.failed {
		p.fail(failure{tok: p.tok, code: failUnit, open: -1})
	}
	first := p.failure
	if !p.reset(m) || isNumber(next) {
		p.failed = false
		p.fail(first)
		return nil, false
	}
	return nil, false
}

// takeUnit takes the unit off INTERVAL '3 days' unit at the end of x, where the interval around x has none:
// PostHog gives it to the outer one.
func (p *parser) takeUnit(x Expr) bool {
	for {
		if in, ok := x.(*Interval); ok {
			s, ok := in.X.(*String)
			if !ok {
				return false
			}
			p.moveTo(scan(p.src, int(s.End)))
			if in.Count, in.Unit, in.Text = intervalText(s.Value); !in.Text {
				p.failAt(token{kind: kString, start: s.Start, end: s.End}, failInterval, "")
				return false
			}
			in.X, in.End = nil, s.End
			return true
		}
		edge, _ := rightEdge(x)
		if edge == nil || isNil(*edge) {
			return false
		}
		x = *edge
	}
}

// intervalText splits the text of INTERVAL '7 days': a count, one blank, a unit in lower case.
func intervalText(s string) (count int64, unit string, ok bool) {
	number, unit, found := strings.Cut(s, " ")
	if !found || number == "" || classes[number[0]]&clsDigit == 0 {
		return 0, "", false
	}
	count, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, "", false
	}
	unit = strings.TrimSuffix(unit, "s")
	if _, ok := intervalUnits[lookupKeyword(unit)]; !ok || unit != keywords[lookupKeyword(unit)].text {
		return 0, "", false
	}
	return count, unit, true
}

// cast reads CAST(x AS type) and TRY_CAST(x AS type), or a call of that name.
func (p *parser) cast() Expr {
	m, t := p.mark(), p.tok
	p.next()
	open := p.tok.start
	p.next()
	if p.tok.kind == kRParen || p.is(kwSelect) && p.peek().kw != kwAs && p.peek().kind != kDot && p.peek().kind != kNullDot || p.is(kwDistinct) || p.isPair(kwOrder, kwBy) {
		p.moveTo(token{kind: kLParen, start: open, end: open + 1})
		return p.callAt(p.ident(t))
	}
	x := p.freeExpr()
	if p.failed {
		return nil
	}
	inner, name := splitAlias(x)
	if inner == nil || p.src[name.Start] == '\'' || p.tok.kind == kComma {
		return p.callWith(p.ident(t), open, x)
	}
	p.moveTo(scan(p.src, int(name.Start)))
	typ := p.typeExpr()
	p.close(kRParen, open)
	if p.suffixAt() && p.reset(m) {
		return p.chain()
	}
	kind := CastCall
	if t.kw == kwTryCast {
		kind = CastTry
	}
	return &Cast{Span: p.span(t.start), X: inner, Type: typ, Kind: kind}
}

// splitAlias takes the last alias off x, where the grammar wants "x AS name" and a lambda at the end of x
// read the alias as part of its body. It returns nil when there is none.
func splitAlias(x Expr) (Expr, Ident) {
	if a, ok := x.(*Alias); ok {
		return a.X, a.Name
	}
	edge, span := rightEdge(x)
	if edge == nil || isNil(*edge) {
		return nil, Ident{}
	}
	inner, name := splitAlias(*edge)
	if inner == nil {
		return nil, Ident{}
	}
	*edge = inner
	span.End = inner.Pos().End
	return x, name
}

// rightEdge returns the operand that x ends with, and x's span; nil where x ends with a token of its own.
func rightEdge(x Expr) (*Expr, *Span) {
	switch x := x.(type) {
	case *Lambda:
		return &x.Body, &x.Span
	case *NamedArg:
		return &x.Value, &x.Span
	case *Not:
		return &x.X, &x.Span
	case *Neg:
		return &x.X, &x.Span
	case *Binary:
		return &x.Y, &x.Span
	case *Between:
		return &x.High, &x.Span
	case *Logical:
		return &x.Exprs[len(x.Exprs)-1], &x.Span
	case *Ternary:
		return &x.Else, &x.Span
	}
	return nil, nil
}

// castSuffix reads ::type.
func (p *parser) castSuffix(x Expr) Expr {
	p.next()
	t := p.tok
	if t.kind == kIdent && keywords[t.kw].flags&kwType == 0 && t.kw != kwNone {
		p.failAt(t, failType, "")
		return x
	}
	name := p.name("a type after ::")
	text := strings.ToLower(name.Name)
	if p.is(kwWith) {
		m := p.mark()
		p.next()
		local := p.accept(kwLocal)
		if p.is(kwTime) && p.peek().kw == kwZone {
			p.next()
			p.next()
			text += map[bool]string{false: " with time zone", true: " with local time zone"}[local]
		} else {
			p.reset(m)
		}
	}
	return &Cast{Span: p.span(x.Pos().Start), X: x, Type: Type{Span: Span{t.start, p.prevEnd}, Text: text}, Kind: CastColons}
}

// trim reads TRIM(BOTH|LEADING|TRAILING 'chars' FROM x).
func (p *parser) trim(paren token) (Expr, bool) {
	side := scan(p.src, int(paren.end))
	if side.kw != kwBoth && side.kw != kwLeading && side.kw != kwTrailing {
		return nil, false
	}
	chars := p.after(side)
	if chars.kind != kString && chars.kind != kTemplate {
		return nil, false
	}
	start := p.tok.start
	p.moveTo(chars)
	x := &Trim{Side: strings.ToUpper(keywords[side.kw].text)}
	if chars.kind == kString {
		x.Chars = p.str()
	} else {
		x.Chars = p.template()
	}
	p.expectWord(kwFrom)
	x.X = p.expr()
	p.close(kRParen, paren.start)
	x.Span = p.span(start)
	return x, true
}

// columns reads COLUMNS('regex'), COLUMNS(a, b) and COLUMNS(* …); it returns nil, with the place
// unchanged, for a call of that name.
func (p *parser) columns() Expr {
	m := p.mark()
	start := p.tok.start
	p.next()
	open := p.tok.start
	p.next()
	c := &Columns{}
	switch {
	case p.tok.kind == kString && p.peek().kind == kRParen:
		c.Regex = p.str()
	default:
		if p.is(kwDistinct) && p.operandAt(p.peek()) {
			p.reset(m)
			return nil
		}
		c.List = p.exprList(kRParen)
		if !p.failed && (len(c.List) == 0 || p.is(kwOrder)) {
			p.reset(m)
			return nil
		}
		if s, ok := firstStar(c.List); ok {
			c.List, c.Star = nil, s
			p.replaceList(s)
		}
	}
	p.close(kRParen, open)
	if p.suffixAt() && p.reset(m) {
		return nil
	}
	c.Span = p.span(start)
	return c
}

// suffixAt reports whether FILTER (…) or OVER follows, which only a call can have.
func (p *parser) suffixAt() bool {
	switch p.tok.kw {
	case kwOver:
		next := p.peek()
		return next.kind == kLParen || isName(next)
	case kwFilter:
		return p.peek().kind == kLParen
	case kwWithin:
		return p.peek().kw == kwGroup
	}
	return false
}

func firstStar(list []Expr) (*Star, bool) {
	if len(list) != 1 {
		return nil, false
	}
	s, ok := list[0].(*Star)
	return s, ok
}

// replaceList reads REPLACE (x AS name, …) behind a star.
func (p *parser) replaceList(s *Star) {
	if !p.is(kwReplace) || p.peek().kind != kLParen {
		return
	}
	p.next()
	open := p.tok.start
	p.next()
	for !p.failed {
		x := p.expr()
		inner, name := splitAlias(x)
		if inner == nil {
			p.failWant("AS and the column that is replaced")
			return
		}
		s.Replace = append(s.Replace, Replacement{X: inner, Name: name})
		if !p.acceptKind(kComma) {
			break
		}
	}
	p.close(kRParen, open)
	s.Span = p.span(s.Start)
}
