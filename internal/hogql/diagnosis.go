package hogql

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// rule is what a text was read as.
type rule uint8

const (
	ruleSelect rule = iota
	ruleExpr
)

// diagnosis finds out what a failure means to the one who wrote the text.
type diagnosis struct {
	src    string
	rule   rule
	limits Options
	f      failure

	before []token // all tokens before the failing one
	opens  []token // of them the brackets that are still open
	at     token   // where the caret stands

	message, note, hint string
	full                string // the whole text, repaired
	whole               bool   // there is such a text
	budget              *int   // how many more texts may be repaired
}

// look collects the tokens before the failure.
func (d *diagnosis) look() {
	closed := lastClose(d.src)
	for t := scanTo(d.src, 0, closed); t.kind != kEOF && t.start < d.f.tok.start; t = scanTo(d.src, int(t.end), closed) {
		d.before = append(d.before, t)
		switch t.kind {
		case kLParen, kLBracket, kLBrace:
			d.opens = append(d.opens, t)
		case kRParen, kRBracket, kRBrace:
			if len(d.opens) > 0 {
				d.opens = d.opens[:len(d.opens)-1]
			}
		}
	}
}

// back returns the n-th token before the failing one, from 1; kEOF where there is none.
func (d *diagnosis) back(n int) token {
	if n > len(d.before) {
		return token{}
	}
	return d.before[len(d.before)-n]
}

func (d *diagnosis) text(t token) string { return d.src[t.start:t.end] }

func (d *diagnosis) after(t token) token { return scan(d.src, int(t.end)) }

// edited returns the text with the bytes from start to end replaced.
func (d *diagnosis) edited(start, end int32, text string) string {
	return d.src[:start] + text + d.src[end:]
}

// maxHintText is the longest text that a hint repeats whole.
const maxHintText = 600

// offer makes the hint: the whole text with the bytes from start to end replaced if that is HogQL, of a long
// text the line, and otherwise advice, if there is any. It reports whether the edit was good.
func (d *diagnosis) offer(start, end int32, text, advice string) bool {
	full, ok := d.repaired(d.edited(start, end, text), start)
	if ok {
		d.full, d.whole = full, true
		if d.hint = strings.TrimSpace(full); len(d.hint) > maxHintText {
			d.hint = lineAround(full, int(start), int(start)+len(text))
		}
		return true
	}
	if advice != "" && !d.whole {
		d.hint = advice
	}
	return false
}

// lineAround returns the lines of text that hold the bytes from start to end; of lines that are too long to be
// repeated, what stands around those bytes, with an ellipsis where something is left out.
func lineAround(text string, start, end int) string {
	end = min(end, len(text))
	start = min(start, end)
	begin, first, last := strings.LastIndexByte(text[:start], '\n')+1, start, end
	if i := strings.IndexByte(text[end:], '\n'); i >= 0 {
		end += i
	} else {
		end = len(text)
	}
	if line := strings.TrimSpace(text[begin:end]); len(line) <= maxHintText {
		return line
	}
	const around = 100
	first, last = max(begin, first-around), min(end, last+around, first+maxHintText)
	for first > begin && !utf8.RuneStart(text[first]) {
		first--
	}
	for last < end && !utf8.RuneStart(text[last]) {
		last++
	}
	line := text[first:last]
	if first > begin {
		line = "… " + line
	}
	if last < end {
		line += " …"
	}
	return line
}

// maxRepairText is the longest text that is read again to see whether a repair helps.
const maxRepairText = DefaultMaxBytes

// repaired returns text if it is HogQL. Where the only faults left stand behind the offset from and have a
// repair of their own, they are repaired too.
func (d *diagnosis) repaired(text string, from int32) (string, bool) {
	if len(text) > maxRepairText {
		return "", false
	}
	var p parser
	p.begin(text, d.limits)
	p.rule = d.rule
	if d.rule == ruleExpr {
		p.expr()
	} else {
		p.querySet()
		p.acceptKind(kSemi)
	}
	p.expectEnd()
	if !p.failed {
		return text, true
	}
	if *d.budget <= 0 || p.failure.tok.start < from {
		return "", false
	}
	*d.budget--
	next := p.diagnose(d.budget)
	return next.full, next.whole
}

