package chdb

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// ErrClosed is the error of every call to an engine that is closed, and of the
// queries that Close ended.
var ErrClosed = errors.New("the sandbox engine is closed")

// Error is a failure that ClickHouse reported.
type Error struct {
	Code    int    // ClickHouse's number, e.g. 159; 0 where it gave none
	Name    string // ClickHouse's name for it, e.g. "TIMEOUT_EXCEEDED"
	Message string // the innermost text, without code, name and version
}

// Error returns code, name and message in one line.
func (e *Error) Error() string {
	if e.Code == 0 {
		return e.Message
	}
	return fmt.Sprintf("ClickHouse error %d (%s): %s", e.Code, e.Name, e.Message)
}

// ClickHouse's form is "Code: 47. DB::Exception: text. (UNKNOWN_IDENTIFIER)".
// An error that passed through several layers carries the head, and the tail
// with "(version …)", once for each of them.
var (
	errorHead = regexp.MustCompile(`^(?:Code: (\d+)\. )?(?:DB::[A-Za-z]*Exception|std::exception)\b:? ?`)
	errorTail = regexp.MustCompile(`[.:,]?\s*(?:\(([A-Z][A-Z0-9_]+)\)|\(version [^()]*(?:\([^()]*\))?\))[.:,]?\s*$`)
)

func parseError(text string) *Error {
	e := &Error{Message: strings.TrimSpace(text)}
	for {
		m := errorHead.FindStringSubmatch(e.Message)
		if m == nil {
			break
		}
		if m[1] != "" {
			e.Code, _ = strconv.Atoi(m[1])
		}
		e.Message = e.Message[len(m[0]):]
	}
	for {
		m := errorTail.FindStringSubmatchIndex(e.Message)
		if m == nil || m[0] == 0 {
			break
		}
		if m[2] >= 0 {
			e.Name = e.Message[m[2]:m[3]]
		}
		e.Message = e.Message[:m[0]]
	}
	return e
}
