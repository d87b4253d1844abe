package ask

import (
	"cmp"
	_ "embed"
	"slices"
	"strings"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/hogql"
)

//go:embed countries.txt
var countryTable string

// Index is a project's catalogue, ready for questions. It is built once for a catalogue and is safe for concurrent use.
type Index struct {
	project driver.Project
	events  []event
	props   []Property

	eventWords map[string][]int // stem of a word of the name → events
	eventFlat  map[string][]int // name without anything but letters and digits → events
	propWords  map[string][]int
	propFlat   map[string][]int
	spelled    map[byte][]string // words of the names by their first letter
	known      map[string]bool   // their stems
	countries  map[string]string // name in lower case → code
	groups     []driver.GroupType
	vocabulary map[string]bool // words of the project's names
	frequent   string          // the event seen most; "" for none
	flags      []string        // feature flags that events carry
}

type event struct {
	name    string
	count   int64
	words   []string // stems
	weights []float64
	total   float64
}

// Property is a property of events, persons, sessions or groups.
type Property struct {
	Entity string // event, person, session or group
	Name   string
	Type   string // String, Numeric, Boolean, DateTime; "" where it is not known
	Group  int    // the index of the group's type

	words   []string
	weights []float64
	total   float64 // of the weights
}

// Expr reads the property from a row of events.
func (p Property) Expr() hogql.Expr {
	switch p.Entity {
	case "person":
		return hogql.Ref("person", "properties", p.Name)
	case "session":
		return hogql.Ref("session", p.Name)
	case "group":
		return hogql.Ref("group_"+string(rune('0'+p.Group)), "properties", p.Name)
	}
	return hogql.Ref("properties", p.Name)
}

// String is the HogQL that reads it.
func (p Property) String() string { return hogql.Print(p.Expr()) }

// NewIndex prepares a catalogue.
func NewIndex(project driver.Project, c *driver.Catalogue) *Index {
	x := &Index{project: project, eventWords: map[string][]int{}, eventFlat: map[string][]int{}, propWords: map[string][]int{}, propFlat: map[string][]int{}, spelled: map[byte][]string{}, known: map[string]bool{},
		countries: map[string]string{}, vocabulary: map[string]bool{}, groups: c.GroupTypes}
	stems := map[string]string{} // names share words
	stemOf := func(w string) string {
		s, ok := stems[w]
		if !ok {
			s = stem(w)
			stems[w] = s
		}
		return s
	}
	learn := func(name string, at int, into map[string][]int) (words []string, weights []float64) {
		for _, w := range nameWords(name) {
			s := stemOf(w)
			if !x.vocabulary[w] {
				x.vocabulary[w], x.known[s] = true, true
				x.spelled[w[0]] = append(x.spelled[w[0]], w)
			}
			words, weights = append(words, s), append(weights, weightOf(s))
			if list := into[s]; len(list) == 0 || list[len(list)-1] != at {
				into[s] = append(list, at)
			}
		}
		return words, weights
	}
	for _, e := range c.Events {
		entry := event{name: e.Name, count: e.Count}
		entry.words, entry.weights = learn(e.Name, len(x.events), x.eventWords)
		for _, w := range entry.weights {
			entry.total += w
		}
		flat := flatten(e.Name)
		x.eventFlat[flat] = append(x.eventFlat[flat], len(x.events))
		x.events = append(x.events, entry)
	}
	for best, e := int64(-1), 0; e < len(x.events); e++ {
		if x.events[e].count > best {
			best, x.frequent = x.events[e].count, x.events[e].name
		}
	}
	add := func(p Property) {
		p.words, p.weights = learn(p.Name, len(x.props), x.propWords)
		for _, w := range p.weights {
			p.total += w
		}
		flat := flatten(p.Name)
		x.propFlat[flat] = append(x.propFlat[flat], len(x.props))
		x.props = append(x.props, p)
	}
	for _, p := range c.Properties {
		group := 0
		if p.Entity == "group" && len(c.GroupTypes) != 1 { // which type has it is not known
			continue
		} else if p.Entity == "group" {
			group = c.GroupTypes[0].Index
		}
		add(Property{Entity: p.Entity, Name: p.Name, Type: p.Type, Group: group})
		if flag, ok := strings.CutPrefix(p.Name, "$feature/"); ok && p.Entity == "event" {
			x.flags = append(x.flags, flag)
		}
	}
	for _, name := range []string{"$channel_type", "$entry_pathname", "$exit_pathname", "$entry_referring_domain", "$entry_utm_source",
		"$entry_utm_medium", "$entry_utm_campaign"} {
		add(Property{Entity: "session", Name: name, Type: "String"})
	}
	add(Property{Entity: "session", Name: "$session_duration", Type: "Numeric"})
	add(Property{Entity: "session", Name: "$pageview_count", Type: "Numeric"})
	add(Property{Entity: "session", Name: "$is_bounce", Type: "Boolean"})
	for line := range strings.Lines(countryTable) {
		code, names, _ := strings.Cut(strings.TrimSpace(line), " ")
		for name := range strings.SplitSeq(names, "|") {
			x.countries[name] = code
		}
	}
	return x
}

