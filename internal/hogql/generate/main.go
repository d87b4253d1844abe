// generate prints random HogQL for the comparison with PostHog's own parser: one JSON object per line, the same
// ones for the same seed. Half of them come from the grammar as they are; the other half had one token dropped,
// doubled, swapped with its neighbour or mistyped.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
)

// text is one line of output, as `posthog-mcp hogql parse --jsonl` reads it.
type text struct {
	ID   string `json:"id"`
	Rule string `json:"rule"`
	Text string `json:"text"`
	Kind string `json:"kind"` // valid, dropped, doubled, swapped, mistyped
}

func main() {
	n := flag.Int("n", 20_000, "how many texts")
	seed := flag.Uint64("seed", 1, "what the texts follow from")
	flag.Parse()
	out := bufio.NewWriter(os.Stdout)
	err := write(out, *n, *seed)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// write writes n texts.
func write(w io.Writer, n int, seed uint64) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for i := range n {
		r := rand.New(rand.NewPCG(seed, uint64(i))) //nolint:gosec // repeatable on purpose
		if err := e.Encode(one(r, i)); err != nil {
			return err
		}
	}
	return nil
}

// one makes the i-th text.
func one(r *rand.Rand, i int) text {
	g := &grammar{Rand: r, budget: 12 + r.IntN(50)}
	t := text{ID: fmt.Sprintf("r%06d", i), Rule: "select", Kind: "valid"}
	if r.IntN(4) == 0 {
		t.Rule = "expr"
		g.expr()
	} else {
		g.statement()
	}
	if i%2 == 1 {
		t.Kind = g.mutate()
	}
	t.Text = g.join()
	return t
}

// mutate changes one token and returns what it did.
func (g *grammar) mutate() string {
	i := g.IntN(len(g.tokens))
	switch g.IntN(4) {
	case 0:
		g.tokens = append(g.tokens[:i], g.tokens[i+1:]...)
		return "dropped"
	case 1:
		g.tokens = append(g.tokens[:i+1], g.tokens[i:]...)
		return "doubled"
	case 2:
		if i+1 < len(g.tokens) {
			g.tokens[i], g.tokens[i+1] = g.tokens[i+1], g.tokens[i]
		}
		return "swapped"
	}
	g.tokens[i] = g.mistype(g.tokens[i])
	return "mistyped"
}

// mistype changes one character of a token, or puts another token in its place.
func (g *grammar) mistype(token string) string {
	letters := []byte("abcesx019_.,;:()[]{}<>=!*+-/%|?#'\"`\\ $@")
	at := g.IntN(len(token))
	switch g.IntN(3) {
	case 0:
		return token[:at] + token[at+1:]
	case 1:
		return token[:at] + string(letters[g.IntN(len(letters))]) + token[at:]
	}
	return g.pick(words...)
}

// join writes the tokens as a text, mostly with blanks between them.
func (g *grammar) join() string {
	var b strings.Builder
	tight := g.IntN(4) == 0
	for i, t := range g.tokens {
		switch {
		case i == 0:
		case tight && (!wordy(g.tokens[i-1]) || !wordy(t)):
		case g.IntN(40) == 0:
			b.WriteString(g.pick("\n", "\t", "  ", " /* c */ ", " -- c\n", "\r\n"))
		default:
			b.WriteByte(' ')
		}
		b.WriteString(t)
	}
	return b.String()
}

// wordy reports whether t would run together with another word.
func wordy(t string) bool {
	if t == "" {
		return false
	}
	c := t[len(t)-1]
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '$' || c == '.' || t[0] >= '0' && t[0] <= '9'
}
