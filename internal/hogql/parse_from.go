package hogql

// joinTree reads the members of FROM up to the first clause word.
func (p *parser) joinTree() []*Join {
	open := len(p.openJoins)
	list := p.joinChain(p.joinItem(p.slabs.from.list()), 0, open)
	p.openJoins = p.openJoins[:open]
	return list
}

// joinChain reads the joins behind the members already read, which are list[base:]. Of p.openJoins it may close
// those from open on.
func (p *parser) joinChain(list []*Join, base, open int) []*Join {
	for !p.failed {
		if p.pivotAt() { // of all that stands before it
			start := list[base].Start
			j := &Join{Table: &JoinTree{Span: p.span(start), Joins: p.slabs.from.keep(list[base:])}}
			p.pivot(j, start)
			j.Span = p.span(start)
			list = append(list[:base], j)
			p.openJoins = p.openJoins[:open]
			continue
		}
		n := len(list)
		if p.tok.kind == kComma {
			p.next()
			if list = p.joinItem(list); p.failed {
				return nil
			}
			list[n].Kind, list[n].Comma = "CROSS JOIN", true
			continue
		}
		if p.is(kwOn) || p.is(kwUsing) {
			if j := p.openJoin(open); j != nil {
				p.joinCondition(j) // a JOIN b JOIN c ON x ON y
				continue
			}
		}
		kind, natural := p.joinKind()
		if kind == "" {
			break
		}
		if list = p.joined(list, kind, natural); p.failed {
			return nil
		}
	}
	return list
}

// joined reads the table or tables behind JOIN, and their condition.
func (p *parser) joined(list []*Join, kind string, natural bool) []*Join {
	n, place := len(list), len(p.openJoins)
	tree := p.tok.kind == kLParen
	if tree { // its own open joins stand behind it
		p.openJoins = append(p.openJoins, nil)
	}
	if list = p.joinItem(list); p.failed {
		return nil
	}
	j := list[n]
	j.Kind, j.Natural = kind, natural
	if kind == "CROSS JOIN" {
		return list
	}
	p.joinCondition(j)
	switch {
	case j.On != nil || j.Using != nil:
	case tree:
		p.openJoins[place] = j
	default:
		p.openJoins = append(p.openJoins, j)
	}
	return list
}

// openJoin takes the last of the joins from open on that has no condition and may have one, nil where there is
// none.
func (p *parser) openJoin(open int) *Join {
	for last := len(p.openJoins) - 1; last >= open; last-- {
		j := p.openJoins[last]
		p.openJoins = p.openJoins[:last]
		if j != nil {
			return j
		}
	}
	return nil
}

// strictness returns the strictness that k names with a blank behind it, "" for other words.
func strictness(k keyword) string {
	switch k {
	case kwAny:
		return "ANY "
	case kwAll:
		return "ALL "
	case kwAsof:
		return "ASOF "
	case kwSemi:
		return "SEMI "
	case kwAnti:
		return "ANTI "
	}
	return ""
}

// joinKind reads the words of a join and returns PostHog's name of it, "" where there is none.
func (p *parser) joinKind() (kind string, natural bool) {
	if (p.is(kwLeft) || p.is(kwInner)) && p.peek().kw == kwArray {
		return "", false
	}
	natural = p.accept(kwNatural)
	strict := strictness(p.tok.kw)
	first := p.tok
	if strict != "" {
		p.next()
	}
	switch p.tok.kw {
	case kwCross, kwPositional:
		if strict == "" && !natural {
			kind = "CROSS "
			if p.is(kwPositional) {
				kind = "POSITIONAL "
			}
			p.next()
		}
	case kwInner:
		p.next()
		if strict == "" {
			strict = p.strictAfter()
		}
		if strict == "SEMI " || strict == "ANTI " {
			p.failAt(first, failJoinKind, "")
		}
		kind = strict + "INNER "
	case kwLeft, kwRight, kwFull:
		switch p.tok.kw {
		case kwLeft:
			kind = "LEFT "
		case kwRight:
			kind = "RIGHT "
		default:
			kind = "FULL "
		}
		p.next()
		if p.accept(kwOuter) {
			kind += "OUTER "
		}
		if strict == "" {
			strict = p.strictAfter()
		}
		if kind[0] == 'F' && (strict == "SEMI " || strict == "ANTI ") {
			p.failAt(first, failJoinKind, "")
		}
		kind += strict
	case kwSemi, kwAnti:
		if strict == "ASOF " {
			kind = strict + strictness(p.tok.kw)
			p.next()
		}
	default:
		kind = strict
		if strict != "" && strict != "SEMI " && strict != "ANTI " {
			kind += "INNER "
		}
	}
	if !p.is(kwJoin) {
		if kind != "" || natural || strict != "" {
			p.failWant("JOIN")
		}
		return "", false
	}
	p.next()
	return joinName(kind), natural
}

