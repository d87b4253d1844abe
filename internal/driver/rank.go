package driver

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// The tiers of a match, best first. All words of a search must match; the weakest word decides.
const (
	noMatch    = 0
	matchFuzzy = 10 // a typo
	matchForm  = 15 // another form of the word ("subscribe", "subscription")
	matchText  = 20 // in the description only
	matchPart  = 30 // inside a word of the name
	matchWord  = 40 // a word of the name, or how one begins
	matchStart = 50 // the name begins with the search
	matchExact = 60 // the name is the search, but for case and separators
)

// mostPartly is how many items are given that have only some words of a search.
const mostPartly = 15

// needle is a search prepared for many comparisons.
type needle struct {
	flat  string
	words []string
}

func newNeedle(search string) needle { return needle{flatten(search), words(search)} }

// score says how well a name, with its description, fits. 0 is no match.
func (n needle) score(name, text string) int {
	if n.flat == "" {
		return noMatch
	}
	flat := flatten(name)
	switch {
	case flat == n.flat:
		return matchExact
	case strings.HasPrefix(flat, n.flat):
		return matchStart
	}
	it := newHaystack(name, text)
	worst := matchStart
	for _, w := range n.words {
		worst = min(worst, it.score(w))
	}
	return worst
}

// partly says how many words of the search a name, with its description, has, and how well the best of them fits.
// Typos do not count.
func (n needle) partly(name, text string) (count, best int) {
	it := newHaystack(name, text)
	for _, w := range n.words {
		if s := it.score(w); s > matchFuzzy {
			count, best = count+1, max(best, s)
		}
	}
	return count, best
}

// haystack is a name with its description, prepared for many words.
type haystack struct {
	flat      string
	forms     []string
	text      string
	textForms []string
}

func newHaystack(name, text string) haystack {
	return haystack{flatten(name), formsOf(name), strings.ToLower(text), formsOf(text)}
}

// score says how well a word of a search, or another word for the same, fits.
func (h haystack) score(w string) int {
	best := h.scoreWord(w)
	for _, other := range otherWords(w) {
		if s := h.scoreWord(other); s > matchFuzzy && s > best {
			best = max(best, min(s, matchWord)-1)
		}
	}
	return best
}

func (h haystack) scoreWord(w string) int {
	best := noMatch
	for _, f := range h.forms {
		switch {
		case same(w, f) || len(w) > 2 && strings.HasPrefix(f, w):
			return matchWord
		case akin(w, f):
			best = matchForm
		case near(w, f):
			best = max(best, matchFuzzy)
		}
	}
	switch {
	case len(w) > 2 && strings.Contains(h.flat, w):
		return matchPart
	case len(w) > 2 && strings.Contains(h.text, w), slices.ContainsFunc(h.textForms, func(f string) bool { return same(w, f) }):
		return matchText
	}
	return best
}

func same(a, b string) bool { return a == b || stem(a) == stem(b) }

// otherWords are the words that the field, or PostHog's tables and events, use for the same thing.
func otherWords(w string) []string {
	switch stem(w) {
	case "llm":
		return []string{"ai"}
	case "record":
		return []string{"replay"}
	case "error", "crash":
		return []string{"exception"}
	case "register", "registration":
		return []string{"signup"}
	case "visit":
		return []string{"pageview"}
	}
	return nil
}

// near tells words that differ by a typo.
func near(a, b string) bool {
	n := len(a)
	return n >= 4 && distance(a, b) <= n/4+btoi(n >= 6 && n < 8)
}

// akin tells words that differ by their ends only.
func akin(a, b string) bool {
	shared := 0
	for shared < min(len(a), len(b)) && a[shared] == b[shared] {
		shared++
	}
	return shared >= 5 && shared*10 >= len(stem(a))*7
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// formsOf lists what a word of a search is compared with: the words of a name, and two neighbours
// written as one, also in their base form (user_signed_up: "signup").
func formsOf(name string) []string {
	ws := words(name)
	out := slices.Clone(ws)
	for i := 1; i < len(ws); i++ {
		out = append(out, ws[i-1]+ws[i], stem(ws[i-1])+ws[i])
	}
	return out
}

// stem cuts the common English endings, so that forms of one word are equal.
func stem(w string) string {
	if base, ok := strings.CutSuffix(w, "s"); ok && len(base) >= 3 && !strings.HasSuffix(base, "s") {
		w = base
	}
	for _, end := range []string{"ing", "ed", "e"} {
		if base, ok := strings.CutSuffix(w, end); ok && len(base) >= 3 {
			return base
		}
	}
	return w
}

// words splits a name at everything that is no letter or digit, and where small letters meet capitals.
func words(s string) []string {
	var b strings.Builder
	small := false
	for _, r := range s {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			b.WriteByte(' ')
		case unicode.IsUpper(r) && small:
			b.WriteByte(' ')
			fallthrough
		default:
			b.WriteRune(unicode.ToLower(r))
		}
		small = unicode.IsLower(r)
	}
	return strings.Fields(b.String())
}