// describe sets message, note and hint, and moves the caret where a reader would put it.
func (d *diagnosis) describe() {
	if d.f.code == failExpected {
		d.expected()
		return
	}
	switch d.f.code {
	case failBytes, failUTF8, failDepth, failNodes:
		d.limit()
	case failNever, failReserved, failExpectedAt:
		d.word()
	case failEscape, failTemplate, failTag, failTagOpen, failTagMatch:
		d.literal()
	case failTypedLiteral, failInterval, failUnit, failType, failEnum, failFromForm, failNumber:
		d.typed()
	default:
		d.clause()
	}
}

func (d *diagnosis) limit() {
	switch d.f.code {
	case failBytes:
		d.message = fmt.Sprintf("the text is too long: %d bytes, at most %d are read", len(d.src), d.limits.bytes())
		d.at = token{}
	case failUTF8:
		i := 0
		for i < len(d.src) {
			r, n := utf8.DecodeRuneInString(d.src[i:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			i += n
		}
		d.at = token{start: int32(i), end: int32(i + 1)}
		d.message = "the text is not UTF-8"
	case failDepth:
		d.message = fmt.Sprintf("nested too deep: at most %d levels are read", d.limits.depth())
	default:
		d.message = "the text is too complex to read"
	}
}

func (d *diagnosis) word() {
	t := d.f.tok
	text := d.text(t)
	switch d.f.code {
	case failNever:
		d.message = fmt.Sprintf("expected %s, found the reserved word %s", d.f.want, strings.ToUpper(text))
		d.message = strings.Replace(d.message, "expected ,", "expected a name,", 1)
		d.note = "a name like this needs backticks"
		d.offer(t.start, t.end, "`"+text+"`", "`"+text+"`")
	case failReserved:
		d.message = fmt.Sprintf("%q cannot be an alias: the word is reserved", text)
		d.offer(t.start, t.end, text+"_", "another name")
	default:
		d.message = fmt.Sprintf("expected %s, found a dictionary", d.f.detail)
	}
}

func (d *diagnosis) literal() {
	t := d.f.tok
	switch d.f.code {
	case failEscape:
		d.message = fmt.Sprintf("%s is no escape that HogQL knows", d.text(t))
		d.note = "a backslash itself is written twice"
		d.offer(t.start, t.start, `\`, "")
	case failTemplate:
		d.message = "the template that begins here has no closing quote"
		d.offer(int32(len(d.src)), int32(len(d.src)), "'", "f'text {expression}'")
	case failTag:
		d.message = fmt.Sprintf("expected an attribute, \">\" or \"/>\" in the tag, found %s", foundText(d.src, t))
		d.tagTrap()
	case failTagOpen:
		d.message = fmt.Sprintf("the tag <%s> is not closed", d.f.detail)
		d.hint = fmt.Sprintf("</%s>", d.f.detail)
		d.tagTrap()
	case failTagMatch:
		d.message = fmt.Sprintf("the closing tag does not match <%s>", d.f.detail)
		d.hint = fmt.Sprintf("</%s>", d.f.detail)
	}
}

// tagTrap explains a < that was taken for the beginning of a tag but was meant to compare.
func (d *diagnosis) tagTrap() {
	for i := len(d.before) - 1; i > 0; i-- {
		if t := d.before[i]; t.kind == kTagOpen && endsOperand(d.before[i-1]) {
			d.at = t
			d.lessThan(t)
			return
		}
	}
}

// endsOperand reports whether an operand can end with t.
func endsOperand(t token) bool {
	switch t.kind {
	case kIdent, kQuoted, kString, kInt, kZeroInt, kFloat, kHex, kBin, kRParen, kRBracket, kRBrace:
		return true
	}
	return false
}

func (d *diagnosis) lessThan(t token) {
	d.message = fmt.Sprintf("%q begins a tag, because a name stands right behind \"<\"", clip(d.src[t.start:t.end]+d.text(d.after(t)), 30))
	d.note = "to compare, put blanks around it"
	var text strings.Builder
	closed, last := lastClose(d.src), t.start
	for i := t.start; int(i) < len(d.src); i++ { // every one of them behind this one too
		if d.src[i] == '<' && isTagHead(d.src, int(i), closed) {
			text.WriteString(d.src[last:i] + " < ")
			last = i + 1
		}
	}
	text.WriteString(d.src[last:])
	d.offer(t.start, int32(len(d.src)), text.String(), "a < b")
}

func (d *diagnosis) typed() {
	t := d.f.tok
	text := d.text(t)
	switch d.f.code {
	case failTypedLiteral:
		str := d.after(t)
		fn := map[keyword]string{kwDate: "toDate", kwTimestamp: "toDateTime"}[t.kw]
		d.message = fmt.Sprintf("%s '…' is not HogQL", strings.ToUpper(text))
		d.offer(t.start, str.end, fn+"("+d.text(str)+")", fn+"("+d.text(str)+")")
	case failInterval:
		d.interval(t)
	case failUnit:
		d.unit(t)
	case failType:
		if clauseRank(t.kw) > 0 {
			d.message = fmt.Sprintf("expected a type behind \"::\", found %s", foundText(d.src, t))
			return
		}
		d.message = fmt.Sprintf("%q is no type that can stand behind \"::\"", text)
		end := t.end
		if open := d.after(t); open.kind == kLParen {
			end = d.groupEnd(open)
		}
		d.castCall(len(d.before)-2, end, d.src[t.start:end])
	case failEnum:
		d.message = "Enum types are not supported"
		d.hint = "CAST(x AS String)"
		if d.back(1).kind == kLParen && isName(d.back(2)) {
			d.at = d.back(2)
			d.offer(d.at.start, d.groupEnd(d.back(1)), "String", d.hint)
		}
	case failNumber:
		d.message = fmt.Sprintf("%s is out of range", d.f.detail)
		d.message = strings.Replace(d.message, " of more than 64 digits is out of range", " has at most 64 digits", 1)
	case failFromForm:
		d.fromForm()
	}
}

// interval explains INTERVAL '7 DAYS' and its like.
func (d *diagnosis) interval(t token) {
	d.message = "INTERVAL '…' takes a whole number, one blank and a unit in lower case"
	inner := strings.Fields(strings.ToLower(d.src[t.start+1 : t.end-1]))
	if len(inner) == 2 {
		if count, unit, ok := intervalText(inner[0] + " " + inner[1]); ok {
			form := fmt.Sprintf("%d %s", count, strings.ToUpper(unit))
			d.offer(t.start, t.end, form, "INTERVAL "+form)
			return
		}
	}
	d.hint = "INTERVAL 7 DAY"
	d.intervals(t, inner)
}

// unit explains INTERVAL 7 DAYS and its like.
func (d *diagnosis) unit(t token) {
	d.message = "expected a unit (SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER, YEAR), found " + foundText(d.src, t)
	if singular := strings.TrimSuffix(strings.ToLower(d.text(t)), "s"); t.kind == kIdent {
		if _, ok := intervalUnits[lookupKeyword(singular)]; ok {
			d.note = "units have no plural here"
			d.offer(t.start, t.end, strings.ToUpper(singular), "INTERVAL 7 "+strings.ToUpper(singular))
			return
		}
	}
	d.hint = "INTERVAL 7 DAY"
}

// fromForm explains EXTRACT(unit FROM x) and SUBSTRING(x FROM a FOR b).
func (d *diagnosis) fromForm() {
	name := strings.ToLower(d.f.detail)
	d.message = fmt.Sprintf("%s(… %s …) is not HogQL", strings.ToUpper(name), strings.ToUpper(d.text(d.f.tok)))
	if name != "extract" {
		d.hint = map[string]string{
			"substring": "substring(x, start, length)", "overlay": "replaceOne(x, 'old', 'new')",
			"trim": "trim(BOTH 'x' FROM y), with a text in quotes",
		}[name]
		d.commaForm(d.f.tok)
		return
	}
	unit := strings.ToLower(d.text(d.back(1)))
	fn := map[string]string{
		"year": "toYear", "quarter": "toQuarter", "month": "toMonth", "week": "toISOWeek", "day": "toDayOfMonth", "hour": "toHour",
		"minute": "toMinute", "second": "toSecond", "isodow": "toDayOfWeek", "doy": "toDayOfYear", "epoch": "toUnixTimestamp",
	}[unit]
	if d.back(2).kind == kLParen {
		d.at = d.back(3)
	}
	if open := d.back(2); unit == "dow" && open.kind == kLParen {
		end := d.groupEnd(open)
		x := strings.TrimSpace(d.src[d.f.tok.end:max(end-1, d.f.tok.end)])
		d.offer(d.at.start, end, "toDayOfWeek("+x+") % 7", "toDayOfWeek(x) % 7")
		return
	}
	if fn == "" || d.back(2).kind != kLParen {
		d.hint = "toYear(x), toMonth(x), toDayOfMonth(x), toHour(x)"
		return
	}
	d.offer(d.at.start, d.after(d.f.tok).start, fn+"(", fn+"(x)")
}

func (d *diagnosis) clause() {
	t := d.f.tok
	switch d.f.code {
	case failPlus:
		d.message = "\"+\" has no use before an operand that is not a number"
		d.offer(t.start, t.end, "", "the operand alone")
	case failBound:
		d.message = "a lambda or named argument cannot be a bound of BETWEEN"
		d.hint = "parentheses around it"
	case failFromFirst:
		d.message = "a query begins with SELECT, not with FROM"
		d.fromFirst()
	case failFromAlias:
		d.message = "expected a column before FROM"
		if d.laterComma(t) {
			break
		}
		d.offer(t.start, t.start, "* ", "SELECT * FROM …")
	case failTop:
		d.message = "SELECT TOP is not HogQL"
		d.top(t)
	case failCTE:
		d.cte()
	case failSettings:
		d.message = "SETTINGS is not supported"
		d.offer(t.start, int32(len(d.src)), "", "the query without SETTINGS")
	case failArrayJoinFrom:
		d.message = "ARRAY JOIN needs a FROM before it"
		d.hint = "SELECT … FROM t ARRAY JOIN list AS item"
	case failArrayJoinAlias:
		d.message = "what ARRAY JOIN takes needs an alias"
		d.offer(t.end, t.end, " AS item", "ARRAY JOIN list AS item")
	case failOrderComma:
		d.message = "ORDER BY ends with a comma"
		d.offer(t.start, t.end, "", "ORDER BY without it")
	case failJoinKind:
		d.message = "this kind of join does not exist"
		d.hint = "JOIN, LEFT JOIN, RIGHT JOIN, FULL JOIN, CROSS JOIN, ANY JOIN, ASOF JOIN, SEMI JOIN or ANTI JOIN"
	case failOnList:
		d.message = "ON takes one condition"
		d.offer(t.start, t.end, " AND", "ON a AND b")
	}
}

// laterComma knows a comma before a clause behind t, which is why a comma before t was no slip of its own.
func (d *diagnosis) laterComma(t token) bool {
	if d.back(1).kind != kComma {
		return false
	}
	for comma := d.after(t); comma.kind != kEOF; comma = d.after(comma) {
		next := d.after(comma)
		if comma.kind == kComma && isClauseWord(next.kw) && d.offer(comma.start, comma.end, "", "") {
			d.at = comma
			d.message = fmt.Sprintf("expected a table behind the comma, found %s", strings.ToUpper(d.text(next)))
			return true
		}
	}
	return false
}

// fromFirst offers FROM t SELECT x in the usual order.
func (d *diagnosis) fromFirst() {
	depth := 0
	for t := d.after(d.f.tok); t.kind != kEOF; t = d.after(t) {
		switch {
		case t.kind == kLParen:
			depth++
		case t.kind == kRParen:
			depth--
		case t.kw == kwSelect && depth == 0:
			from := strings.TrimSpace(d.src[d.f.tok.start:t.start])
			rest := d.src[t.start:]
			d.offer(d.f.tok.start, int32(len(d.src)), strings.TrimSpace(rest)+" "+from, "SELECT … FROM …")
			return
		}
	}
	d.offer(d.f.tok.start, d.f.tok.start, "SELECT * ", "SELECT … FROM …")
}

func (d *diagnosis) top(t token) {
	n := d.after(t)
	text := strings.TrimRight(d.edited(t.start, n.end, ""), " \t\n;")
	text = strings.Replace(text, d.src[:t.start]+" ", d.src[:t.start], 1)
	d.offer(0, int32(len(d.src)), text+" LIMIT "+d.f.detail, "SELECT … LIMIT "+d.f.detail)
}

// cte explains a member of WITH that has no name.
func (d *diagnosis) cte() {
	d.message = "expected AS and a name behind the expression, found " + foundText(d.src, d.f.tok)
	d.hint = "WITH 1 AS x, or WITH x AS (SELECT …)"
	start := d.f.open
	if i := d.matching(len(d.before) - 1); d.back(1).kind == kRParen && i > 1 && d.opensQuery(d.before[i]) && d.offer(d.before[i].start, d.before[i].start, "AS ", d.hint) {
		d.at = d.before[i]
		d.message = "expected AS behind the name"
		return
	}
	if name := scan(d.src, int(start)); isName(name) && d.after(name).kw == kwAs {
		value := d.src[d.after(d.after(name)).start:d.f.tok.start]
		d.offer(start, d.f.tok.start, strings.TrimSpace(value)+" AS "+d.text(name)+" ", d.hint)
	}
}
