package hogql

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// formatWidth is how long a formatted line gets before it is broken.
const formatWidth = 100

// errReordered says that a formatted text did not read back as the same tree, which is a fault of Format.
var errReordered = errors.New("format: the text cannot be laid out without changing what it means")

// Format lays out a query in the one way that is easy to read: each clause on a line, lists, conditions and
// subqueries indented by four blanks where they do not fit into 100 characters, words of the language in
// capitals. Only blanks, line ends and the case of those words change: names, literals and parentheses stay,
// and comments stay with the words they stood behind or before. The result reads back as the same tree, and
// formatting it again changes nothing; it has no line end at its end. The error is an *Error where src is
// no HogQL.
func Format(src string) (string, error) {
	q, err := Parse(src)
	if err != nil {
		return "", err
	}
	text := layOut(src, q)
	again, err := Options{MaxBytes: len(text) + 1}.Parse(text)
	if err != nil || !Equal(q, again) {
		return "", errReordered
	}
	return text, nil
}

// FormatExpr is Format for one expression.
func FormatExpr(src string) (string, error) {
	x, err := ParseExpr(src)
	if err != nil {
		return "", err
	}
	text := layOut(src, x)
	again, err := Options{MaxBytes: len(text) + 1}.ParseExpr(text)
	if err != nil || !Equal(x, again) {
		return "", errReordered
	}
	return text, nil
}

func layOut(src string, n Node) string {
	l := newLayout(readPieces(src, n))
	l.line(0, 0)
	if l.isQuery(0, l.last) {
		l.query(0, l.last, 0)
	} else {
		l.expr(0, l.last, 0, 4, 0)
	}
	l.finish()
	return string(l.buf)
}

// piece is one word, symbol or literal as it is printed.
type piece struct {
	text   string
	kind   kind
	kw     keyword // of a word of the language; kwNone for names
	atom   bool    // a literal of several tokens
	glued  bool    // no blank before it
	choice bool    // ? or : of a ternary
	match  int     // the closing one for an opening bracket and for CASE, else -1
	notes  []note  // comments before it
}

// note is one comment.
type note struct {
	text string
	own  bool // on a line of its own
	line bool // ends with its line
}

// opens reports whether p begins a group that ends at p.match.
func (p piece) opens() bool { return p.match >= 0 }

// marks is what the tree knows about the words of the text, by their offset.
type marks struct {
	names map[int32]bool
	atoms map[int32]Number // span and text of what is printed as it stands
	minus map[int32]bool   // signs before an operand
}

func newMarks(src string, n Node) *marks {
	m := &marks{names: map[int32]bool{}, atoms: map[int32]Number{}, minus: map[int32]bool{}}
	Walk(n, func(n Node) bool { return m.node(src, n) })
	return m
}

func (m *marks) name(list ...Ident) {
	for _, id := range list {
		m.names[id.Start] = true
	}
}

func (m *marks) atom(s Span, text string) { m.atoms[s.Start] = Number{Span: s, Text: text} }

// node marks what n itself names, and tells whether to look below it.
func (m *marks) node(src string, n Node) bool {
	switch n := n.(type) {
	case *Template, *Tag, *Positional, *Block:
		m.atom(n.Pos(), src[n.Pos().Start:n.Pos().End])
		return false
	case *Number:
		if stripped := stripSpace(src[n.Start:n.End]); stripped == n.Text {
			m.atom(n.Span, n.Text)
		}
	case *Neg:
		m.minus[n.Start] = true
	case *Cast:
		m.atom(n.Type.Span, src[n.Type.Start:n.Type.End])
	case *Field:
		m.name(n.Chain...)
	case *TableName:
		m.name(n.Chain...)
	case *TableCall:
		m.name(n.Name)
	case *Star:
		m.name(n.Table...)
		m.name(n.Exclude...)
		m.replacements(n.Replace)
	case *Call:
		m.name(n.Name)
		if n.Over != nil && n.Over.Name != nil {
			m.name(*n.Over.Name)
		}
	case *Lambda:
		m.name(n.Params...)
	case *NamedArg:
		m.name(n.Name)
	case *Alias:
		m.name(n.Name)
	case *Pivot:
		m.alias(n.Alias)
	case *Unpivot:
		m.alias(n.Alias)
	case *Select:
		m.query(n)
	}
	return true
}

func (m *marks) alias(id *Ident) {
	if id != nil {
		m.name(*id)
	}
}

func (m *marks) replacements(list []Replacement) {
	for _, r := range list {
		m.name(r.Name)
	}
}

func (m *marks) query(q *Select) {
	for _, c := range q.With {
		m.name(c.Name)
		m.name(c.Columns...)
		m.name(c.UsingKey...)
	}
	for _, j := range q.From {
		m.alias(j.Alias)
		m.name(j.Columns...)
	}
	for _, w := range q.Windows {
		m.name(w.Name)
	}
	if q.Interpol != nil {
		m.replacements(q.Interpol.Items)
	}
}

func stripSpace(s string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && classes[r]&clsSpace != 0 || r >= utf8.RuneSelf && unicodeSpace(string(r)) > 0 {
			return -1
		}
		return r
	}, s)
}

// pieceReader turns a text into pieces, knowing its tree.
type pieceReader struct {
	src    string
	marks  *marks
	pieces []piece
	open   []openGroup
	end    int32 // of the last piece in the source
}

// openGroup is a bracket or CASE that has not ended, and how many ternaries in it wait for their colon.
type openGroup struct {
	at      int
	waiting int
}

