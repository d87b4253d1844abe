package hogql

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// bad describes a character or literal that cannot be read.
func (d *diagnosis) bad() {
	t := d.f.tok
	text := d.text(t)
	switch c := text[0]; {
	case c == '\'', c == '"', c == '`':
		d.badQuoted(t)
	case strings.HasPrefix(strings.ToLower(text), "0o"):
		d.message = "octal numbers are not supported"
		d.hint = "the number in decimal or as 0x…"
	case strings.HasPrefix(d.src[t.start:], "&&"):
		d.message = `"&&" is no operator of HogQL`
		d.offer(0, int32(len(d.src)), replaceCode(d.src, "&&", " AND "), "a AND b")
	case c == '&':
		d.message = `"&" is no operator of HogQL`
		d.operands(len(d.before)-1, t.end, "bitAnd(%s, %s)", "bitAnd(a, b)")
	case c == '|':
		d.message = `"|" is no operator of HogQL`
		d.operands(len(d.before)-1, t.end, "bitOr(%s, %s)", "bitOr(a, b), or a || b to join texts")
	case c == '^':
		d.message = `"^" is no operator of HogQL`
		d.hint = "pow(a, b), or bitXor(a, b)"
	case c == '!':
		d.message = `"!" is no operator of HogQL`
		d.offer(t.start, t.end, "NOT ", "NOT a")
	case c == '@':
		name := d.after(t)
		d.message = `"@" is not HogQL; a value from outside is a placeholder`
		d.offer(t.start, name.end, "{"+d.text(name)+"}", "{name}")
	case c == '\\':
		d.message = `a backslash can only stand inside quotes`
	case strings.ContainsAny(text, "‘’‚“”„"):
		d.message = fmt.Sprintf("%s is a typographic quote", text)
		d.offer(0, int32(len(d.src)), strings.NewReplacer("‘", "'", "’", "'", "‚", "'", "“", "'", "”", "'", "„", "'").Replace(d.src), "'text'")
	default:
		r, _ := utf8.DecodeRuneInString(text)
		d.message = fmt.Sprintf("the character %s cannot stand here", runeText(r))
		if unicode.IsLetter(r) {
			d.note = "names with other letters than a to z need backticks"
		}
	}
}

// runeText shows r with its number.
func runeText(r rune) string {
	if unicode.IsPrint(r) {
		return fmt.Sprintf("%q (U+%04X)", string(r), r)
	}
	return fmt.Sprintf("U+%04X", r)
}

// replaceCode replaces old outside of strings, quoted names and comments.
func replaceCode(src, old, text string) string {
	var b strings.Builder
	end, closed := 0, lastClose(src)
	for t := scanTo(src, 0, closed); t.kind != kEOF; t = scanTo(src, int(t.end), closed) {
		if int(t.start) < end || !strings.HasPrefix(src[t.start:], old) || t.kind == kString || t.kind == kQuoted {
			continue
		}
		b.WriteString(strings.TrimRight(src[end:t.start], " "))
		b.WriteString(text)
		end = int(t.start) + len(old)
		for end < len(src) && src[end] == ' ' {
			end++
		}
	}
	b.WriteString(src[end:])
	return b.String()
}

// badQuoted describes a string or name that does not end or holds an unknown escape.
func (d *diagnosis) badQuoted(t token) {
	quote := d.src[t.start]
	var fixed strings.Builder
	end, first := int(t.start)+1, -1
	fixed.WriteByte(quote)
	for ; end < len(d.src); end++ {
		c := d.src[end]
		if c == quote {
			break
		}
		fixed.WriteByte(c)
		if c != '\\' {
			continue
		}
		n := escapeLen(d.src[end:], quote)
		if n == 0 {
			if first < 0 {
				first = end
			}
			fixed.WriteByte('\\')
			continue
		}
		fixed.WriteString(d.src[end+1 : end+n])
		end += n - 1
	}
	if first < 0 || end >= len(d.src) {
		what := map[byte]string{'\'': "text", '"': "name", '`': "name"}[quote]
		d.message = fmt.Sprintf("the %s that begins here has no closing %c", what, quote)
		if !d.apostrophe() && !d.closeText(t) {
			d.offer(int32(len(d.src)), int32(len(d.src)), string(quote), "")
		}
		return
	}
	_, size := utf8.DecodeRuneInString(d.src[first+1:])
	d.at = token{kind: kBad, start: int32(first), end: int32(first + 1 + size)}
	d.message = fmt.Sprintf("%s is no escape that HogQL knows", strings.TrimSpace(d.src[first:first+1+size]))
	d.note = "a backslash itself is written twice"
	fixed.WriteByte(quote)
	d.offer(t.start, int32(end+1), fixed.String(), fixed.String())
}

