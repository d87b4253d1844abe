package ask

import (
	"slices"
	"strings"
)

// settlePeriod decides which stretch of time is read.
func (p *planner) settlePeriod() *Refusal {
	var given Period
	if p.o.TimePeriod != "" {
		given = Period{Text: "all time"}
		if p.o.TimePeriod != "all" {
			given, _ = compact(p.o.TimePeriod)
		}
	}
	said := p.periodsSaid
	if p.plan.Kind == Impact && p.plan.Flag == "" {
		if len(said) > 0 || p.o.TimePeriod != "" {
			return p.refuse("before and after a date are compared over the time since it: leave the period out")
		}
		return nil
	}
	if (p.plan.Kind == Retention || p.plan.Kind == Lifecycle) && p.plan.Interval == "" {
		p.plan.Interval = "day"
		if p.toksSay("weeks") || p.toksSay("months") {
			p.plan.Interval = map[bool]string{true: "week", false: "month"}[p.toksSay("weeks")]
		}
	}
	switch {
	case p.versus && len(said) == 1 && p.plan.Previous.Text != "" && p.plan.Period.Text != "" && p.plan.Previous.Text == said[0].Text: // more than last week
	case p.versus && len(said) == 2:
		p.plan.Period, p.plan.Previous = said[0], said[1]
		if said[0].whole && !said[1].whole { // last week compared with this one
			p.plan.Period, p.plan.Previous = said[1], said[0]
		}
		if p.plan.Period.unit == p.plan.Previous.unit && p.plan.Period.From != nil && p.plan.Period.count == 0 && !p.plan.Previous.whole && p.plan.Previous.count == 1 {
			p.plan.Previous = wholeUnit(1, p.plan.Period.unit)
		}
	case len(said) > 1:
		return p.refuse("the question names %d periods: %s and %s", len(said), said[0].Text, said[1].Text)
	case p.versus && p.plan.Previous.Text != "":
		if len(said) == 1 {
			p.plan.Period = said[0]
			p.plan.Previous, _ = said[0].before()
		}
	case len(said) == 1:
		p.plan.Period = said[0]
	case p.o.TimePeriod != "":
		p.plan.Period = given
	default:
		p.plan.Period = lastUnits(7, "day")
		switch p.plan.Kind {
		case Segments, Drivers, Impact:
			p.plan.Period = lastUnits(30, "day")
		case ChurnRisk:
			p.plan.Period = lastUnits(14, "day")
		case Stickiness:
			if p.plan.Ratio {
				p.plan.Period = lastUnits(30, "day")
			}
		}
		if p.plan.Kind == Retention || p.plan.Kind == Lifecycle {
			if n := p.plan.Interval; n == "week" || n == "month" {
				p.plan.Period = Period{From: minus(startOf(n), 6, n), unit: n, count: 6, Text: "7 " + n + "s: from the start of the " + n + " 6 " + n + "s ago to now"}
			}
		}
	}
	if len(said) > 0 && p.o.TimePeriod != "" && p.plan.Period.Text != given.Text {
		p.plan.Notes = append(p.plan.Notes, "the question's own period was used, not time_period="+p.o.TimePeriod)
	}
	if p.versus && p.plan.Previous.Text == "" {
		before, ok := p.plan.Period.before()
		if !ok {
			return p.refuse("there is nothing before %s to compare with", p.plan.Period.Text)
		}
		if n := -p.plan.Window; n > 0 && n != p.plan.Period.count {
			return p.refuse("the two periods are not of one length")
		}
		p.plan.Previous = before
	}
	if p.versus {
		p.plan.Window = 0
	}
	if p.plan.Kind == ChurnRisk && (p.plan.Period.From == nil || p.plan.Period.whole) {
		return p.refuse("who is at risk is told by a silence up to now: name the last days of it")
	}
	return nil
}

