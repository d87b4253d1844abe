package hogql

// blockAt reports whether the brace here opens a block of statements: not {}, {expr} or {key: value}.
func (p *parser) blockAt() bool {
	m, word := p.mark(), p.lastWord
	if p.knownBlockAt(m.tok.start) {
		return true
	}
	attempts := p.attempts
	x := p.brace()
	read := readBrace{x, m.tok.start, p.mark()}
	if p.failed && p.failure.code == failNodes {
		return false
	}
	_, dict := x.(*Dict)
	_, placeholder := x.(*Placeholder)
	isBlock := p.failed && p.knownBlockAt(m.tok.start) || !dict && !placeholder
	p.reset(m)
	if !isBlock {
		p.attempts, p.read = attempts-1, read
	}
	p.lastWord = word
	return isBlock && !p.failed
}

// knownBlockAt reports whether the last brace found to hold no expression is the one at that offset, and forgets it.
func (p *parser) knownBlockAt(start int32) bool {
	n := len(p.noBraces)
	if n == 0 || p.noBraces[n-1] != start {
		return false
	}
	p.noBraces = p.noBraces[:n-1]
	return true
}

// readBrace is what blockAt read and the next reader of the same brace takes: to read it again at each level of
// braces in braces would double the work each time.
type readBrace struct {
	x     Expr // nil for none
	start int32
	after mark
}

// block reads { statements }.
func (p *parser) block() *Block {
	start := p.tok.start
	s := p.blockStmt()
	return &Block{Span: p.span(start), Stmts: s.Body}
}

// blockStmt reads { statements } as a statement.
func (p *parser) blockStmt() *Stmt {
	open := p.tok.start
	s := &Stmt{Kind: "block"}
	p.expect(kLBrace, `"{"`)
	for p.tok.kind != kRBrace && !p.failed {
		if p.acceptKind(kSemi) {
			continue
		}
		s.Body = append(s.Body, p.stmt())
	}
	p.close(kRBrace, open)
	s.Span = p.span(open)
	return s
}

// loneBraceAt reports whether the {expr} here is a statement of its own, which makes it a block.
func (p *parser) loneBraceAt() bool {
	m := p.mark()
	d, dict := p.brace().(*Dict)
	lone := !p.failed && (!dict || len(d.Items) == 0)
	switch p.tok.kind {
	case kDot, kNullDot, kLBracket, kLParen, kColons, kQuestion, kAssign:
		lone = false
	default:
		lone = lone && symbolOps[p.tok.kind] == 0 && !isInfixWord(p.tok)
	}
	return p.reset(m) && lone
}

// stmt reads one statement with its optional semicolon.
func (p *parser) stmt() *Stmt {
	if !p.enter() {
		return &Stmt{}
	}
	defer p.leave()
	p.count()
	start := p.tok.start
	s := p.stmtBody()
	s.Span = p.span(start)
	if s.Kind != "block" {
		p.acceptKind(kSemi)
	}
	return s
}

func (p *parser) stmtBody() *Stmt {
	next := p.peek()
	paren := next.kind == kLParen
	switch k := p.tok.kw; {
	case p.tok.kind == kLBrace && (p.blockAt() || p.loneBraceAt()):
		return p.blockStmt()
	case k == kwReturn, k == kwThrow:
		s := &Stmt{Kind: keywords[k].text}
		p.next()
		if p.operandAt(p.tok) || k == kwThrow {
			s.X = p.expr()
		}
		return s
	case k == kwLet:
		p.next()
		return p.letStmt()
	case k == kwIf && paren:
		return p.ifStmt()
	case k == kwWhile:
		p.next()
		s := &Stmt{Kind: "while", X: p.condition()}
		s.Body = []*Stmt{p.stmt()}
		return s
	case k == kwFor && paren:
		return p.forStmt()
	case (k == kwFn || k == kwFun) && isName(next):
		p.next()
		s := &Stmt{Kind: "fn", Names: []Ident{p.name("a name")}}
		open := p.tok.start
		p.expect(kLParen, `"("`)
		for p.tok.kind != kRParen && !p.failed {
			s.Names = append(s.Names, p.name("a parameter"))
			if !p.acceptKind(kComma) {
				break
			}
		}
		p.close(kRParen, open)
		s.Body = []*Stmt{p.blockStmt()}
		return s
	case k == kwTry:
		return p.tryStmt()
	}
	return p.exprStmt()
}

// exprStmt reads an expression or target := value.
func (p *parser) exprStmt() *Stmt {
	x := p.expr()
	if n, ok := x.(*NamedArg); ok {
		return &Stmt{Kind: "assign", X: &Field{Span: n.Name.Span, Chain: []Ident{n.Name}}, Value: n.Value}
	}
	if p.acceptKind(kAssign) {
		return &Stmt{Kind: "assign", X: x, Value: p.expr()}
	}
	return &Stmt{Kind: "expr", X: x}
}

func (p *parser) letStmt() *Stmt {
	s := &Stmt{Kind: "let", Names: []Ident{p.name("a name")}}
	if p.acceptKind(kAssign) {
		s.X = p.expr()
	}
	return s
}

// condition reads (expr).
func (p *parser) condition() Expr {
	open := p.tok.start
	p.expect(kLParen, `"("`)
	x := p.expr()
	p.close(kRParen, open)
	return x
}

func (p *parser) ifStmt() *Stmt {
	p.next()
	s := &Stmt{Kind: "if", X: p.condition()}
	s.Body = []*Stmt{p.stmt()}
	if p.accept(kwElse) {
		s.Body = append(s.Body, p.stmt())
	}
	return s
}

func (p *parser) forStmt() *Stmt {
	p.next()
	open := p.tok.start
	p.next()
	s := &Stmt{Kind: "for"}
	var first *Stmt
	if p.accept(kwLet) {
		first = &Stmt{Kind: "let", Names: []Ident{p.name("a name")}}
		if p.acceptKind(kComma) {
			first.Names = append(first.Names, p.name("a name"))
		}
		if p.accept(kwIn) {
			s.Kind, s.Names, s.X = "for in", first.Names, p.expr()
			p.close(kRParen, open)
			s.Body = []*Stmt{p.stmt()}
			return s
		}
		if p.acceptKind(kAssign) {
			first.X = p.expr()
		}
	} else if p.tok.kind != kSemi {
		first = p.exprStmt()
	}
	p.expect(kSemi, `";"`)
	var second, third *Stmt
	if p.tok.kind != kSemi {
		second = p.exprStmt()
	}
	p.expect(kSemi, `";"`)
	if p.tok.kind != kRParen {
		third = p.exprStmt()
	}
	p.close(kRParen, open)
	s.Body = []*Stmt{first, second, third, p.stmt()}
	return s
}

func (p *parser) tryStmt() *Stmt {
	p.next()
	s := &Stmt{Kind: "try", Body: []*Stmt{p.blockStmt()}}
	for p.accept(kwCatch) {
		var c Catch
		if open := p.tok.start; p.acceptKind(kLParen) {
			c.Name = p.name("a name")
			if p.acceptKind(kColon) {
				c.Type = p.name("a type")
			}
			p.close(kRParen, open)
		}
		c.Body = p.blockStmt()
		s.Catches = append(s.Catches, c)
	}
	if p.accept(kwFinally) {
		s.Finally = p.blockStmt()
	}
	return s
}
