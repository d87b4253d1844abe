package hogql

import "strings"

// expr reads a full expression, aliases included.
func (p *parser) expr() Expr {
	if !p.enter() {
		return nil
	}
	low := p.lowBound
	p.lowBound = false
	x := p.binary(precLowest)
	p.lowBound = low
	p.leave()
	return x
}

// binary reads an operand and all operators behind it that bind at least as tight as floor. Operators of
// precBetween and tighter take operands of that kind only; NOT and lambdas may begin any operand and then
// reach as far as their own grammar goes.
func (p *parser) binary(floor int) Expr {
	x := p.unary()
	ceiling := precPostfix // behind an alias only AND, OR, ?: and AS may follow
	for !p.failed {
		var more bool
		switch p.tok.kind {
		case kIdent:
			x, more = p.wordOperator(x, floor, ceiling)
		case kQuestion:
			if more = floor <= precTernary; more {
				x = p.ternary(x)
			}
		default:
			op := symbolOps[p.tok.kind]
			more = op != 0 && int(operators[op].prec) >= floor && ceiling == precPostfix && (op != OpMod || p.depth != p.limitCount || !p.percentAt(p.peek()))
			if more {
				x = p.infix(x, op, 1)
			}
		}
		if !more {
			break
		}
		ceiling = precPostfix
		if _, ok := x.(*Alias); ok {
			ceiling = precAnd
		}
	}
	return x
}

// operation makes a Binary that ends behind the last token read.
func (p *parser) operation(op Op, pos Span, x, y Expr) *Binary {
	b := p.slabs.binaries.one()
	b.Span, b.Op, b.OpPos, b.X, b.Y = p.span(x.Pos().Start), op, pos, x, y
	return b
}

// named makes an Alias that ends behind the last token read.
func (p *parser) named(start int32, x Expr, name Ident) *Alias {
	a := p.slabs.aliases.one()
	a.Span, a.X, a.Name = p.span(start), x, name
	return a
}

// infix reads an operator of that many words and its right operand.
func (p *parser) infix(x Expr, op Op, words int) Expr {
	pos := Span{p.tok.start, p.tok.end}
	for range words {
		p.next()
	}
	y := p.binary(int(operators[op].prec) + 1)
	if p.failed {
		return x
	}
	p.count()
	return p.operation(op, pos, x, y)
}

// wordOperator reads an operator that is written as a word, if there is one that binds at least as tight
// as floor.
func (p *parser) wordOperator(x Expr, floor, ceiling int) (Expr, bool) {
	switch p.tok.kw {
	case kwAnd:
		return p.logical(x, OpAnd, floor)
	case kwOr:
		return p.logical(x, OpOr, floor)
	case kwAs:
		if floor > precAlias {
			return x, false
		}
		return p.alias(x), true
	}
	if ceiling != precPostfix {
		return x, false
	}
	switch p.tok.kw {
	case kwIs:
		return p.isOperator(x, floor)
	case kwIgnore:
		if floor > precCompare || p.peek().kw != kwNulls {
			return x, false
		}
		p.next()
		p.next()
		p.count()
		return p.postfix(&IgnoreNulls{Span: p.span(x.Pos().Start), X: x}), true
	case kwBetween:
		return p.between(x, floor, false)
	case kwIn, kwLike, kwIlike:
		return p.matchOperator(x, floor, p.tok.kw, false)
	case kwNot:
		switch k := p.peek().kw; k {
		case kwIn, kwLike, kwIlike:
			return p.matchOperator(x, floor, k, true)
		case kwBetween:
			return p.between(x, floor, true)
		}
	}
	return x, false
}

func (p *parser) logical(x Expr, op Op, floor int) (Expr, bool) {
	prec := int(operators[op].prec)
	if floor > prec {
		return x, false
	}
	l := p.slabs.logicals.one()
	l.Op = op
	var buf [listBuf]Expr
	list := p.operands(buf[:0], x, op)
	word := p.tok.kw
	for p.tok.kw == word {
		p.next()
		y := p.binary(prec + 1)
		if p.failed {
			return x, false
		}
		list = p.operands(list, y, op)
		p.count()
	}
	l.Span, l.Exprs = p.span(x.Pos().Start), p.slabs.exprs.keep(list)
	return l, true
}

// alias reads AS name; the name may be a string.
func (p *parser) alias(x Expr) Expr {
	p.next()
	var name Ident
	if t := p.tok; t.kind == kString {
		p.next()
		name = Ident{Span: Span{t.start, t.end}, Name: unquote(p.src[t.start+1:t.end-1], '\'')}
	} else {
		if p.depth == p.freeAlias {
			name = p.name("a name after AS")
		} else {
			name = p.aliasName("a name after AS")
		}
	}
	if p.failed {
		return x
	}
	p.count()
	return p.named(x.Pos().Start, x, name)
}

