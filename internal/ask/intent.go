package ask

import (
	"slices"

	"posthog-mcp/internal/hogql"
)

// comparison takes the words that set two periods against each other.
func (p *planner) comparison() bool {
	for _, pair := range []struct {
		pattern string
		period  Period
	}{
		{"week over|on|to week", lastUnits(7, "day")}, {"wow", lastUnits(7, "day")},
		{"day over|on|to day", thisUnit("day")}, {"dod", thisUnit("day")},
		{"month over|on|to month", thisUnit("month")}, {"mom", thisUnit("month")},
		{"quarter over|on quarter", thisUnit("quarter")}, {"qoq", thisUnit("quarter")},
		{"year over|on year", thisUnit("year")}, {"yoy", thisUnit("year")},
	} {
		if _, ok := p.find("retention|retain|cohort|cohorts"); ok { // week over week retention is another thing
			break
		}
		if _, ok := p.take(pair.pattern); ok {
			p.plan.Period = pair.period
			p.plan.Previous, _ = pair.period.before()
			p.take("percentage|percent|%? change|growth|comparison|difference in|of?")
			return true
		}
	}
	for _, pattern := range []string{"compare to|with|against the? previous|prior|preceding one|period|@", "compared to|with|against the? previous|prior|preceding one|period", "versus|vs|against the? previous|prior|preceding one|period",
		"versus|vs|than the? one|period before", "compared to|with the? one|period before"} {
		if m, ok := p.take(pattern); ok && (len(m.open) == 0 || unitOf(m.open[0]) != "") {
			p.take("compare|comparing")
			return true
		}
	}
	// "the last 7 days vs the 7 days before", "compared with the previous week"
	for _, pattern := range []string{"versus|vs|to|with|and|than|against|compared the # @ before|prior|earlier that?", "versus|vs|to|with|and|than|against the? previous|prior|preceding # @",
		"versus|vs|to|with|and|than|against the? previous|prior|preceding @", "versus|vs|to|with|and|than|against the? @ before that?"} {
		m, ok := p.find(pattern)
		if ok && m.to < len(p.toks) && p.toks[m.to].is("yesterday|last") { // vs the day before yesterday
			continue
		}
		if ok {
			p.use(m.from, m.to)
			for _, t := range m.open {
				if n, isNumber := t.number(); isNumber {
					p.plan.Window = -int(n) // checked against the period
				}
			}
			p.take("compare|compared|comparing")
			p.take("difference|change in|of?")
			p.take("between")
			return true
		}
	}
	found := false
	for _, pattern := range []string{"compare|comparing|comparison", "compared to|with|against", "versus|vs", "in comparison with|to", "difference between", "change from|since", "than"} {
		if _, ok := p.find(pattern); ok {
			found = true
		}
	}
	if !found {
		return false
	}
	probe := &reader{toks: slices.Clone(p.toks), x: p.x}
	switch all := probe.periods(); {
	case len(all) == 1 && all[0].whole && all[0].count == 1: // more than last week: this week is meant
		p.plan.Period = thisUnit(all[0].unit)
		p.plan.Previous = all[0]
	case len(all) != 2: // it compares something else
		return false
	}
	p.take("percentage|percent|% change|growth|difference in|of?")
	for _, pattern := range []string{"compare|comparing|comparison", "compared to|with|against", "versus|vs", "in comparison with|to", "difference between", "change from|since", "more|fewer|less|higher|lower|up|down", "than"} {
		p.take(pattern)
	}
	return true
}