// weightOf is how much a word of a name says: verbs that every event has say little.
func weightOf(stem string) float64 {
	switch stem {
	case "from", "by", "with", "user", "complet", "submit", "perform", "send", "event", "the", "a", "to", "of", "on", "in", "up", "use", "name", "code", "valu", "type",
		"geoip", "utm", "s", "at", "has", "is", "add", "click", "success", "success_", "custom":
		return 0.25
	}
	return 1
}

// flatten keeps letters and digits, in lower case.
func flatten(s string) string {
	return strings.Map(func(r rune) rune {
		if wordRune(r) && r != '_' && r != '$' && r != '@' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}

// likeStems are other words for the same.
func likeStems(s string) []string {
	switch s {
	case "watch", "stream", "saw", "see", "seen":
		return []string{"view"}
	case "view":
		return []string{"watch"}
	case "buy":
		return []string{"purchas"}
	case "purchas", "order":
		return []string{"buy"}
	case "regist", "registr", "join":
		return []string{"signup"}
	case "login", "signin":
		return []string{"login"}
	case "churn", "unsubscrib":
		return []string{"cancel"}
	case "error", "crash", "bug":
		return []string{"except"}
	case "finish":
		return []string{"complet"}
	case "rate", "rating":
		return []string{"review"}
	case "refer":
		return []string{"invit"}
	case "delet":
		return []string{"remov"}
	case "bookmark":
		return []string{"watchlist"}
	}
	return nil
}

// candidate is an event or property that words may mean.
type candidate struct {
	at    int
	score float64 // 1: all of its words were said
}

// spoken is a word that was said, prepared for many comparisons.
type spoken struct {
	stem   string
	joined string // with the next word: page view, pageview; "" for the last
	like   []string
	hollow bool
}

func speak(said []token) []spoken {
	out := make([]spoken, 0, len(said))
	for i, t := range said {
		s := spoken{stem: t.stem, like: likeStems(t.stem), hollow: hollowVerb(t.stem)}
		if i+1 < len(said) {
			s.joined = t.stem + said[i+1].stem
		}
		out = append(out, s)
	}
	return out
}

// matchWords scores one name against words that all have to be found in it. Words that say nothing of a name may be left over.
func matchWords(said []spoken, words []string, weights []float64) float64 {
	var few [12]bool
	hit := few[:]
	if len(words) > len(few) {
		hit = make([]bool, len(words))
	}
	telling := false // a word that says something was hit
	mark := func(s string) bool {
		found := false
		for i, w := range words {
			if w == s {
				hit[i], found = true, true
				telling = telling || weights[i] == 1
			}
		}
		for i := range words[:max(len(words)-1, 0)] { // signup: sign, up
			if !found && len(s) == len(words[i])+len(words[i+1]) && words[i]+words[i+1] == s {
				hit[i], hit[i+1], found, telling = true, true, true, true
			}
		}
		return found
	}
	for i := 0; i < len(said); i++ {
		t := said[i]
		if t.joined != "" && mark(t.joined) { // page view: pageview
			i++
			continue
		}
		ok := mark(t.stem)
		for _, s := range t.like {
			ok = ok || mark(s)
		}
		if !ok && !t.hollow {
			return 0
		}
	}
	if !telling {
		return 0
	}
	got, total := 0.0, 0.0
	for i, w := range weights {
		total += w
		if hit[i] {
			got += w
		}
	}
	return got / total
}

// hollowVerb are words beside a name that add nothing to it.
func hollowVerb(stem string) bool {
	switch stem {
	case "bring", "brought", "generat", "affect", "hit", "encount", "experienc", "complet", "submit", "perform", "send", "make", "made", "use", "do", "did", "done", "fire", "trigger", "happen", "occur", "record", "event", "time",
		"a", "an", "the", "their", "our", "of", "to", "on", "in", "for", "at", "it", "that", "were", "was", "been", "is", "are", "got", "get", "have", "had", "has", "new", "and":
		return true
	}
	return false
}

// eventProperty is the index of a property of events; -1 where the project has none of that name.
func (x *Index) eventProperty(name string) int {
	for _, i := range x.propFlat[flatten(name)] {
		if x.props[i].Entity == "event" && x.props[i].Name == name {
			return i
		}
	}
	return -1
}

// eventsLike are the events that words may mean, best first.
func (x *Index) eventsLike(said []token) []candidate {
	var flat strings.Builder
	for _, t := range said {
		flat.WriteString(flatten(t.text))
	}
	if list := x.eventFlat[flat.String()]; len(list) > 0 {
		out := make([]candidate, 0, len(list))
		for _, i := range list {
			out = append(out, candidate{i, 1.5})
		}
		return out
	}
	words := speak(said)
	return like(said, x.eventWords, func(i int) float64 {
		return matchWords(words, x.events[i].words, x.events[i].weights)
	})
}

// like scores the names that have all that was said: those that share its rarest word.
func like(said []token, byWord map[string][]int, score func(int) float64) []candidate {
	var rarest []string
	least := -1
	for k, t := range said {
		if hollowVerb(t.stem) && (least >= 0 || len(said) > 1) {
			continue
		}
		keys, n := keysOf(said, k, byWord)
		if least < 0 || n < least {
			rarest, least = keys, n
		}
	}
	if least <= 0 {
		return nil
	}
	var seen map[int]bool
	if len(rarest) > 1 {
		seen = make(map[int]bool, least)
	}
	var out []candidate
	for _, s := range rarest {
		for _, i := range byWord[s] {
			if seen[i] {
				continue
			}
			if seen != nil {
				seen[i] = true
			}
			if v := score(i); v > 0 {
				out = append(out, candidate{i, v})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b candidate) int { return cmp.Or(cmp.Compare(b.score, a.score), a.at-b.at) })
	return out
}

// keysOf are the words of names that token k may stand for, alone or with its neighbours, and how many names have them.
func keysOf(said []token, k int, byWord map[string][]int) (keys []string, n int) {
	add := func(s string) {
		if len(byWord[s]) > 0 {
			keys = append(keys, s)
			n += len(byWord[s])
		}
		for cut := 2; cut < len(s); cut++ { // signup: sign, up
			if len(byWord[s[cut:]]) > 0 && len(byWord[s[:cut]]) > 0 {
				keys = append(keys, s[:cut])
				n += len(byWord[s[:cut]])
			}
		}
	}
	add(said[k].stem)
	for _, s := range likeStems(said[k].stem) {
		add(s)
	}
	if k+1 < len(said) {
		add(said[k].stem + said[k+1].stem)
	}
	if k > 0 {
		add(said[k-1].stem + said[k].stem)
	}
	return keys, n
}

// undoing tells events that end or take back something: their bare subject is not meant by them.
func undoing(e event) bool {
	for _, w := range e.words {
		switch w {
		case "cancel", "remov", "delet", "fail", "error", "abandon", "unsubscrib", "dismiss", "reject":
			return true
		}
	}
	return false
}

// clear returns the one candidate that is meant, or false where two could be.
func (x *Index) clear(list []candidate) (int, bool) {
	switch {
	case len(list) == 0:
		return 0, false
	case len(list) == 1 || list[0].score-list[1].score >= 0.2:
		return list[0].at, true
	}
	var rest []candidate
	for _, c := range list {
		if !undoing(x.events[c.at]) && list[0].score-c.score < 0.2 {
			rest = append(rest, c)
		}
	}
	if len(rest) == 1 && rest[0].score >= 0.3 {
		return rest[0].at, true
	}
	return 0, false
}
