package hogql

import (
	"strconv"
	"strings"
)

// operand reads a literal, a name, a call or anything in brackets.
func (p *parser) operand() Expr {
	t := p.tok
	p.count()
	switch t.kind {
	case kIdent:
		return p.word()
	case kQuoted:
		if p.lambdaAt(t) {
			return p.bareLambda()
		}
		if p.peek().kind == kAssign {
			return p.namedArg()
		}
		return p.chain()
	case kString:
		return p.str()
	case kTemplate:
		return p.template()
	case kInt, kZeroInt, kFloat, kHex, kBin:
		return p.number(t.start)
	case kDot:
		if next := p.peek(); next.kind == kInt || next.kind == kZeroInt {
			return p.number(t.start)
		}
	case kLParen:
		return p.paren()
	case kLBracket:
		return p.array()
	case kLBrace:
		return p.brace()
	case kStar:
		return p.star()
	case kHash:
		if next := p.peek(); next.kind == kInt {
			p.next()
			n, err := strconv.Atoi(p.text(next))
			if err != nil {
				p.failAt(next, failNumber, "a position this large")
			}
			p.next()
			return &Positional{Span: p.span(t.start), Index: n}
		}
	case kTagOpen, kLess:
		return p.tag()
	}
	p.failWant("an expression")
	return nil
}

func (p *parser) str() *String {
	t := p.tok
	p.next()
	s := p.slabs.strings.one()
	s.Span, s.Value = Span{t.start, t.end}, unquote(p.src[t.start+1:t.end-1], '\'')
	return s
}

// signedNumber reads a sign and the number behind it, if it is one.
func (p *parser) signedNumber() (*Number, bool) {
	next := p.peek()
	if !isNumber(next) {
		if next.kind != kDot {
			return nil, false
		}
		if k := p.after(next).kind; k != kInt && k != kZeroInt {
			return nil, false
		}
	}
	start := p.tok.start
	p.count()
	p.next()
	return p.number(start), true
}

// number reads a number whose sign, if any, stood at start. Blanks may stand between its parts.
func (p *parser) number(start int32) *Number {
	begin := p.tok
	switch begin.kind {
	case kDot:
		p.next()
		p.next()
	case kInt: // 00.1 is the first member of 0
		p.next()
		if p.tok.kind == kDot {
			p.fraction()
		}
	default:
		p.next()
		if begin.kind == kBin {
			p.binaryFits(begin, start != begin.start && p.src[start] == '-')
		}
	}
	span := p.span(start)
	text := p.src[begin.start:p.prevEnd]
	if start != begin.start || hasBlank(text) {
		text = p.src[start:start+1] + text
		if start == begin.start {
			text = text[1:]
		}
		text = withoutBlanks(text)
	}
	n := p.slabs.numbers.one()
	n.Span, n.Text = span, text
	return n
}

// binaryFits refuses a binary number that has no room in 64 bits, or in 63 and a sign.
func (p *parser) binaryFits(t token, negative bool) {
	digits := strings.TrimLeft(p.src[t.start+2:t.end], "0")
	if len(digits) > 64 || negative && len(digits) == 64 && strings.Contains(digits[1:], "1") {
		p.failAt(t, failNumber, "a binary number of more than 64 digits")
	}
}

// fraction reads the point of a decimal and the digits behind it, unless the point reads a member.
func (p *parser) fraction() {
	switch next := p.peek(); {
	case next.kind == kInt, next.kind == kZeroInt:
		p.next()
		p.next()
	case next.kw == kwRange, next.kw == kwRows, next.kw == kwPreceding, next.kw == kwFollowing, next.kw == kwTo, next.kw == kwStep:
		p.next()
	case isName(next) && (next.kw == kwNone || keywords[next.kw].flags != 0) && (!p.floatUnits || intervalUnits[next.kw] == ""):
		p.pointNames++
	case isName(next) && p.lonelyWord(next):
	default:
		p.next()
	}
}

// lonelyWord reports whether t, a word of operators or clauses, stands without what makes it one.
func (p *parser) lonelyWord(t token) bool {
	after := p.after(t)
	switch t.kw {
	case kwNot:
		return after.kw != kwIn && after.kw != kwLike && after.kw != kwIlike && after.kw != kwBetween
	case kwOrder, kwGroup:
		return after.kw != kwBy
	case kwWhen, kwThen, kwElse, kwEnd:
		return endsCase(after.kw)
	case kwIn, kwIs, kwLike, kwIlike, kwBetween, kwAnd, kwOr, kwUnion, kwIntersect, kwExcept, kwNulls:
	default:
		if !isClauseWord(t.kw) {
			return false
		}
	}
	switch after.kind {
	case kEOF, kComma, kRParen, kRBracket, kRBrace:
		return true
	case kMinus, kPlus, kStar, kLess: // may begin an operand
		return false
	}
	return symbolOps[after.kind] != 0
}