// intent takes the words that name a kind of analysis.
func (p *planner) intent() {
	set := func(k Kind, patterns ...string) bool {
		if p.plan.Kind != "" {
			return false
		}
		for _, pattern := range patterns {
			if m, ok := p.take(pattern); ok {
				p.plan.Kind = k
				for _, t := range m.open {
					if n, isNumber := t.number(); isNumber && n >= 1 && n <= 1000 && n == float64(int(n)) {
						p.plan.Top = int(n)
					}
				}
				return true
			}
		}
		return false
	}
	p.arrows()
	if set(Hours, "hour|hours|time of the? day and|by|vs|x|per day|days of the? week", "hour|hours and|by|vs|x|per weekday|weekdays", "weekday|weekdays and|by|vs|x|per hour|hours of? the? day?", "day|days of the? week and|by|vs|x|per hour|hours of? the? day?",
		"hour weekday heatmap?", "weekday hour heatmap?", "what times? of the? day|week", "which hours and? days?", "times|time of the? day|week", "busiest hours|hour|times|time", "when are|do people|users|visitors|we most|usually active?", "activity|usage? heatmap|heat") {
		for p.takeAny("when", "are|is|do", "most active", "map", "by|per weekday|weekdays|hour|hours", "and hour|weekday", "busiest", "heatmap", "in|of the? week|day", "usually", "active") {
		}
		p.take("by|per")
		return
	}
	if set(ChurnRisk, "churn risk", "risk of churn~", "at risk", "risk churning", "about|likely to churn", "might|may|could churn", "gone|going|went quiet|inactive|silent", "stopped coming|using|being", "slipping away", "inactive users|people|customers|accounts") {
		for p.takeAny("of churn~", "churning", "which|what|who|list|of? users|people|customers|accounts|persons", "who is|are", "are|is", "at", "have|has", "active|back", "our|the app|product|service?") {
		}
		return
	}
	set(Lifecycle, "lifecycle|life-cycle", "life cycle", "new returning resurrecting|resurrected and? dormant?", "new and|vs|versus|or|, returning|resurrecting , resurrecting|resurrected and|, dormant", "new , returning , resurrecting|resurrected , and? dormant",
		"new , returning and|, resurrecting|resurrected", "new and|vs|versus|or returning users?", "new vs|versus returning|existing users|visitors|people?", "returning users|people|visitors", "dormant users?", "resurrecting|resurrected|dormant")
	if p.plan.Kind == Lifecycle {
		for p.takeAny("user|users lifecycle?", "new|returning|resurrecting|resurrected|dormant", "of users?", "people|visitors|analysis") {
		}
	}
	set(Stickiness, "dau / mau ratio?", "dau to mau ratio?", "dau over mau", "dau mau ratio?", "sticky|stickiness", "how many days a? are|do|per users|people active?", "on how many days")
	if p.plan.Kind == Stickiness {
		p.plan.Ratio = p.toksSay("mau")
		for p.takeAny("how sticky", "are|do|were users|people active", "is|are our|the|my? product|app|site?", "active days|day", "users|people|person be?", "active", "dau / mau ratio?", "ratio") {
		}
	}
	for _, r := range []struct{ pattern, unit string }{
		{"dau|daus|dailies", "day"}, {"wau|waus", "week"}, {"mau|maus", "month"},
		{"daily active|unique users|people|persons|customers|user|actives?", "day"}, {"weekly active|unique users|people|persons|customers|user|actives?", "week"},
		{"monthly active|unique users|people|persons|customers|user|actives?", "month"},
	} {
		if set(ActiveUsers, r.pattern) {
			p.plan.Interval = r.unit
			p.take("count|counts|numbers|trend|over time?")
		}
	}
	if set(Retention, "retention", "retain~", "come|came|comes|coming back", "returned|return|returns|returning after|the|in|within?", "stick around", "cohort|cohorts analysis?") {
		for p.takeAny("user|users|people retention|curve|rate|rates|table|analysis|cohort|cohorts", "curve|rate|rates|table|analysis|cohort|cohorts|users|people|retention", "are|do|did|does", "first time", "still|later", "how well", "after|since", "and? come|came|coming|return|returned|returning|returns back? to|for|with|by|on?", "we|retain") {
		}
		p.retention()
	}
	set(Segments, "segment|segments|segmentation|tiers|tier", "power , regular and? light users?", "power regular and? light users?", "how engaged", "engagement levels|segments|tiers", "heavy and|vs|versus light users", "power and|vs|versus light|casual|regular users")
	if p.plan.Kind == Segments {
		for p.takeAny("by activity|usage|engagement", "our|the|my users|user|people|customers", "user|users|activity|usage|engagement", "power|regular|light|casual|heavy", "into", "level|levels", "many|are|people|fall", "and|vs|versus|,", "each") {
		}
	}
	if set(PowerUsers, "power users|user", "most active|engaged users|people|customers|accounts|persons", "heaviest|top|best users|people|customers|persons", "top # users|people|customers|persons", "most|heavily? engaged users|people") {
		p.people = true
	}
	set(Errors, "top|most|main|biggest # common|frequent? errors|exceptions|issues|crashes|bugs", "top|main|biggest common|frequent? errors|exceptions|issues|crashes|bugs", "most common|frequent errors|exceptions|issues|crashes|bugs", "which|what errors|exceptions|crashes|issues|bugs", "errors|exceptions by type|message|issue", "error tracking? issues|overview|report|types")
	if p.plan.Kind == Errors {
		p.plan.MostPeople = p.find1("most users|people|customers|visitors")
		for p.takeAny("are|do|did users|people hit|see|get|run", "most? often|common|commonly|frequent|frequently", "hit|affect|affecting|affected our|the|most? users|people", "occurred|happened|happening|occurring", "most", "by occurrences|volume|count|number|users", "we", "seeing|see|getting", "and how many users|people", "are|do|did|they|is|affect|see|hit|get|run|into", "by") {
		}
	}
	set(Drivers, "conversion drivers|driver", "what drives|drive|predicts|influences conversion|conversions? from|to?", "drivers of|for conversion|conversions? from|to?", "which|what events|actions|features|behaviors|behaviours are correlated with|to", "correlat~ with", "what leads people|users to", "which actions|events|features|behaviors|behaviours lead|correlate|drive to|with", "lead|leads to", "goes with", "make|makes people|users|someone more? likely to|convert")
	before := slices.Clone(p.toks)
	if set(Impact, "impact|effect|influence of", "how did|does|has", "did|does|has") && !p.impact() {
		p.plan.Kind, p.toks = "", before
	}
	if set(Paths, "what do|did|does users|people|visitors|they|customers usually|typically? do|go|happen right|immediately|next? after|before|following|next", "what happens|happened|comes|do|did right|immediately|usually? after|before|next", "paths|path|flow|flows|journeys after|before|from|following|starting|leading|to",
		"user|users|people paths|path|flows|flow after|before|from|starting|leading", "where do|did users|people|visitors go after|from|next", "next|previous events|event|steps|step|actions|action after|before|following", "what do|did users|people|visitors do next|first|right", "which|what event|events follow|follows|precede|precedes|come|comes after|before?") {
		p.plan.Before = p.toksSay("before") || p.toksSay("leading") || p.toksSay("previous") || p.toksSay("precede") || p.toksSay("precedes")
		for p.takeAny("after|before|next|right|up|to|from|with|immediately|directly", "do|users|people|they") {
		}
	}
	p.funnel()
	const often = "common|frequent|popular|used|fired|triggered|important|active"
	set(TopEvents, "top|most|biggest # most? "+often+"? events|event", "# top|most|biggest "+often+"? events|event", "top|most "+often+"? events|event", "which|what events happen|happened|occur|occurred|are|were|fire|get|fired most|fired|triggered? often|frequently|frequent|common|most?", "events|event by count|volume|frequency|popularity|name", "event counts|volumes|breakdown|frequency", "biggest|commonest events")
	if p.plan.Kind == TopEvents {
		for p.takeAny("most often|frequently|frequent|common|commonly?", "by count|volume|frequency|name|popularity", "often|frequently") {
		}
	}
}

