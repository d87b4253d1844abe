package hogql

import "strings"

// typeExpr reads the type of CAST: Name, Name Name, Name(…), Type[]. Its text is written as PostHog does:
// in lower case with one blank after a comma, but as it stands where a parameter is an expression.
func (p *parser) typeExpr() Type {
	start := p.tok.start
	if !p.enter() {
		return Type{}
	}
	defer p.leave()
	var b strings.Builder
	for first := true; first || isName(p.tok) && !p.is(kwAs) && !p.failed; first = false {
		if !first {
			b.WriteByte(' ')
		}
		b.WriteString(strings.ToLower(p.name("a type").Name))
	}
	if p.tok.kind == kLParen {
		open := p.tok.start
		p.next()
		p.typeParams(&b)
		p.close(kRParen, open)
	}
	for p.tok.kind == kLBracket {
		open := p.tok.start
		p.next()
		p.close(kRBracket, open)
		b.WriteString("[]")
	}
	return Type{Span: p.span(start), Text: b.String()}
}

// typeParams reads a type's parameters: types, or names with types, or expressions.
func (p *parser) typeParams(b *strings.Builder) {
	var texts, raws []string
	exprs := false
	for p.tok.kind != kRParen && !p.failed {
		start := p.tok.start
		text, ok := p.typeParam()
		if !ok {
			exprs = true
		}
		texts = append(texts, text)
		raws = append(raws, p.rawText(start, p.prevEnd))
		if !p.acceptKind(kComma) {
			break
		}
	}
	if exprs {
		texts = raws
	}
	b.WriteByte('(')
	b.WriteString(strings.Join(texts, ", "))
	b.WriteByte(')')
}

// typeParam reads one parameter; false means that it is an expression.
func (p *parser) typeParam() (string, bool) {
	if isName(p.tok) {
		m := p.mark()
		t := p.typeExpr()
		if !p.failed && (p.tok.kind == kComma || p.tok.kind == kRParen) {
			return t.Text, true
		}
		if !p.reset(m) {
			return "", false
		}
	}
	if x, ok := p.expr().(*Binary); ok && x.Op == OpEq {
		if _, ok := x.X.(*String); ok {
			p.failAt(token{kind: kString, start: x.Start, end: x.End}, failEnum, "")
		}
	}
	return "", false
}

// rawText returns the tokens of src[start:end] without the blanks that nothing needs.
func (p *parser) rawText(start, end int32) string {
	var b strings.Builder
	word := false
	for t := scan(p.src, int(start)); t.kind != kEOF && t.start < end; t = scan(p.src, int(t.end)) {
		isWord := t.kind == kIdent || isNumber(t)
		if word && isWord { // PostHog joins them, which nothing could read again
			b.WriteByte(' ')
		}
		word = isWord
		b.WriteString(p.text(t))
		if t.kind == kComma {
			b.WriteByte(' ')
		}
	}
	return b.String()
}
