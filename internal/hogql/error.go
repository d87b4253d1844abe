package hogql

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// failCode tells why a parse failed.
type failCode uint8

const (
	failExpected   failCode = iota // want was expected
	failExpectedAt                 // detail was expected, something else was read
	failNever                      // a word that is no name
	failReserved                   // a name that is refused as an alias
	failPlus
	failBound
	failNumber
	failTypedLiteral
	failEscape
	failTemplate
	failInterval
	failUnit
	failType
	failEnum
	failFromForm
	failFromFirst
	failFromAlias
	failTop
	failCTE
	failSettings
	failArrayJoinFrom
	failArrayJoinAlias
	failOrderComma
	failJoinKind
	failOnList
	failTag
	failTagOpen
	failTagMatch
	failBytes
	failUTF8
	failDepth
	failNodes
)

// Error is why a text is no HogQL. Parsing stops at the first, so there is one per text.
type Error struct {
	Message string // what is wrong, one line, without its place
	Note    string // beside the caret: what else has to do with it; may be empty
	Hint    string // what to write instead; may be empty
	Span    Span   // bytes of the text that the caret stands under
	Line    int    // from 1; 0 where the text is not known
	Column  int    // from 1, in characters
	Source  string // the line it is on
}

// NewError returns an error about the bytes span of src, with line, column and source line filled in.
func NewError(src string, span Span, message string) *Error {
	e := &Error{Message: message, Span: span}
	e.Locate(src)
	return e
}

// Locate fills in the line, the column and the source line from the text that e.Span is of.
func (e *Error) Locate(src string) {
	start := min(max(int(e.Span.Start), 0), len(src))
	begin := strings.LastIndexByte(src[:start], '\n') + 1
	end := len(src)
	if i := strings.IndexByte(src[start:], '\n'); i >= 0 {
		end = start + i
	}
	e.Line = 1 + strings.Count(src[:start], "\n")
	e.Column = 1 + utf8.RuneCountInString(src[begin:start])
	e.Source = strings.TrimSuffix(src[begin:end], "\r")
}

// maxErrorLine is how many characters of a source line an error shows.
const maxErrorLine = 120

// Error returns the message with its position, the line with a caret, and the hint:
//
//	line 1, column 22: expected an expression or ")", found FROM
//	  SELECT event, count( FROM events
//	                       ^ the parenthesis at column 20 is not closed
//	write: SELECT event, count() FROM events
func (e *Error) Error() string {
	var b strings.Builder
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d: ", e.Line, e.Column)
	}
	b.WriteString(e.Message)
	if e.Line > 0 {
		line, caret := excerpt(e.Source, e.Column-1)
		fmt.Fprintf(&b, "\n  %s\n  %s^", line, strings.Repeat(" ", caret))
		if e.Note != "" {
			b.WriteString(" " + e.Note)
		}
	}
	if e.Hint != "" {
		b.WriteString("\nwrite: " + e.Hint)
	}
	return b.String()
}

// excerpt returns the part of line around the character at, and where that character stands in it.
// What cannot be seen is shown as a blank or a question mark.
func excerpt(line string, at int) (string, int) {
	r := []rune(line)
	for i, c := range r {
		switch {
		case unicode.IsSpace(c):
			r[i] = ' '
		case !unicode.IsPrint(c):
			r[i] = '?'
		}
	}
	at = min(at, len(r))
	if len(r) <= maxErrorLine {
		return string(r), at
	}
	from := max(0, min(at-maxErrorLine/2, len(r)-maxErrorLine))
	to := min(len(r), from+maxErrorLine)
	text := string(r[from:to])
	at -= from
	if from > 0 {
		text, at = "… "+text, at+2
	}
	if to < len(r) {
		text += " …"
	}
	return text, at
}

// maxRepairs is how many further slips a hint repairs behind the one that it is about.
const maxRepairs = 12

// err makes the Error of the failure. It is the only place that costs anything for a failure.
func (p *parser) err() *Error {
	budget := maxRepairs
	d := p.diagnose(&budget)
	e := &Error{Message: d.message, Note: d.note, Hint: d.hint, Span: Span{d.at.start, d.at.end}}
	e.Locate(p.src)
	return e
}

// diagnose finds out what the failure means; budget is how many more texts may be repaired for it.
func (p *parser) diagnose(budget *int) *diagnosis {
	f := p.failure
	d := &diagnosis{src: p.src, rule: p.rule, limits: p.options, f: f, at: f.tok, budget: budget}
	if f.code < failBytes {
		d.look()
	}
	d.describe()
	if d.at.kind == kEOF && len(d.before) > 0 { // not behind the line ends and comments at the end
		end := d.back(1).end
		d.at = token{start: end, end: end}
	}
	return d
}

// foundText names a token in a message.
func foundText(src string, t token) string {
	text := src[t.start:t.end]
	switch {
	case t.kind == kEOF:
		return "the end"
	case t.kw != kwNone && keywords[t.kw].flags&kwPlain == 0:
		return strings.ToUpper(text)
	case t.kind == kString, t.kind == kQuoted:
		return clip(text, 30)
	}
	return `"` + clip(text, 30) + `"`
}

// clip shortens s to n characters.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
