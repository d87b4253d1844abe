package hogql

import (
	"fmt"
	"slices"
	"strings"
)

// clauseRank orders the clauses of SELECT; 0 for other words.
func clauseRank(k keyword) int {
	for i, w := range []keyword{kwWith, kwSelect, kwFrom, kwJoin, kwPrewhere, kwWhere, kwGroup, kwHaving, kwQualify, kwWindow, kwOrder, kwLimit, kwOffset} {
		if k == w {
			return i + 1
		}
	}
	return 0
}

// orderSlip knows clauses in the wrong order.
func (d *diagnosis) orderSlip() bool {
	t := d.f.tok
	k := t.kw
	if k == kwLeft || k == kwRight || k == kwInner || k == kwFull || k == kwCross {
		k = kwJoin
	}
	rank := clauseRank(k)
	if rank < 3 {
		return false
	}
	depth := 0
	for i := len(d.before) - 1; i >= 0; i-- {
		b := d.before[i]
		switch b.kind {
		case kRParen:
			depth++
		case kLParen:
			depth--
		}
		if depth < 0 || depth == 0 && b.kw == kwSelect {
			break
		}
		if r := clauseRank(b.kw); depth == 0 && r >= rank && b.kw != kwWith {
			if r == rank && b.kw != kwJoin {
				d.message = fmt.Sprintf("there is a second %s", clauseText(k))
				if k == kwWhere && !slices.ContainsFunc(d.before[i:], func(t token) bool { return t.kw == kwOr || clauseRank(t.kw) > rank }) {
					d.offer(t.start, t.end, "AND", "WHERE a AND b")
				}
				return true
			}
			if r > rank {
				d.message = fmt.Sprintf("%s must stand before %s", clauseText(k), d.firstAfter(i, rank))
				d.hint = "SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT …"
				d.reorder(i)
				return true
			}
		}
	}
	return false
}

// firstAfter names the earliest clause before token i, in the same query, that comes behind rank.
func (d *diagnosis) firstAfter(i, rank int) string {
	name := clauseText(d.before[i].kw)
	depth := 0
	for ; i >= 0; i-- {
		b := d.before[i]
		switch b.kind {
		case kRParen:
			depth++
		case kLParen:
			depth--
		}
		if depth < 0 || depth == 0 && b.kw == kwSelect {
			break
		}
		if depth == 0 && clauseRank(b.kw) > rank {
			name = clauseText(b.kw)
		}
	}
	return name
}

func clauseText(k keyword) string {
	text := strings.ToUpper(keywords[k].text)
	if k == kwOrder || k == kwGroup {
		text += " BY"
	}
	return text
}

// commaClause knows FROM t, WHERE x = 1: behind the comma WHERE was read as a table.
func (d *diagnosis) commaClause() bool {
	for i := len(d.before) - 1; i >= max(0, len(d.before)-4); i-- {
		next := d.f.tok
		if i+1 < len(d.before) {
			next = d.before[i+1]
		}
		comma := d.before[i]
		if comma.kind != kComma || !isClauseWord(next.kw) || next.kw == kwSelect || !d.offer(comma.start, comma.end, "", "") {
			continue
		}
		d.at = comma
		d.message = fmt.Sprintf("expected a table behind the comma, found %s", strings.ToUpper(d.text(next)))
		return true
	}
	return false
}

// isFetch reports whether FETCH and this word begin the clause of other dialects.
func isFetch(word string) bool {
	return strings.EqualFold(word, "first") || strings.EqualFold(word, "next")
}

// fetch explains FETCH FIRST 10 ROWS ONLY, of which n is the number.
func (d *diagnosis) fetch(n token) {
	d.message = "FETCH FIRST is not HogQL"
	count := "1"
	if n.kind == kInt {
		count = d.text(n)
	}
	d.offer(d.at.start, int32(len(d.src)), "LIMIT "+count, "LIMIT 10")
}