// toksSay tells whether a word stands in the question, taken or not.
func (p *planner) toksSay(word string) bool {
	return slices.ContainsFunc(p.toks, func(t token) bool { return t.text == word && !t.quoted })
}

// takeAny takes one of the phrases.
func (p *planner) takeAny(patterns ...string) bool {
	_, ok := p.take(patterns...)
	return ok
}

// arrows makes a funnel of "a -> b".
func (p *planner) arrows() {
	for i, t := range p.toks {
		if t.text == "->" && !t.quoted {
			p.toks[i].used = true
			p.plan.Kind = Funnel
		}
	}
}

// funnel takes the words of funnels, of those who stay behind in one and of those who come through.
func (p *planner) funnel() {
	is := func(k Kind) {
		if p.plan.Kind == "" || p.plan.Kind == Funnel {
			p.plan.Kind = k
		}
	}
	if p.plan.Kind != "" && p.plan.Kind != Funnel {
		return
	}
	who := p.find1("who|which|list") && !p.find1("how many|much") && !p.find1("percent|percentage|share|proportion|fraction|rate|%")
	drop := p.takeAny("where do|did we lose|losing users|people|visitors?", "drop~ off|out", "dropoff|dropoffs|dropouts", "drop-off", "fell|fall off", "abandon~ between") || p.deny("but|and? did|do|does|have|has|had not|never", "but|and? never|not", "but|and? were|was|are|is not", "without")
	switch {
	case drop && p.toksSay("where"):
		is(Funnel)
	case drop && (who || p.listsPeople()):
		is(DroppedOff)
		p.take("but|and")
		p.take("between|from")
	case drop && (p.find1("where|funnel|conversion|between") || p.find1("how many")):
		if p.find1("but|without|never|not") || p.find1("how many") && !p.find1("funnel|conversion|between|from") {
			p.plan.Kind, p.plan.Count = DroppedOff, true
			return
		}
		is(Funnel)
	case drop:
		is(DroppedOff)
	}
	if p.takeAny("median? time to|for convert|conversion", "median time between|from", "how long does it? take users|people|them? to? go|get|convert? from?", "time to convert") {
		is(Funnel)
	}
	if p.takeAny("conversion funnel|rate|rates?", "funnel|funnels", "convert~", "click-through rate") {
		if who && !drop && (p.toksSay("converted") || p.toksSay("convert")) {
			is(Converted)
		}
		is(Funnel)
	}
	if p.takeAny("what|which percentage|percent|share|proportion|fraction|% of", "percentage|percent|share|proportion|fraction|% of", "how many|much %|percent of", "rate at which") {
		is(Funnel)
		p.plan.Share = true
	}
	if p.plan.Kind == "" && !p.versus && (p.takeAny("and then|later|afterwards|subsequently", "then|afterwards|subsequently")) {
		if who {
			is(Converted)
		}
		is(Funnel)
	}
	if p.plan.Kind == Funnel || p.plan.Kind == DroppedOff || p.plan.Kind == Converted {
		for p.takeAny("funnel|conversion rate?", "by steps|step", "step|steps", "conversion|rate|rates", "and then|later|afterwards|subsequently", "then|later|afterwards|subsequently|eventually|also|actually|finally", "go|went|gone|goes|going|get|got|make|made on? to|through", "end|ended up", "ended", "where do|did|are? we|they|people|users?", "between", "lose|losing|lost people|users?", "ending|starting|start with|at|in", "fix|first") {
		}
		if m, ok := p.take("within # @ of?", "in under # @", "window of # @", "# @ window"); ok {
			n, _ := m.open[0].number()
			p.plan.Window = int(n) * map[string]int{"day": 1, "week": 7, "month": 30}[unitOf(m.open[1])]
			p.plan.windowSeconds = int(n) * map[string]int{"minute": 60, "hour": 3600}[unitOf(m.open[1])]
		}
		if m, ok := p.take("within|in a|an|one|the? same @ of?"); ok {
			p.plan.Window = map[string]int{"day": 1, "week": 7, "month": 30}[unitOf(m.open[0])]
			p.plan.windowSeconds = map[string]int{"minute": 60, "hour": 3600}[unitOf(m.open[0])]
		}
	}
}

