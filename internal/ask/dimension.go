package ask

import (
	"slices"
	"strings"

	"posthog-mcp/internal/driver"
)

// breakdown takes the dimension: by country, per plan, for each browser, which browsers.
func (p *planner) breakdown() *Refusal {
	take := func(from int, prop propMention) {
		p.by = &prop
		p.use(from, prop.to)
	}
	lead := []string{"broken|split|grouped|segmented|break|split down|up? by|per|into|across", "breakdown by|of|per", "for|on|in|at|of each|every", "by|per|across each|every|all|the|their|different?", "by|per|across"}
	if p.superlative && !p.asksWho() { // top 3 browsers by page views: the browsers are the dimension
		p.ranked(take)
	}
	for _, pattern := range lead {
		for i := range p.toks {
			m, ok := p.follows(i, pattern)
			if !ok || p.by != nil || p.plan.ByEvent {
				continue
			}
			if e, isEvent := p.follows(m.to, "event name|type?", "event|events"); isEvent && p.plan.Kind == "" {
				p.use(i, e.to)
				p.plan.ByEvent = true
				continue
			}
			if prop, ok := p.dimensionAt(m.to); ok && !p.isEvent(m.to, prop) {
				take(i, prop)
			} else if prop, ok := p.ownDimension(m.to); ok {
				take(i, prop)
			} else if prop, ok := p.dimensionBefore(i); ok && p.toks[i].is("by") && p.isMeasure(m.to) { // pages by views
				p.by = &prop
				p.use(prop.from, m.to)
			}
		}
	}
	if !p.asksWho() {
		p.ranked(take)
	}
	if p.by != nil || p.plan.ByEvent {
		p.take("break|split|group|segment|cut down|up?")
		p.take("differ|differs|vary|varies|compare|compares")
	}
	return nil
}

// dimensionAt is propertyAt without numbers that are only like the phrase.
func (p *planner) dimensionAt(i int) (propMention, bool) {
	if entity := p.entityAt(i); entity != "" { // company industry, user plan
		m, ok := p.propertyAt(i + 1)
		m.from = i
		m.at = slices.DeleteFunc(slices.Clone(m.at), func(k int) bool { return p.x.props[k].Entity != entity })
		m.like = nil
		if ok && len(m.at) > 0 {
			return m, true
		}
	}
	m, ok := p.propertyAt(i)
	m.like = slices.DeleteFunc(slices.Clone(m.like), func(k int) bool { return p.x.props[k].Type == "Numeric" })
	return m, ok && len(m.at)+len(m.like) > 0
}

// entityAt reads whose property the next words name.
func (p *planner) entityAt(i int) string {
	switch {
	case i+1 >= len(p.toks) || p.toks[i].used:
		return ""
	case p.toks[i].is("user|person|customer"):
		return "person"
	case p.toks[i].is("session"):
		return "session"
	case slices.ContainsFunc(p.x.groups, func(g driver.GroupType) bool { return strings.EqualFold(g.Name, p.toks[i].text) }):
		return "group"
	}
	return ""
}

// ownDimension reads the event's name before its property: signups by signup method.
func (p *planner) ownDimension(i int) (propMention, bool) {
	e, r := p.eventAt(i)
	if r != nil || e.to == 0 {
		return propMention{}, false
	}
	prop, ok := p.dimensionAt(e.to)
	if !ok || len(prop.at) == 0 {
		return propMention{}, false
	}
	for k := range p.toks { // it has to be the event that is asked for
		if other, r := p.eventAt(k); r == nil && other.event == e.event && (k < i-1 || k >= prop.to) {
			return prop, true
		}
	}
	return propMention{}, false
}

// isEvent tells a phrase that may be a dimension, but rather is an event: movies watched.
func (p *planner) isEvent(i int, prop propMention) bool {
	m, r := p.eventAt(i)
	return r == nil && (m.to > prop.to || m.to == prop.to && len(prop.at) == 0)
}

// bareDimension takes a dimension that stands in the plural beside the one event meant: cancellation reasons.
func (p *planner) bareDimension() {
	if p.by != nil || p.plan.ByEvent || p.plan.Kind != "" || len(p.mentioned) > 1 || len(p.numeric) > 0 || len(p.plan.Metrics) > 0 {
		return
	}
	for i, t := range p.toks {
		if i > 0 && p.toks[i-1].is("all|every|each|different|unique|distinct") {
			continue
		}
		if t.used || !t.word || len(t.text) < 4 || !strings.HasSuffix(t.text, "s") || filler(t.text) {
			continue
		}
		prop, ok := p.dimensionAt(i)
		if ok && len(p.mentioned) == 1 && len(prop.at) > 0 && prop.to == i+1 {
			p.by = &prop
			p.use(i, prop.to)
			return
		}
	}
	for i := range p.toks { // exit pages
		if prop, ok := p.dimensionAt(i); ok && len(p.mentioned) == 0 && !p.people && prop.to > i+1 && len(prop.at) > 0 && p.x.props[prop.at[0]].Entity == "session" {
			p.by, p.superlative = &prop, true
			p.use(i, prop.to)
			return
		}
	}
}