// joinName returns the name of a kind of join; the usual ones cost nothing.
func joinName(kind string) string {
	switch kind {
	case "":
		return "JOIN"
	case "LEFT ":
		return "LEFT JOIN"
	case "INNER ":
		return "INNER JOIN"
	case "CROSS ":
		return "CROSS JOIN"
	case "RIGHT ":
		return "RIGHT JOIN"
	case "FULL ":
		return "FULL JOIN"
	}
	return kind + "JOIN"
}

func (p *parser) strictAfter() string {
	s := strictness(p.tok.kw)
	if s != "" {
		p.next()
	}
	return s
}

// joinCondition reads ON or USING.
func (p *parser) joinCondition(j *Join) {
	switch {
	case p.accept(kwOn):
		j.On = p.expr()
		p.onTail()
	case p.is(kwUsing):
		p.next()
		if p.tok.kind != kLParen {
			j.Using = p.usingList()
			break
		}
		open := p.tok.start
		p.next()
		j.Using = p.exprList(kRParen)
		if len(j.Using) == 0 {
			p.failWant("a column")
		}
		p.close(kRParen, open)
		j.Span = p.span(j.Start)
		if p.tok.kind == kComma && p.after(p.tok).kind == kEOF {
			p.next()
		}
		return
	default:
		return
	}
	j.Span = p.span(j.Start)
}

// usingList reads USING a, b; where no expression ends as one behind a comma, the comma belongs to FROM.
func (p *parser) usingList() []Expr {
	list := []Expr{p.expr()}
	for p.tok.kind == kComma && !p.failed {
		m := p.mark()
		p.next()
		if p.listEnds() {
			break
		}
		x := p.expr()
		if p.failed || p.tok.kind != kComma && !p.endsSelect(p.tok) && !isJoinWord(p.tok.kw) && !p.is(kwSample) {
			p.reset(m)
			break
		}
		list = append(list, x)
	}
	return list
}

// onTail reads a comma that ends ON. PostHog refuses ON a, b; where no expression ends as one here, the
// comma belongs to FROM.
func (p *parser) onTail() {
	if p.tok.kind != kComma || p.failed {
		return
	}
	m := p.mark()
	p.next()
	if p.listEnds() {
		return
	}
	p.expr()
	list := !p.failed && (p.tok.kind == kComma || p.endsSelect(p.tok) || isJoinWord(p.tok.kw))
	if p.reset(m) && list {
		p.failAt(m.tok, failOnList, "")
	}
}

func isJoinWord(k keyword) bool {
	switch k {
	case kwJoin, kwLeft, kwRight, kwFull, kwInner, kwCross, kwNatural, kwPositional, kwArray:
		return true
	}
	return strictness(k) != ""
}

// joinItem reads one table with what belongs to it and appends it to list; parentheses may hold several.
func (p *parser) joinItem(list []*Join) []*Join {
	start := p.tok.start
	if !p.enter() {
		return nil
	}
	table, list := p.tablePrimary(list)
	p.leave()
	p.count()
	if p.failed {
		return nil
	}
	if table == nil {
		return list
	}
	j := p.slabs.joins.one()
	j.Table = table
	p.tableAliases(j)
	for p.pivotAt() {
		p.pivot(j, start)
		p.tableAliases(j)
	}
	j.Final = p.accept(kwFinal)
	if p.is(kwSample) {
		j.Sample = p.sample()
	}
	j.Span = p.span(start)
	return append(list, j)
}

// tableAliases reads [AS] name [(column, …)]; the last of several counts.
func (p *parser) tableAliases(j *Join) {
	for !p.failed {
		t := p.tok
		switch {
		case t.kw == kwAs:
			p.next()
		case t.kind == kQuoted:
		case t.kind == kIdent && (t.kw == kwNone || keywords[t.kw].flags&kwTabAlias != 0):
		default:
			return
		}
		name := p.aliasName("an alias")
		j.Alias, j.Columns = p.slabs.idents.one(), nil
		*j.Alias = name
		if p.tok.kind == kLParen {
			j.Columns = p.names("a column's name", false)
		}
	}
}