// apostrophe explains 'it's': a word right behind the end of a text.
func (d *diagnosis) apostrophe() bool {
	for i := len(d.before) - 1; i > 0; i-- {
		s, word := d.before[i-1], d.before[i]
		if s.kind == kString && word.kind == kIdent && s.end == word.start && s.end-s.start > 2 {
			return d.offer(s.end-1, s.end, "''", "")
		}
	}
	return false
}

// dateSlip knows a time without quotes: 2026-01-01 00:00:00.
func (d *diagnosis) dateSlip() bool {
	if len(d.before) < 5 || d.back(2).kind != kMinus || d.back(4).kind != kMinus {
		return false
	}
	start := d.back(5).start
	text := regexp.MustCompile(`^\d{4}-\d\d?-\d\d?[ T]\d\d?:\d\d(:\d\d(\.\d+)?)?`).FindString(d.src[start:])
	if text == "" {
		return false
	}
	d.at = token{kind: kBad, start: start, end: start + int32(len(text))}
	d.message = "a time stands in quotes"
	d.offer(start, d.at.end, "toDateTime("+quoteString(text)+")", "toDateTime('2026-01-01 00:00:00')")
	return true
}

// missingWord knows a word of the language that was left out, or put in the place of a comma.
func (d *diagnosis) missingWord() bool {
	t, prev := d.f.tok, d.back(1)
	switch {
	case strings.HasPrefix(d.f.want, "END") && d.offer(t.start, t.start, "END ", ""):
	case prev.kw == kwExcept && d.back(2).kind == kStar:
		return false
	case isSetWord(prev.kw) || (prev.kw == kwAll || prev.kw == kwDistinct) && isSetWord(d.back(2).kw):
		if t.kind == kEOF {
			d.offer(prev.start, prev.end, "", "")
			break
		}
		if t.kw == kwSelect || !d.offer(t.start, t.start, "SELECT ", "") {
			return false
		}
	case t.kw == kwThen && len(d.opens) > 0:
		for next := d.after(t); next.kind != kEOF; next = d.after(next) {
			if next.kw == kwElse {
				middle := strings.TrimSpace(d.src[t.end:next.start])
				if d.offer(prev.end, next.end, ", "+middle+",", "") {
					d.message = "a function's arguments stand between commas"
					return true
				}
			}
		}
		return false
	default:
		return false
	}
	d.message = fmt.Sprintf("expected %s, found %s", d.wanted(), foundText(d.src, t))
	return true
}

// distinctOn knows SELECT DISTINCT ON (a) b AS c, which is LIMIT 1 BY a here.
func (d *diagnosis) distinctOn() bool {
	for i := len(d.before) - 3; i >= 0; i-- {
		if d.before[i].kw != kwDistinct || d.before[i+1].kw != kwOn || d.before[i+2].kind != kLParen {
			continue
		}
		open := d.before[i+2]
		end := d.groupEnd(open)
		if end <= open.start || end > d.f.tok.start {
			return false
		}
		d.at = d.before[i]
		d.message = "DISTINCT ON is not HogQL"
		tail := int32(len(strings.TrimRight(d.src, "; \t\r\n")))
		depth := 0
		for t := scan(d.src, int(end)); t.kind != kEOF && t.start < tail && depth >= 0; t = d.after(t) {
			switch t.kind {
			case kLParen:
				depth++
			case kRParen:
				depth--
			}
			if depth < 0 || depth == 0 && t.kw == kwLimit {
				tail = t.start
			}
		}
		rest := strings.TrimSpace(d.src[end:tail]) + " LIMIT 1 BY " + strings.TrimSpace(d.src[open.end:end-1])
		d.offer(d.at.start, tail, rest+" ", "SELECT … ORDER BY … LIMIT 1 BY a")
		return true
	}
	return false
}
