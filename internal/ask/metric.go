package ask

import (
	"slices"
	"strconv"
	"strings"
)

// interval takes the words that cut time into buckets.
func (p *planner) interval() {
	if p.plan.Interval != "" {
		return
	}
	set := func(unit string) {
		if p.plan.Interval == "" {
			p.plan.Interval = unit
		}
	}
	if m, ok := p.take("on a|an hourly|daily|weekly|monthly basis"); ok {
		set(map[string]string{"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}[p.toks[m.from+2].text])
	}
	for _, r := range []struct{ word, unit string }{{"hourly", "hour"}, {"daily|day-by-day", "day"}, {"weekly", "week"}, {"monthly", "month"}} {
		if p.takeAny(r.word) {
			set(r.unit)
		}
	}
	for _, pattern := range []string{"hour by hour", "day by day", "week by week", "month by month", "per|by|each|every|a hour|hours", "by the hour", "per|by|each|every|a day|days|date", "day by day", "on each|every day", "for each|every day", "per|by|each|every|a week|weeks", "for each|every week", "week by week", "per|by|each|every|a month|months", "for each|every month", "month by month", "in each|every hour", "in each|every week", "in each|every month"} {
		if m, ok := p.take(pattern); ok {
			for _, t := range p.toks[m.from:m.to] {
				if u := unitOf(t); u != "" {
					set(u)
				} else if t.text == "date" || t.text == "daily" {
					set("day")
				}
			}
		}
	}
	if p.plan.Interval == "" && p.find1("by|per|breakdown") {
		if m, ok := p.find("and|, by|per? day|week|month|hour"); ok && !p.says(m.from-1, "last|past|this") {
			p.use(m.from, m.to)
			set(unitOf(p.toks[m.to-1]))
		}
	}
	if p.takeAny("feature adoption of|for", "adoption of|for?") {
		p.people = true
	}
	if p.versus {
		p.takeAny("how has|have|did|does")
		p.takeAny("change|changed|grow|grown|develop|developed")
		return
	}
	const develops = "trending|developing|evolving|evolved|developed|develop|evolve|trend|change|changed|changing|progress|progressed"
	if p.find1(develops) {
		p.takeAny("how has|have|did|does|do|is|are")
	}
	if p.takeAny("over time", "trend of|for|in?", "trends of|for|in?", "timeline of", "time series of?", "evolution of", "trending|developing|evolving|evolved|developed|changed|changing|progressed", "how developed|evolved|changed") {
		for p.takeAny(develops, "over time", "trend|trends|graph|chart|line") {
		}
		set("day")
	}
}

// top takes how many rows are wanted, and which end comes first.
func (p *planner) top() {
	if m, ok := p.find("which|what #"); ok && (p.find1("most|least|fewest|highest|lowest")) {
		if n, _ := m.open[0].number(); n >= 1 && n <= 1000 && n == float64(int(n)) {
			p.use(m.to-1, m.to)
			p.plan.Top = int(n)
		}
	}
	if m, ok := p.take("top|first|best # ", "# most", "# top|best|biggest", "# least|fewest", "bottom|worst #"); ok {
		n, _ := m.open[0].number()
		if n >= 1 && n <= 1000 && n == float64(int(n)) {
			p.plan.Top = int(n)
		}
		p.superlative = true
		p.plan.Least = p.toks[m.from].is("bottom|worst") || p.toks[m.to-1].is("least|fewest")
	}
	for i, t := range p.toks {
		high, low := t.is("most|top|biggest|largest|highest|busiest|best|slowest"), t.is("least|fewest|lowest|smallest|worst|fastest")
		if t.used || !high && !low || i > 0 && p.toks[i-1].is("at") {
			continue
		}
		if prop, ok := p.propertyAt(i + 1); ok && p.anyNumeric(prop) && !t.is("most|top|best|least|worst|busiest") {
			continue // the highest rating
		}
		p.toks[i].used, p.superlative = true, true
		p.slowest = p.slowest || t.is("slowest|fastest")
		p.plan.Least = p.plan.Least || low
	}
	if p.superlative {
		p.take("popular|popularity|common|often|frequent|frequently|used", "commonly")
	}
}

// metrics takes what is counted: aggregates of numeric properties, sessions, revenue, people per event and the like.
func (p *planner) metrics() *Refusal {
	if p.distinct() || p.web() || p.ai() || p.sessions() || p.revenue() {
		return nil
	}
	for _, a := range []struct {
		pattern  string
		measure  Measure
		quantile float64
	}{
		{"average|mean|avg number|count of", PerPerson, 0}, {"how many times does|did|do each|every|a|the average user|person", PerPerson, 0},
		{"sum|total of the?", Sum, 0}, {"average|avg|mean of? the?", Average, 0}, {"median|typical of? the?", Quantile, 0.5}, {"maximum|max|highest|longest|largest of? the?", Most, 0},
		{"minimum|min|lowest|shortest|smallest of? the?", Least, 0}, {"total|sum|combined", Sum, 0},
		{"how much|long", Sum, 0},
	} {
		m, ok := p.find(a.pattern)
		if !ok {
			continue
		}
		if a.measure == PerPerson {
			continue // with per user below
		}
		i := m.to
		prop, ok := p.propertyAt(i)
		apart := false
		if !ok || !p.anyNumeric(prop) { // average subscription amount
			e, r := p.eventAt(i)
			if r != nil || e.to == 0 {
				continue
			}
			if prop, apart = p.propertyAt(e.to); !apart || !p.anyNumeric(prop) {
				continue
			}
		}
		if e, r := p.eventAt(i); a.measure == Sum && r == nil && e.to >= prop.to { // total page views
			continue
		}
		prop.numeric = true
		if apart {
			p.use(m.from, m.to)
			p.use(prop.from, prop.to)
		} else {
			p.use(m.from, prop.to)
		}
		p.numeric = append(p.numeric, prop)
		p.plan.Metrics = append(p.plan.Metrics, Metric{Measure: a.measure, Quantile: a.quantile})
		if e, r := p.eventAt(prop.to + 1); a.measure == Average && p.says(prop.to, "per") && r == nil && e.to > 0 { // per movie viewed
			p.use(prop.to, prop.to+1)
		}
		break
	}
	if len(p.plan.Metrics) == 0 {
		p.quantile()
	}
	if len(p.plan.Metrics) == 0 && p.superlative {
		p.rankedBy()
	}
	if m, ok := p.find("per|by each? user|person|customer|head", "each user|person"); ok && len(p.plan.Metrics) == 0 && p.plan.Kind == "" && !p.sessionsSaid {
		p.use(m.from, m.to)
		p.take("average|avg|mean number|count? of?")
		p.take("average|avg|mean")
		p.plan.Metrics = append(p.plan.Metrics, Metric{Measure: PerPerson})
	}
	return nil
}

// distinct takes a number of different values: how many different genres.
func (p *planner) distinct() bool {
	for _, pattern := range []string{"how many unique|distinct|different?", "number|count of unique|distinct|different?", "unique|distinct|different"} {
		m, ok := p.find(pattern)
		if !ok {
			continue
		}
		prop, ok := p.dimensionAt(m.to)
		if !ok || len(prop.at) == 0 || peopleWord(p.toks[m.to].text) || p.anyNumeric(prop) {
			continue
		}
		if e, r := p.eventAt(m.to); r != nil || e.to > 0 {
			continue
		}
		p.use(m.from, prop.to)
		p.plan.Metrics = append(p.plan.Metrics, Metric{Measure: Values})
		p.numeric = append(p.numeric, prop)
		return true
	}
	return false
}

// rankedBy takes the number that a ranking goes by: top genres by watch time.
func (p *planner) rankedBy() {
	for i := range p.toks {
		m, ok := p.follows(i, "by total?")
		if !ok {
			continue
		}
		prop, ok := p.propertyAt(m.to)
		if !ok || !p.anyNumeric(prop) || len(prop.at) == 0 && prop.to == m.to+1 { // one word that is only like a name
			continue
		}
		if e, r := p.eventAt(m.to); r != nil || e.to >= prop.to {
			continue
		}
		prop.numeric, p.rank = true, true
		p.use(i, prop.to)
		p.numeric = append(p.numeric, prop)
		p.plan.Metrics = append(p.plan.Metrics, Metric{Measure: Sum})
		return
	}
}

// quantile takes "p95 of X", "90th percentile of X".
func (p *planner) quantile() {
	for i, t := range p.toks {
		if t.used || t.quoted {
			continue
		}
		digits, to := strings.TrimPrefix(t.text, "p"), i+1
		if digits == t.text {
			digits = strings.TrimRight(t.text, "sthndr")
			m, ok := p.follows(i+1, "percentile|quantile")
			if !ok {
				continue
			}
			to = m.to
		}
		n, err := strconv.ParseFloat(digits, 64)
		if err != nil || n <= 0 || n >= 100 {
			continue
		}
		for _, pattern := range []string{"of the?", "the"} {
			if m, ok := p.follows(to, pattern); ok {
				to = m.to
				break
			}
		}
		if prop, ok := p.propertyAt(to); ok && p.anyNumeric(prop) {
			prop.numeric = true
			p.use(i, prop.to)
			p.numeric = append(p.numeric, prop)
			p.plan.Metrics = append(p.plan.Metrics, Metric{Measure: Quantile, Quantile: n / 100})
			return
		}
	}
}

// revenue takes what is paid: the property amount, or the like, of all events that carry it.
func (p *planner) revenue() bool {
	m, ok := p.find("revenue|earnings|income|turnover", "money did? we? make|made|earn|earned", "did we earn", "average|avg|mean order|purchase value|size", "aov")
	if !ok {
		return false
	}
	at := -1
	for _, name := range []string{"amount", "revenue", "$revenue", "price"} {
		if at = p.x.eventProperty(name); at >= 0 && p.x.props[at].Type == "Numeric" {
			break
		}
	}
	if at < 0 || p.x.props[at].Type != "Numeric" {
		return false
	}
	p.use(m.from, m.to)
	metric := Metric{Measure: Sum, Of: []Property{p.x.props[at]}, Text: "revenue"}
	switch {
	case p.toks[m.to-1].is("aov|value|size"), p.takeAny("average|avg|mean"):
		metric.Measure = Average
	case p.takeAny("median"):
		metric.Measure, metric.Quantile = Quantile, 0.5
	}
	p.take("total|overall|gross")
	p.take("did|do|have we make|made|earn|earned|generate|generated|bring|brought in?")
	p.plan.Metrics = append(p.plan.Metrics, metric)
	return true
}

// length is how long a session took, in seconds.
func length() []Property {
	return []Property{{Entity: "session", Name: "$session_duration", Type: "Numeric"}}
}

// sessions takes the numbers of sessions.
func (p *planner) sessions() bool {
	add := func(m Metric) {
		p.plan.Sessions = true
		p.plan.Metrics = append(p.plan.Metrics, m)
	}
	if p.plan.Kind != "" {
		return false
	}
	lasting := "session|visit|sessions|visits duration|durations|length|lengths|time"
	switch {
	case p.takeAny("average|avg|mean and median " + lasting):
		add(Metric{Measure: Average, Of: length()})
		add(Metric{Measure: Quantile, Quantile: 0.5, Of: length()})
	case p.takeAny("median|typical "+lasting, "median length|duration of a|our? sessions|session|visits|visit"):
		add(Metric{Measure: Quantile, Quantile: 0.5, Of: length()})
	case p.takeAny("average|avg|mean "+lasting, "average|avg|mean length|duration of a|our|the? sessions|session|visits|visit", "how long is|are|does the|a|an|our? average|typical? session|sessions|visit|visits last?", "how long do sessions|visits last? on? average?"):
		add(Metric{Measure: Average, Of: length()})
	case p.takeAny("maximum|max|longest "+lasting, "maximum|max|longest session|visit"):
		add(Metric{Measure: Most, Of: length()})
	case p.find1("p95|p90|p99|percentile|minimum|min|shortest|total|sum"):
	case p.takeAny("session|visit duration|durations|length|lengths"):
		add(Metric{Measure: Average, Of: length()})
	}
	if p.takeAny("bounce|bounced rate|rates", "bounce") {
		add(Metric{Measure: Average, Of: []Property{{Entity: "session", Name: "$is_bounce", Type: "Boolean"}}, Text: "bounce rate"})
	}
	if p.plan.Sessions {
		if p.takeAny("number of sessions", "session count", "how many sessions") {
			p.plan.Metrics = slices.Insert(p.plan.Metrics, 0, Metric{Measure: Count})
		}
		p.take("sessions|session|visits")
		p.take("and")
		return true
	}
	if m, ok := p.find("sessions|session"); ok {
		// sessions with an event are counted on events
		p.use(m.from, m.to)
		p.take("number|count of?")
		p.sessionsSaid = true
		return false
	}
	return false
}

// web takes the web vitals, of which PostHog shows the 75th percentile.
func (p *planner) web() bool {
	vitals := []struct{ words, name string }{{"lcp", "LCP"}, {"fcp", "FCP"}, {"inp", "INP"}, {"cls", "CLS"}}
	add := func(name string) bool {
		at := p.x.eventProperty("$web_vitals_" + name + "_value")
		if at < 0 {
			return false
		}
		quantile := 0.75
		for word, q := range map[string]float64{"median": 0.5, "p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99} {
			if p.takeAny(word) {
				quantile = q
			}
		}
		p.plan.Metrics = append(p.plan.Metrics, Metric{Measure: Quantile, Quantile: quantile, Of: []Property{p.x.props[at]}, Events: []string{"$web_vitals"}, Text: name})
		return true
	}
	if p.takeAny("web|core web? vitals") {
		for _, v := range vitals {
			if !add(v.name) {
				return false
			}
		}
		p.take("p75")
		return true
	}
	found := false
	for _, v := range vitals {
		if m, ok := p.find(v.words); ok {
			p.use(m.from, m.to)
			p.take("p75")
			found = add(v.name) || found
		}
	}
	return found
}

// ai takes the numbers of calls to language models.
func (p *planner) ai() bool {
	prop := func(name string) (Property, bool) {
		at := p.x.eventProperty(name)
		if at < 0 {
			return Property{}, false
		}
		return p.x.props[at], true
	}
	add := func(m Metric, names ...string) bool {
		for _, n := range names {
			q, ok := prop(n)
			if !ok {
				return false
			}
			m.Of = append(m.Of, q)
		}
		m.Events = []string{"$ai_generation"}
		p.plan.Metrics = append(p.plan.Metrics, m)
		return true
	}
	about := p.find1("llm|ai")
	switch {
	case p.takeAny("llm|ai cost|costs|spend|spending", "cost|costs of the|our? llm|ai calls|generations|usage?", "spend|spent|spending|pay on|for llm|ai|llms calls|generations?"):
		p.take("how much do|did|have? we?", "total")
		return add(Metric{Measure: Sum, Text: "LLM cost in USD"}, "$ai_total_cost_usd")
	case about && p.takeAny("how much do|did|does our? llm|ai calls|generations? cost"):
		return add(Metric{Measure: Sum, Text: "LLM cost in USD"}, "$ai_total_cost_usd")
	case p.takeAny("llm|ai input tokens|token", "input tokens|token"):
		return add(Metric{Measure: Sum, Text: "input tokens"}, "$ai_input_tokens")
	case p.takeAny("llm|ai output tokens|token", "output tokens|token"):
		return add(Metric{Measure: Sum, Text: "output tokens"}, "$ai_output_tokens")
	case p.takeAny("llm|ai tokens|token", "tokens|token"):
		p.takeAny("usage|used|use|consumption|consumed|spent")
		p.takeAny("llm|ai")
		return add(Metric{Measure: Sum, Text: "LLM tokens"}, "$ai_input_tokens", "$ai_output_tokens")
	case about && p.takeAny("average|avg|mean llm|ai latency", "average|avg|mean latency of llm|ai calls|generations?"):
		return add(Metric{Measure: Average, Text: "LLM latency in seconds"}, "$ai_latency")
	case about && p.takeAny("llm|ai calls|generations|requests|call|generation|usage"):
		return add(Metric{Measure: Count})
	}
	return false
}
