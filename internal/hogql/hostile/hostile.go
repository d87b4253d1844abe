// Package hostile holds texts that are meant to cost a parser of HogQL more than they should: each construct of
// the language nested, repeated or never closed, in any size.
package hostile

import "strings"

// Attack is a text of any size.
type Attack struct {
	Name   string
	Head   string
	Repeat string // as often as the size allows
	Tail   string
	Close  string // behind the tail, once for each Repeat
}

// Text returns the attack with about that many bytes, and never more where at least one Repeat fits.
func (a Attack) Text(size int) string {
	n := max(1, (size-len(a.Head)-len(a.Tail))/(len(a.Repeat)+len(a.Close)))
	return a.Head + strings.Repeat(a.Repeat, n) + a.Tail + strings.Repeat(a.Close, n)
}

// Attacks returns all of them.
func Attacks() []Attack {
	var all []Attack
	for _, list := range [][]Attack{nestedExprs, nestedQueries, chains, lists, clauses, tokens} {
		all = append(all, list...)
	}
	return all
}
