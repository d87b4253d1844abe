package ask

import (
	"fmt"
	"slices"
	"strings"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/hogql"
)

// Kind is the kind of analysis that a question asks for.
type Kind string

// The kinds of analysis. The columns of their answers are fixed (README, "Questions").
const (
	Total       Kind = "total"
	Trend       Kind = "trend"
	TopEvents   Kind = "top events"
	Breakdown   Kind = "breakdown"
	TrendBy     Kind = "trend by dimension"
	Comparison  Kind = "comparison"
	ActiveUsers Kind = "active users"
	Stickiness  Kind = "stickiness"
	Funnel      Kind = "funnel"
	DroppedOff  Kind = "people who dropped off"
	Converted   Kind = "people who converted"
	Retention   Kind = "retention"
	Lifecycle   Kind = "lifecycle"
	Paths       Kind = "paths"
	Drivers     Kind = "drivers"
	Segments    Kind = "segments"
	PowerUsers  Kind = "power users"
	ChurnRisk   Kind = "churn risk"
	Impact      Kind = "impact"
	Errors      Kind = "errors"
	Hours       Kind = "weekday and hour"
	Journey     Kind = "journey"
	Names       Kind = "names"
)

// Measure is what a Metric computes.
type Measure string

// The measures.
const (
	Count     Measure = "count"      // of events, or of sessions where the plan reads sessions
	People    Measure = "people"     // distinct persons
	Sum       Measure = "sum"        // of a numeric property
	Average   Measure = "average"    // of a numeric property
	Quantile  Measure = "quantile"   // of a numeric property
	Least     Measure = "least"      // of a numeric property
	Most      Measure = "most"       // of a numeric property
	PerPerson Measure = "per person" // events divided by distinct persons
	SessionsN Measure = "sessions"   // distinct sessions that events belong to
	Values    Measure = "values"     // distinct values of a property
)

// Metric is one number that is asked for.
type Metric struct {
	Measure  Measure
	Of       []Property // what is read; more than one are added up
	Quantile float64
	Events   []string // nil: any event
	Text     string   // "people", "average rating"
}

// Filter is a condition on rows.
type Filter struct {
	Text string
	expr hogql.Expr
	// session tells that it can be asked of a session, too.
	session hogql.Expr
}

// Plan is a question as it was understood.
type Plan struct {
	Kind       Kind
	Metrics    []Metric
	Steps      []string // events of a funnel, in order; the event of paths, retention and the like
	Return     string   // retention: the event that counts as coming back; "" for any
	Repeated   bool     // retention: everybody who did it in a period, not only those who did it first
	Filters    []Filter
	By         *Property
	ByEvent    bool // the dimension is the event's name
	Top        int
	Least      bool // the smallest first
	Interval   string
	Period     Period
	Previous   Period
	Window     int // funnel: days
	Before     bool
	Sessions   bool   // reads the table of sessions
	Person     string // journey: a distinct id or an email
	Flag       string // impact: the feature flag
	Search     string // names: the words to search for
	Kinds      []driver.ObjectKind
	Notes      []string
	Places     []string // journey: the properties that tell where
	Traits     []string // drivers: the properties whose values are compared
	New        bool     // only people who were first seen in the period, or in the bucket
	MostPeople bool     // errors: those that most people have first
	Ratio      bool     // stickiness: daily by monthly active users
	Share      bool     // funnel: asked for as a percentage
	Count      bool     // of people who dropped off: how many

	windowSeconds int // funnel: where it is not days
	zone          string
}

