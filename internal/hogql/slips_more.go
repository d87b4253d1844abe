package hogql

import (
	"fmt"
	"strings"
)

// clauseWords are the words that a misspelt one may stand for.
var clauseWords = []string{"SELECT", "FROM", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "UNION", "JOIN", "INNER", "OUTER", "LEFT", "RIGHT",
	"CROSS", "BETWEEN", "PARTITION", "DISTINCT", "WHEN", "THEN", "ELSE", "INTERVAL", "PREWHERE", "QUALIFY"}

// misspelt knows FORM t and WERE x = 1: one of the last words is nearly one of the language, and with that the text
// is HogQL.
func (d *diagnosis) misspelt() bool {
	for back := range 4 {
		t := d.f.tok
		if back > 0 {
			t = d.back(back)
		}
		word := strings.ToUpper(d.text(t))
		if t.kind != kIdent || t.kw != kwNone || len(word) < 4 {
			continue
		}
		for _, right := range clauseWords {
			most := 1
			if len(right) > 5 {
				most = 2
			}
			if EditDistance(word, right, most) <= most && d.offer(t.start, t.end, right, "") {
				d.at = t
				d.message = fmt.Sprintf("expected %s, found %q", right, d.text(t))
				return true
			}
		}
	}
	return false
}

// clauseAt returns the clause that the failing token is in, kwNone inside of brackets.
func (d *diagnosis) clauseAt() keyword {
	if len(d.opens) > 0 && !d.opensQuery(d.opens[len(d.opens)-1]) {
		return kwNone
	}
	depth := 0
	for i := len(d.before) - 1; i >= 0; i-- {
		switch t := d.before[i]; {
		case t.kind == kRParen || t.kind == kRBracket || t.kind == kRBrace:
			depth++
		case t.kind == kLParen || t.kind == kLBracket || t.kind == kLBrace:
			depth--
		case depth == 0 && clauseRank(t.kw) > 0:
			return t.kw
		}
	}
	return kwNone
}

// opensQuery reports whether the bracket open is that of a subquery.
func (d *diagnosis) opensQuery(open token) bool {
	next := d.after(open)
	return next.kw == kwSelect || next.kw == kwWith
}

// connective knows a word between two operands that was left out or is another one.
func (d *diagnosis) connective() bool {
	t, prev := d.f.tok, d.back(1)
	text := strings.ToLower(d.text(t))
	switch {
	case d.f.want == "AND" && (text == "to" || t.kind == kComma):
		d.message = fmt.Sprintf("expected AND between the bounds, found %s", foundText(d.src, t))
		d.offer(prev.end, t.end, " AND", "x BETWEEN a AND b")
	case strings.HasPrefix(d.f.want, "THEN") && t.kind != kEOF && d.offer(t.start, t.start, "THEN ", ""):
		d.message = fmt.Sprintf("expected THEN, found %s", foundText(d.src, t))
	case strings.HasPrefix(d.f.want, "NULL or") && (t.kind == kString || t.kind == kInt):
		is, op := prev, "="
		if prev.kw == kwNot {
			is, op = d.back(2), "!="
		}
		d.at = is
		d.message = strings.ToUpper(d.src[is.start:prev.end]) + " is for NULL alone"
		d.offer(is.start, prev.end, op, "x "+op+" 'a'")
	case t.kind == kComma && (d.clauseAt() == kwWhere || d.clauseAt() == kwHaving) && d.compares(d.after(t)) && d.offer(t.start, t.end, " AND", ""):
		d.message = "conditions stand between AND or OR, not between commas"
	case t.kind == kIdent && t.kw == kwNone && endsOperand(prev) && d.back(2).kind != kIdent && d.clauseAt() == kwWhere && isComparison(d.after(t).kind):
		d.message = fmt.Sprintf("expected AND or OR before the next condition, found %q", d.text(t))
	case t.kw == kwNull && (d.after(t).kw == kwLast || d.after(t).kw == kwFirst):
		d.message = "expected NULLS, found NULL"
		d.offer(t.start, t.end, "NULLS", "ORDER BY x")
	case text == "ago" && prev.kind == kString && d.back(2).kw == kwInterval:
		d.message = "AGO is not HogQL"
		d.offer(d.back(2).start, t.end, "now() - "+d.src[d.back(2).start:prev.end], "now() - INTERVAL 7 DAY")
	case strings.EqualFold(d.text(prev), "into") && isName(t) && d.clauseAt() == kwSelect:
		d.at = prev
		d.message = "SELECT INTO is not possible: HogQL only reads"
		d.offer(prev.start, d.after(t).start, "", "SELECT without INTO")
	case t.kw == kwReplace && prev.kind == kStar:
		d.message = "REPLACE stands inside of COLUMNS(…)"
		d.hint = "COLUMNS(* REPLACE (x + 1 AS x))"
	default:
		return false
	}
	return true
}

// compares reports whether a comparison begins with t.
func (d *diagnosis) compares(t token) bool {
	op := scan(d.src, int(d.operandEnd(t)))
	switch op.kw {
	case kwIn, kwLike, kwIlike, kwIs, kwNot, kwBetween:
		return true
	}
	return isComparison(op.kind)
}

