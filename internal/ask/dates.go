package ask

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"posthog-mcp/internal/hogql"
)

// date is a day, month, quarter, year or weekday that a question names.
type date struct {
	year, month, day int // 0: not said; a month without a year is the last one of that name
	quarter          int
	text             string
}

// start is its first instant.
func (d date) start() hogql.Expr {
	month, day := d.first(), max(d.day, 1)
	if d.year > 0 {
		return hogql.Fn("toDateTime", hogql.Str(fmt.Sprintf("%04d-%02d-%02d 00:00:00", d.year, month, day)))
	}
	x := startOf("year")
	if month > 1 {
		x = plus(x, month-1, "month")
	}
	if day > 1 {
		x = plus(x, day-1, "day")
	}
	return hogql.Fn("if", hogql.Greater(x, hogql.Fn("now")), minus(x, 1, "year"), x)
}

func (d date) first() int {
	if d.quarter > 0 {
		return 3*d.quarter - 2
	}
	return max(d.month, 1)
}

// end is the first instant behind it.
func (d date) end() hogql.Expr {
	if d.year > 0 {
		t := time.Date(d.year, time.Month(d.first()), max(d.day, 1), 0, 0, 0, 0, time.UTC)
		switch {
		case d.day > 0:
			t = t.AddDate(0, 0, 1)
		case d.quarter > 0:
			t = t.AddDate(0, 3, 0)
		case d.month > 0:
			t = t.AddDate(0, 1, 0)
		default:
			t = t.AddDate(1, 0, 0)
		}
		return hogql.Fn("toDateTime", hogql.Str(t.Format("2006-01-02 15:04:05")))
	}
	switch {
	case d.day > 0:
		return plus(d.start(), 1, "day")
	case d.quarter > 0:
		return plus(d.start(), 3, "month")
	}
	return plus(d.start(), 1, "month")
}

// valid tells a day that its month has, in a year that data can be of.
func (d date) valid() bool {
	if d.year != 0 && (d.year < 2010 || d.year > 2100) {
		return false
	}
	if d.day == 0 {
		return true
	}
	year := d.year
	if year == 0 {
		year = 2024
	}
	t := time.Date(year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC)
	return t.Day() == d.day && int(t.Month()) == d.month
}

func monthOf(t token) int {
	if t.quoted {
		return 0
	}
	for m := time.January; m <= time.December; m++ {
		name := strings.ToLower(m.String())
		if t.text == name || len(t.text) >= 3 && t.text == name[:3] || t.text == "sept" && m == time.September {
			return int(m)
		}
	}
	return 0
}

