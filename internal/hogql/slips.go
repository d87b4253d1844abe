package hogql

import (
	"fmt"
	"strings"
)

// expected describes the commonest failure: a token that cannot stand where it does. Known slips come
// first, each looking only at tokens around the place.
func (d *diagnosis) expected() {
	t := d.f.tok
	if t.kind == kBad {
		d.bad()
		return
	}
	if w := d.f.word; w.end == d.f.prev && w.end > 0 && w.end <= t.start { // a clause word was read as a name
		if (isClauseWord(w.kw) || isInfixWord(w)) && len(d.before) > 0 {
			d.at = w
			d.before = d.before[:len(d.before)-1]
			d.f.tok = w
			if !d.symbolSlip() {
				d.missingOperand()
			}
			return
		}
	}
	for _, slip := range []func() bool{
		d.commaClause, d.misspelt, d.bracketSlip, d.symbolRewrite, d.wordRewrite, d.dateSlip, d.connective, d.conditional, d.windowSlip, d.withSlip,
		d.joinSlip, d.missingWord, d.distinctOn, d.symbolSlip, d.wordSlip, d.orderSlip, d.textSlip, d.listSlip,
	} {
		if slip() {
			return
		}
	}
	d.message = fmt.Sprintf("expected %s, found %s", d.wanted(), foundText(d.src, t))
	d.unclosed()
}

// wanted returns what was expected. Where an operand has just ended, the end of the query is one of many
// things that may follow.
func (d *diagnosis) wanted() string {
	if d.f.want == "the end of the query" && d.rule == ruleExpr {
		return "the end of the expression"
	}
	return d.f.want
}

// missingOperand describes a clause word where an expression should stand.
func (d *diagnosis) missingOperand() {
	prev := d.back(1)
	want := "an expression"
	if prev.kind == kLParen && len(d.before) > 1 && d.back(2).kind == kIdent {
		want = `an expression or ")"`
	}
	d.message = fmt.Sprintf("expected %s, found %s", want, foundText(d.src, d.at))
	if prev.kind == kComma && d.offer(prev.start, prev.end, "", "") {
		return
	}
	if (d.at.kw == kwAnd || d.at.kw == kwOr) && d.offer(d.at.start, d.after(d.at).start, "", "") {
		return
	}
	d.unclosed()
}

// unclosed adds which bracket is still open, and offers to close it here.
func (d *diagnosis) unclosed() {
	if len(d.opens) == 0 {
		return
	}
	open := d.opens[len(d.opens)-1]
	name := map[kind]string{kLParen: "parenthesis", kLBracket: "bracket", kLBrace: "brace"}[open.kind]
	end := map[kind]string{kLParen: ")", kLBracket: "]", kLBrace: "}"}[open.kind]
	at := NewError(d.src, Span{open.start, open.end}, "")
	here := NewError(d.src, Span{d.at.start, d.at.end}, "")
	place := fmt.Sprintf("column %d", at.Column)
	if at.Line != here.Line {
		place = fmt.Sprintf("line %d, column %d", at.Line, at.Column)
	}
	if d.at.kind != kEOF && d.f.open < 0 && d.at != d.f.word {
		return
	}
	d.note = fmt.Sprintf("the %s at %s is not closed", name, place)
	prev := d.back(1)
	if as := d.back(2); open.kind == kLParen && as.kw == kwAs && as.start > open.end && !d.opensCast(open) && d.offer(d.back(3).end, d.back(3).end, end, "") {
		d.at = as // sum(x AS y: rather sum(x) AS y
		d.message = fmt.Sprintf("expected %q, found AS", end)
		return
	}
	if at.Line != here.Line { // rather at the end of the line it was opened on
		line := int32(strings.IndexByte(d.src[open.start:], '\n')) + open.start
		if d.offer(line, line, end, "") {
			return
		}
	}
	d.offer(prev.end, prev.end, end, "")
	if d.hint == "" && d.at.kind == kEOF {
		ends := ""
		for _, o := range d.opens {
			ends = map[kind]string{kLParen: ")", kLBracket: "]", kLBrace: "}"}[o.kind] + ends
		}
		d.offer(prev.end, prev.end, ends, "")
	}
}