// conditional knows IF x = 1 THEN 2 END and CASE x = 1 THEN 2 END, which lack WHEN.
func (d *diagnosis) conditional() bool {
	if !isComparison(d.f.tok.kind) {
		return false
	}
	for i := len(d.before) - 1; i >= max(0, len(d.before)-6); i-- {
		word := d.before[i]
		switch {
		case word.kw == kwCase && d.offer(word.end, word.end, " WHEN", ""):
			d.message = "expected WHEN behind CASE"
		case word.kw == kwIf && d.offer(word.start, word.end, "CASE WHEN", ""):
			d.message = "IF … THEN … END is not HogQL"
		default:
			continue
		}
		d.at = word
		return true
	}
	return false
}

// windowSlip knows faults in what stands behind OVER.
func (d *diagnosis) windowSlip() bool {
	t, prev := d.f.tok, d.back(1)
	text := strings.ToLower(d.text(t))
	switch {
	case t.kw == kwPartition && d.after(t).kw != kwBy && d.offer(t.end, t.end, " BY", ""):
		d.message = "expected BY behind PARTITION"
	case t.kw == kwBy && prev.kw == kwPartition && d.back(2).kw == kwOver:
		d.at = prev
		d.message = "what OVER takes stands in parentheses"
		for end := t; end.kind != kEOF; end = d.after(end) {
			next := d.after(end)
			if (next.kind == kComma || next.kind == kEOF || clauseRank(next.kw) > 0 && next.kw != kwOrder || next.kw == kwAs) &&
				d.offer(prev.start, end.end, "("+d.src[prev.start:end.end]+")", "") {
				return true
			}
		}
		d.hint = "OVER (PARTITION BY a ORDER BY b)"
	case t.kw == kwAnd && (prev.kw == kwPreceding || prev.kw == kwFollowing || prev.kw == kwRow):
		for i := len(d.before) - 1; i >= max(0, len(d.before)-4); i-- {
			if rows := d.before[i]; rows.kw == kwRows || rows.kw == kwRange {
				d.at = rows
				d.message = "expected BETWEEN behind " + strings.ToUpper(d.text(rows))
				d.offer(rows.end, rows.end, " BETWEEN", "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW")
				return true
			}
		}
		return false
	case text == "groups" && len(d.opens) > 0:
		d.message = "GROUPS is not HogQL: a frame counts ROWS or a RANGE"
		d.hint = "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW"
	default:
		return false
	}
	return true
}

// bracketSlip knows comments, braces and quotes that do not fit together.
func (d *diagnosis) bracketSlip() bool {
	t, prev := d.f.tok, d.back(1)
	switch {
	case t.kind == kSlash && strings.HasPrefix(d.src[t.start:], "/*"):
		d.message = "the comment that begins here has no end"
		d.hint = "/* … */"
	case t.kind == kRBrace && len(d.opens) == 0:
		d.message = `this "}" closes nothing`
		d.offer(t.start, t.end, "", "")
	case t.kind == kLBrace && d.text(prev) == "$" && prev.end == t.start:
		d.at = prev
		d.message = "a placeholder has no $ before its brace"
		d.offer(prev.start, prev.end, "", "{name}")
	case t.kind == kString && prev.kind == kDot:
		d.message = "a name behind a point has no single quotes"
		d.offer(t.start, t.end, d.member(t), "properties.name")
	case t.kind == kSemi && d.f.want == "SELECT" && (d.offer(t.start, d.after(t).start, " ", "")):
		d.message = "expected SELECT, found a semicolon"
	default:
		return false
	}
	return true
}

// withSlip knows WITH a AS SELECT 1 SELECT …, which lacks the parentheses.
func (d *diagnosis) withSlip() bool {
	for i := len(d.before) - 1; i >= max(3, len(d.before)-2); i-- {
		as, query := d.before[i-1], d.before[i]
		if query.kw != kwSelect || as.kw != kwAs || d.before[i-3].kw != kwWith {
			continue
		}
		d.at = query
		d.message = "the query of WITH stands in parentheses"
		d.hint = "WITH a AS (SELECT …) SELECT …"
		depth := 0
		for t := d.after(query); t.kind != kEOF; t = d.after(t) {
			switch {
			case t.kind == kLParen:
				depth++
			case t.kind == kRParen:
				depth--
			case depth == 0 && t.kw == kwSelect:
				d.offer(query.start, t.start, "("+strings.TrimSpace(d.src[query.start:t.start])+") ", d.hint)
				return true
			}
		}
		return true
	}
	return false
}

// joinSlip knows LEFT JOIN ON a = b, which lacks the table.
func (d *diagnosis) joinSlip() bool {
	for i := len(d.before) - 1; i >= max(1, len(d.before)-3); i-- {
		if on := d.before[i]; on.kw == kwOn && d.before[i-1].kw == kwJoin {
			d.at = on
			d.message = "expected a table behind JOIN, found ON"
			d.hint = "JOIN t ON …"
			return true
		}
	}
	return false
}

// closeText offers to end a text that begins with t at the wrong quote, or before the bracket or the clause that
// follows it.
func (d *diagnosis) closeText(t token) bool {
	quote, rest := d.src[t.start:t.start+1], d.src[t.end:]
	other := map[string]string{"'": `"`, `"`: "'"}[quote]
	if i := strings.Index(rest, other); other != "" && i > 0 && d.offer(t.end+int32(i), t.end+int32(i)+1, quote, "") {
		return true
	}
	for _, mark := range []string{"]", ")", " FROM ", " GROUP BY ", " ORDER BY ", " LIMIT "} {
		if i := strings.Index(rest, mark); i > 0 && d.offer(t.end+int32(i), t.end+int32(i), quote, "") {
			return true
		}
	}
	return false
}