// Understood says in one line how the question was read: what is counted, of whom, when, in which zone.
func (p *Plan) Understood() string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	head := string(p.Kind)
	switch p.Kind {
	case Funnel, DroppedOff, Converted:
		if p.Count {
			head = "number of " + head
		}
		add("%s %s, ordered, per person, within %s", head, strings.Join(p.Steps, " → "), p.windowText())
	case Names:
		add("names of %s that match %q", kindNames(p.Kinds), p.Search)
		if p.Search == "" {
			parts[0] = "names of all " + kindNames(p.Kinds)
		}
		return strings.Join(parts, ", ")
	case Journey:
		add("journey of %s", p.Person)
	case ChurnRisk:
		of := "churn risk: "
		if p.Count {
			of += "number of "
		}
		add(of+"people%s who were active in the %d days before and silent since", ofEvents(p.Steps), quietDays)
	case ActiveUsers, Stickiness, Lifecycle, Segments, TopEvents:
		what := "any event"
		if len(p.Steps) > 0 {
			what = "event " + strings.Join(p.Steps, ", ")
		}
		add("%s (%s)", head, what)
	case PowerUsers:
		add("the people with most events%s", ofEvents(p.Steps))
	case Retention:
		back := "any event"
		switch {
		case p.Return != "":
			back = p.Return
		case p.Repeated && len(p.Steps) > 0:
			back = p.Steps[0]
		}
		first := "first " + strings.Join(p.Steps, "")
		if len(p.Steps) == 0 {
			first = "first event"
		}
		if p.Repeated {
			first = strings.TrimPrefix(first, "first ") + " in a period (recurring)"
		}
		add("retention, cohort by %s, coming back by %s", first, back)
	case Paths:
		add("what people do next after %s", strings.Join(p.Steps, ""))
		if p.Before {
			parts[0] = "what people do before " + strings.Join(p.Steps, "")
		}
	case Drivers:
		from := ""
		if len(p.Steps) > 1 {
			from = " from " + p.Steps[0]
		}
		add("what goes with converting%s to %s", from, p.Steps[len(p.Steps)-1])
	case Impact:
		what := p.Flag
		if what == "" {
			what = "a date"
		}
		add("impact of %s on %s (people active who did it)", what, strings.Join(p.Steps, ""))
	case Errors:
		add("errors ($exception) by type and message")
	case Hours:
		add("%s by weekday and hour", p.metricText())
	default:
		add("%s: %s", head, p.metricText())
	}
	switch {
	case p.ByEvent:
		add("by event")
	case p.By != nil:
		add("by %s", p.By)
	}
	if p.Interval != "" {
		add("per %s", p.Interval)
	}
	if p.New {
		add("only people first seen then")
	}
	for _, f := range p.Filters {
		add("%s", f.Text)
	}
	add("%s", p.Period.Text)
	if p.Previous.Text != "" {
		add("compared with %s", p.Previous.Text)
	}
	return strings.Join(parts, ", ") + " (" + p.zone + ")"
}

// windowText is the funnel's window.
func (p *Plan) windowText() string {
	switch s := p.windowSeconds; {
	case s == 0:
		return plural(p.Window, "day")
	case s%3600 == 0:
		return plural(s/3600, "hour")
	default:
		return plural(s/60, "minute")
	}
}

func ofEvents(events []string) string {
	if len(events) == 0 {
		return ""
	}
	return " " + strings.Join(events, ", ")
}

func (p *Plan) metricText() string {
	var texts []string
	for _, m := range p.Metrics {
		texts = append(texts, m.text(p.Sessions))
	}
	return strings.Join(texts, "; ")
}

func (m Metric) text(sessions bool) string {
	of := "any event"
	switch {
	case sessions:
		of = "sessions"
	case len(m.Events) == 1:
		of = "event " + m.Events[0]
	case len(m.Events) > 1:
		of = "events " + strings.Join(m.Events, ", ")
	}
	var props []string
	for _, p := range m.Of {
		props = append(props, p.String())
	}
	what := strings.Join(props, " + ")
	switch m.Measure {
	case Count:
		if sessions {
			return "number of sessions"
		}
		return "count of " + of
	case People:
		return "distinct persons with " + of
	case SessionsN:
		return "distinct sessions with " + of
	case PerPerson:
		return "events per person, " + of
	case Values:
		what = "distinct values of " + what
	case Quantile:
		what = fmt.Sprintf("%g %% quantile of %s", m.Quantile*100, what)
		if m.Quantile == 0.5 {
			what = "median of " + strings.Join(props, " + ")
		}
	default:
		what = string(m.Measure) + " of " + what
	}
	if m.Text != "" {
		what = m.Text + " = " + what
	}
	return what + ", " + of
}

func kindNames(kinds []driver.ObjectKind) string {
	if len(kinds) == 0 {
		return "anything"
	}
	var names []string
	for _, k := range kinds {
		names = append(names, strings.ReplaceAll(string(k), "_", " ")+"s")
	}
	return strings.Join(names, ", ")
}

// events are all events that the plan's metrics read; nil where one reads any.
func (p *Plan) events() []string {
	var out []string
	for _, m := range p.Metrics {
		if m.Events == nil {
			return nil
		}
		for _, e := range m.Events {
			if !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
	}
	return out
}
