package ask

import (
	"slices"
	"strings"
)

// mention is an event that the question speaks of.
type mention struct {
	from, to int
	event    string
	verb     int // a token further on that belongs to it; 0 for none
}

// events takes the events in the order in which they stand.
func (p *planner) events() *Refusal {
	p.persons()
	for i := 0; i < len(p.toks); i++ {
		if p.toks[i].used || !p.toks[i].word && !p.toks[i].quoted {
			continue
		}
		m, r := p.eventAt(i)
		if r != nil {
			return r
		}
		if m.to > 0 {
			if slices.ContainsFunc(p.toks[m.from:m.to], func(t token) bool {
				return t.is("subscriber|subscribers|buyer|buyers|purchaser|purchasers|watcher|watchers|reviewer|reviewers|searcher|searchers|payer|payers")
			}) {
				p.people = true
			}
			p.use(m.from, m.to)
			if m.verb > 0 {
				p.use(m.verb, m.verb+1)
			}
			p.mentions = append(p.mentions, m)
			if !slices.Contains(p.mentioned, m.event) {
				p.mentioned = append(p.mentioned, m.event)
			}
			i = m.to - 1
		}
	}
	return nil
}

// eventAt reads the longest phrase at token i that means one event.
func (p *planner) eventAt(i int) (mention, *Refusal) {
	if i >= len(p.toks) {
		return mention{}, nil
	}
	for _, pattern := range []string{"view|viewed|viewing|views|open|opened|load|loaded|see|saw a|any|the|our|at? least? one? page|pages|webpage", "visit|visits|visited|visiting|view|viewed|viewing|views|land|landed|landing|came|come|coming on|at|to? the|our|a|my? site|website|webpage|homepage", "visit|visits|visited|visiting|traffic", "page views|view|hits|loads", "pageviews|pageview"} {
		m, ok := p.follows(i, pattern)
		if !ok || m.to-m.from == 1 && p.toks[i].is("view|views|came|come|coming|land") {
			continue
		}
		if strings.HasPrefix(pattern, "visit|visits|visited|visiting|view") && p.toks[m.to-1].is("homepage") {
			continue
		}
		if at := p.x.eventFlat["pageview"]; len(at) == 1 {
			to := m.to
			if n, ok := p.follows(to, "to|of|on the|our site|website|app", "the|our site|website|app"); ok {
				to = n.to
			}
			return mention{from: i, to: to, event: p.x.events[at[0]].name}, nil
		}
	}
	if p.by != nil && p.toks[i].is("views|hits|view") && slices.ContainsFunc(p.by.at, func(k int) bool { return p.x.props[k].Name == "$pathname" || p.x.props[k].Name == "$current_url" }) {
		if at := p.x.eventFlat["pageview"]; len(at) == 1 {
			return mention{from: i, to: i + 1, event: p.x.events[at[0]].name}, nil
		}
	}
	for n := 6; n >= 1; n-- {
		if i+n > len(p.toks) {
			continue
		}
		said := p.toks[i : i+n]
		if slices.ContainsFunc(said, func(t token) bool { return t.used || !t.word && !t.quoted }) {
			continue
		}
		if said[0].quoted { // a name as it stands, or a value
			if n > 1 {
				continue
			}
			for _, k := range p.x.eventFlat[flatten(said[0].text)] {
				return mention{from: i, to: i + 1, event: p.x.events[k].name}, nil
			}
			for k := range p.x.events {
				if p.x.events[k].name == said[0].raw {
					return mention{from: i, to: i + 1, event: said[0].raw}, nil
				}
			}
			continue
		}
		exact := p.x.exactly(rawText(said))
		if exact < 0 && (edge(said[0]) || edge(said[n-1])) {
			continue
		}
		if exact >= 0 {
			return mention{from: i, to: i + n, event: p.x.events[exact].name}, nil
		}
		list, known := p.likeEvents[[2]int{i, n}]
		if !known {
			list = p.x.eventsLike(said)
			p.likeEvents[[2]int{i, n}] = list
		}
		if len(list) == 0 {
			continue
		}
		if n == 1 && (list[0].score < 0.3 || said[0].is("views|view|time|name|number|rate|type|page|user")) {
			continue
		}
		k, sure := p.x.clear(list)
		if !sure {
			if far, ok := p.apart(i, n); ok {
				return far, nil
			}
			r := p.refuse("%s may mean more than one event", quoted(rawText(said)))
			for _, c := range list[:min(len(list), 5)] {
				r.Candidates = append(r.Candidates, p.x.events[c.at].name)
			}
			return mention{}, r
		}
		if object, ok := p.objectOf(i, n); ok {
			return object, nil
		}
		return mention{from: i, to: i + n, event: p.x.events[k].name}, nil
	}
	return mention{}, nil
}

// verbal tells a participle.
func verbal(word string) bool {
	return strings.HasSuffix(word, "ed") || strings.HasSuffix(word, "en") || strings.HasSuffix(word, "ade") || strings.HasSuffix(word, "one") || strings.HasSuffix(word, "ght") || strings.HasSuffix(word, "nt")
}

