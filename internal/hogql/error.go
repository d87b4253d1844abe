package hogql

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// failCode tells why a parse failed.
type failCode uint8

const (
	failExpected failCode = iota
	failExpectedAt
	failNever
	failReserved
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

// Error is why a text is no HogQL. There is one per parse.
type Error struct {
	Message string // what is wrong, one line, without position
	Note    string // beside the caret: what the place has to do with another one; may be empty
	Hint    string // what to write instead; may be empty
	Span    Span   // bytes of the text that the caret stands under
	Line    int    // from 1
	Column  int    // from 1, in characters
	Source  string // the line the error is on
}

// Error returns the message with its position, the line with a caret, and the hint:
//
//	line 1, column 22: expected an expression or ")", found FROM
//	  SELECT event, count( FROM events
//	                       ^ the parenthesis at column 20 is not closed
//	write: SELECT event, count() FROM events
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "line %d, column %d: %s", e.Line, e.Column, e.Message)
	return b.String()
}

func (p *parser) err() *Error {
	f := p.failure
	e := &Error{Span: Span{f.tok.start, f.tok.end}}
	e.Message = fmt.Sprintf("code %d: expected %s %s", f.code, f.want, f.detail)
	e.Line = 1 + strings.Count(p.src[:f.tok.start], "\n")
	e.Column = 1 + utf8.RuneCountInString(p.src[strings.LastIndexByte(p.src[:f.tok.start], '\n')+1:f.tok.start])
	return e
}