// settle decides the kind of analysis and what it still lacks.
func (p *planner) settle() *Refusal {
	plan := &p.plan
	for _, v := range p.visitors { // visitors who signed up: only the signing up is asked for
		if plan.Sessions {
			continue
		}
		if len(p.mentioned) == 0 || plan.Kind == Funnel || plan.Kind == DroppedOff || plan.Kind == Converted {
			k := 0
			for k < len(p.mentions) && p.mentions[k].from < v.from {
				k++
			}
			if plan.Kind != Funnel && plan.Kind != "" || k == 0 || p.mentions[k-1].event != v.event {
				p.mentions = slices.Insert(p.mentions, k, v)
			}
			if !slices.Contains(p.mentioned, v.event) {
				p.mentioned = append(p.mentioned, v.event)
			}
		}
	}
	switch plan.Kind {
	case Funnel, DroppedOff, Converted:
		return p.settleFunnel()
	case Retention, Lifecycle, Stickiness, Segments, PowerUsers, ChurnRisk, Hours, Errors, TopEvents, Paths, Drivers, Impact, ActiveUsers:
		return p.settleKind()
	}
	return p.settleMetric()
}

func (p *planner) settleMetric() *Refusal {
	plan := &p.plan
	if r := p.sideNumbers(); r != nil {
		return r
	}
	if p.slowest && len(plan.Metrics) == 0 {
		return p.refuse("what is fast or slow is measured by the web vitals: name one, such as LCP")
	}
	var events []string
	if len(p.mentioned) > 0 {
		events = p.mentioned
	}
	if (len(events) == 1 || len(events) == 0 && p.people) && len(plan.Metrics) == 0 && plan.Interval == "" && plan.By == nil && !plan.ByEvent && !p.versus && !plan.New && p.asksWho() {
		plan.Kind, plan.Steps = PowerUsers, events
		return nil
	}
	if len(p.mentions) > 1 && len(plan.Metrics) == 0 && !plan.ByEvent {
		switch p.joined() {
		case "or":
			m := Metric{Measure: Count, Events: events}
			if p.people || p.active {
				m.Measure = People
			}
			plan.Metrics = []Metric{m}
		case "who":
			plan.Kind, plan.Count = Converted, true
			return p.settleFunnel()
		case "and":
			if p.people && p.peopleWords() < len(p.mentions) {
				return p.refuse("whether people did %s each or both is not clear: ask for each, or for one \"and then\" the other", strings.Join(events, " and "))
			}
		case "":
			return p.refuse("how %s belong together is not clear: ask for each, or for the conversion from one to the other", strings.Join(events, " and "))
		}
	}
	switch {
	case p.sessionsSaid && len(events) == 0 && !p.people && len(plan.Metrics) == 0:
		plan.Sessions = true
		plan.Metrics = []Metric{{Measure: Count}}
	case p.sessionsSaid && len(plan.Metrics) == 0:
		plan.Metrics = []Metric{{Measure: SessionsN, Events: events}}
	case len(plan.Metrics) == 0 && (p.people || p.active):
		for _, e := range events {
			plan.Metrics = append(plan.Metrics, Metric{Measure: People, Events: []string{e}})
		}
		if len(events) == 0 {
			plan.Metrics = []Metric{{Measure: People}}
		}
	case len(plan.Metrics) == 0 && plan.ByEvent && len(events) > 0:
		plan.Metrics = []Metric{{Measure: Count, Events: events}}
	case len(plan.Metrics) == 0:
		for _, e := range events {
			plan.Metrics = append(plan.Metrics, Metric{Measure: Count, Events: []string{e}})
		}
		if len(events) == 0 && p.byOfVisits() {
			break
		}
		if len(events) == 0 {
			if !p.toksSay("events") && !p.toksSay("event") {
				r := p.refuse("I do not see which event or number is asked for")
				r.Candidates = p.nearEvents(nil)
				return r
			}
			plan.Metrics = []Metric{{Measure: Count}}
		}
	default:
		for i := range plan.Metrics {
			if plan.Metrics[i].Events == nil && !plan.Sessions {
				plan.Metrics[i].Events = events
			} else if len(events) > 0 && !slices.Equal(plan.Metrics[i].Events, events) {
				of := strings.Join(plan.Metrics[i].Events, ", ")
				if plan.Sessions {
					of = "sessions"
				}
				return p.refuse("these numbers are of %s, not of %s", of, strings.Join(events, ", "))
			}
		}
	}
	if plan.ByEvent && len(events) == 0 && len(plan.Metrics) == 1 && plan.Metrics[0].Measure == Count && plan.Interval == "" {
		plan.Kind = TopEvents
		return nil
	}
	if p.superlative && plan.By == nil && !plan.ByEvent && len(events) == 1 {
		plan.By = p.nameOf(events[0])
	}
	if p.superlative && plan.By == nil && !plan.ByEvent {
		return p.refuse("what is the most, or the first, is not clear: name what is to be ranked, as in \"top 5 countries by signups\"")
	}
	switch {
	case p.versus:
		plan.Kind = Comparison
		if plan.By != nil || plan.ByEvent || plan.Interval != "" || len(plan.Metrics) > 1 {
			return p.refuse("a comparison of two periods is answered for one number only, without a breakdown")
		}
	case plan.Interval != "" && (plan.By != nil || plan.ByEvent):
		plan.Kind = TrendBy
	case plan.Interval != "":
		plan.Kind = Trend
	case plan.By != nil || plan.ByEvent:
		plan.Kind = Breakdown
	default:
		plan.Kind = Total
	}
	if len(plan.Metrics) > 1 && plan.Kind != Total && !plan.Sessions && plan.Kind != Breakdown {
		return p.refuse("%d numbers at once are answered as totals only: ask for one of them", len(plan.Metrics))
	}
	return nil
}

