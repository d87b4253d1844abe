package hogql

import (
	"fmt"
	"strings"
)

// matching returns the index of the bracket in before that the one at i closes, or -1.
func (d *diagnosis) matching(i int) int {
	depth := 0
	for ; i >= 0; i-- {
		switch d.before[i].kind {
		case kRParen, kRBracket, kRBrace:
			depth++
		case kLParen, kLBracket, kLBrace:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// operandStart returns the index in before of the first token of the operand that ends with before[i], or -1
// where there is none: a name, a literal, a call, something in brackets, with all that hangs on it.
func (d *diagnosis) operandStart(i int) int {
	for i >= 0 && endsOperand(d.before[i]) {
		switch t := d.before[i]; t.kind {
		case kRParen, kRBracket, kRBrace:
			open := d.matching(i)
			if open < 0 {
				return -1
			}
			callee := open > 0 && endsOperand(d.before[open-1]) && (d.before[open-1].kind != kIdent || !isOperatorWord(d.before[open-1].kw))
			if t.kind == kRBrace || !callee {
				return open
			}
			i = open - 1
		default:
			if t.kind == kIdent && isOperatorWord(t.kw) && (i == 0 || d.before[i-1].kind != kDot) {
				return -1
			}
			if i == 0 || d.before[i-1].kind != kDot && d.before[i-1].kind != kColons {
				return i
			}
			i -= 2
		}
	}
	return -1
}

// isOperatorWord reports whether a word of the grammar stands between operands rather than for one.
func isOperatorWord(k keyword) bool {
	switch k {
	case kwAnd, kwOr, kwNot, kwIn, kwLike, kwIlike, kwBetween, kwIs, kwWhen, kwThen, kwElse, kwCase, kwOn, kwBy, kwDistinct, kwAs, kwUsing:
		return true
	}
	return clauseRank(k) > 0
}

// operandEnd returns the offset behind the operand that begins with t, or t.start where none does.
func (d *diagnosis) operandEnd(t token) int32 {
	if t.kind == kMinus {
		t = d.after(t)
	}
	var end int32
	switch {
	case t.kind == kLParen, t.kind == kLBracket, t.kind == kLBrace:
		end = d.groupEnd(t)
	case endsOperand(t) && (t.kind != kIdent || !isOperatorWord(t.kw)):
		end = t.end
	default:
		return t.start
	}
	for {
		next := scan(d.src, int(end))
		switch {
		case next.kind == kDot, next.kind == kColons:
			end = d.after(next).end
		case (next.kind == kLParen || next.kind == kLBracket) && next.start == end:
			group := d.groupEnd(next)
			if group <= end {
				return end
			}
			end = group
		default:
			return end
		}
	}
}

// groupEnd returns the offset behind the bracket that open opens, or its start where it is not closed.
func (d *diagnosis) groupEnd(open token) int32 {
	depth := 0
	for t := open; t.kind != kEOF; t = d.after(t) {
		switch t.kind {
		case kLParen, kLBracket, kLBrace:
			depth++
		case kRParen, kRBracket, kRBrace:
			if depth--; depth == 0 {
				return t.end
			}
		}
	}
	return open.start
}

// operands offers form, with its two %s replaced by the operands of the operator between the offsets start and
// end; left is the index in before of the last token of the left one. Other operators beside them, which may
// bind tighter, make the meaning uncertain: then only the advice is given.
func (d *diagnosis) operands(left int, end int32, form, advice string) {
	first := d.operandStart(left)
	right := scan(d.src, int(end))
	last := d.operandEnd(right)
	d.hint = advice
	if first < 0 || last <= right.start {
		return
	}
	if first > 0 && isArithmetic(d.before[first-1].kind) || isArithmetic(scan(d.src, int(last)).kind) {
		return
	}
	x, y := d.src[d.before[first].start:d.before[left].end], d.src[right.start:last]
	d.offer(d.before[first].start, last, fmt.Sprintf(form, x, y), advice)
}

func isArithmetic(k kind) bool {
	op := symbolOps[k]
	return op >= OpAdd && op <= OpConcat
}

// foreignOperator explains an operator of another dialect that stands behind the operand that ends at
// before[left].
func (d *diagnosis) foreignOperator(word token, left int) {
	name := strings.ToLower(d.text(word))
	d.at = word
	d.message = fmt.Sprintf("%s is not HogQL", strings.ToUpper(name))
	advice := foreign[name]
	d.hint = advice
	if left < 0 {
		return
	}
	not := ""
	if d.before[left].kw == kwNot && left > 0 {
		not, left = "NOT ", left-1
	}
	switch name {
	case "rlike", "regexp":
		d.operands(left, word.end, not+"match(%s, %s)", advice)
	case "div":
		d.operands(left, word.end, "intDiv(%s, %s)", advice)
	case "mod":
		d.offer(word.start, word.end, "%", advice)
	case "isnull":
		d.offer(word.start, word.end, "IS NULL", advice)
	case "notnull":
		d.offer(word.start, word.end, "IS NOT NULL", advice)
	case "minus":
		d.offer(word.start, word.end, "EXCEPT", advice)
	case "for", "format":
		d.offer(word.start, int32(len(d.src)), "", advice)
	case "collate":
		d.offer(word.start, d.after(word).end, "", advice)
	case "escape":
		d.escapeClause(word, left)
	case "glob":
		if s := d.after(word); s.kind == kString && !strings.ContainsAny(d.text(s), "%_[\\") {
			d.offer(word.start, s.end, "LIKE "+strings.NewReplacer("*", "%", "?", "_").Replace(d.text(s)), advice)
		}
	}
}

// escapeClause rewrites LIKE '50!%' ESCAPE '!', whose escape is always the backslash here.
func (d *diagnosis) escapeClause(word token, left int) {
	mark, pattern := d.after(word), d.before[left]
	if mark.kind != kString || pattern.kind != kString {
		return
	}
	char := unquote(d.src[mark.start+1:mark.end-1], '\'')
	if len(char) != 1 {
		return
	}
	text := unquote(d.src[pattern.start+1:pattern.end-1], '\'')
	text = strings.NewReplacer(char+char, char, char, `\`).Replace(text)
	d.offer(pattern.start, mark.end, quoteString(text), "")
}

// symbolRewrite knows the symbols of other dialects that have a certain meaning.
func (d *diagnosis) symbolRewrite() bool {
	t, prev := d.f.tok, d.back(1)
	switch {
	case t.kind == kColon && endsOperand(prev) && prev.end == t.start && isName(d.after(t)) && d.after(t).start == t.end:
		d.at = t
		d.message = `":" is no way to a property: HogQL writes a point`
		d.offer(t.start, t.end, ".", "properties.name")
	case t.kind == kEq && prev.kind == kEq && prev.end == t.start, t.kind == kEq && prev.kind == kNotEq && prev.end == t.start:
		d.at = token{kind: kEq, start: prev.start, end: t.end}
		d.message = fmt.Sprintf("%q is no operator of HogQL", d.src[prev.start:t.end])
		d.offer(prev.start, t.end, map[kind]string{kEq: "=", kNotEq: "!="}[prev.kind], "=")
	case t.kind == kPercent && d.f.want == "an expression":
		return d.percentParameter(t)
	case t.kind == kArrow && d.after(t).kind == kString, t.kind == kString && prev.kind == kArrow:
		arrow, key := t, d.after(t)
		if prev.kind == kArrow {
			arrow, key = prev, t
		}
		d.at = arrow
		d.message = `"->" makes a lambda in HogQL: a property is written with a point`
		d.offer(arrow.start, key.end, "."+d.member(key), "properties.name")
	default:
		return false
	}
	return true
}

// member is the name in a text, as it is written behind a point.
func (d *diagnosis) member(text token) string {
	name := unquote(d.src[text.start+1:text.end-1], '\'')
	if needsQuotes(name, nameMember) {
		return quoteName(name)
	}
	return name
}

// percentParameter explains %s and %(name)s.
func (d *diagnosis) percentParameter(t token) bool {
	next := d.after(t)
	name, end := "name", next.end
	if next.kind == kLParen {
		word := d.after(next)
		end, name = d.after(d.after(word)).end, d.text(word)
	}
	if next.start != t.end {
		return false
	}
	d.at = t
	d.message = "a value from outside is a placeholder in braces"
	d.offer(t.start, end, "{"+name+"}", "{name}")
	return true
}

// wordRewrite knows words of other dialects in places where they have a certain meaning.
func (d *diagnosis) wordRewrite() bool {
	t, prev := d.f.tok, d.back(1)
	text, before := strings.ToLower(d.text(t)), strings.ToLower(d.text(prev))
	switch {
	case text == "global" && (d.after(t).kw == kwIn || d.after(t).kw == kwNot):
		d.message = "GLOBAL is not HogQL: PostHog decides where a subquery runs"
		d.offer(t.start, d.after(t).start, "", "x IN (…)")
	case before == "global" && t.kw == kwIn:
		d.at = prev
		d.message = "GLOBAL is not HogQL: PostHog decides where a subquery runs"
		d.offer(prev.start, t.start, "", "x IN (…)")
	case t.kind == kString && prev.kind == kIdent && (before == "datetime" || before == "timestamptz" || before == "time"):
		d.at = prev
		d.message = strings.ToUpper(before) + " '…' is not HogQL"
		if before == "time" {
			d.hint = "a text"
			break
		}
		d.offer(prev.start, t.end, "toDateTime("+d.text(t)+")", "toDateTime('…')")
	case t.kind == kString && prev.kind == kIdent && prev.end == t.start && len(before) == 1 && strings.Contains("enrb", before):
		d.at = prev
		d.message = fmt.Sprintf("a text has no prefix: %s'…' is not HogQL", d.text(prev))
		d.offer(prev.start, prev.end, "", "'text'")
	case t.kw == kwNull && prev.kw == kwNot && endsOperand(d.back(2)), t.kw == kwNot && d.after(t).kw == kwNull && endsOperand(prev):
		not := t
		if t.kw == kwNull {
			not = prev
		}
		d.at = not
		d.message = "expected IS before NOT NULL"
		d.offer(not.start, not.start, "IS ", "x IS NOT NULL")
	case isUnitWord(text) && prev.kind == kInt && (d.back(2).kind == kMinus || d.back(2).kind == kPlus):
		d.at = prev
		d.message = "a span of time begins with INTERVAL"
		d.offer(prev.start, prev.start, "INTERVAL ", "INTERVAL "+d.text(prev)+" "+strings.ToUpper(text))
	case t.kw == kwNulls && before == "respect":
		d.at = prev
		d.message = "RESPECT NULLS is not HogQL"
		d.offer(prev.start, d.after(t).start, "", "the function without it")
	case t.kind == kComma && prev.kind == kString && d.back(2).kw == kwIn:
		d.inList(t, prev)
	case prev.kind == kLParen && d.back(2).kw == kwAs && isName(d.back(3)) && (d.back(4).kw == kwWith || d.back(4).kind == kComma):
		inner := strings.TrimSpace(d.src[prev.end:max(d.groupEnd(prev)-1, prev.end)])
		if !d.offer(d.back(3).start, d.groupEnd(prev), inner+" AS "+d.text(d.back(3)), "") {
			return false
		}
		d.at = prev
		d.message = "an expression in WITH stands before AS, its name behind it"
	case len(d.opens) > 0 && d.opensCast(d.opens[len(d.opens)-1]) && endsOperand(prev) && isName(t) && clauseRank(t.kw) == 0 && d.offer(t.start, t.start, "AS ", ""):
		d.message = fmt.Sprintf("expected AS and a type, found %s", foundText(d.src, t))
	case t.kw == kwNot && endsOperand(prev) && (d.after(t).kind == kEq || d.after(t).kind == kString):
		d.message = "expected IN, LIKE, ILIKE or BETWEEN behind NOT"
		end := t.end
		if d.after(t).kind == kEq {
			end = d.after(t).end
		}
		d.offer(t.start, end, "!=", "x != y")
	case t.kw == kwNot && foreign[strings.ToLower(d.text(d.after(t)))] != "" && endsOperand(prev):
		d.before = append(d.before, t)
		d.foreignOperator(d.after(t), len(d.before)-1)
	case len(d.before) == 0 && (text == "show" || text == "describe" || text == "desc"):
		d.catalogue(t, text)
	default:
		return false
	}
	return true
}

// opensCast reports whether the bracket open is that of CAST.
func (d *diagnosis) opensCast(open token) bool {
	for i, t := range d.before {
		if t.start == open.start && i > 0 {
			return d.before[i-1].kw == kwCast || d.before[i-1].kw == kwTryCast
		}
	}
	return false
}

// inList explains x IN 'a', 'b'.
func (d *diagnosis) inList(comma, first token) {
	d.message = "the values of IN stand in parentheses"
	end := first.end
	for t := comma; t.kind == kComma && d.after(t).kind == kString; t = d.after(d.after(t)) {
		end = d.after(t).end
	}
	d.offer(first.start, end, "("+d.src[first.start:end]+")", "x IN ('a', 'b')")
}

// isUnitWord reports whether word, in lower case, is a unit of time, singular or plural.
func isUnitWord(word string) bool {
	_, ok := intervalUnits[lookupKeyword(strings.TrimSuffix(word, "s"))]
	return ok
}

// catalogue explains SHOW TABLES and DESCRIBE t, which are tables here.
func (d *diagnosis) catalogue(t token, word string) {
	next := d.after(t)
	d.message = fmt.Sprintf("%s is not HogQL: what there is stands in tables", strings.ToUpper(word))
	d.hint = "SELECT table_name FROM system.information_schema.tables"
	if word != "show" {
		if next.kw == kwNone && strings.EqualFold(d.text(next), "table") {
			next = d.after(next)
		}
		d.hint = "SELECT column_name, data_type FROM system.information_schema.columns WHERE table_name = " + quoteString(d.text(next))
	}
}

// castCall offers CAST(x AS to) for the operand that ends at before[left] and the type up to the offset end.
func (d *diagnosis) castCall(left int, end int32, to string) {
	d.hint = "CAST(x AS " + to + ")"
	if first := d.operandStart(left); first >= 0 {
		x := d.src[d.before[first].start:d.before[left].end]
		d.offer(d.before[first].start, end, "CAST("+x+" AS "+to+")", "CAST("+x+" AS "+to+")")
	}
}

// commaForm offers substring(x, 1, 2) for SUBSTRING(x FROM 1 FOR 2), of which from is the first word.
func (d *diagnosis) commaForm(from token) {
	text := ","
	end := from.end
	for t := d.after(from); t.kind != kEOF && t.kind != kRParen; t = d.after(t) {
		if t.kind == kLParen {
			return
		}
		if t.kw == kwFor {
			text += strings.TrimRight(d.src[end:t.start], " ") + ","
			end = t.end
		}
	}
	d.offer(d.back(1).end, end, text, d.hint)
}

// intervals offers INTERVAL 1 MONTH + INTERVAL 2 DAY for INTERVAL '1 month 2 days', and forms with a short or
// signed unit.
func (d *diagnosis) intervals(t token, words []string) {
	if len(words) == 0 || len(words)%2 != 0 {
		return
	}
	word := d.back(1)
	op := " + "
	if d.back(2).kind == kMinus {
		op = " - "
	}
	var parts []string
	for i := 0; i < len(words); i += 2 {
		unit := strings.TrimSuffix(words[i+1], "s")
		if long := map[string]string{"min": "minute", "hr": "hour", "sec": "second", "mon": "month", "yr": "year", "h": "hour", "d": "day", "m": "minute"}[unit]; long != "" {
			unit = long
		}
		if _, ok := intervalUnits[lookupKeyword(unit)]; !ok || strings.Trim(words[i], "-0123456789") != "" {
			return
		}
		parts = append(parts, "INTERVAL "+words[i]+" "+strings.ToUpper(unit))
	}
	d.offer(word.start, t.end, strings.Join(parts, op), d.hint)
}

// reorder offers the query of the clause before[i], and of the one that failed, with its clauses in the usual order.
func (d *diagnosis) reorder(i int) {
	start := -1
	for depth := 0; i >= 0 && depth >= 0; i-- {
		switch b := d.before[i]; {
		case b.kind == kRParen:
			depth++
		case b.kind == kLParen:
			depth--
		case depth == 0 && b.kw == kwSelect:
			start = i
		}
		if start >= 0 {
			break
		}
	}
	if start < 0 {
		return
	}
	from := d.before[start].start
	parts := [15]string{}
	rank, begin, depth := 2, from, 0
	var end int32
	put := func(to int32) bool {
		text := strings.TrimSpace(d.src[begin:to])
		if parts[rank] != "" && rank != clauseRank(kwJoin) {
			return false
		}
		parts[rank] = strings.TrimSpace(parts[rank] + " " + text)
		return true
	}
	modifier := token{kind: kEOF}
	for t := d.after(d.before[start]); ; t = d.after(t) {
		if t.kind == kLParen {
			depth++
		}
		if t.kind == kRParen {
			depth--
		}
		if t.kind == kEOF || t.kind == kSemi || depth < 0 || depth == 0 && (t.kw == kwUnion || t.kw == kwExcept || t.kw == kwIntersect) {
			end = t.start
			break
		}
		isSide := t.kw == kwLeft || t.kw == kwRight || t.kw == kwInner || t.kw == kwFull || t.kw == kwCross
		if depth == 0 && isSide && modifier.kind == kEOF {
			modifier = t
		}
		if next := clauseRank(t.kw); depth == 0 && next >= 3 {
			at := t.start
			if t.kw == kwJoin && modifier.kind != kEOF {
				at = modifier.start
			}
			if !put(at) {
				return
			}
			rank, begin = next, at
		}
		if !isSide && t.kw != kwOuter {
			modifier = token{kind: kEOF}
		}
	}
	if !put(end) {
		return
	}
	joint := " "
	if strings.Contains(d.src[from:end], "\n") {
		joint = "\n"
	}
	var list []string
	for _, part := range parts {
		if part != "" {
			list = append(list, part)
		}
	}
	d.offer(from, end, strings.Join(list, joint), "")
}