func hasBlank(s string) bool {
	for i := range len(s) {
		if c := s[i]; classes[c]&clsSpace != 0 || c == '/' || c == '#' || c == '-' && i > 0 && s[i-1] == '-' || c >= 0x80 {
			return true
		}
	}
	return false
}

// withoutBlanks takes white space and comments out of a number's text.
func withoutBlanks(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if j := skipSpace(s, i); j > i {
			i = j
			continue
		}
		b = append(b, s[i])
		i++
	}
	return string(b)
}

// chain reads a.b.c, t.* or a call.
func (p *parser) chain() Expr {
	first := p.tok
	p.next()
	if p.tok.kind == kLParen {
		return p.call(p.ident(first))
	}
	if first.kind == kIdent && p.tok.kind != kDot && (isClauseWord(first.kw) || isInfixWord(first)) {
		p.lastWord = first
	}
	if p.tok.kind != kDot {
		f := p.slabs.fields.one()
		f.name[0] = p.ident(first)
		f.Span, f.Chain = f.name[0].Span, f.name[:]
		return &f.Field
	}
	parts := append(p.slabs.idents.room(), p.ident(first))
	for p.tok.kind == kDot {
		next := p.peek()
		if next.kind == kStar {
			p.next()
			p.next()
			return p.starTail(&Star{Span: p.span(first.start), Table: p.slabs.idents.take(parts)})
		}
		if !isName(next) {
			break
		}
		p.next()
		p.next()
		parts = append(parts, p.ident(next))
	}
	f := &p.slabs.fields.one().Field
	f.Span, f.Chain = p.span(first.start), p.slabs.idents.take(parts)
	return f
}

// star reads * with its lists, and *COLUMNS(…).
func (p *parser) star() Expr {
	t := p.tok
	p.next()
	if p.is(kwColumns) && p.peek().kind == kLParen {
		x := p.columns()
		if x == nil {
			return p.starTail(&Star{Span: p.span(t.start)})
		}
		return &Spread{Span: p.span(t.start), X: x}
	}
	return p.starTail(&Star{Span: p.span(t.start)})
}

func (p *parser) starTail(s *Star) Expr {
	if p.is(kwExclude) && p.peek().kind == kLParen {
		p.next()
		s.Exclude = p.names("a column to exclude", true)
		s.Span = p.span(s.Start)
	}
	return s
}

// array reads [a, b]; start is where its head stood.
func (p *parser) array() Expr {
	open := p.tok.start
	p.next()
	list := p.exprList(kRBracket)
	p.close(kRBracket, open)
	return &Array{Span: p.span(open), Elems: list}
}

// arrayWord reads the brackets behind the word ARRAY: an array, or a part of the column of that name.
func (p *parser) arrayWord(word token) Expr {
	open := p.tok.start
	p.next()
	var list []Expr
	if p.tok.kind != kColon {
		list = p.exprList(kRBracket)
	}
	if p.tok.kind == kColon && len(list) < 2 {
		var low Expr
		if len(list) == 1 {
			low = list[0]
		}
		return p.slice(&Field{Span: Span{word.start, word.end}, Chain: []Ident{p.ident(word)}}, open, low)
	}
	p.close(kRBracket, open)
	return &Array{Span: p.span(word.start), Elems: list}
}

// brace reads {expr} or {key: value, …}.
func (p *parser) brace() Expr {
	open := p.tok.start
	if r := p.read; r.x != nil && r.start == open {
		p.tok, p.prevEnd = r.after.tok, r.after.prevEnd
		return r.x
	}
	x := p.braceAt(open)
	if p.failed { // and so will, in turn, those inside of it that are open here
		p.noBraces = append(p.noBraces, open)
	}
	return x
}

func (p *parser) braceAt(open int32) Expr {
	p.next()
	if p.acceptKind(kRBrace) {
		return &Dict{Span: p.span(open)}
	}
	x := p.expr()
	if p.tok.kind != kColon {
		p.close(kRBrace, open)
		return &Placeholder{Span: p.span(open), X: x}
	}
	d := &Dict{}
	for !p.failed {
		p.expect(kColon, `":" between key and value`)
		d.Items = append(d.Items, DictItem{Key: x, Value: p.expr()})
		if !p.acceptKind(kComma) || p.tok.kind == kRBrace {
			break
		}
		x = p.expr()
	}
	p.close(kRBrace, open)
	d.Span = p.span(open)
	return d
}

