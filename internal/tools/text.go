package tools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// encodeJSON returns v as one line of JSON without HTML escapes: a model reads the text as it is. It
// takes only values that JSON can hold.
func encodeJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // NaN cannot come out of a JSON decoder; say so rather than fail
		return []byte(quoteJSON("(cannot be shown: " + err.Error() + ")"))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func quoteJSON(s string) string { return string(encodeJSON(s)) }

// visible returns s with every character that could hide, reorder or end text written out: control
// characters as \n, \t, \x00, and marks of direction and zero width as \u202e.
func visible(s string) string {
	clean := true
	for _, r := range s {
		if invisible(r) || r == utf8.RuneError {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError:
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				fmt.Fprintf(&b, `\x%02x`, s[i])
			} else {
				b.WriteRune(r)
			}
		case !invisible(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// invisible tells whether r is a control, a format character (direction marks, zero width, tags), a
// line or paragraph separator, or a variation selector (but for the two that emoji use): what a reader
// cannot see but a parser can.
func invisible(r rune) bool {
	if r >= 0x20 && r < 0x7f || r == 0xfe0e || r == 0xfe0f {
		return false
	}
	return unicode.Is(unicode.Cc, r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector) ||
		r == 0x115f || r == 0x1160 || r == 0x3164 || r == 0xffa0 // Hangul fillers
}

// shorten cuts s to n characters and says how many more there were.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	count := utf8.RuneCountInString(s)
	if count <= n {
		return s
	}
	end := 0
	for range n {
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
	}
	return s[:end] + fmt.Sprintf("…[+%s characters]", thousands(int64(count-n)))
}

// label returns a name from the data so that it fits in a line of our own text: names that are plain
// stay, all others are quoted, made visible and cut.
func label(s string) string {
	plain := s != ""
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("$_-.:/@+ ", r) {
			plain = false
		}
	}
	if plain && len(s) <= 80 && s == strings.TrimSpace(s) {
		return s
	}
	return `"` + strings.ReplaceAll(visible(shorten(s, 80)), `"`, `\"`) + `"`
}

// sentence returns free text from PostHog (a description, an error's detail) on one line, cut.
func sentence(s string, n int) string {
	return visible(shorten(strings.Join(strings.Fields(s), " "), n))
}

// thousands writes 412310 as 412,310.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// plural writes "1 row" and "3 rows".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if s, ok := strings.CutSuffix(noun, "ch"); ok {
		return thousands(int64(n)) + " " + s + "ches"
	}
	return thousands(int64(n)) + " " + noun + "s"
}

// ago writes a duration in the unit a reader would use: "38 s", "2 min", "3 h".
func ago(d time.Duration) string {
	switch {
	case d < time.Second:
		return "1 s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Round(time.Second).Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
}