// symbolSlip knows punctuation that HogQL lacks or reads in another way.
func (d *diagnosis) symbolSlip() bool {
	t, prev := d.f.tok, d.back(1)
	switch {
	case t.kind == kTagOpen && endsOperand(prev):
		d.lessThan(t)
	case t.kind == kStar && prev.kind == kStar && prev.end == t.start:
		d.at = token{kind: kStar, start: prev.start, end: t.end}
		d.message = `"**" is no operator of HogQL`
		d.operands(len(d.before)-2, t.end, "pow(%s, %s)", "pow(a, b)")
	case prev.kind == kStar && d.back(2).kind == kStar && d.back(2).end == prev.start:
		d.at = token{kind: kStar, start: d.back(2).start, end: prev.end}
		d.message = `"**" is no operator of HogQL`
		d.operands(len(d.before)-3, prev.end, "pow(%s, %s)", "pow(a, b)")
	case t.kind == kGreater && prev.kind == kEq && prev.end == t.start:
		d.at = token{kind: kEq, start: prev.start, end: t.end}
		d.message = `"=>" is no operator of HogQL`
		if d.back(3).kind == kLParen || d.back(3).kind == kComma {
			if d.back(3).kind == kLParen && strings.HasPrefix(d.text(d.back(4)), "array") && d.offer(prev.start, t.end, "->", "") {
				d.note = "a lambda is written x -> …"
				break
			}
			d.note = "a named argument is written name := value"
			if d.offer(prev.start, t.end, ":=", "") {
				break
			}
		}
		d.offer(prev.start, t.end, ">=", "a >= b, or name := value")
	case t.kind == kGreater && prev.kind == kArrow && prev.end == t.start:
		d.jsonArrow(prev)
	case t.kind == kQuestion, t.kind == kColon && isName(d.after(t)) && d.after(t).start == t.end:
		return d.parameter(t)
	case t.kind == kSemi, prev.kind == kSemi:
		d.message = "one query at a time: nothing may follow the semicolon"
		if t.kind == kSemi {
			d.message = "expected " + d.wanted() + ", found a semicolon"
		}
		if prev.kind == kSemi {
			d.at = prev
		}
		if t.kind == kSemi && prev.kind == kSemi {
			d.at = t
			d.message = "one semicolon is enough"
			d.offer(t.start, t.end, "", "")
		}
	case t.kind == kComma && (prev.kind == kComma || prev.kw == kwSelect || prev.kind == kLParen):
		d.message = fmt.Sprintf("expected an expression, found %q", ",")
		d.offer(t.start, t.end, "", "one comma")
	case t.kind == kRParen && len(d.opens) == 0:
		d.message = `this ")" closes nothing`
		d.offer(t.start, t.end, "", "")
	case t.kind == kRParen && prev.kind == kLParen && d.back(2).kw == kwIn:
		d.message = "IN needs at least one value"
		d.hint = "x IN (1, 2)"
	case t.kind == kRBracket && prev.kind == kLBracket && d.back(3).kind == kColons:
		d.message = "an array type cannot stand behind \"::\""
		d.at = token{kind: kLBracket, start: prev.start, end: t.end}
		d.castCall(len(d.before)-4, t.end, "Array("+d.text(d.back(2))+")")
	default:
		return false
	}
	return true
}

// jsonArrow explains properties->>'x'.
func (d *diagnosis) jsonArrow(arrow token) {
	d.at = token{kind: kArrow, start: arrow.start, end: d.f.tok.end}
	d.message = `"->>" is no operator of HogQL`
	key := d.after(d.f.tok)
	d.hint = "properties.name"
	if key.kind == kString {
		name := unquote(d.src[key.start+1:key.end-1], '\'')
		if needsQuotes(name, nameMember) {
			name = quoteName(name)
		}
		d.offer(arrow.start, key.end, "."+name, "properties."+name)
	}
}

// parameter explains ? and :name where a value should stand.
func (d *diagnosis) parameter(t token) bool {
	if d.f.want != "an expression" {
		return false
	}
	d.message = "a value from outside is a placeholder in braces"
	end, name := t.end, "name"
	if t.kind == kColon {
		word := d.after(t)
		end, name = word.end, d.text(word)
		d.at.end = end
	}
	d.offer(t.start, end, "{"+name+"}", "{name}")
	return true
}

// foreign are words of other dialects that follow an operand, with what to write instead.
var foreign = map[string]string{
	"rlike": "match(a, 'pattern')", "regexp": "match(a, 'pattern')", "similar": "match(a, 'pattern')", "glob": "a LIKE 'x%'",
	"div": "intDiv(a, b)", "mod": "a % b", "xor": "xor(a, b)", "isnull": "a IS NULL", "notnull": "a IS NOT NULL",
	"escape": "LIKE without ESCAPE; a backslash is written twice", "collate": "lower(a), to compare without case",
	"minus": "EXCEPT", "returning": "the query without it", "for": "the query without it", "format": "the query without FORMAT",
}

