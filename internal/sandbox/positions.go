package sandbox

import (
	"strings"
	"unicode/utf8"

	"posthog-mcp/internal/hogql"
)

// syntaxMessage is PostHog's wording of a syntax error: its parser is made by ANTLR, which names the text
// it gave up on and no position.
func syntaxMessage(src string, e *hogql.Error) string {
	start, end := int(e.Span.Start), int(e.Span.End)
	if atEnd(src, e.Span) {
		return "mismatched input '<EOF>' expecting an expression"
	}
	if word := src[start:end]; reserved(word) {
		return `"` + word + `" cannot be an alias or identifier, as it's a reserved keyword`
	}
	return "no viable alternative at input '" + strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(src[:end]) + "'"
}

// atEnd tells whether a span stands behind all of the text.
func atEnd(src string, span hogql.Span) bool {
	return int(span.Start) >= len(strings.TrimRight(src, " \t\r\n;"))
}

// reserved tells whether PostHog refuses a word as a name.
func reserved(word string) bool {
	switch strings.ToLower(word) {
	case "true", "false", "null", "team_id":
		return true
	}
	return false
}

// syntaxFailure is PostHog's answer to HogQL that does not parse.
func syntaxFailure(src string, err error) error {
	e, is := err.(*hogql.Error) //nolint:errorlint // Parse returns it bare
	if !is {
		return err
	}
	return invalidQuery("hogql_syntax_error", syntaxMessage(src, e))
}

// codePoints turns byte offsets into the code points that PostHog counts; nil for a span that names no
// text.
func codePoints(src string, span hogql.Span) (start, end *int) {
	from, to := int(span.Start), int(span.End)
	if from < 0 || to > len(src) || from > to || from == 0 && to == 0 {
		return nil, nil
	}
	first := utf8.RuneCountInString(src[:from])
	last := first + utf8.RuneCountInString(src[from:to])
	return &first, &last
}
