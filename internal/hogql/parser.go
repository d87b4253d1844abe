package hogql

import (
	"math"
	"strings"
	"unicode/utf8"
)

// Options bounds what a parse may cost. A zero field stands for its default, a negative one for no limit.
// A text of 2 GB and more, and one of more than 100,000 levels, is refused in any case: positions have 31
// bits, and a goroutine's stack must hold the levels.
type Options struct {
	MaxBytes int // of source text; default 65,536
	MaxDepth int // of nested expressions and queries; default 200
	MaxNodes int // read, those of abandoned attempts included; default 100,000
}

// The defaults of Options.
const (
	DefaultMaxBytes = 64 << 10
	DefaultMaxDepth = 200
	DefaultMaxNodes = 100_000
)

// mostDepth is the depth that no option exceeds. A level takes up to 3 KB of stack, and a stack may grow to
// 512 MB.
const mostDepth = 100_000

// maxAttempts bounds how often a text is read again because a contextual word turned out to be a name.
const maxAttempts = 500

// Parse reads one query: a SELECT, a set operation, a placeholder or a tag, with one optional semicolon
// behind it. The error is an *Error.
func Parse(src string) (Query, error) { return Options{}.Parse(src) }

// ParseExpr reads one expression, which may carry an alias. The error is an *Error.
func ParseExpr(src string) (Expr, error) { return Options{}.ParseExpr(src) }

// Parse is Parse within the limits of o.
func (o Options) Parse(src string) (Query, error) {
	var p parser
	p.begin(src, o)
	q := p.querySet()
	if p.tok.kind == kSemi {
		p.next()
	}
	p.expectEnd()
	if p.failed {
		return nil, p.err()
	}
	p.flatten(q)
	return q, nil
}

// ParseExpr is ParseExpr within the limits of o.
func (o Options) ParseExpr(src string) (Expr, error) {
	var p parser
	p.begin(src, o)
	p.rule = ruleExpr
	x := p.expr()
	p.expectEnd()
	if p.failed {
		return nil, p.err()
	}
	p.flatten(x)
	return x, nil
}

// parser holds the text and the place in it. The first failure turns the current token into the end of
// input, so that every rule returns at once; nothing is read behind it.
type parser struct {
	src        string
	closed     int // offset behind the last block comment, or more
	tok        token
	prevEnd    int32   // end of the token before tok
	seen       [8]seen // tokens scanned ahead, by the low bits of their offset
	maxDepth   int
	depth      int
	nodes      int   // still allowed
	attempts   int   // still allowed
	notNames   int32 // no lambda's parameters begin before this offset
	loneParam  int32 // offset of a lambda's parameter that takes no names before it, 0 for none
	pointNames int   // how many names were read as members of a whole number: 1.year
	floatUnits bool  // a unit of time is none
	lowBound   bool  // reading the low bound of BETWEEN, outside of brackets
	freeAlias  int   // depth at which AS takes reserved words, because it names no column
	limitCount int   // depth of the count of a LIMIT, behind which % may be its mark, 0 for none
	read       readBrace
	noBraces   []int32 // offsets of braces that hold no expression, the outermost last
	lastWord   token   // last clause word that was read as a name
	openJoins  []*Join // joins whose condition may follow those of later ones
	failed     bool
	nested     bool // operands left something for flatten
	rule       rule
	options    Options
	failure    failure
	slabs      slabs
}

// failure is what an Error is made of, kept small because most failures are of abandoned attempts.
type failure struct {
	tok    token
	code   failCode
	want   string // what was expected
	detail string // for codes that need more
	open   int32  // of the bracket that want would close, else -1
	prev   int32  // end of the token before tok
	word   token  // the last clause word that had been read as a name
}

// seen is the token that was found at an offset above 0.
type seen struct {
	at  int32
	tok token
}

// mark is a place to come back to.
type mark struct {
	tok     token
	prevEnd int32
}

