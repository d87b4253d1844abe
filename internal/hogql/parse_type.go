package hogql

import (
	"cmp"
	"strings"
)

// typeExpr reads the type of CAST: Name, Name Name, Name(…), Type[]. Its text is written as PostHog does:
// in lower case with one blank after a comma, but as it stands where a parameter is an expression.
func (p *parser) typeExpr() Type {
	start := p.tok.start
	if !p.enter() {
		return Type{}
	}
	defer p.leave()
	text := strings.ToLower(p.name("a type").Name)
	for isName(p.tok) && !p.is(kwAs) && !p.failed {
		text += " " + strings.ToLower(p.name("a type").Name)
	}
	spaced := text
	if p.tok.kind == kLParen {
		open := p.tok.start
		p.next()
		t, s := p.typeParams()
		text, spaced = text+t, spaced+s
		p.close(kRParen, open)
	}
	arrays := 0
	for ; p.tok.kind == kLBracket; arrays++ {
		open := p.tok.start
		p.next()
		p.close(kRBracket, open)
	}
	if arrays > 0 {
		suffix := strings.Repeat("[]", arrays)
		text, spaced = text+suffix, spaced+suffix
	}
	if spaced == text {
		spaced = ""
	}
	return Type{Span: p.span(start), Text: text, Spaced: spaced}
}

// typeParams reads a type's parameters: types, or names with types, or expressions. It returns them in their
// parentheses without and with the blanks inside expressions.
func (p *parser) typeParams() (text, spaced string) {
	var buf [listBuf]Type
	types := buf[:0]
	exprs, same := false, true
	for p.tok.kind != kRParen && !p.failed {
		start := p.tok.start
		t, ok := p.typeParam()
		exprs = exprs || !ok
		t.Span = p.span(start)
		types = append(types, t)
		if !p.acceptKind(kComma) {
			break
		}
	}
	for i := range types {
		if t := &types[i]; exprs {
			t.Text, t.Spaced = p.rawText(t.Span, false), p.rawText(t.Span, true)
		}
		same = same && cmp.Or(types[i].Spaced, types[i].Text) == types[i].Text
	}
	text = typeList(types, func(t Type) string { return t.Text })
	if same {
		return text, text
	}
	return text, typeList(types, func(t Type) string { return cmp.Or(t.Spaced, t.Text) })
}

// typeList writes types in parentheses.
func typeList(types []Type, text func(Type) string) string {
	var b strings.Builder
	b.Grow(16 * len(types))
	b.WriteByte('(')
	for i, t := range types {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(text(t))
	}
	b.WriteByte(')')
	return b.String()
}

// typeParam reads one parameter; false means that it is an expression.
func (p *parser) typeParam() (Type, bool) {
	if isName(p.tok) {
		m := p.mark()
		t := p.typeExpr()
		if !p.failed && (p.tok.kind == kComma || p.tok.kind == kRParen) {
			return t, true
		}
		if !p.reset(m) {
			return Type{}, false
		}
	}
	if x, ok := p.expr().(*Binary); ok && x.Op == OpEq {
		if _, ok := x.X.(*String); ok {
			p.failAt(token{kind: kString, start: x.Start, end: x.End}, failEnum, "")
		}
	}
	return Type{}, false
}

// rawText returns the tokens of the text at a span without the blanks between them or, spaced, with those that
// reading them again needs.
func (p *parser) rawText(at Span, spaced bool) string {
	var b strings.Builder
	word := false
	for t := scan(p.src, int(at.Start)); t.kind != kEOF && t.start < at.End; t = scan(p.src, int(t.end)) {
		isWord := t.kind == kIdent || isNumber(t)
		if spaced && word && isWord {
			b.WriteByte(' ')
		}
		word = isWord
		b.WriteString(p.text(t))
	}
	return b.String()
}