func flatten(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// match is an item with its rank.
type match struct {
	item  Item
	tier  int
	score int // tier and weight
}

// rank keeps what fits the search, best first: by tier, then by how often an event is seen, then by
// kind and name. What a typo might have meant is left out where anything fits better. Where nothing has all words of
// the search, what has some of them is kept, and partly is true. Without a search everything stays, in the order of
// frequency, kind and name.
func rank(items []Item, search string) (ranked []Item, partly bool) {
	n := newNeedle(search)
	found := make([]match, 0, len(items))
	best := noMatch
	for _, it := range items {
		tier, s := 1, 1
		if search != "" {
			if tier = n.score(it.Name, it.Line+" "+it.Type); tier == noMatch {
				continue
			}
			best = max(best, tier)
			s = tier + weight(it, tier)
		}
		found = append(found, match{it, tier, s})
	}
	if best > matchFuzzy {
		found = slices.DeleteFunc(found, func(m match) bool { return m.tier <= matchFuzzy })
	}
	if len(found) == 0 && len(n.words) > 1 {
		for _, it := range items {
			if count, s := n.partly(it.Name, it.Line+" "+it.Type); count > 0 && it.Kind != KindColumn {
				found = append(found, match{it, s, count*100 + s + weight(it, s)})
			}
		}
		partly = len(found) > 0
	}
	order := map[ObjectKind]int{}
	for i, k := range Kinds() {
		order[k] = i
	}
	slices.SortStableFunc(found, func(a, b match) int {
		return cmp.Or(
			cmp.Compare(b.score, a.score),
			cmp.Compare(countOf(b.item), countOf(a.item)),
			cmp.Compare(order[a.item.Kind], order[b.item.Kind]),
			cmp.Compare(len(a.item.Name), len(b.item.Name))*btoi(search != ""),
			cmp.Compare(a.item.Name, b.item.Name),
			cmp.Compare(a.item.Parent, b.item.Parent),
		)
	})
	if partly {
		found = found[:min(len(found), mostPartly)]
	}
	ranked = make([]Item, len(found))
	for i, m := range found {
		ranked[i] = m.item
	}
	return ranked, partly
}

// weight moves what is asked for most before its tier, and columns behind theirs: an event is meant more
// often than a property that begins alike, and hardly anybody means a column of a system table.
func weight(it Item, score int) int {
	switch {
	case it.Kind == KindEvent && score >= matchPart:
		return 12
	case it.Kind == KindColumn && strings.HasPrefix(it.Parent, "system."):
		return -25
	case it.Kind == KindColumn:
		return -5
	}
	return 0
}

func countOf(it Item) int64 {
	if it.Count == nil {
		return 0
	}
	return *it.Count
}

// nearest gives up to five names that could have been meant, best first.
func nearest(name string, known []string) []string {
	const most = 5
	n := newNeedle(name)
	type candidate struct {
		name  string
		score int
	}
	var found []candidate
	seen := map[string]bool{}
	for _, k := range known {
		s := n.score(k, "")
		if s == noMatch {
			if d := distance(n.flat, flatten(k)); d*3 <= len(n.flat) {
				s = matchFuzzy - d
			}
		}
		if s > noMatch && !seen[k] {
			seen[k] = true
			found = append(found, candidate{k, s})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(len(a.name), len(b.name)), cmp.Compare(a.name, b.name))
	})
	var out []string
	for _, c := range found[:min(len(found), most)] {
		out = append(out, c.name)
	}
	return out
}

// distance is the number of single changes (insert, delete, replace, swap of neighbours) between words.
func distance(a, b string) int {
	before, previous, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, previous, row = previous, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			row[j] = min(previous[j]+1, row[j-1]+1, previous[j-1]+btoi(a[i-1] != b[j-1]))
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