// dayOf reads the day of a month: 3, 3rd.
func dayOf(t token) int {
	s := t.text
	for _, end := range []string{"st", "nd", "rd", "th"} {
		s = strings.TrimSuffix(s, end)
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 31 || t.quoted {
		return 0
	}
	return n
}

func yearOf(t token) int {
	n, err := strconv.Atoi(t.text)
	if err != nil || n < 2010 || n > 2100 || t.quoted {
		return 0
	}
	return n
}

// dateAt reads a date that begins at token i, and returns the token behind it.
func (r *reader) dateAt(i int) (date, int) {
	tok := func(k int) token {
		if k < len(r.toks) && !r.toks[k].used {
			return r.toks[k]
		}
		return token{}
	}
	text := func(to int) string {
		var words []string
		for _, t := range r.toks[i:to] {
			words = append(words, t.raw)
		}
		return strings.Join(words, " ")
	}
	year := func(k int) (int, int) {
		if tok(k).text == "," && yearOf(tok(k+1)) > 0 {
			return yearOf(tok(k + 1)), k + 2
		}
		if tok(k).text == "of" && yearOf(tok(k+1)) > 0 {
			return yearOf(tok(k + 1)), k + 2
		}
		if y := yearOf(tok(k)); y > 0 {
			return y, k + 1
		}
		return 0, k
	}
	if tok(i).text == "the" {
		if d, to := r.dateAt(i + 1); to > 0 && (d.day > 0 || d.quarter > 0) {
			return d, to
		}
		return date{}, 0
	}
	done := func(d date, to int) (date, int) {
		if !d.valid() {
			return date{}, 0
		}
		d.text = text(to)
		return d, to
	}
	if t, err := time.Parse("2006-01-02", tok(i).text); err == nil {
		return done(date{year: t.Year(), month: int(t.Month()), day: t.Day()}, i+1)
	}
	if t, err := time.Parse("2006-01", tok(i).text); err == nil {
		return done(date{year: t.Year(), month: int(t.Month())}, i+1)
	}
	if m := monthOf(tok(i)); m > 0 {
		if m == int(time.May) && tok(i).text == "may" && tok(i).raw == "may" && i == 0 { // "may I see …"
			return date{}, 0
		}
		d := date{month: m}
		to := i + 1
		if tok(to).text == "the" && dayOf(tok(to+1)) > 0 {
			to++
		}
		if day := dayOf(tok(to)); day > 0 {
			d.day, to = day, to+1
		}
		d.year, to = year(to)
		return done(d, to)
	}
	if day := dayOf(tok(i)); day > 0 {
		to := i + 1
		if tok(to).text == "of" {
			to++
		}
		if m := monthOf(tok(to)); m > 0 {
			d := date{day: day, month: m}
			d.year, to = year(to + 1)
			return done(d, to)
		}
	}
	if q := tok(i).text; len(q) == 2 && q[0] == 'q' && q[1] >= '1' && q[1] <= '4' {
		d := date{quarter: int(q[1] - '0')}
		var to int
		d.year, to = year(i + 1)
		return done(d, to)
	}
	for k, name := range []string{"first", "second", "third", "fourth"} {
		if tok(i).text == name && tok(i+1).text == "quarter" {
			d := date{quarter: k + 1}
			var to int
			d.year, to = year(i + 2)
			return done(d, to)
		}
	}
	if y := yearOf(tok(i)); y > 0 {
		return done(date{year: y}, i+1)
	}
	return date{}, 0
}

func (d date) period() Period {
	p := Period{From: d.start(), To: d.end(), whole: true, Text: d.text + d.guessed()}
	switch {
	case d.day > 0:
		p.unit = "day"
	case d.quarter > 0:
		p.unit = "quarter"
	case d.month > 0:
		p.unit = "month"
	default:
		p.unit = "year"
	}
	return p
}

// guessed says which year is meant where none was said.
func (d date) guessed() string {
	if d.year == 0 {
		return " (the last one that has begun)"
	}
	return ""
}

// since takes the periods that a word and a date tell: since March 3, between … and …, from … to ….
func (r *periodReader) since() {
	r.each("since|after|from|between|starting|beginning", func(m match) (Period, int) {
		word := r.toks[m.from].text
		i := m.to
		if i < len(r.toks) && r.toks[i].is("from|on|in") && (word == "starting" || word == "beginning") {
			i++
		}
		d, to := r.dateAt(i)
		if to == 0 {
			if word == "since" {
				return r.sinceWord(i)
			}
			return Period{}, 0
		}
		if to < len(r.toks) && r.toks[to].is("and|to|until|till|through|thru|-|–|—") {
			if until, end := r.dateAt(to + 1); end > 0 {
				if p, ok := between(d, until); ok {
					return p, end
				}
				return Period{}, 0
			}
			if to+1 < len(r.toks) && r.toks[to+1].is("now|today") {
				return Period{From: d.start(), Text: "from the start of " + d.text + d.guessed() + " to now"}, to + 2
			}
		}
		onward := to < len(r.toks) && r.toks[to].is("on|onward|onwards")
		switch {
		case word == "between":
			return Period{}, 0
		case word == "after":
			return Period{From: d.end(), Text: "after " + d.text + d.guessed() + " to now"}, to
		case word == "from" && !onward:
			return d.period(), to
		case onward:
			to++
		}
		return Period{From: d.start(), Text: "from the start of " + d.text + d.guessed() + " to now"}, to
	})
}

// between is the period from one date to another; false where the second is the earlier.
func between(d, until date) (Period, bool) {
	if d.year == 0 && d.month > 0 && until.month > 0 {
		d.year = until.year
	}
	if d.year == until.year && (d.first() > until.first() || d.first() == until.first() && d.day > until.day && until.day > 0) || d.year > until.year && until.year > 0 {
		return Period{}, false
	}
	return Period{From: d.start(), To: until.end(), whole: true, Text: "from " + d.text + d.guessed() + " to the end of " + until.text}, true
}

// dates takes the dates that stand alone, and ranges of two.
func (r *periodReader) dates() {
	for i := 0; i < len(r.toks); i++ {
		d, to := r.dateAt(i)
		if r.toks[i].used || to == 0 {
			continue
		}
		led := i > 0 && r.toks[i-1].is("in|of|during|for|year|vs|versus|and|to|on|than|with|against")
		bare := d.month == 0 && d.quarter == 0                     // a year alone may be a number
		may := d.day == 0 && d.year == 0 && r.toks[i].raw == "may" // or the verb
		if (bare || may) && !led {
			continue
		}
		p := d.period()
		if to < len(r.toks) && d.day > 0 && r.toks[to].is("to|through|thru|until|till|-|–|—") {
			if until, end := r.dateAt(to + 1); end > 0 && until.day > 0 {
				q, ok := between(d, until)
				if !ok {
					continue
				}
				p, to = q, end
			}
		}
		r.add(i, to, p)
	}
}

// sinceWord reads what follows since at token i where it is no date: yesterday, last week, a weekday.
func (r *periodReader) sinceWord(i int) (Period, int) {
	if next, ok := r.follows(i, "yesterday"); ok {
		return Period{From: minus(startOf("day"), 1, "day"), Text: "from the start of yesterday to now"}, next.to
	}
	for _, pattern := range []string{"the start|beginning of the|this? @", "last @"} {
		next, ok := r.follows(i, pattern)
		if !ok {
			continue
		}
		unit := unitOf(next.open[0])
		switch {
		case unit == "hour" || unit == "minute":
			return Period{}, 0
		case pattern == "last @":
			return Period{From: minus(startOf(unit), 1, unit), Text: "from the start of the last " + unit + " to now"}, next.to
		}
		return thisUnit(unit), next.to
	}
	for k, name := range []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"} {
		if next, ok := r.follows(i, "last? "+name); ok {
			ago := hogql.Fn("modulo", hogql.Op2(hogql.OpAdd, hogql.Fn("toDayOfWeek", hogql.Fn("now")), hogql.Int(int64(6-k))), hogql.Int(7))
			return Period{From: hogql.Op2(hogql.OpSub, startOf("day"), hogql.Fn("toIntervalDay", ago)), Text: "from the start of the last " + name + " to now"}, next.to
		}
	}
	return Period{}, 0
}