// template reads f'text {expr} text'.
func (p *parser) template() Expr {
	start := p.tok.start
	t := &Template{}
	i := int(p.tok.end)
	from := i
	for {
		switch c := byteAt(p.src, i); {
		case i >= len(p.src):
			p.failAt(token{start: start, end: start + 2}, failTemplate, "")
			return nil
		case c == '\'' && byteAt(p.src, i+1) == '\'':
			i += 2
		case c == '\\':
			n := escapeLen(p.src[i:], '{')
			if n == 0 {
				p.failAt(token{kind: kBad, start: int32(i), end: int32(min(i+2, len(p.src)))}, failEscape, "")
				return nil
			}
			i += n
		case c == '\'', c == '{':
			if i > from {
				t.Parts = append(t.Parts, &String{Span: Span{int32(from), int32(i)}, Value: unquote(p.src[from:i], '\'')})
			}
			p.tok = token{end: int32(i + 1)}
			p.next()
			if c == '\'' {
				t.Span = p.span(start)
				return t
			}
			t.Parts = append(t.Parts, p.expr())
			if p.tok.kind != kRBrace {
				p.close(kRBrace, int32(i))
				return nil
			}
			i = int(p.tok.end)
			from = i
		default:
			i++
		}
	}
}

// paren reads what stands in parentheses: lambda parameters, a query, a tuple or one expression.
func (p *parser) paren() Expr {
	t := p.tok
	if p.lambdaAt(t) {
		return p.parenLambda()
	}
	p.next()
	if p.is(kwSelect) || p.is(kwWith) {
		if x, ok := p.subquery(t.start); ok {
			p.close(kRParen, t.start)
			return &Subquery{Span: p.span(t.start), Query: x}
		}
	}
	x := p.expr()
	if s, ok := x.(*Star); ok && len(s.Table) == 0 {
		p.replaceList(s)
	}
	switch {
	case p.failed:
		return nil
	case p.tok.kind == kComma:
		p.next()
		list := p.exprListFrom(x, kRParen)
		p.close(kRParen, t.start)
		return &Tuple{Span: p.span(t.start), Elems: list}
	case p.tok.kind == kIdent && p.continuesQuery():
		if q := memberOf(x); q != nil {
			q = p.setTail(q)
			p.close(kRParen, t.start)
			return p.asExpr(q, p.span(t.start))
		}
	}
	p.close(kRParen, t.start)
	return x
}

// asExpr makes an expression of a query in parentheses.
func (p *parser) asExpr(q Query, span Span) Expr {
	switch q := q.(type) {
	case *Placeholder:
		return q
	case *Tag:
		return q
	}
	return &Subquery{Span: span, Query: q}
}

// memberOf returns the query that x is when it stands alone, nil when it is none.
func memberOf(x Expr) Query {
	switch x := x.(type) {
	case *Subquery:
		return x.Query
	case *Placeholder:
		return x
	}
	return nil
}

// subquery reads a query where SELECT or WITH may also be the name of a column or function. It returns
// false, with the place unchanged, where it is.
func (p *parser) subquery(open int32) (Query, bool) {
	next := p.peek()
	switch next.kind {
	case kRParen, kComma, kNullDot, kAssign, kQuestion:
		return nil, false
	case kDot: // .5 is a number
		if !isNumber(p.after(next)) {
			return nil, false
		}
	case kEOF:
	case kLParen, kLBracket, kMinus, kStar, kPlus, kIdent:
	default:
		if symbolOps[next.kind] != 0 {
			return nil, false
		}
	}
	m := p.mark()
	q := p.querySet()
	if !p.failed && p.tok.kind == kRParen {
		return q, true
	}
	if !p.failed {
		p.fail(failure{tok: p.tok, code: failExpected, want: closers[kRParen], open: open})
	}
	if next.kind != kIdent && next.kind != kLParen && next.kind != kDot && symbolOps[next.kind] == 0 || next.kind == kIdent && !isInfixWord(next) {
		return q, true
	}
	first := p.failure
	if !p.reset(m) {
		return q, true
	}
	p.expr()
	if p.failed || p.tok.kind != kRParen && p.tok.kind != kComma {
		p.failed = false
		p.fail(first)
		return q, true
	}
	return nil, !p.reset(m)
}