// sideNumbers refuses two numbers of different kinds in one question: signups and revenue, users and page views. Events side by
// side are counted each.
func (p *planner) sideNumbers() *Refusal {
	kind := func(i int) byte {
		switch {
		case i < 0 || i >= len(p.toks):
			return 0
		case slices.Contains(p.measured, i):
			return 'm'
		case slices.ContainsFunc(p.mentions, func(m mention) bool { return m.from <= i && i < m.to }):
			return 'e'
		case peopleWord(p.toks[i].text) || p.toks[i].is("visitors|visitor"):
			return 'p'
		}
		return 0
	}
	const beside = "the|our|all|unique|distinct|different|number|numbers|of|count|counts|how|many|much|total|average|avg|median|mean|new|active|a|an"
	const aggregate = "total|average|avg|median|mean|min|minimum|max|maximum|sum"
	for i, t := range p.toks {
		if !t.is("and|plus|&") {
			continue
		}
		l, r := i-1, i+1
		if len(p.plan.Metrics) < 2 && p.says(l, aggregate) && p.says(r, aggregate) {
			return p.refuse("two numbers at once are not answered: ask for each")
		}
		for p.says(l, beside) && kind(l) == 0 {
			l--
		}
		for p.says(r, beside) && kind(r) == 0 {
			r++
		}
		a, b := kind(l), kind(r)
		if a == 'e' && b == 'p' && p.peopleWords() >= len(p.mentions) && slices.ContainsFunc(p.mentions, func(m mention) bool { return m.from > r }) { // how many people … and how many people …
			continue
		}
		if a != 0 && b != 0 && a != b {
			return p.refuse("%s and %s are two numbers of different kinds: ask for each", quoted(p.toks[l].raw), quoted(p.toks[r].raw))
		}
	}
	return nil
}

// peopleWords is how often people are spoken of.
func (p *planner) peopleWords() int {
	n := 0
	for _, t := range p.toks {
		if peopleWord(t.text) {
			n++
		}
	}
	return n
}

