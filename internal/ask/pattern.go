package ask

import (
	"strings"
)

// reader hands out the tokens of a question. A recogniser takes those that it understands.
type reader struct {
	toks []token
	x    *Index
}

// match is a taken phrase: where it begins and ends, and the tokens of its open places.
type match struct {
	from, to int // tokens [from, to)
	open     []token
}

// take takes the first phrase that a pattern matches. A pattern is words, separated by blanks, that stand one behind the
// other: alternatives are separated by |, a ? behind a word makes it optional, # is a number, @ a unit of time, * any one word.
// A word matches in each of its forms where it ends with ~.
func (r *reader) take(patterns ...string) (match, bool) {
	m, ok := r.find(patterns...)
	if ok {
		r.use(m.from, m.to)
	}
	return m, ok
}

// find is take without taking.
func (r *reader) find(patterns ...string) (match, bool) {
	for _, p := range patterns {
		parts := strings.Fields(p)
		for i := range r.toks {
			if m, ok := r.at(i, parts); ok {
				return m, true
			}
		}
	}
	return match{}, false
}

// follows is find at one place.
func (r *reader) follows(i int, patterns ...string) (match, bool) {
	for _, p := range patterns {
		if m, ok := r.at(i, strings.Fields(p)); ok {
			return m, true
		}
	}
	return match{}, false
}

func (r *reader) at(i int, parts []string) (match, bool) {
	m := match{from: i, to: i}
	for k, part := range parts {
		optional := len(part) > 1 && strings.HasSuffix(part, "?")
		if optional {
			part = part[:len(part)-1]
		}
		free := m.to < len(r.toks) && !r.toks[m.to].used
		if !free || !r.toks[m.to].is(part) {
			if optional {
				continue
			}
			return match{}, false
		}
		if part == "#" || part == "@" || part == "*" {
			m.open = append(m.open, r.toks[m.to])
		}
		if optional { // without it the rest may match better
			if len(parts) == k+1 {
				return match{from: i, to: m.to + 1, open: m.open}, true
			}
			if rest, ok := r.at(m.to+1, parts[k+1:]); ok {
				return match{from: i, to: rest.to, open: append(m.open, rest.open...)}, true
			}
			if part == "#" || part == "@" || part == "*" {
				m.open = m.open[:len(m.open)-1]
			}
			continue
		}
		m.to++
	}
	return m, m.to > m.from
}

// is tells whether a token is one of the alternatives.
func (t token) is(part string) bool {
	switch part {
	case "#":
		_, ok := t.number()
		return ok
	case "@":
		return unitOf(t) != ""
	case "*":
		return t.word || t.quoted
	}
	if t.quoted {
		return false
	}
	for alt := range strings.SplitSeq(part, "|") {
		if form, ok := strings.CutSuffix(alt, "~"); ok && t.stem == stem(form) || t.text == alt {
			return true
		}
	}
	return false
}

func (r *reader) use(from, to int) {
	for i := from; i < to; i++ {
		r.toks[i].used = true
	}
}

// rest are the tokens that nobody has taken.
func (r *reader) rest() []token {
	var out []token
	for _, t := range r.toks {
		if !t.used {
			out = append(out, t)
		}
	}
	return out
}

// unitOf reads a unit of time.
func unitOf(t token) string {
	if t.quoted {
		return ""
	}
	switch t.text {
	case "minute", "minutes", "min", "mins":
		return "minute"
	case "hour", "hours", "hr", "hrs":
		return "hour"
	case "day", "days":
		return "day"
	case "week", "weeks", "wk", "wks":
		return "week"
	case "month", "months":
		return "month"
	case "quarter", "quarters":
		return "quarter"
	case "year", "years":
		return "year"
	}
	return ""
}
