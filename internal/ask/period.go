package ask

import (
	"fmt"
	"slices"
	"strings"

	"posthog-mcp/internal/hogql"
)

// Period is a stretch of time as SQL on now(), in the project's zone: PostHog's own meaning of the words.
type Period struct {
	From hogql.Expr // nil: from the beginning
	To   hogql.Expr // exclusive; nil: to now, inclusive
	Text string     // "the last 7 days: from the start of the day 7 days ago to now"

	unit  string // day, week, …: From is N units before something
	count int    // of unit; 0 for the current one
	whole bool   // ends before now
}

// startOf is the start of the current day, week, month, quarter or year.
func startOf(unit string) hogql.Expr {
	return hogql.Fn("toStartOf"+strings.ToUpper(unit[:1])+unit[1:], hogql.Fn("now"))
}

func interval(n int, unit string) hogql.Expr {
	return &hogql.Interval{X: hogql.Int(int64(n)), Unit: unit}
}

func minus(x hogql.Expr, n int, unit string) hogql.Expr {
	return hogql.Op2(hogql.OpSub, x, interval(n, unit))
}

func plus(x hogql.Expr, n int, unit string) hogql.Expr {
	return hogql.Op2(hogql.OpAdd, x, interval(n, unit))
}

// lastDays is PostHog's "last N days", and its like for weeks, months and years; hours and minutes roll.
func lastUnits(n int, unit string) Period {
	label := fmt.Sprintf("the last %d %ss", n, unit)
	if n == 1 {
		label = "the last " + unit
	}
	p := Period{unit: unit, count: n}
	switch unit {
	case "hour", "minute":
		p.From = minus(hogql.Fn("now"), n, unit)
		p.Text = label + ", rolling, to now"
		return p
	case "week":
		p.unit, p.count = "day", 7*n
	case "quarter":
		p.unit, p.count = "month", 3*n
	}
	p.From = minus(startOf("day"), p.count, p.unit)
	p.Text = fmt.Sprintf("%s: from the start of the day %s ago to now", label, plural(p.count, p.unit))
	return p
}

// thisUnit is from the start of the current day, week, month, quarter or year to now.
func thisUnit(unit string) Period {
	p := Period{From: startOf(unit), unit: unit, Text: "this " + unit + ": from its start to now"}
	if unit == "day" {
		p.Text = "today: from midnight to now"
	}
	return p
}

// wholeUnit is the one that ended n units ago: last month, yesterday.
func wholeUnit(n int, unit string) Period {
	p := Period{From: minus(startOf(unit), n, unit), To: startOf(unit), unit: unit, count: n, whole: true, Text: "the whole last " + unit}
	if n > 1 {
		p.To = minus(startOf(unit), n-1, unit)
		p.Text = fmt.Sprintf("the whole %s before the last", unit)
	}
	if unit == "day" {
		p.Text = "yesterday, the whole day"
		if n > 1 {
			p.Text = "the day before yesterday"
		}
	}
	return p
}

// before is the period of the same kind that ends where p begins.
func (p Period) before() (Period, bool) {
	switch {
	case p.From == nil:
		return Period{}, false
	case p.unit == "":
		if p.To == nil {
			return Period{}, false
		}
		length := hogql.Fn("toIntervalDay", hogql.Fn("dateDiff", hogql.Str("day"), p.From, p.To))
		return Period{From: hogql.Op2(hogql.OpSub, p.From, length), To: p.From, whole: true, Text: "the same number of days before"}, true
	}
	n := max(p.count, 1)
	text := fmt.Sprintf("the %s before", plural(n, p.unit))
	if n == 1 {
		text = "the whole " + p.unit + " before"
	}
	if p.whole { // one whole unit
		n = 1
		text = "the whole " + p.unit + " before"
	}
	from := minus(p.From, n, p.unit)
	if b, ok := p.From.(*hogql.Binary); ok && b.Op == hogql.OpSub { // now() - 14 days, rather than now() - 7 days - 7 days
		if i, ok := b.Y.(*hogql.Interval); ok && i.Unit == p.unit {
			from = minus(b.X, p.count+n, p.unit)
		}
	}
	return Period{From: from, To: p.From, unit: p.unit, count: n, whole: true, Text: text}, true
}

// condition is the period as a condition on a column.
func (p Period) condition(column hogql.Expr) hogql.Expr {
	var parts []hogql.Expr
	if p.From != nil {
		parts = append(parts, hogql.GreaterEq(column, p.From))
	}
	return hogql.And(append(parts, p.ends(column))...)
}

