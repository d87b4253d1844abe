package hogql

import (
	_ "embed"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed functions.txt
var functionsText string

// Function is one function that PostHog lets HogQL call.
type Function struct {
	Name                 string
	Kind                 string // "aggregate", "window", "datetime", "string", …
	MinArgs, MaxArgs     int    // MaxArgs is -1 without bound
	MinParams, MaxParams int    // of the first list of quantile(0.9)(x); MaxParams is -1 without bound
	Aggregate            bool
	Window               bool // only with OVER
	CaseSensitive        bool
	TZAware              bool // PostHog appends the project's time zone
	WithinGroup          bool // needs WITHIN GROUP (ORDER BY …)
}

// functions reads the table once.
var functions = sync.OnceValue(func() map[string]Function {
	table := make(map[string]Function, 1200)
	for line := range strings.Lines(functionsText) {
		if f, ok := parseFunction(strings.TrimSpace(line)); ok {
			table[f.Name] = f
		}
	}
	return table
})

func parseFunction(line string) (Function, bool) {
	f := strings.SplitN(line, " ", 7)
	if len(f) < 7 || f[0] == "#" {
		return Function{}, false
	}
	fn := Function{
		Name: f[0], Kind: f[6], MinArgs: max(bound(f[1]), 0), MaxArgs: bound(f[2]), MinParams: max(bound(f[3]), 0), MaxParams: bound(f[4]),
		Aggregate: strings.Contains(f[5], "a"), CaseSensitive: !strings.Contains(f[5], "i"), TZAware: strings.Contains(f[5], "z"),
		WithinGroup: strings.Contains(f[5], "g"), Window: f[6] == "window",
	}
	if strings.Contains(f[5], "p") {
		fn.MinParams, fn.MaxParams = 0, -1
	}
	return fn, true
}

func bound(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

// LookupFunction returns the function that HogQL finds under name: the one spelled so, else the one
// spelled so in lower case if that one takes any case. Aggregates with combinators (sumIf, uniqState, …)
// are in the table as PostHog generates them.
func LookupFunction(name string) (Function, bool) {
	table := functions()
	if f, ok := table[name]; ok {
		return f, true
	}
	f, ok := table[strings.ToLower(name)]
	if !ok || f.CaseSensitive {
		return Function{}, false
	}
	return f, true
}

// FunctionNames returns the names of all functions, sorted.
func FunctionNames() []string { return slices.Sorted(maps.Keys(functions())) }

// Nearest returns up to limit of the candidates that name may have been meant for, best first: those that
// differ in case only, then by edit distance, at most a third of the name's length.
func Nearest(name string, candidates iter.Seq[string], limit int) []string {
	type match struct {
		name     string
		distance int
	}
	var found []match
	lower := strings.ToLower(name)
	most := max(1, len([]rune(name))/3)
	for c := range candidates {
		if d := EditDistance(lower, strings.ToLower(c), most); d <= most && c != name {
			found = append(found, match{c, d})
		}
	}
	slices.SortFunc(found, func(a, b match) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.name, b.name)
	})
	var names []string
	for _, m := range found[:min(limit, len(found))] {
		names = append(names, m.name)
	}
	return names
}

// EditDistance counts the letters to insert, delete, replace or swap with their neighbour to get from a to
// b; most+1 stands for more than most.
func EditDistance(a, b string, most int) int {
	x, y := []rune(a), []rune(b)
	if d := len(x) - len(y); d > most || -d > most {
		return most + 1
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		best := i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			best = min(best, row[j])
		}
		if best > most {
			return most + 1
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