func (p *parser) isOperator(x Expr, floor int) (Expr, bool) {
	is := p.tok
	pos := Span{is.start, is.end}
	after := p.peek()
	negated := after.kw == kwNot
	if negated {
		after = p.after(after)
	}
	switch {
	case after.kw == kwNull && floor <= precCompare:
		p.moveTo(after)
		p.next()
		p.count()
		return p.postfix(&IsNull{Span: p.span(x.Pos().Start), X: x, Not: negated}), true
	case after.kw == kwDistinct && floor <= precDistinct:
		p.moveTo(after)
		p.next()
		p.expectWord(kwFrom)
		y := p.binary(precDistinct + 1)
		if p.failed {
			return x, false
		}
		op := OpDistinct
		if negated {
			op = OpNotDistinct
		}
		p.count()
		return p.operation(op, pos, x, y), true
	case after.kw == kwNull, after.kw == kwDistinct:
		return x, false
	}
	p.fail(failure{tok: after, code: failExpected, want: "NULL or DISTINCT FROM after IS", open: -1})
	return x, false
}

// moveTo makes t, which was seen ahead, the current token.
func (p *parser) moveTo(t token) {
	p.prevEnd = t.start
	p.tok = t
}

func (p *parser) matchOperator(x Expr, floor int, word keyword, negated bool) (Expr, bool) {
	if floor > precCompare {
		return x, false
	}
	op := OpIn
	switch word {
	case kwLike:
		op = OpLike
	case kwIlike:
		op = OpILike
	}
	pos := Span{p.tok.start, p.tok.end}
	p.next()
	if negated {
		op++
		p.next()
	}
	if word == kwIn && p.is(kwCohort) && p.cohortAt(p.peek()) {
		op += OpInCohort - OpIn
		p.next()
	}
	y := p.binary(precCompare + 1)
	if p.failed {
		return x, false
	}
	p.count()
	return p.operation(op, pos, x, y), true
}

// cohortAt reports whether the cohort of IN COHORT is at t, behind COHORT, which is a column's name otherwise.
func (p *parser) cohortAt(t token) bool {
	if !p.operandAt(t) || endsCase(t.kw) {
		return false
	}
	next := p.after(t)
	if t.kw == kwGroup || t.kw == kwOrder {
		return next.kw != kwBy
	}
	if isClauseWord(t.kw) { // with what it works on
		return !startsOperand(p.src, next)
	}
	return t.kind != kLParen || next.kind != kRParen || p.lambdaAt(t)
}

func (p *parser) between(x Expr, floor int, negated bool) (Expr, bool) {
	if floor > precBetween {
		return x, false
	}
	if negated {
		p.next()
	}
	p.next()
	outer := p.lowBound
	p.lowBound = true
	low := p.bound(precBetween)
	p.lowBound = outer
	p.expectWord(kwAnd)
	high := p.bound(precBetween + 1)
	if p.failed {
		return x, false
	}
	p.count()
	return &Between{Span: p.span(x.Pos().Start), X: x, Low: low, High: high, Not: negated}, true
}

// bound reads one bound of BETWEEN: operators of floor and tighter. The low one can be no lambda.
func (p *parser) bound(floor int) Expr {
	start := p.tok
	if !p.enter() {
		return nil
	}
	x := p.binary(floor)
	p.leave()
	if floor > precBetween || p.failed || x.Pos().Start != start.start { // parentheses stand around it
		return x
	}
	bare := x
	for {
		if n, ok := bare.(*Not); ok {
			bare = n.X
		} else if n, ok := bare.(*Neg); ok {
			bare = n.X
		} else {
			break
		}
	}
	switch bare.(type) {
	case *Lambda, *NamedArg:
		if !strings.Contains(p.src[start.start:bare.Pos().Start], "(") {
			p.failAt(start, failBound, "")
		}
	}
	return x
}

func (p *parser) ternary(cond Expr) Expr {
	p.next()
	then := p.expr()
	p.expect(kColon, `":" of the ternary "condition ? a : b"`)
	if p.failed || !p.enter() {
		return cond
	}
	if p.limitCount == p.depth-1 {
		p.limitCount++
		defer func() { p.limitCount-- }()
	}
	other := p.binary(precTernary)
	p.leave()
	if p.failed {
		return cond
	}
	p.count()
	return &Ternary{Span: p.span(cond.Pos().Start), Cond: cond, Then: then, Else: other}
}

// percentAt reports whether the % before t is the mark of LIMIT 10 %, not an operator: no operand follows.
func (p *parser) percentAt(t token) bool {
	switch next := p.after(t); t.kw {
	case kwOffset, kwLimit:
		switch next.kind {
		case kLParen, kLBracket, kMinus: // it is a name
			return false
		}
		return p.operandAt(next)
	case kwWith:
		return next.kw == kwTies
	case kwOrder:
		return next.kw == kwBy && !p.limitByAt(next)
	case kwUnion:
		return symbolOps[next.kind] == 0 && next.kw != kwUnion
	}
	return t.kind != kStar && !p.operandAt(t)
}

