package ask

import (
	"fmt"
	"slices"
	"strings"

	"posthog-mcp/internal/hogql"
)

// lexicon tells the words that the recognisers know.
func lexicon(word string) bool {
	_, found := slices.BinarySearch(lexiconWords(), word)
	return found || filler(word)
}

// lexiconWords are words of questions, in alphabetical order, that a misspelling may stand for.
func lexiconWords() []string {
	return strings.Fields("accounts active activity after all-time amount average before bounce breakdown browser browsers campaign channel channels churn cohort cohorts compare compared " +
		"comparison completed conversion convert converted converting cost cohort countries country current customers daily dashboard dashboards day days desktop device devices different " +
		"distinct dormant drivers dropped duration during each entry errors event events exceptions feature first flag flags frequent funnel funnels group hour hourly hours how insight insights " +
		"issues journey landing last latency lifecycle list longest many maximum mean median mobile month monthly months most number operating page pages pageviews pathname paths people percent " +
		"percentage percentile performance period persons popular power previous properties property purchases quarter quarterly rate referrer retention returning revenue search segment segments " +
		"session sessions show signups since source spent stickiness subscriptions system tablet the this time times tokens top total trend trends unique usage used users versus views visit " +
		"visitors visits vitals week weekday weekly weeks what which who year yearly yesterday")
}

// mend replaces the words that are neither known nor names by the one known word that is a slip away, and says so.
func (x *Index) mend(toks []token) ([]token, []string) {
	out := slices.Clone(toks)
	var notes []string
	for i, t := range out {
		if !t.word || t.quoted || len(t.text) < 4 || strings.ContainsAny(t.text, "0123456789_$@.") || lexicon(t.text) || x.vocabulary[t.text] || x.known[t.stem] {
			continue
		}
		word := x.nearest(t.text)
		if word == "" {
			continue
		}
		out[i] = token{raw: t.raw, text: word, stem: stem(word), word: true, at: t.at}
		notes = append(notes, fmt.Sprintf("read %s as %q", quoted(t.raw), word))
	}
	return out, notes
}

// nearest is the one word within a slip: a letter too many, missing, wrong, or two swapped; two slips in long words.
func (x *Index) nearest(word string) string {
	best, at, tie := "", 3, false
	most := 1
	if len(word) >= 8 {
		most = 2
	}
	try := func(w string) {
		if len(w) < 4 || w[0] != word[0] || w == best {
			return
		}
		switch d := hogql.EditDistance(word, w, most); {
		case d > most:
		case d < at:
			best, at, tie = w, d, false
		case d == at:
			tie = tie || stem(w) != stem(best)
		}
	}
	for _, w := range lexiconWords() {
		try(w)
	}
	for _, w := range x.spelled[word[0]] {
		try(w)
	}
	if tie {
		return ""
	}
	return best
}
