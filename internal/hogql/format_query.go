package hogql

// isQuery reports whether the pieces from lo to hi are a query.
func (l *layout) isQuery(lo, hi int) bool {
	for lo < hi && l.pieces[lo].kind == kLParen && l.pieces[lo].opens() {
		if end := l.pieces[lo].match + 1; end < hi && !l.isMemberEnd(end) {
			return false
		}
		lo++
	}
	if lo+1 < hi && l.pieces[lo].kind == kLBrace && l.pieces[lo].opens() {
		end := l.pieces[lo].match + 1
		return end < hi && isSetWord(l.pieces[end].kw)
	}
	return lo < hi && (l.pieces[lo].kw == kwSelect || l.pieces[lo].kw == kwWith)
}

// isMemberEnd reports whether piece i may follow a query in parentheses.
func (l *layout) isMemberEnd(i int) bool {
	switch k := l.pieces[i].kw; k {
	case kwOrder, kwLimit, kwOffset:
		return true
	default:
		return isSetWord(k) || l.pieces[i].kind == kRParen || l.pieces[i].kind == kSemi
	}
}

func isSetWord(k keyword) bool { return k == kwUnion || k == kwIntersect || k == kwExcept }

// isWindow reports whether a window's specification begins at piece i.
func (l *layout) isWindow(i int) bool {
	k := l.pieces[i].kw
	return (k == kwPartition || k == kwOrder) && l.pieces[i+1].kw == kwBy
}

// query writes a query, or a window's specification, with each clause on a line.
func (l *layout) query(lo, hi, indent int) {
	clause := kwNone
	cuts := l.split(lo, hi, func(i int) bool {
		if !l.beginsClause(i, clause) {
			return false
		}
		clause = l.clauseWord(i)
		return true
	})
	from := lo
	for _, cut := range append(cuts, hi) {
		if from > lo {
			l.line(from, indent)
		}
		l.clause(from, cut, indent)
		from = cut
	}
}

// clauseWord names the clause that begins at piece i: JOIN for every join.
func (l *layout) clauseWord(i int) keyword {
	if l.joinEnd(i) > i {
		return kwJoin
	}
	return l.pieces[i].kw
}

// joinEnd returns the offset behind the JOIN of the join that begins at piece i, or i if none does.
func (l *layout) joinEnd(i int) int {
	for j := i; ; j++ {
		switch l.pieces[j].kw {
		case kwJoin:
			return j + 1
		case kwLeft, kwRight, kwInner, kwFull, kwCross, kwAny, kwAll, kwAsof, kwSemi, kwAnti, kwOuter, kwNatural, kwPositional, kwArray:
		default:
			return i
		}
	}
}

// isJoinWord reports whether piece i stands within the words of a join.
func (l *layout) isJoinWord(i int) bool { return l.joinEnd(i) > i }

// beginsClause reports whether a clause begins at piece i, while inside the clause that current names.
func (l *layout) beginsClause(i int, current keyword) bool {
	before := l.pieces[i-1].kw
	switch l.pieces[i].kw {
	case kwNone:
		return isSetWord(before) && l.pieces[i].kind != kLBrace && l.pieces[i].kind == kLParen || l.afterSet(i)
	case kwSelect, kwPrewhere, kwWhere, kwHaving, kwQualify, kwWindow, kwLimit, kwUnion, kwIntersect, kwExcept, kwPartition:
		return true
	case kwRows, kwRange:
		return true
	case kwWith:
		return l.afterSet(i)
	case kwFrom:
		return before != kwFill && (before != kwDistinct || i < 2 || l.pieces[i-2].kw != kwIs && l.pieces[i-2].kw != kwNot)
	case kwGroup:
		return before != kwWithin
	case kwOrder:
		return true
	case kwOffset:
		return current != kwFrom && current != kwJoin && current != kwLimit
	}
	return l.isJoinWord(i) && !l.isJoinWord(i-1)
}

// afterSet reports whether a member of a set operation begins at piece i.
func (l *layout) afterSet(i int) bool {
	for i--; i >= 0; i-- {
		switch k := l.pieces[i].kw; {
		case isSetWord(k):
			return true
		case k != kwAll && k != kwDistinct && k != kwBy && k != kwName:
			return false
		}
	}
	return false
}

// clause writes one clause: its words, then what they are about.
func (l *layout) clause(lo, hi, indent int) {
	body := lo
	for body < hi && l.isHead(body, lo) {
		body++
	}
	if body == lo { // a query in parentheses, or a placeholder
		l.linear(lo, hi, indent, 0)
		return
	}
	l.flat(lo, body)
	if body == hi {
		return
	}
	broken := l.breaks[body+1] > l.breaks[body]
	if !broken && l.fits(body, hi, 0) {
		l.flat(body, hi)
		return
	}
	switch l.clauseWord(lo) {
	case kwJoin:
		l.joinBody(body, hi, indent)
	case kwWith:
		l.items(body, hi, indent)
	case kwSelect, kwFrom, kwGroup, kwOrder, kwPartition, kwWindow:
		cuts := l.split(body, hi, func(i int) bool { return l.pieces[i-1].kind == kComma })
		if broken || len(cuts) > 0 {
			l.line(body, indent+4)
			l.items(body, hi, indent+4)
			return
		}
		l.item(body, hi, indent, 4)
	default:
		if broken {
			l.line(body, indent+4)
			l.expr(body, hi, indent+4, 0, 0)
			return
		}
		l.expr(body, hi, indent, 4, 0)
	}
}

// isHead reports whether piece i is one of the words with which the clause that begins at lo begins.
func (l *layout) isHead(i, lo int) bool {
	k := l.pieces[i].kw
	if i == lo {
		return k != kwNone && k != kwCase
	}
	first := l.pieces[lo].kw
	switch {
	case l.joinEnd(lo) > lo:
		return i < l.joinEnd(lo)
	case isSetWord(first):
		return k == kwAll || k == kwDistinct || k == kwBy || k == kwName
	}
	switch k {
	case kwBy:
		return i == lo+1
	case kwDistinct:
		return first == kwSelect && i == lo+1
	case kwRecursive:
		return first == kwWith && i == lo+1
	}
	return false
}

// joinBody writes the table of a join, and its condition on a line of its own where both do not fit.
func (l *layout) joinBody(lo, hi, indent int) {
	cuts := l.split(lo, hi, func(i int) bool { return l.pieces[i].kw == kwOn || l.pieces[i].kw == kwUsing })
	if len(cuts) == 0 {
		l.items(lo, hi, indent)
		return
	}
	on := cuts[0]
	l.linear(lo, on, indent, 0)
	if l.fits(on, hi, 0) {
		l.flat(on, hi)
		return
	}
	l.line(on, indent+4)
	l.put(on)
	l.expr(on+1, hi, indent+4, 4, 0)
}