// deny takes the words that deny the event behind them: but did not log in, never watched, without a signup.
func (p *planner) deny(patterns ...string) bool {
	for _, pattern := range patterns {
		m, ok := p.find(pattern)
		if !ok {
			continue
		}
		k := m.to
		for k < len(p.toks) && p.toks[k].is("a|an|the|any|ever|yet|have|been|once|single") {
			k++
		}
		if k == len(p.toks) {
			continue
		}
		if e, r := p.eventAt(k); r != nil || e.to > 0 {
			p.use(m.from, k)
			p.denied = m.to
			return true
		}
	}
	return false
}

// order reads "B after A" and "A before B" in a funnel of two.
func (p *planner) order() {
	if len(p.mentions) == 2 {
		p.takeAny("went|go|goes|gone on to", "also|later|subsequently")
	}
	if p.plan.Kind != Funnel && p.plan.Kind != Converted || len(p.mentions) != 2 {
		return
	}
	for i := p.mentions[0].to; i < p.mentions[1].from; i++ {
		if !p.toks[i].used && p.toks[i].is("after|before|following") {
			p.toks[i].used = true
			p.reversed = !p.toks[i].is("before")
		}
	}
}

// says tells whether token i, if there is one, is one of some words.
func (p *planner) says(i int, words string) bool {
	return i >= 0 && i < len(p.toks) && p.toks[i].is(words)
}

