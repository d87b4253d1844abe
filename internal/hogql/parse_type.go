package hogql

import "strings"

// typeExpr reads the type of CAST: Name, Name Name, Name(…), Type[]. Its text is written as PostHog does:
// in lower case with one blank after a comma, but as it stands where a parameter is an expression.
func (p *parser) typeExpr() Type {
	n := p.typeName(1)
	if p.failed {
		return Type{}
	}
	var text, spaced strings.Builder
	if p.writeType(&text, &n, false) {
		p.writeType(&spaced, &n, true)
	}
	t := Type{Span: n.Span, Text: text.String()}
	if s := spaced.String(); s != t.Text {
		t.Spaced = s
	}
	return t
}

// typeName is a type as it was read. Its text is written once for all levels, from the outside in: a list in which
// one parameter is an expression is written as it stands.
type typeName struct {
	Span
	name   string
	words  int  // of the name
	listed bool // it has parentheses
	exprs  bool // one of its parameters is an expression
	params []typeName
	arrays int
}

// typeName reads a type, whose parameters stand behind at most so many words: a column and its type.
func (p *parser) typeName(most int) typeName {
	n := typeName{Span: Span{Start: p.tok.start}, words: 1}
	if !p.enter() {
		return n
	}
	defer p.leave()
	n.name = strings.ToLower(p.name("a type").Name)
	if isName(p.tok) && !p.is(kwAs) {
		words := []string{n.name}
		for isName(p.tok) && !p.is(kwAs) && !p.failed {
			words = append(words, strings.ToLower(p.name("a type").Name))
		}
		n.name, n.words = strings.Join(words, " "), len(words)
	}
	if p.tok.kind == kLParen && n.words <= most {
		open := p.tok.start
		p.next()
		n.listed = true
		p.typeParams(&n)
		p.close(kRParen, open)
	}
	for ; p.tok.kind == kLBracket; n.arrays++ {
		open := p.tok.start
		p.next()
		p.close(kRBracket, open)
	}
	n.Span = p.span(n.Start)
	return n
}

// typeParams reads a type's parameters: types, or names with types, or expressions.
func (p *parser) typeParams(n *typeName) {
	for p.tok.kind != kRParen && !p.failed {
		start := p.tok.start
		param, ok := p.typeParam()
		n.exprs = n.exprs || !ok
		param.Span = p.span(start)
		n.params = append(n.params, param)
		if !p.acceptKind(kComma) {
			return
		}
	}
}

// writeType writes n, without or with the blanks inside expressions, and says whether there is any expression.
func (p *parser) writeType(b *strings.Builder, n *typeName, spaced bool) (exprs bool) {
	b.WriteString(n.name)
	if n.listed {
		b.WriteByte('(')
		for i := range n.params {
			if i > 0 {
				b.WriteString(", ")
			}
			if n.exprs {
				p.rawText(b, n.params[i].Span, spaced)
			} else if p.writeType(b, &n.params[i], spaced) {
				exprs = true
			}
		}
		b.WriteByte(')')
	}
	for range n.arrays {
		b.WriteString("[]")
	}
	return exprs || n.exprs
}

// typeParam reads one parameter; false means that it is an expression.
func (p *parser) typeParam() (typeName, bool) {
	if isName(p.tok) {
		m := p.mark()
		t := p.typeName(2)
		if !p.failed && (p.tok.kind == kComma || p.tok.kind == kRParen) {
			return t, true
		}
		if !p.reset(m) {
			return typeName{}, false
		}
	}
	if x, ok := p.expr().(*Binary); ok && x.Op == OpEq {
		if _, ok := x.X.(*String); ok {
			p.failAt(token{kind: kString, start: x.Start, end: x.End}, failEnum, "")
		}
	}
	return typeName{}, false
}

// rawText writes the tokens of the text at a span without the blanks between them or, spaced, with those that
// reading them again needs.
func (p *parser) rawText(b *strings.Builder, at Span, spaced bool) {
	word := false
	for t := scan(p.src, int(at.Start)); t.kind != kEOF && t.start < at.End; t = scan(p.src, int(t.end)) {
		isWord := t.kind == kIdent || isNumber(t)
		if spaced && word && isWord {
			b.WriteByte(' ')
		}
		word = isWord
		b.WriteString(p.text(t))
	}
}
