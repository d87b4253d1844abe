package ask

import (
	"slices"
	"strings"

	"posthog-mcp/internal/driver"
)

// settleKind completes the kinds that are about activity.
func (p *planner) settleKind() *Refusal {
	plan := &p.plan
	only := func(events int, interval bool) *Refusal {
		switch {
		case len(p.mentioned) > events:
			return p.refuse("%s is answered for at most %s", plan.Kind, plural(events, "event"))
		case plan.Interval != "" && !interval, plan.By != nil, plan.ByEvent, p.versus, len(plan.Metrics) > 0:
			return p.refuse("%s is not answered over time, by dimension or for two periods", plan.Kind)
		}
		return nil
	}
	plan.Steps = p.mentioned
	switch plan.Kind {
	case ActiveUsers:
		plan.Metrics = []Metric{{Measure: People, Events: p.mentioned}}
		if p.versus || plan.By != nil || plan.ByEvent {
			return p.refuse("active users by dimension or of two periods are asked for as users: \"how many users by country\"")
		}
		return nil
	case TopEvents:
		return only(0, false)
	case Stickiness:
		return only(1, false)
	case Retention:
		if len(p.mentioned) == 2 {
			plan.Return, plan.Steps = p.mentioned[1], p.mentioned[:1]
		}
		if p.toksSay("many") {
			return p.refuse("how many came back is told by cohort and period: ask for the retention")
		}
		return only(2, true)
	case Lifecycle:
		return only(1, true)
	case Hours:
		plan.Metrics = []Metric{{Measure: Count, Events: p.mentioned}}
		if p.people || p.active {
			plan.Metrics[0].Measure = People
		}
		p.plan.Interval = ""
		if p.versus || plan.By != nil || plan.ByEvent || len(p.mentioned) > 1 {
			return p.refuse("weekday and hour are answered for one event, without a further dimension")
		}
		return nil
	case PowerUsers:
		return only(1, false)
	case Errors:
		if plan.Steps = nil; len(p.mentioned) == 1 && p.mentioned[0] == "$exception" {
			p.mentioned = nil
		}
		return only(0, false)
	}
	if r := only(2, false); r != nil {
		return r
	}
	switch n := len(p.mentioned); {
	case plan.Kind == Paths && n != 1:
		return p.refuse("a path starts or ends at one event, I understood %d", n)
	case plan.Kind == Drivers && n == 0:
		return p.refuse("conversion to which event is meant is not said")
	case plan.Kind == Impact && n != 1:
		return p.refuse("the impact on one event is answered, I understood %d", n)
	case (plan.Kind == Segments || plan.Kind == ChurnRisk) && n > 1:
		return p.refuse("%s is answered for at most one event", plan.Kind)
	}
	plan.Count = plan.Kind == ChurnRisk && (p.toksSay("many") || p.toksSay("number"))
	if plan.Kind == Drivers {
		plan.Traits = p.having("$device_type", "$browser", "$os", "$geoip_country_code", "utm_source", "$referring_domain")
	}
	return nil
}

// having are those of some event properties that the project has.
func (p *planner) having(names ...string) []string {
	var out []string
	for _, name := range names {
		if slices.ContainsFunc(p.x.propFlat[flatten(name)], func(i int) bool { return p.x.props[i].Entity == "event" && p.x.props[i].Name == name }) {
			out = append(out, name)
		}
	}
	return out
}