func (p *planner) find1(pattern string) bool {
	_, ok := p.find(pattern)
	return ok
}

// listsPeople tells a question that begins with people and does not count them.
func (p *planner) listsPeople() bool {
	for _, t := range p.toks {
		if t.used && !peopleWord(t.text) {
			continue
		}
		return peopleWord(t.text) || t.text == "who"
	}
	return false
}

func peopleWord(s string) bool {
	switch s {
	case "user", "users", "people", "person", "persons", "visitor", "visitors", "customer", "customers", "member", "members", "viewer", "viewers", "folks", "accounts", "humans", "audience", "individuals":
		return true
	}
	return false
}

// retention reads the cohort's unit, and whether it is recurring.
func (p *planner) retention() {
	p.plan.Repeated = p.takeAny("recurring|repeat|repeated")
	for _, r := range []struct{ pattern, unit string }{{"daily", "day"}, {"weekly", "week"}, {"monthly", "month"}, {"week over|by|on week", "week"}, {"day over|by|on day", "day"}, {"month over|by|on month", "month"}, {"by|per|every|each day", "day"}, {"by|per|every|each week", "week"}, {"by|per|every|each month", "month"}} {
		if _, ok := p.take(r.pattern); ok {
			p.plan.Interval = r.unit
		}
	}
}

// beforeAfter takes a date before and after which an event is compared: signups before and after June 1.
func (p *planner) beforeAfter() bool {
	for _, pattern := range []string{"before and|vs|versus|or after the? change|release|launch|update|redesign|deployment? on|of|from?", "impact|effect|influence of the? change|release|launch|update|redesign|deployment on|from|of"} {
		m, ok := p.find(pattern)
		if !ok {
			continue
		}
		d, to := p.dateAt(m.to)
		if to == 0 {
			continue
		}
		p.use(m.from, to)
		if next, ok := p.follows(to, "on|for"); ok {
			p.use(next.from, next.to)
		}
		p.take("how has|have|did|does|do")
		p.take("compare|change|changed|differ|develop")
		start := d.start()
		p.plan.Kind = Impact
		p.plan.Period = Period{From: start, Text: "from the start of " + d.text + d.guessed() + " to now"}
		p.plan.Previous = Period{From: hogql.Op2(hogql.OpSub, start, fn("toIntervalDay", fn("dateDiff", hogql.Str("day"), start, fn("now")))), To: start, Text: "as many days before"}
		return true
	}
	return false
}

// impact reads the feature flag, or the date of the change, that is judged.
func (p *planner) impact() bool {
	m, ok := p.find("on|change|changed|affect|affected|increase|increased|improve|improved|raise|hurt|influence")
	if !ok {
		return false
	}
	for i, t := range p.toks[:m.from] {
		if name, to := p.flagAt(i); to > 0 && !t.used {
			p.plan.Flag = name
			p.use(i, to)
		}
	}
	if p.plan.Flag == "" {
		return false
	}
	p.use(m.from, m.to)
	p.take("flag|feature|variant|experiment")
	p.take("feature? flag|experiment")
	p.take("conversion|conversions|rate")
	return true
}

// flagAt reads a feature flag's name at a token: events carry it as $feature/NAME.
func (p *planner) flagAt(i int) (string, int) {
	for _, name := range p.x.flags {
		flat := flatten(name)
		said := ""
		for k := i; k < len(p.toks) && k < i+6; k++ {
			said += flatten(p.toks[k].text)
			if said == flat {
				return name, k + 1
			}
		}
	}
	return "", 0
}
