package hogql

// block prints { statements }.
func (p *printer) block(list []*Stmt) {
	p.s("{ ")
	for _, s := range list {
		p.stmt(s)
		p.s(" ")
	}
	if len(list) == 0 {
		p.s("; ")
	}
	p.s("}")
}

// stmt prints one statement with the semicolon it needs.
func (p *printer) stmt(s *Stmt) {
	switch s.Kind {
	case "block":
		p.block(s.Body)
	case "if":
		p.s("if (")
		p.expr(s.X, precLowest)
		p.s(") ")
		p.stmt(s.Body[0])
		if len(s.Body) > 1 {
			p.s(" else ")
			p.stmt(s.Body[1])
		}
	case "while":
		p.s("while (")
		p.expr(s.X, precLowest)
		p.s(") ")
		p.stmt(s.Body[0])
	case "for in":
		p.s("for (let ")
		p.names(s.Names)
		p.s(" in ")
		p.expr(s.X, precLowest)
		p.s(") ")
		p.stmt(s.Body[0])
	case "for":
		p.s("for (")
		for i, part := range s.Body[:3] {
			if i > 0 {
				p.s("; ")
			}
			if part != nil {
				p.simpleStmt(part)
			}
		}
		p.s(") ")
		p.stmt(s.Body[3])
	case "fn":
		p.s("fn ")
		p.name(s.Names[0], nameMember)
		p.s("(")
		p.names(s.Names[1:])
		p.s(") ")
		p.stmt(s.Body[0])
	case "try":
		p.try(s)
	default:
		p.simpleStmt(s)
		p.s(";")
	}
}

func (p *printer) try(s *Stmt) {
	p.s("try ")
	p.stmt(s.Body[0])
	for _, c := range s.Catches {
		p.s(" catch ")
		if c.Name.Name != "" {
			p.s("(")
			p.name(c.Name, nameMember)
			if c.Type.Name != "" {
				p.s(": ")
				p.name(c.Type, nameMember)
			}
			p.s(") ")
		}
		p.stmt(c.Body)
	}
	if s.Finally != nil {
		p.s(" finally ")
		p.stmt(s.Finally)
	}
}

// simpleStmt prints a statement that ends with a semicolon, without it.
func (p *printer) simpleStmt(s *Stmt) {
	switch s.Kind {
	case "let":
		p.s("let ")
		p.name(s.Names[0], nameMember)
		if s.X != nil {
			p.s(" := ")
			p.expr(s.X, precLowest)
		}
	case "assign":
		p.expr(s.X, precPostfix)
		p.s(" := ")
		p.expr(s.Value, precLowest)
	case "return", "throw":
		p.s(s.Kind)
		if s.X != nil {
			p.s(" ")
			p.expr(s.X, precLowest)
		}
	default:
		p.expr(s.X, precLowest)
	}
}