// ends is the condition on the later end.
func (p Period) ends(column hogql.Expr) hogql.Expr {
	if p.To != nil {
		return hogql.Less(column, p.To)
	}
	return hogql.LessEq(column, hogql.Fn("now"))
}

// lastDay is an instant inside the last day of the period.
func (p Period) last() hogql.Expr {
	if p.To != nil {
		return minus(hogql.Fn("toDateTime", p.To), 1, "second")
	}
	return hogql.Fn("now")
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// periodReader collects the periods of a question in the order in which they stand.
type periodReader struct {
	*reader
	at  []int
	all []Period
}

// add takes the tokens of a period, and the words before it that only lead to it.
func (r *periodReader) add(from, to int, p Period) {
	for i := 0; i < 2 && from > 0 && r.toks[from-1].is("in|over|for|during|within|across|the|on|of"); i++ {
		from--
	}
	r.use(from, to)
	k := 0
	for k < len(r.at) && r.at[k] < from {
		k++
	}
	r.at, r.all = slices.Insert(r.at, k, from), slices.Insert(r.all, k, p)
}

// each reads a period at every place that a pattern fits. read returns the token behind it, 0 where it is none.
func (r *periodReader) each(pattern string, read func(m match) (Period, int)) {
	for i := 0; i < len(r.toks); i++ {
		if m, ok := r.follows(i, pattern); ok {
			if p, to := read(m); to > 0 {
				r.add(m.from, to, p)
			}
		}
	}
}

// unit reads a period out of the unit that a pattern has in its open place.
func (r *periodReader) unit(pattern string, period func(unit string) Period, units ...string) {
	r.each(pattern, func(m match) (Period, int) {
		unit := unitOf(m.open[0])
		if !slices.Contains(units, unit) {
			return Period{}, 0
		}
		return period(unit), m.to
	})
}

// fixed reads a period that has one meaning.
func (r *periodReader) fixed(pattern string, p Period) {
	r.each(pattern, func(m match) (Period, int) { return p, m.to })
}

// periods takes all periods of the question.
func (r *reader) periods() []Period {
	p := &periodReader{reader: r}
	p.since()
	p.dates()
	p.each("last|past|trailing|latest|recent|previous # calendar|full|whole? @", func(m match) (Period, int) {
		n, _ := m.open[0].number()
		if n < 1 || n != float64(int(n)) || n > 5000 || r.toks[m.from].text == "previous" {
			return Period{}, 0
		}
		return lastUnits(int(n), unitOf(m.open[1])), m.to
	})
	calendar := []string{"day", "week", "month", "quarter", "year"}
	long := calendar[1:]
	p.unit("last|past couple of? @", func(unit string) Period { return lastUnits(2, unit) }, calendar...)
	p.each("last|past *", func(m match) (Period, int) {
		if q, ok := compact(m.open[0].text); ok {
			return q, m.to
		}
		return Period{}, 0
	})
	p.unit("this|current @ so? far?", thisUnit, calendar...)
	for _, short := range [][2]string{{"mtd", "month"}, {"wtd", "week"}, {"ytd", "year"}, {"qtd", "quarter"}} {
		p.fixed(short[0], thisUnit(short[1]))
	}
	p.unit("@ to date", thisUnit, long...)
	p.fixed("today so? far?", thisUnit("day"))
	p.fixed("day before yesterday", wholeUnit(2, "day"))
	p.fixed("yesterday", wholeUnit(1, "day"))
	p.unit("@ before last", func(unit string) Period { return wholeUnit(2, unit) }, long...)
	p.unit("last full|complete|calendar|whole? @", func(unit string) Period { return wholeUnit(1, unit) }, long...)
	p.unit("last|past @", func(unit string) Period { return lastUnits(1, unit) }, "minute", "hour", "day", "week", "month", "quarter", "year")
	always := Period{Text: "all time"}
	p.fixed("all time", always)
	p.fixed("ever|all-time", always)
	p.fixed("since the? beginning|start", always)
	p.fixed("entire|whole|full history", always)
	return p.all
}

// compact reads 7d, 24h, 4w, 3m: PostHog's own short form.
func compact(s string) (Period, bool) {
	if len(s) < 2 {
		return Period{}, false
	}
	n, ok := newWord(s[:len(s)-1], 0).number()
	unit, known := map[byte]string{'d': "day", 'h': "hour", 'w': "week", 'm': "month", 'y': "year"}[s[len(s)-1]]
	if !ok || !known || n < 1 || n > 5000 || s[0] > '9' {
		return Period{}, false
	}
	return lastUnits(int(n), unit), true
}