// readPieces returns the pieces of src, the last of which is the empty one at its end.
func readPieces(src string, n Node) []piece {
	r := &pieceReader{src: src, marks: newMarks(src, n), open: []openGroup{{at: -1}}}
	closed := lastClose(src)
	for {
		t := scanTo(src, int(r.end), closed)
		p := piece{kind: t.kind, match: -1, notes: r.notes(t.start)}
		if t.kind == kEOF {
			r.pieces = append(r.pieces, p)
			return r.pieces
		}
		p.text, p.kw = src[t.start:t.end], t.kw
		end := t.end
		if a, ok := r.marks.atoms[t.start]; ok && a.End > a.Start {
			p.text, p.atom, p.kw, end = a.Text, true, kwNone, a.End
		}
		r.word(&p, t)
		p.glued = r.glued(&p, t)
		r.group(&p)
		r.pieces = append(r.pieces, p)
		r.end = end
	}
}

// word decides whether a word belongs to the language, and writes it so.
func (r *pieceReader) word(p *piece, t token) {
	before := r.last()
	switch {
	case p.kw == kwNone:
	case r.marks.names[t.start], before.kind == kDot, before.kind == kNullDot:
		p.kw = kwNone
	case p.kw == kwTrue, p.kw == kwFalse:
		p.text = strings.ToLower(p.text)
	default:
		p.text = strings.ToUpper(p.text)
	}
}

// last returns the piece that was read last.
func (r *pieceReader) last() piece {
	if len(r.pieces) == 0 {
		return piece{match: -1}
	}
	return r.pieces[len(r.pieces)-1]
}

// notes returns the comments between the last piece and the offset to.
func (r *pieceReader) notes(to int32) []note {
	var list []note
	own := len(r.pieces) == 0
	for i := int(r.end); i < int(to); {
		switch c := r.src[i]; {
		case c == '\n':
			own = true
			i++
		case c == '/' && r.src[i+1] == '*':
			end := blockEnd(r.src, i)
			list = append(list, note{text: r.src[i:end], own: own})
			i = end
		case c == '-' || c == '/' || c == '#':
			end := lineEnd(r.src, i)
			list = append(list, note{text: strings.TrimRight(r.src[i:end], " \t\v\f"), own: own, line: true})
			own, i = true, end
		default:
			i++
		}
	}
	return list
}

// group keeps the stack of brackets.
func (r *pieceReader) group(p *piece) {
	top := &r.open[len(r.open)-1]
	switch {
	case p.atom:
	case p.kind == kLParen, p.kind == kLBracket, p.kind == kLBrace, p.kw == kwCase:
		r.open = append(r.open, openGroup{at: len(r.pieces)})
	case p.kind == kRParen, p.kind == kRBracket, p.kind == kRBrace, p.kw == kwEnd:
		if len(r.open) > 1 {
			r.pieces[top.at].match = len(r.pieces)
			r.open = r.open[:len(r.open)-1]
		}
	case p.kind == kQuestion:
		p.choice = true
		top.waiting++
	}
}

// colon tells what a colon is: of a ternary (with blanks around it), of a slice (with none), or behind a name.
func (r *pieceReader) colon(p *piece) bool {
	top := &r.open[len(r.open)-1]
	if top.waiting > 0 {
		top.waiting--
		p.choice = true
		return false
	}
	return true
}

// glued reports whether p stands right behind the last piece.
func (r *pieceReader) glued(p *piece, t token) bool {
	if len(r.pieces) == 0 || !r.wantsGlue(p) {
		return p.kind == kColon && !p.atom && r.inSlice() && !p.choice
	}
	last := r.last()
	adjacent := r.end == t.start
	if last.atom || p.kind == kDot || last.kind == kDot {
		return adjacent || !isNumeric(last) && !isNumeric(*p)
	}
	again := scan(last.text+p.text, 0)
	return again.kind == last.kind && int(again.end) == len(last.text)
}

func isNumeric(p piece) bool {
	switch p.kind {
	case kInt, kZeroInt, kFloat, kHex, kBin:
		return true
	}
	return p.atom
}

func (r *pieceReader) inSlice() bool {
	top := r.open[len(r.open)-1]
	return top.at >= 0 && r.pieces[top.at].kind == kLBracket
}

// wantsGlue reports whether good style has no blank between the last piece and p.
func (r *pieceReader) wantsGlue(p *piece) bool {
	last := r.last()
	if !last.atom {
		switch last.kind {
		case kLParen, kLBracket, kLBrace, kDot, kColons, kNullDot:
			return true
		case kColon:
			if !last.choice && r.inSlice() {
				return true
			}
		case kMinus:
			if r.marks.minus[r.end-1] {
				return true
			}
		}
	}
	if p.atom {
		return false
	}
	switch p.kind {
	case kRParen, kRBracket, kRBrace, kComma, kSemi, kDot, kColons, kNullDot:
		return true
	case kColon:
		return r.colon(p)
	case kLParen:
		return r.isCallee(last)
	case kLBracket:
		return last.kw == kwArray || isValueEnd(last)
	}
	return false
}

// isValueEnd reports whether a value can end with p.
func isValueEnd(p piece) bool {
	return p.atom || p.kw == kwEnd || p.kw == kwNone && endsOperand(token{kind: p.kind})
}

// isCallee reports whether a parenthesis behind p holds its arguments.
func (r *pieceReader) isCallee(p piece) bool {
	switch p.kw {
	case kwCast, kwTryCast, kwTrim, kwColumns, kwRollup, kwCube, kwSubstring:
		return true
	}
	if n := len(r.pieces); n > 1 && p.kind != kRParen && r.pieces[n-2].kw == kwAs {
		return false // AS t (a, b)
	}
	return isValueEnd(p)
}