// begin sets p, which is zero, to the first token of src.
func (p *parser) begin(src string, o Options) {
	p.src, p.options = src, o
	p.slabs.expect(len(src))
	p.maxDepth, p.nodes, p.attempts = o.depth(), limit(o.MaxNodes, DefaultMaxNodes), maxAttempts
	switch {
	case len(src) > o.bytes():
		p.fail(failure{code: failBytes})
	case !utf8.ValidString(src):
		p.fail(failure{code: failUTF8})
	default:
		p.closed = lastClose(src)
		p.tok = p.scan(0)
	}
}

// limit returns the limit that an option stands for.
func limit(option, fallback int) int {
	switch {
	case option < 0:
		return math.MaxInt
	case option == 0:
		return fallback
	}
	return option
}

func (o Options) bytes() int { return min(limit(o.MaxBytes, DefaultMaxBytes), math.MaxInt32-1) }

func (o Options) depth() int { return min(limit(o.MaxDepth, DefaultMaxDepth), mostDepth) }

func (p *parser) next() {
	at := p.tok.end
	p.prevEnd = at
	if s := &p.seen[at&7]; s.at == at && at > 0 {
		p.tok = s.tok
		return
	}
	p.tok = p.scan(int(at))
}

// peek returns the token behind the current one.
func (p *parser) peek() token { return p.after(p.tok) }

func (p *parser) scan(i int) token { return scanTo(p.src, i, p.closed) }

// after returns the token behind t.
func (p *parser) after(t token) token {
	at := t.end
	s := &p.seen[at&7]
	if s.at != at || at <= 0 {
		s.at, s.tok = at, p.scan(int(at))
	}
	return s.tok
}

func (p *parser) text(t token) string { return p.src[t.start:t.end] }

func (p *parser) mark() mark { return mark{p.tok, p.prevEnd} }

// reset goes back to m and forgets a failure behind it. Going back costs one of the parse's attempts.
func (p *parser) reset(m mark) bool {
	if p.failed && (p.failure.code == failNodes || p.failure.code == failDepth) {
		return false
	}
	p.tok, p.prevEnd, p.failed, p.notNames = m.tok, m.prevEnd, false, 0
	p.lastWord = token{}
	if p.attempts--; p.attempts < 0 {
		p.fail(failure{tok: p.tok, code: failNodes})
		return false
	}
	return true
}

// fail ends the parse with f. It and the functions around it stay out of line: they run once in a parse, and
// their code in the middle of every rule would push the rules out of the processor's instruction cache.
//
//go:noinline
func (p *parser) fail(f failure) {
	if p.failed {
		return
	}
	f.prev, f.word = p.prevEnd, p.lastWord
	p.failed, p.failure = true, f
	p.tok = token{kind: kEOF, start: p.tok.start, end: int32(len(p.src))}
}

// failWant fails at the current token, which is not what was expected.
//
//go:noinline
func (p *parser) failWant(want string) {
	p.fail(failure{tok: p.tok, code: failExpected, want: want, open: -1})
}

// failAt fails at t for a reason of its own.
//
//go:noinline
func (p *parser) failAt(t token, code failCode, detail string) {
	p.fail(failure{tok: t, code: code, detail: detail, open: -1})
}

func (p *parser) expectEnd() {
	if p.tok.kind != kEOF {
		p.failWant("the end of the query")
	}
}

func (p *parser) expect(k kind, want string) {
	if p.tok.kind != k {
		p.failWant(want)
		return
	}
	p.next()
}

// close reads the bracket that closes the one at open.
func (p *parser) close(k kind, open int32) {
	if p.tok.kind == k {
		p.next()
		return
	}
	p.failClose(k, open)
}

// failClose fails at the current token, where the bracket at open should be closed.
//
//go:noinline
func (p *parser) failClose(k kind, open int32) {
	p.fail(failure{tok: p.tok, code: failExpected, want: closers[k], open: open})
}

var closers = map[kind]string{kRParen: `")"`, kRBracket: `"]"`, kRBrace: `"}"`}

// is reports whether the current token is the bare word k.
func (p *parser) is(k keyword) bool { return p.tok.kw == k }

// accept reads the bare word k if it is there.
func (p *parser) accept(k keyword) bool {
	if p.tok.kw != k {
		return false
	}
	p.next()
	return true
}

// acceptKind reads a token of kind k if it is there.
func (p *parser) acceptKind(k kind) bool {
	if p.tok.kind != k {
		return false
	}
	p.next()
	return true
}

