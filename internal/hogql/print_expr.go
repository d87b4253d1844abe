package hogql

import (
	"bytes"
	"cmp"
	"strconv"
	"strings"
)

func (p *printer) operation(x Expr) {
	switch x := x.(type) {
	case *Not:
		p.not(x)
	case *Neg:
		p.neg(x)
	case *Cast:
		p.cast(x)
	case *Lambda:
		p.lambda(x)
	case *NamedArg:
		p.name(x.Name, nameMember)
		p.s(" := ")
		p.expr(x.Value, precLowest)
	default:
		p.form(x)
	}
}

// neg prints -x. Before a number the sign would be the number's own.
func (p *printer) neg(x *Neg) {
	p.s("-")
	if startsWithNumber(x.X) {
		p.s("(")
		p.bare(x.X)
		p.s(")")
		return
	}
	if _, ok := x.X.(*Neg); ok { // -- begins a comment
		p.s(" ")
	}
	p.expr(x.X, precNeg)
}

// isPrefix reports whether x may begin any operand: NOT, a lambda or a named argument.
func isPrefix(x Expr) bool {
	switch x.(type) {
	case *Not, *Lambda, *NamedArg:
		return true
	}
	return false
}

func (p *printer) not(x *Not) {
	_, query := x.X.(*Subquery)
	switch {
	case isPrefix(x.X):
		p.s("NOT ")
		p.bare(x.X)
	case query || !opensParen(x.X):
		p.s("NOT ")
		p.edge = len(p.buf)
		p.expr(x.X, precBetween)
		p.edge = -1
	default: // NOT (…) is the call of a function
		p.s("not(")
		p.expr(x.X, precLowest)
		p.s(")")
	}
}

// opensParen reports whether x, the operand of NOT, prints with a parenthesis at its beginning.
func opensParen(x Expr) bool {
	for floor := precBetween; x != nil; x, floor = leftOperand(x) {
		if precedence(x) < floor && !isSuffix(x) {
			return true
		}
		switch y := x.(type) {
		case *Subquery, *Tuple:
			return true
		case *Star:
			return y.Replace != nil
		}
	}
	return false
}

// startsWithNumber reports whether x, the operand of a sign, prints with a number at its beginning.
func startsWithNumber(x Expr) bool {
	for {
		if _, ok := x.(*Number); ok {
			return true
		}
		left, floor := leftOperand(x)
		if floor < precPostfix {
			return false
		}
		x = left
	}
}

// form prints the expressions that have a syntax of their own.
func (p *printer) form(x Expr) {
	switch x := x.(type) {
	case *Case:
		p.caseExpr(x)
	case *Interval:
		if x.Text {
			p.s("INTERVAL '" + strconv.FormatInt(x.Count, 10) + " " + x.Unit + "'")
			return
		}
		p.s("INTERVAL ")
		p.expr(x.X, precLowest)
		p.s(" " + strings.ToUpper(x.Unit))
	case *Trim:
		p.s("TRIM(" + x.Side + " ")
		p.expr(x.Chars, precLowest)
		p.s(" FROM ")
		p.expr(x.X, precLowest)
		p.s(")")
	case *Call:
		p.call(x)
	case *Block:
		p.block(x.Stmts)
	}
}

func nullish(yes bool) string {
	if yes {
		return "?."
	}
	return ""
}

func (p *printer) caseExpr(x *Case) {
	p.s("CASE")
	if x.Operand != nil {
		p.s(" ")
		p.expr(x.Operand, precLowest)
	}
	for _, w := range x.Whens {
		p.s(" WHEN ")
		p.expr(w.Cond, precLowest)
		p.s(" THEN ")
		p.expr(w.Then, precLowest)
	}
	if x.Else != nil {
		p.s(" ELSE ")
		p.expr(x.Else, precLowest)
	}
	p.s(" END")
}

// cast prints the forms of a call.
func (p *printer) cast(x *Cast) {
	p.s(map[CastKind]string{CastCall: "CAST(", CastTry: "TRY_CAST("}[x.Kind])
	p.expr(x.X, precLowest)
	p.s(" AS " + cmp.Or(x.Type.Spaced, x.Type.Text) + ")")
}

// colonType prints the type behind ::, which is one name and may have a zone clause.
func (p *printer) colonType(text string) {
	for _, zone := range []string{" with time zone", " with local time zone"} {
		if name, ok := strings.CutSuffix(text, zone); ok && !strings.Contains(name, " ") {
			p.s(name + strings.ToUpper(zone))
			return
		}
	}
	if k := lookupKeyword(text); needsQuotes(text, nameMember) || k != kwNone && keywords[k].flags&kwType == 0 {
		p.s(quoteName(text))
		return
	}
	p.s(text)
}