// sideBySide makes a breakdown of two values that are set against each other: compare mobile and desktop page views.
func (p *planner) sideBySide() {
	if p.by != nil || p.versus {
		return
	}
	for _, c := range p.conditions {
		if c.of == nil || len(c.texts) < 2 || c.not {
			continue
		}
		if p.takeAny("compare|comparing|comparison of?", "difference between", "versus|vs") || p.contrast {
			p.by = &propMention{text: c.of.Name, settled: c.of}
			p.takeAny("versus|vs|with|to|against")
			return
		}
	}
}

// rankedByMeasure takes the word by where it leads to what is counted: top pages by views, affected by errors.
func (p *planner) rankedByMeasure() {
	ranks := p.superlative || p.by != nil || p.plan.Kind == PowerUsers || p.plan.Kind == Segments
	for i, t := range p.toks {
		if t.used || !t.is("by") || !ranks && (i == 0 || !verbal(p.toks[i-1].text)) {
			continue
		}
		k := i + 1
		for k < len(p.toks) && p.toks[k].is("the|number|count|total|of|unique|distinct|most") {
			k++
		}
		counted := k < len(p.toks) && (slices.Contains(p.measured, k) || ranks && peopleWord(p.toks[k].text) || slices.ContainsFunc(p.mentions, func(m mention) bool { return m.from == k || m.verb == k }) ||
			slices.ContainsFunc(p.visitors, func(m mention) bool { return m.from == k }))
		p.toks[i].used = counted
	}
}

// dimensionBefore is the phrase that names a dimension and ends at token i.
func (p *planner) dimensionBefore(i int) (propMention, bool) {
	for n := 3; n >= 1; n-- {
		if i-n < 0 {
			continue
		}
		if prop, ok := p.dimensionAt(i - n); ok && prop.to == i && !p.isEvent(i-n, prop) {
			return prop, true
		}
	}
	return propMention{}, false
}

// isMeasure tells whether something that is counted stands at token i.
func (p *planner) isMeasure(i int) bool {
	if i >= len(p.toks) {
		return false
	}
	if p.toks[i].used { // a metric that was taken, or sessions
		return true
	}
	m, r := p.eventAt(i)
	return r == nil && m.to > 0 || peopleWord(p.toks[i].text) || p.toks[i].is("visitors|visitor|views|hits|count|number|unique")
}

// ranked takes a dimension that is asked for itself: which browsers do people use, what are the top 5 countries.
func (p *planner) ranked(take func(from int, prop propMention)) {
	for i, t := range p.toks {
		if p.by != nil || t.used || !t.word {
			continue
		}
		asked := p.superlative && (len(p.numeric) == 0 || p.rank)
		for k := i - 1; k >= 0 && k >= i-3; k-- {
			asked = asked || p.toks[k].is("which|what") && !p.toks[k].used
			if p.toks[k].is("by|per") {
				asked = false
				break
			}
		}
		if !asked {
			continue
		}
		prop, ok := p.dimensionAt(i)
		if !ok {
			continue
		}
		if _, equals := p.follows(prop.to, "is|=|equals|was|are|of|contains|>|<|over|above|under|below *"); equals && p.toksSay("where") {
			continue
		}
		if !p.isEvent(i, prop) {
			take(i, prop)
		}
	}
}

// entities is the order in which a property is looked for. What PostHog's own libraries send, and what the events meant
// carry, is read from the event; what only some events carry from the person, where no event is named.
func (p *planner) entities(m propMention, list []int) []string {
	if len(p.mentioned) == 0 && !m.numeric && !slices.ContainsFunc(list, func(k int) bool {
		return strings.HasPrefix(p.x.props[k].Name, "$") || strings.HasPrefix(p.x.props[k].Name, "utm_")
	}) {
		return []string{"person", "event", "session", "group"}
	}
	return []string{"event", "person", "session", "group"}
}

// choose picks the property that a phrase means: one of that very name before one like it, the event's own before the
// person's, the session's and the group's. Two names that are alike are a doubt.
func (p *planner) choose(m propMention) (Property, *Refusal) {
	if m.settled != nil {
		return *m.settled, nil
	}
	for _, list := range [][]int{m.at, m.like} {
		var best *Property
		var names []string
		for _, entity := range p.entities(m, list) {
			for _, k := range list {
				prop := p.x.props[k]
				if p.plan.Sessions && entity != "session" && entity != "person" {
					continue
				}
				if prop.Entity != entity || entity == "event" && !p.has(prop.Name) || m.numeric && (prop.Type != "Numeric" || entity == "session") {
					continue
				}
				if best == nil {
					best = &prop
				}
				if !slices.Contains(names, prop.String()) {
					names = append(names, prop.String())
				}
			}
			if best != nil {
				break
			}
		}
		if len(names) > 1 {
			r := p.refuse("%s may mean more than one property", quoted(m.text))
			r.Candidates = names
			return Property{}, r
		}
		if best != nil {
			return *best, nil
		}
	}
	return Property{}, p.refuse("none of the events meant has the property %s", quoted(m.text))
}

// has tells whether the events meant carry a property.
func (p *planner) has(name string) bool {
	if len(p.mentioned) == 0 {
		return true
	}
	for _, o := range p.o.Details {
		if slices.Contains(p.mentioned, o.Name) && slices.ContainsFunc(o.Fields, func(f driver.Field) bool { return f.Name == name && f.Join == "" }) {
			return true
		}
	}
	return false
}