func (p *parser) expectWord(k keyword) {
	if p.tok.kw != k {
		p.failWant(strings.ToUpper(keywords[k].text))
		return
	}
	p.next()
}

// isPair reports whether the current token is the word a and the next one the word b.
func (p *parser) isPair(a, b keyword) bool { return p.tok.kw == a && p.peek().kw == b }

func (p *parser) span(start int32) Span { return Span{start, p.prevEnd} }

// enter counts one level of nesting and reports whether it is allowed. leave goes with it.
func (p *parser) enter() bool {
	p.depth++
	if p.depth > p.maxDepth {
		p.failAt(p.tok, failDepth, "")
		return false
	}
	return true
}

func (p *parser) leave() { p.depth-- }

// count counts one node.
func (p *parser) count() {
	if p.nodes--; p.nodes < 0 {
		p.failAt(p.tok, failNodes, "")
	}
}

// isName reports whether t can stand where a name is expected.
func isName(t token) bool {
	return t.kind == kQuoted || t.kind == kIdent && keywords[t.kw].flags&kwNever == 0
}

// name reads a name.
func (p *parser) name(want string) Ident {
	t := p.tok
	if !isName(t) {
		if t.kind == kIdent {
			p.failAt(t, failNever, want)
		} else {
			p.failWant(want)
		}
		return Ident{}
	}
	p.next()
	return p.ident(t)
}

// ident makes an Ident of a name token.
func (p *parser) ident(t token) Ident {
	id := Ident{Span{t.start, t.end}, p.src[t.start:t.end]}
	if t.kind == kQuoted {
		id.Name = unquote(p.src[t.start+1:t.end-1], p.src[t.start])
	}
	return id
}

// aliasName reads a name that becomes an alias; some words are refused there.
func (p *parser) aliasName(want string) Ident {
	t := p.tok
	if t.kind == kIdent && keywords[t.kw].flags&kwReserved != 0 {
		p.failAt(t, failReserved, "")
		return Ident{}
	}
	return p.name(want)
}

// names reads name, name, … up to the closing parenthesis, the opening one being the current token. A
// trailing comma may be allowed.
func (p *parser) names(want string, trailing bool) []Ident {
	open := p.tok.start
	p.next()
	var list []Ident
	for {
		list = append(list, p.name(want))
		if !p.acceptKind(kComma) || trailing && p.tok.kind == kRParen {
			break
		}
	}
	p.close(kRParen, open)
	return list
}

// freeExpr reads an expression whose last AS may be followed by a word that is refused as an alias.
func (p *parser) freeExpr() Expr {
	p.freeAlias = p.depth + 1
	x := p.expr()
	p.freeAlias = 0
	return x
}

// unquote decodes the text between the quotes of a string, a quoted name or a template's text piece.
func unquote(s string, quote byte) string {
	i := 0
	for i < len(s) && s[i] != '\\' && s[i] != quote {
		i++
	}
	if i == len(s) {
		return s
	}
	b := make([]byte, i, len(s))
	copy(b, s)
	for i < len(s) {
		c := s[i]
		switch c {
		case quote: // doubled
			b = append(b, c)
			i += 2
		case '\\':
			b, i = unescape(b, s, i, quote)
		default:
			b = append(b, c)
			i++
		}
	}
	return string(b)
}

// unescape appends what the escape at i stands for. \0 stands for nothing, \xHH, \N and, in names, \'
// for themselves: PostHog reads them so.
func unescape(b []byte, s string, i int, quote byte) ([]byte, int) {
	switch c := s[i+1]; c {
	case 'n':
		b = append(b, '\n')
	case 't':
		b = append(b, '\t')
	case 'r':
		b = append(b, '\r')
	case 'b':
		b = append(b, '\b')
	case 'f':
		b = append(b, '\f')
	case 'a':
		b = append(b, '\a')
	case 'v':
		b = append(b, '\v')
	case '0':
	case '\\', '"', '{':
		b = append(b, c)
	case '\'':
		if quote == '`' || quote == '"' {
			b = append(b, '\\')
		}
		b = append(b, c)
	default:
		b = append(b, '\\', c)
	}
	return b, i + 2
}