// wordSlip knows words of other dialects.
func (d *diagnosis) wordSlip() bool {
	t, prev := d.f.tok, d.back(1)
	text := strings.ToLower(d.text(t))
	switch {
	case len(d.before) == 0 && isStatement(text):
		d.message = fmt.Sprintf("%s is not possible: HogQL only reads", strings.ToUpper(text))
		d.hint = "SELECT …"
	case prev.kw == kwIs && (t.kw == kwTrue || t.kw == kwFalse), prev.kw == kwNot && d.back(2).kw == kwIs && (t.kw == kwTrue || t.kw == kwFalse):
		d.isBool(t, prev)
	case text == "at" && d.after(t).kw == kwTime:
		d.timeZone(t)
	case t.kw == kwTime && strings.EqualFold(d.text(prev), "at"): // at was read as an alias
		d.before = d.before[:len(d.before)-1]
		d.at = prev
		d.timeZone(prev)
	case prev.kind == kLParen && d.back(2).kw == kwExcept && d.back(3).kind == kStar:
		d.message = "* EXCEPT (…) is not HogQL"
		word := d.back(2)
		d.at = word
		d.offer(word.start, word.end, "EXCLUDE", "* EXCLUDE (a, b)")
	case prev.kw == kwFirst && strings.EqualFold(d.text(d.back(2)), "fetch"):
		d.at = d.back(2)
		d.fetch(t)
	case text == "fetch" && isFetch(d.text(d.after(t))):
		d.fetch(d.after(d.after(t)))
	case (text == "rows" || text == "row") && prev.kind == kInt && d.back(2).kw == kwOffset:
		d.message = "OFFSET takes a number alone"
		d.offer(t.start, d.after(t).start, "", "OFFSET 10")
	case text == "percent" && prev.kind == kInt && d.back(2).kw == kwLimit:
		d.message = "PERCENT is written as a sign"
		d.offer(prev.end, t.end, "%", "LIMIT 10%")
	case strings.EqualFold(d.text(d.back(3)), "lateral") && d.back(2).kind == kLParen && prev.kw == kwSelect,
		strings.EqualFold(d.text(d.back(2)), "lateral") && prev.kind == kLParen && t.kw == kwSelect:
		d.at = d.back(2)
		if prev.kw == kwSelect {
			d.at = d.back(3)
		}
		d.message = "LATERAL is not HogQL: a subquery does not see the tables beside it"
		d.offer(d.at.start, d.after(d.at).start, "", "ARRAY JOIN for lists, or a subquery with the key, and JOIN … ON")
	case strings.EqualFold(d.text(d.back(3)), "tablesample") && prev.kind == kLParen:
		d.at = d.back(3)
		d.message = "TABLESAMPLE is not HogQL"
		d.hint = "FROM events SAMPLE 0.1"
	case prev.kw == kwExcept && d.back(2).kind == kStar && isName(t) && t.kw != kwSelect && t.kw != kwWith:
		d.at = prev
		d.message = "* EXCEPT is not HogQL"
		end := t.end
		for next := d.after(t); next.kind == kComma && d.after(next).kw == kwNone && isName(d.after(next)); next = d.after(d.after(next)) {
			end = d.after(next).end
		}
		d.offer(prev.start, end, "EXCLUDE ("+d.src[t.start:end]+")", "* EXCLUDE (a, b)")
	case foreign[text] != "" && t.kind == kIdent && endsOperand(prev):
		d.foreignOperator(t, len(d.before)-1)
	case prev.kind == kIdent && endsOperand(d.back(2)) && clauseRank(d.back(2).kw) == 0 && foreign[strings.ToLower(d.text(prev))] != "":
		d.foreignOperator(prev, len(d.before)-2) // it was read as an alias
	case t.kw == kwOn && d.f.want == "the end of the query" && d.crossJoin() >= 0:
		d.message = "a cross join takes no ON"
		d.hint = "JOIN t ON …"
		if cross := d.before[d.crossJoin()]; cross.kw == kwCross {
			d.offer(cross.start, d.after(cross).start, "", "JOIN t ON …")
		} else {
			d.offer(cross.start, cross.end, " JOIN", "JOIN t ON …")
		}
	case d.f.want == "a name after AS" && isName(prev) == (prev.kw == kwAs) && t.kind != kString && isName(d.back(2)) && d.back(3).kw == kwWith:
		d.at = t
		d.message = "a value in WITH stands before AS, its name behind it"
		d.offer(d.back(2).start, t.end, d.text(t)+" AS "+d.text(d.back(2)), "WITH 1 AS x")
	case d.f.want == "BY" && (prev.kw == kwOrder || prev.kw == kwGroup):
		d.message = fmt.Sprintf("expected BY, found %s", foundText(d.src, t))
		d.offer(t.start, t.start, "BY ", strings.ToUpper(d.text(prev))+" BY")
	case t.kind == kString && prev.kw == kwAs:
		d.message = "an alias of a table is a name, not a text"
		d.offer(t.start, t.end, quoteName(unquote(d.src[t.start+1:t.end-1], '\'')), "")
	default:
		return false
	}
	return true
}

