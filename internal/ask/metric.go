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
		if m, ok := p.find("and|, by|per? day|week|month|hour"); ok && !p.used(m.from-1, "last|past|this") {
			p.use(m.from, m.to)
			set(unitOf(p.toks[m.to-1]))
		}
	}
	if p.takeAny("feature? adoption of|for?", "adoption of?") {
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
		p.plan.Least = p.plan.Least || low
	}
	p.take("popular|popularity|common|often|frequent|frequently|used", "commonly")
}

// anyNumeric tells a phrase that may mean a number.
func (p *planner) anyNumeric(m propMention) bool {
	return slices.ContainsFunc(slices.Concat(m.at, m.like), func(k int) bool { return p.x.props[k].Type == "Numeric" && p.x.props[k].Entity != "session" })
}

// propMention is a phrase that names a property, not yet which of those with this name.
type propMention struct {
	from, to int
	text     string
	at       []int // of the index: those of that very name
	like     []int // … and those like it
	settled  *Property
	numeric  bool
}

// metrics takes what is counted: aggregates of numeric properties, sessions, revenue, people per event and the like.
func (p *planner) metrics() *Refusal {
	if p.web() || p.ai() || p.sessions() || p.revenue() {
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
		break
	}
	if len(p.plan.Metrics) == 0 {
		p.quantile()
	}
	if len(p.plan.Metrics) == 0 && p.superlative {
		p.rankedBy()
	}
	if m, ok := p.find("per|by each? user|person|visitor|customer|head", "each user|person|visitor"); ok && len(p.plan.Metrics) == 0 && p.plan.Kind == "" && !p.sessionsSaid {
		p.use(m.from, m.to)
		p.take("average|avg|mean number|count? of?")
		p.take("average|avg|mean")
		p.plan.Metrics = append(p.plan.Metrics, Metric{Measure: PerPerson})
	}
	return nil
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

// propertyAt reads the longest phrase at token i that names a property.
func (p *planner) propertyAt(i int) (propMention, bool) {
	for n := 5; n >= 1; n-- {
		if i+n > len(p.toks) {
			continue
		}
		said := p.toks[i : i+n]
		if slices.ContainsFunc(said, func(t token) bool { return t.used || !t.word && !t.quoted }) {
			continue
		}
		if n == 1 && hollowVerb(said[0].stem) && !said[0].quoted && (i == 0 || !p.toks[i-1].is("where|whose|with|by|per|and|when")) {
			continue
		}
		found, ok := p.likeProps[[2]int{i, n}]
		if !ok {
			found[0], found[1] = p.x.propsLike(said)
			p.likeProps[[2]int{i, n}] = found
		}
		if len(found[0])+len(found[1]) > 0 {
			return propMention{from: i, to: i + n, text: rawText(said), at: found[0], like: found[1]}, true
		}
	}
	return propMention{}, false
}

// wellKnown are the properties that PostHog's own SDKs send, by what people call them.
func wellKnown(said string) []string {
	switch said {
	case "device", "devices", "device type", "device types", "platform":
		return []string{"$device_type"}
	case "browser", "browsers":
		return []string{"$browser"}
	case "os", "operating system", "operating systems", "oses":
		return []string{"$os"}
	case "country", "countries", "country code", "nation":
		return []string{"$geoip_country_code"}
	case "city", "cities":
		return []string{"$geoip_city_name"}
	case "page", "pages", "path", "paths", "pathname", "url path":
		return []string{"$pathname"}
	case "url", "urls":
		return []string{"$current_url"}
	case "referrer", "referrers", "referring domain", "referring domains", "referrer domain":
		return []string{"$referring_domain"}
	case "source", "sources", "traffic source", "utm source":
		return []string{"utm_source"}
	case "medium", "utm medium":
		return []string{"utm_medium"}
	case "campaign", "campaigns", "utm campaign":
		return []string{"utm_campaign"}
	case "channel", "channels", "channel type", "traffic channel", "acquisition channel", "marketing channel":
		return []string{"channel", "$channel_type"}
	case "entry page", "entry pages", "landing page", "landing pages", "entry path":
		return []string{"$entry_pathname"}
	case "exit page", "exit pages":
		return []string{"$exit_pathname"}
	case "session duration", "visit duration":
		return []string{"$session_duration"}
	}
	return nil
}

// propsLike are the properties of the name that a phrase says, and those whose names are like it, best first.
func (x *Index) propsLike(said []token) (exact, similar []int) {
	text := rawLower(said)
	for _, name := range wellKnown(text) {
		for _, i := range x.propFlat[flatten(name)] {
			switch {
			case x.props[i].Name != name:
			case len(exact) == 0 || x.props[exact[0]].Name == name:
				exact = append(exact, i)
			default:
				similar = append(similar, i)
			}
		}
	}
	if len(exact) > 0 {
		return exact, similar
	}
	flat := flatten(text)
	if flat == "" {
		return nil, nil
	}
	exact = slices.Clone(x.propFlat[flat])
	best, words := 0.0, speak(said)
	most := 0.0 // that these words can weigh in a name
	for _, w := range words {
		if w.hollow {
			most += 0.25
		} else {
			most += 1.25
		}
	}
	for _, c := range like(said, x.propWords, func(i int) float64 {
		if 0.45*x.props[i].total > most { // too long a name for so few words
			return 0
		}
		return matchWords(words, x.props[i].words, x.props[i].weights)
	}) {
		last := said[len(said)-1]
		if last.text == "time" && !slices.ContainsFunc(x.props[c.at].words, func(w string) bool { return w == "second" || w == "minut" || w == "durat" || w == "time" }) {
			break
		}
		if hollowVerb(said[0].stem) || hollowVerb(last.stem) && last.text != "time" || c.score < 0.45 || best-c.score >= 0.2 {
			break
		}
		if slices.Contains(exact, c.at) {
			continue
		}
		if c.score > 0.99 && len(exact) == 0 || len(exact) > 0 && best == 0 && c.score > 0.99 && x.props[c.at].Name == x.props[exact[0]].Name {
			exact = append(exact, c.at)
			continue
		}
		best = max(best, c.score)
		similar = append(similar, c.at)
	}
	return exact, similar
}

func rawLower(toks []token) string {
	words := make([]string, 0, len(toks))
	for _, t := range toks {
		words = append(words, t.text)
	}
	return strings.Join(words, " ")
}
