package hogql

// tag writes a HogQLX element; its children are an attribute of that name.
func (w *jsonWriter) tag(t *Tag) {
	w.open()
	w.key("attributes")
	w.b = append(w.b, '[')
	for i, a := range t.Attrs {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.open()
		w.text("name", a.Name.Name)
		w.text("node", "HogQLXAttribute")
		if a.Value == nil {
			w.child("value", &Bool{Value: true})
		} else {
			w.child("value", a.Value)
		}
		w.close()
	}
	if len(t.Children) > 0 {
		if len(t.Attrs) > 0 {
			w.b = append(w.b, ',')
		}
		w.open()
		w.text("name", "children")
		w.text("node", "HogQLXAttribute")
		w.list("value", t.Children)
		w.close()
	}
	w.b = append(w.b, ']')
	w.text("kind", t.Name.Name)
	w.text("node", "HogQLXTag")
	w.close()
}

// block writes the statements of a Hog lambda.
func (w *jsonWriter) block(list []*Stmt) {
	w.open()
	w.key("declarations")
	w.b = append(w.b, '[')
	for i, s := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.stmt(s)
	}
	w.b = append(w.b, ']')
	w.text("node", "Block")
	w.close()
}

// stmt writes one statement, or null.
func (w *jsonWriter) stmt(s *Stmt) {
	if s == nil {
		w.b = append(w.b, "null"...)
		return
	}
	switch s.Kind {
	case "block":
		w.block(s.Body)
	case "expr":
		w.wrap("ExprStatement", s.X)
	case "return":
		w.wrap("ReturnStatement", s.X)
	case "throw":
		w.wrap("ThrowStatement", s.X)
	case "let":
		w.open()
		w.child("expr", s.X)
		w.text("name", s.Names[0].Name)
		w.text("node", "VariableDeclaration")
		w.close()
	case "assign":
		w.open()
		w.child("left", s.X)
		w.text("node", "VariableAssignment")
		w.child("right", s.Value)
		w.close()
	case "try":
		w.try(s)
	default:
		w.control(s)
	}
}

// control writes a statement that has a body.
func (w *jsonWriter) control(s *Stmt) {
	w.open()
	switch s.Kind {
	case "if":
		w.key("else_")
		if len(s.Body) > 1 {
			w.stmt(s.Body[1])
		} else {
			w.stmt(nil)
		}
		w.child("expr", s.X)
		w.text("node", "IfStatement")
		w.key("then")
		w.stmt(s.Body[0])
	case "while":
		w.key("body")
		w.stmt(s.Body[0])
		w.child("expr", s.X)
		w.text("node", "WhileStatement")
	case "for":
		w.key("body")
		w.stmt(s.Body[3])
		w.key("condition")
		w.part(s.Body[1])
		w.key("increment")
		w.part(s.Body[2])
		w.key("initializer")
		w.part(s.Body[0])
		w.text("node", "ForStatement")
	case "for in":
		w.key("body")
		w.stmt(s.Body[0])
		w.child("expr", s.X)
		if len(s.Names) > 1 {
			w.text("keyVar", s.Names[0].Name)
		} else {
			w.raw("keyVar", "null")
		}
		w.text("node", "ForInStatement")
		w.text("valueVar", s.Names[len(s.Names)-1].Name)
	case "fn":
		w.key("body")
		w.stmt(s.Body[0])
		w.text("name", s.Names[0].Name)
		w.text("node", "Function")
		w.names("params", s.Names[1:])
	}
	w.close()
}

// part writes a part of a for's head, where an expression stands without its statement.
func (w *jsonWriter) part(s *Stmt) {
	if s != nil && s.Kind == "expr" {
		w.node(s.X)
		return
	}
	w.stmt(s)
}

func (w *jsonWriter) try(s *Stmt) {
	w.open()
	w.key("catches")
	w.b = append(w.b, '[')
	for i, c := range s.Catches {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = append(w.b, '[')
		for _, id := range []Ident{c.Name, c.Type} {
			if id.Name == "" {
				w.b = append(w.b, "null"...)
			} else {
				w.str(id.Name)
			}
			w.b = append(w.b, ',')
		}
		w.stmt(c.Body)
		w.b = append(w.b, ']')
	}
	w.b = append(w.b, ']')
	w.key("finally_stmt")
	w.stmt(s.Finally)
	w.text("node", "TryCatchStatement")
	w.key("try_stmt")
	w.stmt(s.Body[0])
	w.close()
}