// names answers what there is: events about a word, saved insights, cohorts.
func (p *planner) names() (bool, *Refusal) {
	kinds := []struct {
		word string
		kind driver.ObjectKind
	}{
		{"events|event", driver.KindEvent}, {"properties|property", driver.KindProperty}, {"insights|insight", driver.KindInsight}, {"dashboards|dashboard", driver.KindDashboard},
		{"cohorts|cohort", driver.KindCohort}, {"flags|flag", driver.KindFeatureFlag}, {"experiments|experiment", driver.KindExperiment}, {"surveys|survey", driver.KindSurvey},
		{"actions|action", driver.KindAction}, {"tables|table", driver.KindTable},
	}
	const word = "events|event|properties|property|insights|insight|dashboards|dashboard|cohorts|cohort|flags|flag|experiments|experiment|surveys|survey|actions|action|tables|table"
	saved := "saved|existing|feature|active|any|all?"
	m, ok := p.find("what|which feature|saved? "+word+" do|does we|you|i|posthog|project|it|the have|track|record|send|use|there?", "what|which feature|saved? "+word+" are|is there|available|tracked|recorded|about|defined|saved|related",
		"what|which feature|saved? "+word+" exist|exists", "do|does we|you|i|posthog track|record|collect|log|capture anything|something? about|for|of?", "do|does we|you|i|the have|track a|an|any|some? "+saved+" "+word, "is|are there a|an|any|some? "+saved+" "+word, "have we a|an|any? "+word,
		"any saved "+word, "list|find|search all|the|our|my|any? "+saved+" "+word, "search for a|an|any? "+saved+" "+word, "all|our saved|feature? "+word+" about|on|for|related")
	if !ok {
		return false, nil
	}
	for _, t := range p.toks[m.from:m.to] {
		for _, k := range kinds {
			if t.is(k.word) {
				p.plan.Kinds = append(p.plan.Kinds, k.kind)
			}
		}
	}
	p.use(m.from, m.to)
	for p.takeAny("and|or|, saved|feature? "+word, "about|on|for|of|related|regarding|concerning|to|that|which|mention|mentions|mentioning|containing|contain|matching|called|named|with|track|tracks|tracking|have|has|is|are|exist|available|in|the|there|do|we|defined|our|a|an|for|project|this|it|saved|any|exist|exists|posthog|already|name|names|already", "word") {
	}
	var words []string
	for _, t := range p.rest() {
		if t.word || t.quoted {
			words = append(words, t.text)
		}
	}
	if len(words) > 4 { // a question about the objects, not for them
		return false, p.refuse("what these objects hold is not answered; their names are: ask \"which events do we have about X\"")
	}
	p.plan.Kind = Names
	p.plan.Search = strings.Join(words, " ")
	return true, nil
}

// journey answers what one person did.
func (p *planner) journey() (bool, *Refusal) {
	at := -1
	for i, t := range p.toks {
		if !t.used && strings.Contains(t.raw, "@") && strings.Contains(t.raw, ".") && t.raw[0] != '@' {
			at = i
		}
	}
	lead := []string{"journey|timeline|history of|for the? user|person|customer?", "activity of|for the? user|person|customer", "show|list all? events|activity|actions? of|for|by the? user|person|customer?", "what did|has the? user|person|customer?", "events|activity|actions of|by|for|from user|person|customer?"}
	if at < 0 {
		for _, pattern := range lead {
			if m, ok := p.find(pattern); ok && m.to < len(p.toks) && p.toks[m.to].quoted {
				at = m.to
			}
		}
	}
	to := at + 1
	if at < 0 { // user-293
		for _, pattern := range lead {
			m, ok := p.find(pattern)
			if !ok || m.to >= len(p.toks) {
				continue
			}
			if at = m.to; p.toks[at].glued {
				at--
			}
			for to = at + 1; to < len(p.toks) && p.toks[to].glued; to++ {
			}
			if to > at+1 && strings.ContainsAny(p.toks[to-1].raw, "0123456789") {
				break
			}
			at = -1
		}
	}
	if at < 0 || !p.takeAny(lead...) {
		return false, nil
	}
	for _, t := range p.toks[at:to] {
		if p.plan.Person != "" {
			p.plan.Person += "-"
		}
		p.plan.Person += t.raw
	}
	p.use(at, to)
	for p.takeAny("do|does|done|doing|did", "show|me|the|events|history|all|full|complete|everything|of|for|user|person|in|on|our|app|site|product") {
	}
	p.periodsSaid = p.periods()
	p.fillers()
	if r := p.leftover(); r != nil {
		return false, r
	}
	p.plan.Kind = Journey
	p.plan.Places = p.having("$pathname", "$screen_name")
	if len(p.periodsSaid) == 0 && p.o.TimePeriod == "" {
		p.o.TimePeriod = "30d"
		p.plan.Notes = append(p.plan.Notes, "no period was named: the last 30 days are shown")
	}
	return true, p.settlePeriod()
}
