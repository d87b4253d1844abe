package ask

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
)

// token is a word, number, quoted text or mark of a question.
type token struct {
	raw    string // as written; without the quotes of a quoted text
	text   string // in lower case, with a misspelling mended
	stem   string
	quoted bool
	word   bool // letters, digits, _ and $
	at     int  // where it begins in the question, in code points
	used   bool
	glued  bool // to the token before, by a hyphen
}

// tokenize cuts a question into tokens. A hyphen or an apostrophe inside a word ends it; "'s" is dropped; arrows are
// one mark.
func tokenize(s string) []token {
	var out []token
	rs := []rune(s)
	for i := 0; i < len(rs); {
		r := rs[i]
		switch {
		case unicode.IsSpace(r):
			i++
		case closing(r) != 0 && quoteEnd(rs, i) > 0:
			end := quoteEnd(rs, i)
			raw := string(rs[i+1 : end])
			out = append(out, token{raw: raw, text: strings.ToLower(raw), quoted: true, at: i})
			i = end + 1
		case wordRune(r) || r == '.' && i+1 < len(rs) && unicode.IsDigit(rs[i+1]):
			j := i + 1
			for j < len(rs) && (wordRune(rs[j]) || inNumber(rs, j) || inName(rs, j)) {
				j++
			}
			out = append(out, newWord(string(rs[i:j]), i))
			i = j
		case (r == '\'' || r == '’') && i > 0 && (rs[i-1] == 'n' || rs[i-1] == 'N') && i+1 < len(rs) && (rs[i+1] == 't' || rs[i+1] == 'T') && (i+2 == len(rs) || !wordRune(rs[i+2])):
			last := &out[len(out)-1] // didn't: did not
			last.text = strings.TrimSuffix(last.text, "n")
			switch last.text {
			case "ca":
				last.text = "can"
			case "wo":
				last.text = "will"
			}
			last.stem = stem(last.text)
			out = append(out, newWord("not", i))
			i += 2
		case (r == '\'' || r == '’') && i+1 < len(rs) && (rs[i+1] == 's' || rs[i+1] == 'S') && (i+2 == len(rs) || !wordRune(rs[i+2])):
			i += 2
		default:
			j := i + 1
			for j < len(rs) && strings.ContainsRune("-=><!", r) && strings.ContainsRune("=>", rs[j]) {
				j++
			}
			mark := string(rs[i:j])
			if mark == "→" || mark == "=>" || mark == ">>" || mark == "⇒" {
				mark = "->"
			}
			out = append(out, token{raw: mark, text: mark, at: i})
			i = j
		}
	}
	return out
}

// end is where an unquoted token ends.
func (t token) end() int { return t.at + len([]rune(t.raw)) }

func newWord(raw string, at int) token {
	text := strings.ToLower(raw)
	return token{raw: raw, text: text, stem: stem(text), word: true, at: at}
}

func wordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '_' || r == '$' || r == '@'
}

// inNumber tells the point or comma of a number: 9.99, 1,000.
func inNumber(rs []rune, i int) bool {
	return (rs[i] == '.' || rs[i] == ',') && i > 0 && i+1 < len(rs) && unicode.IsDigit(rs[i-1]) && unicode.IsDigit(rs[i+1])
}

// inName tells the marks inside an address, an ISO date or a dotted name: ann@example.com, 2026-05-01.
func inName(rs []rune, i int) bool {
	if i == 0 || i+1 >= len(rs) || !wordRune(rs[i-1]) || !wordRune(rs[i+1]) {
		return false
	}
	switch rs[i] {
	case '.':
		return true
	case '-':
		if unicode.IsDigit(rs[i-1]) && unicode.IsDigit(rs[i+1]) {
			return true
		}
		for j := i; j >= 0 && !unicode.IsSpace(rs[j]); j-- { // an address may have hyphens
			if rs[j] == '@' {
				return true
			}
		}
	}
	return false
}

func closing(r rune) rune {
	switch r {
	case '"', '\'', '`':
		return r
	case '“':
		return '”'
	case '‘':
		return '’'
	}
	return 0
}

// quoteEnd is where the quoted text ends that begins at i; 0 where it does not begin one.
func quoteEnd(rs []rune, i int) int {
	if i > 0 && wordRune(rs[i-1]) { // an apostrophe
		return 0
	}
	want := closing(rs[i])
	for j := i + 1; j < len(rs); j++ {
		if rs[j] == want && (j+1 == len(rs) || !wordRune(rs[j+1])) {
			if j == i+1 {
				return 0
			}
			return j
		}
	}
	return 0
}

// stem is a word without its ending, so that forms of one word are equal.
func stem(word string) string {
	switch word {
	case "usage", "uses", "using", "used":
		return "use"
	case "subscription", "subscriptions", "subscriber", "subscribers":
		return "subscrib"
	case "rental", "rentals":
		return "rent"
	case "bought":
		return "buy"
	case "paid", "payer", "payers":
		return "pay"
	case "addition", "additions":
		return "ad"
	case "removal", "removals":
		return "remov"
	case "submission", "submissions":
		return "submit"
	case "sent":
		return "send"
	case "views", "viewer", "viewers":
		return "view"
	case "searcher", "searchers":
		return "search"
	case "visitor", "visitors":
		return "visit"
	case "watcher", "watchers":
		return "watch"
	case "buyer", "buyers":
		return "buy"
	case "purchaser", "purchasers":
		return "purchas"
	case "reviewer", "reviewers":
		return "review"
	case "retention", "retained":
		return "retain"
	}
	if strings.ContainsAny(word, "0123456789_$@.") {
		return word
	}
	env := snowballstem.NewEnv(word)
	english.Stem(env)
	return env.Current()
}

// number reads a token as a number: digits, or a word up to twelve.
func (t token) number() (float64, bool) {
	if t.quoted {
		return 0, false
	}
	words := []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}
	for i, w := range words {
		if t.text == w {
			return float64(i), true
		}
	}
	switch t.text {
	case "fifteen":
		return 15, true
	case "twenty":
		return 20, true
	case "thirty":
		return 30, true
	case "sixty":
		return 60, true
	case "ninety":
		return 90, true
	case "hundred":
		return 100, true
	}
	digits := strings.ReplaceAll(t.text, ",", "")
	if digits == "" || digits[0] < '0' || digits[0] > '9' {
		return 0, false
	}
	f, err := strconv.ParseFloat(digits, 64)
	return f, err == nil
}

// nameWords cuts the name of an event or property into words: user_signed_up, movieViewed, $pageview.
func nameWords(name string) []string {
	var out []string
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			out = append(out, strings.ToLower(b.String()))
			b.Reset()
		}
	}
	lower := false
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			lower = false
			continue
		case unicode.IsUpper(r) && lower:
			flush()
		}
		lower = unicode.IsLower(r)
		b.WriteRune(r)
	}
	flush()
	return out
}
