package hogql

import (
	"strings"
	"unicode/utf8"
)

// flatQuery is how long a subquery may be that stays on one line.
const flatQuery = 60

// layout writes pieces line by line. Every decision depends on the pieces and their comments alone, so that
// a formatted text is formatted in the same way again.
type layout struct {
	pieces []piece
	last   int // the piece at the end of the text
	// width[i] is the length of all pieces before i on one line, breaks[i] how many of them force lines to
	// be broken by a comment before them, wide[i] by a long subquery that they open.
	width, breaks, wide []int

	buf    []byte
	col    int // characters on the line
	indent int // of the line
	fresh  bool
	noted  int  // notes of the pieces before this one are written
	ended  bool // a comment ended the line
}

func newLayout(pieces []piece) *layout {
	n := len(pieces)
	l := &layout{pieces: pieces, last: n - 1, width: make([]int, n+1), breaks: make([]int, n+1), wide: make([]int, n+1), fresh: true}
	for i, p := range pieces {
		w := utf8.RuneCountInString(p.text)
		if !p.glued {
			w++
		}
		forced := 0
		for _, c := range p.notes {
			w += 1 + utf8.RuneCountInString(c.text)
			if c.own || c.line || strings.Contains(c.text, "\n") {
				forced = 1
			}
		}
		l.width[i+1], l.breaks[i+1] = l.width[i]+w, l.breaks[i]+forced
	}
	for i, p := range pieces {
		long := 0
		if p.opens() && p.match > i+1 && l.isQuery(i+1, p.match) && l.width[p.match]-l.width[i+1] > flatQuery {
			long = 1
		}
		l.wide[i+1] = l.wide[i] + long
	}
	return l
}

// hard reports whether the pieces from lo to hi cannot stand on one line, however short they are.
func (l *layout) hard(lo, hi int) bool {
	return lo < hi && (l.breaks[hi] > l.breaks[lo+1] || l.wide[hi] > l.wide[lo])
}

// fits reports whether the pieces from lo to hi, with tail characters behind them, fit on the line.
func (l *layout) fits(lo, hi, tail int) bool {
	return !l.hard(lo, hi) && l.col+l.width[hi]-l.width[lo]+tail <= formatWidth
}

// write appends text to the line.
func (l *layout) write(text string) {
	l.buf = append(l.buf, text...)
	l.col += utf8.RuneCountInString(text)
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		l.col = utf8.RuneCountInString(text[i+1:])
	}
	l.fresh = false
}

// newline begins a line. At the beginning of the text and of a line it only sets the indent.
func (l *layout) newline(indent int) {
	l.indent, l.ended = indent, false
	if l.fresh {
		l.buf = l.buf[:len(l.buf)-l.col]
	} else {
		l.buf = append(l.buf, '\n')
	}
	l.buf = append(l.buf, strings.Repeat(" ", indent)...)
	l.col, l.fresh = indent, true
}

// notes writes the comments before piece i; those on lines of their own get the indent.
func (l *layout) notes(i, indent int) {
	if i < l.noted {
		return
	}
	l.noted = i + 1
	for _, c := range l.pieces[i].notes {
		switch {
		case c.own || l.ended:
			l.newline(indent)
		case !l.fresh && !l.behindOpening(i):
			l.write(" ")
		}
		l.write(c.text)
		l.ended = c.line || c.own
	}
}

// line begins a line for piece i.
func (l *layout) line(i, indent int) {
	l.notes(i, indent)
	l.newline(indent)
}

// put writes piece i.
func (l *layout) put(i int) {
	l.notes(i, l.indent+4)
	switch {
	case l.ended:
		l.newline(l.indent)
	case !l.fresh && (!l.pieces[i].glued || len(l.pieces[i].notes) > 0 && l.behindOpening(i)):
		l.write(" ")
	}
	l.write(l.pieces[i].text)
}

// behindOpening reports whether piece i is the first inside of a bracket.
func (l *layout) behindOpening(i int) bool {
	return i > 0 && l.pieces[i-1].opens() && l.pieces[i].glued
}

// flat writes the pieces from lo to hi on the line.
func (l *layout) flat(lo, hi int) {
	for i := lo; i < hi; i++ {
		l.put(i)
	}
}

// finish writes the comments behind the last piece.
func (l *layout) finish() { l.notes(l.last, 0) }

// split returns where the pieces from lo to hi are cut: before each piece, outside of inner groups, that at
// accepts.
func (l *layout) split(lo, hi int, at func(i int) bool) []int {
	var cuts []int
	for i := lo; i < hi; i++ {
		if i > lo && at(i) {
			cuts = append(cuts, i)
		}
		if l.pieces[i].opens() && l.pieces[i].match < hi {
			i = l.pieces[i].match
		}
	}
	return cuts
}