func isStatement(word string) bool {
	switch word {
	case "insert", "update", "delete", "create", "drop", "alter", "truncate", "grant", "set", "use", "show", "describe", "explain", "optimize":
		return true
	}
	return false
}

// isBool explains IS TRUE.
func (d *diagnosis) isBool(t, prev token) {
	is, op := prev, "="
	if prev.kw == kwNot {
		is, op = d.back(2), "!="
	}
	d.at = is
	d.message = fmt.Sprintf("%s %s is not HogQL", strings.ToUpper(d.src[is.start:prev.end]), strings.ToUpper(d.text(t)))
	value := strings.ToLower(d.text(t))
	d.offer(is.start, t.end, op+" "+value, "a "+op+" "+value)
}

// timeZone explains x AT TIME ZONE 'z'.
func (d *diagnosis) timeZone(t token) {
	d.message = "AT TIME ZONE is not HogQL"
	zone := d.after(d.after(d.after(t)))
	d.hint = "toTimeZone(x, 'UTC')"
	if zone.kind != kString || len(d.before) == 0 {
		return
	}
	first := d.operandStart(len(d.before) - 1)
	if first < 0 {
		return
	}
	start := d.before[first].start
	x := strings.TrimSpace(d.src[start:t.start])
	d.offer(start, zone.end, "toTimeZone("+x+", "+d.text(zone)+")", "toTimeZone(x, "+d.text(zone)+")")
}

// crossJoin returns the index in before of the CROSS or comma of the last join before the failure, -1 where
// that one may have a condition.
func (d *diagnosis) crossJoin() int {
	for i := len(d.before) - 1; i > 0; i-- {
		switch t := d.before[i]; {
		case t.kw == kwJoin && d.before[i-1].kw == kwCross:
			return i - 1
		case t.kind == kComma:
			return i
		case t.kw == kwJoin, t.kw == kwFrom:
			return -1
		}
	}
	return -1
}

// textSlip knows text without quotes, and quotes inside text.
func (d *diagnosis) textSlip() bool {
	t, prev := d.f.tok, d.back(1)
	switch {
	case prev.kind == kString && prev.end == t.start && t.kind == kIdent:
		d.at = prev
		d.at.start = prev.end - 1
		d.message = "the text ends at this quote"
		if i := strings.Index(d.text(prev), `"`); i > 0 && d.offer(prev.start+int32(i), prev.start+int32(i)+1, "'", "") {
			d.at = token{kind: kBad, start: prev.start + int32(i), end: prev.start + int32(i) + 1}
			d.message = "the text begins with a single quote and cannot end with a double one"
			return true
		}
		d.note = "an apostrophe inside a text is written twice"
		d.offer(prev.end-1, prev.end, "''", "'it''s'")
		return true
	case t.kind == kIdent && t.kw == kwNone && prev.kind == kIdent && prev.kw == kwNone && isComparison(d.back(2).kind):
		end := t.end
		for next := d.after(t); next.kind == kIdent && next.kw == kwNone; next = d.after(next) {
			end = next.end
		}
		d.at = prev
		d.message = fmt.Sprintf("expected one name or a text in single quotes, found %q", d.src[prev.start:end])
		text := quoteString(d.src[prev.start:end])
		d.offer(prev.start, end, text, text)
		return true
	}
	return false
}

func isComparison(k kind) bool {
	op := symbolOps[k]
	return op >= OpEq && op <= OpGreaterEq
}

// listSlip knows a comma that is missing between two columns.
func (d *diagnosis) listSlip() bool {
	t, prev, before := d.f.tok, d.back(1), d.back(2)
	if d.rule != ruleSelect || len(d.before) < 2 {
		return false
	}
	if len(d.opens) > 0 && d.opens[len(d.opens)-1].kind == kLBrace {
		return false
	}
	if k := d.clauseAt(); k == kwLimit || k == kwOffset || k == kwWhere || k == kwFrom {
		return false // no lists
	}
	switch {
	case t.kind == kLParen && prev.kind == kIdent && endsOperand(before) && clauseRank(before.kw) == 0:
		if d.offer(before.end, before.end, ",", "") {
			d.at = prev
			d.message = "expected a comma between two columns"
			return true
		}
	case (t.kind == kIdent && (t.kw == kwNone || keywords[t.kw].flags&kwPlain != 0) || t.kind == kString || t.kind == kInt) && endsOperand(prev):
		if d.offer(prev.end, prev.end, ",", "") {
			d.message = fmt.Sprintf("expected a comma before %s", foundText(d.src, t))
			return true
		}
	}
	return false
}