// limitByAt reports whether the BY at t begins the columns of LIMIT n BY, behind which a SELECT may end.
func (p *parser) limitByAt(by token) bool {
	m := p.mark()
	p.moveTo(by)
	p.next()
	p.clauseList()
	ends := !p.failed && p.endsQuery()
	return p.reset(m) && ends
}

// endsExpr reports whether the word k ends the expression before it, where it is no name.
func endsExpr(k keyword) bool {
	return endsCase(k) || isClauseWord(k)
}

// endsCase reports whether the word k ends an expression inside CASE.
func endsCase(k keyword) bool { return k == kwWhen || k == kwThen || k == kwElse || k == kwEnd }

// unary reads a prefix operator with its operand, or an operand.
func (p *parser) unary() Expr {
	t := p.tok
	switch t.kind {
	case kMinus:
		if n, ok := p.signedNumber(); ok {
			return p.postfix(n)
		}
		p.next()
		if !p.enter() {
			return nil
		}
		x := p.binary(precNeg)
		p.leave()
		if p.failed {
			return nil
		}
		p.count()
		return &Neg{Span: p.span(t.start), X: x}
	case kPlus:
		if n, ok := p.signedNumber(); ok {
			return p.postfix(n)
		}
		p.failAt(t, failPlus, "")
		return nil
	case kIdent:
		if t.kw == kwNot {
			return p.not()
		}
	}
	x := p.operand()
	switch l := x.(type) {
	case *Lambda: // its body took all there was
		_, block := l.Body.(*Block)
		_, alias := l.Body.(*Alias)
		if l.Start == t.start && !block && (!alias || p.tok.kind == kLParen) {
			return x
		}
	case *NamedArg:
		if l.Start == t.start {
			return x
		}
	}
	return p.postfix(x)
}

// not reads NOT x, or a function or column of that name.
func (p *parser) not() Expr {
	t, next := p.tok, p.peek()
	prefix := false
	switch {
	case next.kind == kLParen:
		inner := p.after(next)
		after := scan(p.src, int(inner.end)).kind
		prefix = (inner.kw == kwSelect || inner.kw == kwWith) && after != kComma && after != kRParen || p.lambdaAt(next)
	case p.lambdaAt(t), next.kind == kAssign:
	case next.kw == kwWhen, next.kw == kwThen, next.kw == kwElse: // of the CASE around a column named not
		after := scan(p.src, int(next.end))
		prefix = endsCase(after.kw) || after.kind == kEOF
	case isClauseWord(next.kw): // a column named not, and the clause behind it
		m := p.mark()
		p.next()
		ends := p.listEnds()
		if p.failed || !p.reset(m) {
			return nil
		}
		prefix = !ends && p.operandAt(next)
	default:
		prefix = p.operandAt(next)
	}
	if !prefix {
		return p.postfix(p.operand())
	}
	p.next()
	if !p.enter() {
		return nil
	}
	x := p.binary(precBetween)
	p.leave()
	if p.failed {
		return nil
	}
	p.count()
	return &Not{Span: p.span(t.start), X: x}
}

// operandAt reports whether an operand begins at t. A word or * that is an operator elsewhere counts as
// an operand where nothing follows that it could work on.
func (p *parser) operandAt(t token) bool {
	if t.kind == kStar || isInfixWord(t) {
		next := p.after(t)
		switch next.kind {
		case kLParen, kLBracket, kMinus, kPlus: // which can stand behind an operand as well
			return true
		}
		if t.kind == kStar && next.kw == kwExclude {
			return true
		}
		return !startsOperand(p.src, next) || endsExpr(next.kw)
	}
	return startsOperand(p.src, t)
}

func isInfixWord(t token) bool {
	switch t.kw {
	case kwAnd, kwOr, kwIs, kwIn, kwLike, kwIlike, kwBetween, kwAs:
		return true
	}
	return false
}

// startsOperand is operandAt where operators never count.
func startsOperand(src string, t token) bool {
	switch t.kind {
	case kIdent:
		if keywords[t.kw].flags&kwNever != 0 {
			return t.kw == kwNull || isFloatWord(t.kw)
		}
		return !isInfixWord(t)
	case kQuoted, kString, kTemplate, kInt, kZeroInt, kFloat, kHex, kBin, kLParen, kLBracket, kLBrace, kMinus, kHash, kTagOpen, kBad:
		return true
	case kPlus, kDot:
		return isNumber(scan(src, int(t.end)))
	}
	return false
}

func isFloatWord(k keyword) bool { return k == kwInf || k == kwInfinity || k == kwNan }

// isNumber reports whether t begins a number literal without sign.
func isNumber(t token) bool {
	switch t.kind {
	case kInt, kZeroInt, kFloat, kHex, kBin:
		return true
	}
	return isFloatWord(t.kw)
}