// expr writes an expression. A line that it breaks is indented by step more than base, the indent of the
// line on which it begins.
func (l *layout) expr(lo, hi, base, step, tail int) {
	if lo >= hi {
		return
	}
	if l.fits(lo, hi, tail) {
		l.flat(lo, hi)
		return
	}
	for _, at := range []func(i int) bool{l.isWord(kwOr), l.isAnd(lo), l.isChoice, l.isSum(lo, hi)} {
		cuts := l.split(lo, hi, at)
		if len(cuts) == 0 {
			continue
		}
		l.expr(lo, cuts[0], base, step+4, 0)
		for k, from := range cuts {
			to, rest := hi, tail
			if k+1 < len(cuts) {
				to, rest = cuts[k+1], 0
			}
			l.line(from, base+step)
			l.put(from)
			l.expr(from+1, to, base+step, 4, rest)
		}
		return
	}
	l.linear(lo, hi, base, tail)
}

func (l *layout) isWord(k keyword) func(int) bool {
	return func(i int) bool { return l.pieces[i].kw == k }
}

// isAnd accepts the AND between conditions, not that of BETWEEN.
func (l *layout) isAnd(int) func(int) bool {
	waiting := 0
	return func(i int) bool {
		switch l.pieces[i].kw {
		case kwBetween:
			waiting++
		case kwAnd:
			if waiting == 0 {
				return true
			}
			waiting--
		}
		return false
	}
}

func (l *layout) isChoice(i int) bool { return l.pieces[i].choice }

// isSum accepts + - and || between operands, where length is what breaks the expression.
func (l *layout) isSum(lo, hi int) func(int) bool {
	hard := l.hard(lo, hi)
	return func(i int) bool {
		switch l.pieces[i].kind {
		case kPlus, kMinus, kConcat:
			return !hard && !l.pieces[i].atom && isValueEnd(l.pieces[i-1])
		}
		return false
	}
}

// linear writes pieces one after the other and expands the groups that do not fit.
func (l *layout) linear(lo, hi, base, tail int) {
	for i := lo; i < hi; i++ {
		p := l.pieces[i]
		if !p.opens() || p.match >= hi {
			l.put(i)
			continue
		}
		next := p.match + 1
		for next < hi && !l.pieces[next].opens() {
			next++
		}
		rest := 0
		if next == hi {
			rest = tail
		}
		if !l.hard(i, p.match+1) && l.col+l.width[next]-l.width[i]+rest <= formatWidth {
			l.flat(i, p.match+1)
		} else {
			l.expand(i, base)
		}
		i = p.match
	}
}

// expand writes the group that begins at piece i over several lines.
func (l *layout) expand(i, base int) {
	end := l.pieces[i].match
	l.put(i)
	switch {
	case l.pieces[i].kw == kwCase:
		l.caseLines(i+1, end, base)
	case end == i+1:
	case l.isQuery(i+1, end) || l.isWindow(i+1):
		l.line(i+1, base+4)
		l.query(i+1, end, base+4)
	default:
		l.line(i+1, base+4)
		l.items(i+1, end, base+4)
	}
	if end > i+1 {
		l.notes(end, base+4)
		l.newline(base)
	}
	l.put(end)
}

// caseLines writes what stands between CASE and END.
func (l *layout) caseLines(lo, hi, base int) {
	cuts := l.split(lo-1, hi, func(i int) bool { return l.pieces[i].kw == kwWhen || l.pieces[i].kw == kwElse })
	from := lo
	for _, cut := range append(cuts, hi) {
		if from < cut && from != lo || from == lo && len(cuts) > 0 && cuts[0] == lo && cut != lo {
			l.line(from, base+4)
		}
		if from < cut {
			l.expr(from, cut, base+4, 4, 0)
		}
		from = cut
	}
}

// items writes a list with one item on each line.
func (l *layout) items(lo, hi, indent int) {
	cuts := l.split(lo, hi, func(i int) bool { return l.pieces[i-1].kind == kComma && l.pieces[i-1].match < 0 })
	from := lo
	for _, cut := range append(cuts, hi) {
		if from > lo {
			l.line(from, indent)
		}
		step := 4
		if len(cuts) == 0 {
			step = 0
		}
		l.item(from, cut, indent, step)
		from = cut
	}
}

// item writes one item with the comma behind it.
func (l *layout) item(lo, hi, indent, step int) {
	if hi > lo+1 && l.pieces[hi-1].kind == kComma {
		l.expr(lo, hi-1, indent, step, 1)
		l.put(hi - 1)
		return
	}
	l.expr(lo, hi, indent, step, 0)
}