func (p *printer) lambda(x *Lambda) {
	// Behind a comma the names before it would become parameters too.
	if len(x.Params) == 1 && !bytes.HasSuffix(p.buf, []byte(", ")) {
		p.name(x.Params[0], nameMember)
	} else {
		p.s("(")
		p.names(x.Params)
		p.s(")")
	}
	p.s(" -> ")
	p.expr(x.Body, precLowest)
}

func (p *printer) names(list []Ident) {
	p.list(len(list), func(i int) { p.name(list[i], nameMember) })
}

func (p *printer) call(x *Call) {
	p.name(x.Name, nameCall)
	p.s("(")
	if x.HasParam {
		p.exprs(x.Params)
		p.s(")(")
	}
	if x.Distinct {
		p.s("DISTINCT")
		if len(x.Args) > 0 {
			p.s(" ")
		}
	}
	p.exprs(x.Args)
	if x.OrderBy != nil {
		if len(x.Args) > 0 || x.Distinct {
			p.s(" ")
		}
		p.orderBy(x.OrderBy)
	}
	p.s(")")
	if x.Within != nil {
		p.s(" WITHIN GROUP (")
		p.orderBy(x.Within)
		p.s(")")
	}
	if x.Filter != nil {
		p.s(" FILTER (WHERE ")
		p.expr(x.Filter, precLowest)
		p.s(")")
	}
	if x.Over != nil {
		p.s(" OVER ")
		if x.Over.Name != nil {
			p.name(*x.Over.Name, nameMember)
		} else {
			p.window(x.Over.Spec)
		}
	}
}

func (p *printer) star(x *Star) {
	for i, id := range x.Table {
		if i == 0 {
			p.fieldHead(id, false)
		} else {
			p.name(id, nameMember)
		}
		p.s(".")
	}
	p.s("*")
	if x.Exclude != nil {
		p.s(" EXCLUDE (")
		p.names(x.Exclude)
		p.s(")")
	}
	if x.Replace != nil {
		p.s(" REPLACE (")
		p.replacements(x.Replace)
		p.s(")")
	}
}

func (p *printer) replacements(list []Replacement) {
	p.list(len(list), func(i int) {
		p.expr(list[i].X, precTernary)
		p.s(" AS ")
		p.name(list[i].Name, nameAlias)
	})
}

func (p *printer) columns(x *Columns) {
	p.s("COLUMNS(")
	switch {
	case x.Regex != nil:
		p.bare(x.Regex)
	case x.Star != nil:
		p.star(x.Star)
	default:
		p.exprs(x.List)
	}
	p.s(")")
}

func (p *printer) dict(x *Dict) {
	p.s("{")
	p.list(len(x.Items), func(i int) {
		p.expr(x.Items[i].Key, precTernary+1)
		p.s(": ")
		p.expr(x.Items[i].Value, precLowest)
	})
	p.s("}")
}

func (p *printer) template(x *Template) {
	p.s("f'")
	text := false
	for _, part := range x.Parts {
		s, ok := part.(*String)
		if text = ok && !text && s.Value != ""; text { // an empty text, or the second of two, stood in braces
			for i, piece := range strings.Split(s.Value, "{") {
				if i > 0 {
					p.s(`\{`)
				}
				p.buf = appendEscaped(p.buf, piece, '\'')
			}
			continue
		}
		p.s("{")
		p.expr(part, precLowest)
		p.s("}")
	}
	p.s("'")
}

func (p *printer) tag(x *Tag) {
	p.s("<" + x.Name.Name)
	for _, a := range x.Attrs {
		p.s(" " + a.Name.Name)
		switch v := a.Value.(type) {
		case nil:
		case *String:
			p.s("=" + quoteString(v.Value))
		default:
			p.s("={")
			p.expr(v, precLowest)
			p.s("}")
		}
	}
	if x.Children == nil {
		p.s(" />")
		return
	}
	p.s(">")
	for _, c := range x.Children {
		switch c := c.(type) {
		case *String:
			p.s(c.Value)
		case *Tag:
			p.tag(c)
		default:
			p.s("{")
			p.expr(c, precLowest)
			p.s("}")
		}
	}
	p.s("</" + x.Name.Name + ">")
}
