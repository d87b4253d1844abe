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
	matchFuzzy = 10 // a typo or another form of the word
	matchText  = 20 // in the description only
	matchPart  = 30 // inside a word of the name
	matchWord  = 40 // a word of the name, or how one begins
	matchStart = 50 // the name begins with the search
	matchExact = 60 // the name is the search, but for case and separators
)

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
	forms := formsOf(name)
	text = strings.ToLower(text)
	worst := matchStart
	for _, w := range n.words {
		worst = min(worst, scoreWord(w, forms, flat, text))
	}
	return worst
}

func scoreWord(w string, forms []string, flat, text string) int {
	best := noMatch
	for _, f := range forms {
		switch {
		case f == w || stem(f) == stem(w) || len(w) > 2 && strings.HasPrefix(f, w):
			return matchWord
		case near(w, f):
			best = matchFuzzy
		}
	}
	switch {
	case len(w) > 2 && strings.Contains(flat, w):
		return matchPart
	case len(w) > 2 && strings.Contains(text, w):
		return matchText
	}
	return best
}

// near tells words that differ by a typo, or by their ends only ("subscribe", "subscription").
func near(a, b string) bool {
	if n := len(a); n >= 4 && distance(a, b) <= n/4+btoi(n >= 6 && n < 8) {
		return true
	}
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
	for _, end := range []string{"ing", "ed", "es", "s", "e"} {
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
	score int
}

// rank keeps what fits the search, best first: by tier, then by how often an event is seen, then by
// kind and name. Without a search everything stays, in the order of frequency, kind and name.
func rank(items []Item, search string) []Item {
	n := newNeedle(search)
	found := make([]match, 0, len(items))
	for _, it := range items {
		s := 1
		if search != "" {
			if s = n.score(it.Name, it.Line); s == noMatch {
				continue
			}
			s += weight(it, s)
		}
		found = append(found, match{it, s})
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
	out := make([]Item, len(found))
	for i, m := range found {
		out[i] = m.item
	}
	return out
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