// joined tells how the events stand to each other: "and" and "or" lists, "who" where people who did the first are asked
// whether they did the second, "" for anything else.
func (p *planner) joined() string {
	how := ""
	for k := 1; k < len(p.mentions); k++ {
		word := ""
		for i := p.mentions[k-1].to; i < p.mentions[k].from; i++ {
			switch {
			case p.toks[i].is("or"):
				word = "or"
			case p.toks[i].is("and|,|plus|&|vs|versus|with|than") && word == "":
				word = "and"
			}
		}
		if how == "or" || word == "or" {
			how = "or"
			continue
		}
		if word == "" {
			how = ""
			break
		}
		how = word
	}
	if how == "" && len(p.mentions) == 2 && p.people {
		for i := range p.mentions[0].from {
			if p.toks[i].is("who|that") {
				return "who"
			}
		}
	}
	return how
}

// asksWho tells a question for the people themselves: who bought a movie, list the users who signed up.
func (p *planner) asksWho() bool {
	for i, t := range p.toks {
		switch {
		case t.quoted:
			return false
		case t.is("who|whom"):
			return true
		case t.is("which|what|list") && p.says(i+1, "the|our|all"):
			return i+2 < len(p.toks) && peopleWord(p.toks[i+2].text)
		case t.is("which|what|list"):
			return i+1 < len(p.toks) && peopleWord(p.toks[i+1].text)
		case t.is("how|number|count|total") || peopleWord(t.text):
			return false
		}
	}
	return false
}

// byOfVisits counts sessions or page views where the dimension is one of theirs and nothing else is named: top entry pages.
func (p *planner) byOfVisits() bool {
	by := p.plan.By
	switch {
	case by == nil || !p.superlative:
		return false
	case by.Entity == "session":
		p.plan.Sessions = true
		p.plan.Metrics = []Metric{{Measure: Count}}
		return true
	case by.Entity == "event" && slices.Contains([]string{"$pathname", "$current_url", "$referring_domain", "utm_source", "utm_medium", "utm_campaign"}, by.Name):
		if at := p.x.eventFlat["pageview"]; len(at) == 1 {
			p.plan.Metrics = []Metric{{Measure: Count, Events: []string{p.x.events[at[0]].name}}}
			return true
		}
	}
	return false
}

// nameOf is the property of an event that names what was done: feature_used has feature_name.
func (p *planner) nameOf(event string) *Property {
	words := nameWords(event)
	var found *Property
	for _, o := range p.o.Details {
		for _, f := range o.Fields {
			if o.Name != event || f.Join != "" || f.Type != "String" || strings.HasPrefix(f.Name, "$") {
				continue
			}
			of := nameWords(f.Name)
			if len(of) == 2 && slices.Contains(words, of[0]) && (of[1] == "name" || of[1] == "title") {
				if found != nil {
					return nil
				}
				found = &Property{Entity: "event", Name: f.Name, Type: f.Type}
			}
		}
	}
	return found
}

func (p *planner) settleFunnel() *Refusal {
	plan := &p.plan
	for _, m := range p.mentions {
		plan.Steps = append(plan.Steps, m.event)
	}
	if p.reversed {
		slices.Reverse(plan.Steps)
	}
	if plan.Window == 0 && plan.windowSeconds == 0 {
		plan.Window = 14
	}
	switch n := len(plan.Steps); {
	case p.denied > 0 && (n != 2 || p.mentions[0].from >= p.denied || p.mentions[1].from < p.denied):
		return p.refuse("who did one thing and not another is answered for two events, in this order")
	case n == 1 && plan.Share:
		return p.refuse("a share needs what it is a share of: name the event before %s", plan.Steps[0])
	case n < 2 || n > 6:
		r := p.refuse("a funnel has 2 to 6 events, of this one I understood %d", n)
		r.Candidates = p.nearEvents(nil)
		return r
	case plan.Interval != "" || p.versus || plan.By != nil && plan.Kind != Funnel || plan.ByEvent || len(plan.Metrics) > 0:
		return p.refuse("a funnel over time or of two periods is not covered")
	}
	return nil
}
