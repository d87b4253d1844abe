package hogql

import (
	"strconv"
)

// Print returns n as one line of HogQL: words of the language in capitals, no more parentheses than it
// needs, strings and names escaped so that nothing in them can end them. For a tree that came from Parse,
// Parse(Print(q)) is Equal to q. A *Not whose operand needs parentheses prints as a call of the function
// not, which means the same, because HogQL reads NOT (…) so.
func Print(n Node) string {
	p := &printer{edge: -1}
	switch n := n.(type) {
	case nil:
	case Expr:
		p.expr(n, precLowest)
	case Query:
		p.query(n)
	case Table:
		p.table(n)
	}
	return string(p.buf)
}

type printer struct {
	buf []byte
	// edge is the offset at which x IS NULL and x IGNORE NULLS may begin without parentheses before a tighter operator.
	edge int
}

func (p *printer) s(text string) { p.buf = append(p.buf, text...) }

// list prints what each does for 0 to n-1, with commas between.
func (p *printer) list(n int, each func(i int)) {
	for i := range n {
		if i > 0 {
			p.s(", ")
		}
		each(i)
	}
}

func (p *printer) exprs(list []Expr) {
	p.list(len(list), func(i int) { p.expr(list[i], precLowest) })
}

// nameUse tells where a name stands, which decides whether it needs quotes.
type nameUse uint8

const (
	nameBare   nameUse = iota // begins an operand
	nameMember                // behind a dot, or where only a name can stand
	nameAlias                 // behind AS
	nameCall                  // before a parenthesis
	nameTable
)

func (p *printer) name(id Ident, use nameUse) {
	if needsQuotes(id.Name, use) {
		p.s(quoteName(id.Name))
		return
	}
	p.s(id.Name)
}

func needsQuotes(name string, use nameUse) bool {
	if name == "" || classes[name[0]]&clsIdentStart == 0 {
		return true
	}
	for i := range len(name) {
		if classes[name[i]]&clsIdent == 0 {
			return true
		}
	}
	k := lookupKeyword(name)
	if k == kwNone {
		return false
	}
	flags := keywords[k].flags
	switch {
	case flags&kwNever != 0:
		return true
	case use == nameAlias:
		return flags&kwReserved != 0
	case use == nameBare:
		return flags&kwPlain == 0
	case use == nameCall:
		return k == kwColumns || k == kwCast || k == kwTryCast || k == kwCase || k == kwInterval ||
			k == kwSelect || k == kwWith || k == kwDistinct || k == kwCohort || k == kwAs || k == kwBetween || isClauseWord(k)
	case use == nameTable:
		return k == kwSelect || k == kwWith || k == kwValues
	}
	return false
}

// quoteName returns name between backticks.
func quoteName(name string) string {
	b := make([]byte, 0, len(name)+2)
	b = append(b, '`')
	b = appendEscaped(b, name, '`')
	return string(append(b, '`'))
}

// quoteString returns s as a string literal.
func quoteString(s string) string {
	b := make([]byte, 0, len(s)+2)
	b = append(b, '\'')
	b = appendEscaped(b, s, '\'')
	return string(append(b, '\''))
}

// appendEscaped appends s so that it reads back as itself between two quotes.
func appendEscaped(b []byte, s string, quote byte) []byte {
	for i := range len(s) {
		switch c := s[i]; c {
		case quote:
			b = append(b, c, c)
		case '\\':
			b = append(b, '\\', '\\')
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		case '\a':
			b = append(b, '\\', 'a')
		case '\v':
			b = append(b, '\\', 'v')
		default:
			b = append(b, c)
		}
	}
	return b
}

// precedence returns how tight the outermost operation of x binds.
func precedence(x Expr) int {
	switch x := x.(type) {
	case *Binary:
		return int(operators[x.Op].prec)
	case *Logical:
		return int(operators[x.Op].prec)
	case *Not:
		if isPrefix(x.X) {
			return min(precNot, precedence(x.X))
		}
		return precNot
	case *Neg:
		return precNeg
	case *IsNull, *IgnoreNulls:
		return precCompare
	case *Between:
		return precBetween
	case *Ternary:
		return precTernary
	case *Alias:
		return precAlias
	case *Lambda, *NamedArg:
		return precLowest
	}
	return precPostfix
}

// bare prints x without parentheses around it.
func (p *printer) bare(x Expr) {
	switch x := x.(type) {
	case *Field:
		for i, id := range x.Chain {
			if i > 0 {
				p.s(".")
				p.name(id, nameMember)
			} else {
				p.fieldHead(id, len(x.Chain) == 1)
			}
		}
	case *Star:
		if x.Replace != nil { // REPLACE is read in parentheses only
			p.s("(")
			p.star(x)
			p.s(")")
			return
		}
		p.star(x)
	case *Columns:
		p.columns(x)
	case *Spread:
		p.s("*")
		p.expr(x.X, precPostfix)
	case *Number:
		p.s(x.Text)
	case *String:
		p.s(quoteString(x.Value))
	case *Bool:
		p.s(strconv.FormatBool(x.Value))
	case *Null:
		p.s("NULL")
	case *Template:
		p.template(x)
	case *Array:
		p.s("[")
		p.exprs(x.Elems)
		p.s("]")
	case *Tuple:
		p.s("(")
		p.exprs(x.Elems)
		if len(x.Elems) == 1 {
			p.s(",")
		}
		p.s(")")
	case *Dict:
		p.dict(x)
	case *Placeholder:
		p.s("{")
		p.expr(x.X, precLowest)
		p.s("}")
	case *Positional:
		p.s("#" + strconv.Itoa(x.Index))
	case *Tag:
		p.tag(x)
	case *Subquery:
		p.s("(")
		p.query(x.Query)
		p.s(")")
	default:
		if left, _ := leftOperand(x); left != nil {
			p.expr(x, precLowest)
			return
		}
		p.operation(x)
	}
}

// fieldHead prints the first part of a chain. A lone name that is also a literal needs quotes.
func (p *printer) fieldHead(id Ident, alone bool) {
	if k := lookupKeyword(id.Name); (k == kwTrue || k == kwFalse) && !alone {
		p.name(id, nameMember)
		return
	}
	p.name(id, nameBare)
}