// countsPeople tells that the word at token i is people, or an event whose people are meant: unique visitors, unique searchers.
func (p *planner) countsPeople(i int) bool {
	if i >= len(p.toks) {
		return false
	}
	m, r := p.eventAt(i)
	return peopleWord(p.toks[i].text) || p.toks[i].is("visitors|visitor|active") || r == nil && slices.ContainsFunc(p.toks[min(i, m.to):m.to], func(t token) bool {
		return strings.HasSuffix(t.text, "er") || strings.HasSuffix(t.text, "ers")
	})
}

// objectOf reads the event that a verb's object names: watched a trailer is the playing of trailers.
func (p *planner) objectOf(i, n int) (mention, bool) {
	switch {
	case n != 1:
		return mention{}, false
	case !slices.Contains([]string{"watch", "view", "play", "see", "saw", "stream", "open", "start", "click", "read"}, p.toks[i].stem):
		return mention{}, false
	}
	k := i + 1
	for k < len(p.toks) && !p.toks[k].used && p.toks[k].is("a|an|the|our|any|some|their|its") {
		k++
	}
	if k >= len(p.toks) || p.toks[k].used || edge(p.toks[k]) {
		return mention{}, false
	}
	m, r := p.eventAt(k)
	if r != nil || m.to == 0 {
		return mention{}, false
	}
	m.from = i
	return m, true
}

// apart completes a name with its verb further on: movies with genre drama that were watched.
func (p *planner) apart(i, n int) (mention, bool) {
	for k := i + n + 1; k < len(p.toks); k++ {
		t := p.toks[k]
		if t.used || !t.word || edge(t) {
			continue
		}
		said := append(slices.Clone(p.toks[i:i+n]), t)
		list := p.x.eventsLike(said)
		if at, sure := p.x.clear(list); sure && len(p.x.eventsLike([]token{t})) > 0 {
			return mention{from: i, to: i + n, event: p.x.events[at].name, verb: k}, true
		}
	}
	return mention{}, false
}

// edge tells words that a name does not begin or end with.
func edge(t token) bool {
	return filler(t.text) && !t.is("up|out|in|off|sent|down|view|views|use|used|seen|made") || t.is("time|who|that|did|then|and|or|not|per|by|new|first|last|most") || peopleWord(t.text)
}

// exactly finds an event by its name as it is written.
func (x *Index) exactly(name string) int {
	at := -1
	for _, i := range x.eventFlat[flatten(name)] {
		switch {
		case x.events[i].name == name:
			return i
		case at >= 0:
			return -1
		}
		at = i
	}
	return at
}

// persons takes the words for people, and tells whether they are what is counted.
func (p *planner) persons() {
	if m, ok := p.find("new|brand-new users|people|visitors|persons|user|visitor"); ok {
		p.toks[m.from].used, p.plan.New, p.people = true, true, true
	}
	first := true
	for i, t := range p.toks {
		if t.quoted || !t.word {
			continue
		}
		if !peopleWord(t.text) && !t.is("visitors|visitor") {
			if !t.used && !t.is("the|our|all|what|show|me|of|a|is|are|were|was|list|get|give|unique|distinct|different|active|total|trend|which|who") {
				first = first && false
			}
			continue
		}
		counted := first
		if e, r := p.eventAt(i + 1); t.is("user|customer|visitor|person") && r == nil && e.to > 0 { // user logins
			counted = false
		}
		for k := i - 1; k >= 0 && k >= i-5; k-- {
			if p.toks[k].is("did|do|does|by|from|were|was|are|have") || p.toks[k].is("of") && (k == 0 || !p.toks[k-1].is("number|count|percentage|percent|share|proportion|fraction|%")) {
				break
			}
			if p.toks[k].is("many|number|count|unique|distinct|different|percentage|percent|share|proportion|fraction|%|vs|more|fewer") {
				counted = true
				break
			}
		}
		if counted {
			p.people = true
		}
		if t.is("visitors|visitor") && !t.used && len(p.x.eventFlat["pageview"]) == 1 && p.plan.Kind != PowerUsers {
			e := p.x.events[p.x.eventFlat["pageview"][0]].name
			p.visitors = append(p.visitors, mention{from: i, to: i + 1, event: e})
		}
		p.toks[i].used = true
		if i > 1 && p.toks[i-1].is("by") && (verbal(p.toks[i-2].text) || strings.HasSuffix(t.text, "s") && p.says(i+1, "on|from|with|in|of|who|that|using|whose")) { // watched by people
			p.toks[i-1].used = true
		}
		first = false
	}
	for _, pattern := range []string{"unique|distinct|different", "active"} {
		for {
			m, ok := p.find(pattern)
			if !ok || pattern != "active" && !p.countsPeople(m.to) || pattern == "active" && p.peopleWords() == 0 && p.plan.Kind == "" {
				break
			}
			p.use(m.from, m.to)
			p.people = p.people || pattern != "active"
			p.active = p.active || pattern == "active"
		}
	}
}
