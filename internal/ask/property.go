package ask

import (
	"slices"
	"strings"
)

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
