package hogql

// tag reads a HogQLX element whose < is the current token.
func (p *parser) tag() Expr {
	start := p.tok.start
	if !p.enter() {
		return nil
	}
	defer p.leave()
	p.count()
	mode := p.tok.kind
	i := skipSpace(p.src, int(p.tok.end))
	end := tagName(p.src, i)
	if end == i || classes[p.src[i]]&clsDigit != 0 {
		p.moveTo(scan(p.src, i))
		p.failWant("the name of a tag")
		return nil
	}
	t := &Tag{Name: p.tagIdent(i, end)}
	i = end
	for !p.failed {
		i = skipHeadSpace(p.src, i, mode)
		switch end := tagName(p.src, i); {
		case byteAt(p.src, i) == '/' && byteAt(p.src, i+1) == '>':
			p.tok = token{end: int32(i + 2)}
			p.next()
			t.Span = p.span(start)
			return t
		case byteAt(p.src, i) == '>':
			p.tagBody(t, i+1)
			t.Span = p.span(start)
			return t
		case end == i || classes[p.src[i]]&clsDigit != 0:
			p.tok = scan(p.src, i)
			p.failAt(p.tok, failTag, "")
			return nil
		default:
			i = p.tagAttr(t, i, end, mode)
		}
	}
	return nil
}

func (p *parser) tagIdent(start, end int) Ident {
	return Ident{Span: Span{int32(start), int32(end)}, Name: p.src[start:end]}
}

// skipHeadSpace is skipSpace inside the head of a tag. Behind a < that is the tag's for sure, PostHog knows no
// comments that begin with #.
func skipHeadSpace(src string, i int, mode kind) int {
	if mode != kTagOpen {
		return skipSpace(src, i)
	}
	for i < len(src) && src[i] != '#' {
		end := i + 1
		switch c, d := src[i], byteAt(src, i+1); {
		case classes[c]&clsSpace != 0:
		case c == '-' && d == '-', c == '/' && d == '/':
			end = lineEnd(src, i)
		case c == '/' && d == '*':
			end = max(blockEnd(src, i), i)
		default:
			end = i + unicodeSpace(src[i:])
		}
		if end == i {
			return i
		}
		i = end
	}
	return i
}

// tagAttr reads the attribute whose name is src[start:end] and returns the offset behind it.
func (p *parser) tagAttr(t *Tag, start, end int, mode kind) int {
	a := TagAttr{Name: p.tagIdent(start, end)}
	i := skipHeadSpace(p.src, end, mode)
	if byteAt(p.src, i) == '=' {
		i = skipHeadSpace(p.src, i+1, mode)
		p.tok = scan(p.src, i)
		if byteAt(p.src, i) == '#' {
			p.failAt(token{kind: kBad, start: int32(i), end: int32(i + 1)}, failTag, "")
		}
		switch p.tok.kind {
		case kString:
			end = int(p.tok.end)
			a.Value = &String{Span: Span{p.tok.start, p.tok.end}, Value: unquote(p.src[p.tok.start+1:end-1], '\'')}
		case kLBrace:
			open := p.tok.start
			p.next()
			a.Value = p.expr()
			end = int(p.tok.end)
			if p.tok.kind != kRBrace {
				p.close(kRBrace, open)
			}
		default:
			p.failWant("a text in single quotes or {…}")
		}
	}
	t.Attrs = append(t.Attrs, a)
	return end
}

// tagBody reads text, {expr} and children up to the closing tag.
func (p *parser) tagBody(t *Tag, i int) {
	t.Children = []Expr{}
	from := i
	for !p.failed {
		c := byteAt(p.src, i)
		if i >= len(p.src) {
			p.failAt(token{kind: kTagOpen, start: t.Name.Start - 1, end: t.Name.End}, failTagOpen, t.Name.Name)
			return
		}
		if c != '<' && c != '{' {
			i++
			continue
		}
		if i > from {
			t.Children = append(t.Children, &String{Span: Span{int32(from), int32(i)}, Value: p.src[from:i]})
		}
		if c == '<' && byteAt(p.src, i+1) == '/' {
			p.tagEnd(t, i)
			return
		}
		if c == '<' {
			p.tok = token{kind: kTagOpen, start: int32(i), end: int32(i + 1)}
			t.Children = append(t.Children, p.tag())
			i = int(p.prevEnd)
		} else {
			p.tok = token{end: int32(i + 1)}
			p.next()
			t.Children = append(t.Children, p.expr())
			if p.tok.kind != kRBrace {
				p.close(kRBrace, int32(i))
			}
			i = int(p.tok.end)
		}
		from = i
	}
}

// tagEnd reads the closing tag at i.
func (p *parser) tagEnd(t *Tag, i int) {
	start := skipHeadSpace(p.src, i+2, kTagOpen)
	end := tagName(p.src, start)
	name := p.src[start:end]
	closed := skipHeadSpace(p.src, end, kTagOpen)
	at := token{kind: kTagClose, start: int32(i), end: int32(max(end, i+2))}
	if byteAt(p.src, closed) != '>' {
		p.failAt(at, failTagOpen, t.Name.Name)
		return
	}
	if name != t.Name.Name {
		p.failAt(at, failTagMatch, t.Name.Name)
		return
	}
	p.tok = token{end: int32(closed + 1)}
	p.next()
}
