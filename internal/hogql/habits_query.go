package hogql

import (
	"strings"
)

// query knows the clauses of other dialects.
func (h *habits) query(q *Select) {
	h.limit(q)
	h.distinctOn(q)
	h.qualify(q)
	for i, j := range q.From {
		if i+1 < len(q.From) {
			h.globalJoin(j, q.From[i+1])
		}
		h.format(j)
	}
	if len(q.From) == 1 {
		h.unnestTable(q.From[0])
	}
	h.selectAll(q)
	h.unnest(q)
	h.lateOrder(q)
	h.unequalJoin(q)
}

// lateOrder knows LIMIT 10 ORDER BY x.
func (h *habits) lateOrder(q *Select) {
	if len(q.TailOrder) == 0 || q.OrderBy != nil || q.LimitBy != nil || q.Limit == nil || q.Limit.End > q.TailOrder[0].Start {
		return
	}
	limit := h.clauseStart(q.Limit.Start)
	order := lastWord(h.src[:q.TailOrder[0].Start], "ORDER")
	end := q.TailOrder[len(q.TailOrder)-1].End
	if order < int(q.Limit.End) || strings.Contains(h.src[q.Limit.End:order], ")") {
		return
	}
	h.add(Span{limit, end}, "dropped", "PostHog drops ORDER BY behind LIMIT: the rows are in no order",
		h.src[order:end]+" "+strings.TrimSpace(h.src[limit:order]))
}

// unequalJoin knows JOIN u ON a < b: ClickHouse joins on equal values only.
func (h *habits) unequalJoin(q *Select) {
	n := len(q.From) - 1
	if n < 1 || q.ArrayJoin != nil || q.Prewhere != nil {
		return
	}
	j := q.From[n]
	if j.On == nil || j.Kind != "JOIN" && j.Kind != "INNER JOIN" || equates(j.On) {
		return
	}
	word, _, _ := strings.Cut(j.Kind, " ")
	start := lastWord(h.src[:j.Start], word)
	on := lastWord(h.src[:j.On.Pos().Start], "ON")
	if start < 0 || on < int(j.Start) {
		return
	}
	end, text := j.End, "CROSS JOIN "+strings.TrimSpace(h.src[j.Start:on])+" WHERE "+h.condition(j.On)
	if q.Where != nil {
		end = q.Where.Pos().End
		text += " AND " + h.condition(q.Where)
	}
	if rest := h.src[j.On.Pos().End:end]; q.Where == nil && strings.TrimSpace(rest) != "" {
		return
	}
	h.skip[j.On] = true
	h.add(Span{int32(start), end}, "join-condition", "ClickHouse joins on equal values only", text)
}

// condition is the text of x as one operand of AND.
func (h *habits) condition(x Expr) string {
	if precedence(x) < precAnd {
		return "(" + h.text(x) + ")"
	}
	return h.text(x)
}

// limit knows LIMIT offset, count.
func (h *habits) limit(q *Select) {
	l := q.Limit
	if l == nil || !l.Swapped || l.N == nil || l.Offset == nil {
		return
	}
	first, second := h.text(l.N), h.text(l.Offset)
	h.add(Span{l.N.Pos().Start, l.Offset.Pos().End}, "limit-order",
		"LIMIT a, b takes a rows and skips b here, the other way round than in MySQL and ClickHouse", second+" OFFSET "+first)
}

// distinctOn knows SELECT DISTINCT ON (a) b: the first row for each a.
func (h *habits) distinctOn(q *Select) {
	if !q.Distinct || len(q.Columns) == 0 {
		return
	}
	x, span := q.Columns[0], q.Columns[0].Pos()
	if a, ok := x.(*Alias); ok {
		x = a.X
	}
	on, ok := x.(*Call)
	if !ok || !strings.EqualFold(on.Name.Name, "on") || len(on.Args) == 0 || q.LimitBy != nil || len(q.With) > 0 && q.With[0].Expr != nil {
		return
	}
	keys := make([]string, len(on.Args))
	for i, a := range on.Args {
		keys[i] = h.text(a)
	}
	rest := strings.TrimSpace(h.src[on.End:span.End])
	if rest == "" { // DISTINCT ON (a), b: no column
		return
	}
	word := lastWord(h.src[:on.Start], "DISTINCT")
	end := q.End
	if q.Limit != nil {
		end = h.clauseStart(q.Limit.Start)
	}
	by := " LIMIT 1 BY " + strings.Join(keys, ", ")
	message := "DISTINCT ON is read as a call of the function on"
	body := strings.TrimSpace(h.src[span.End:end])
	if strings.HasPrefix(body, ",") {
		rest += body
	} else {
		rest += " " + body
	}
	tail := strings.TrimSpace(h.src[end:q.End])
	h.skip[on] = true
	h.add(Span{int32(word), q.End}, "foreign-dialect", message, strings.TrimSpace(rest+by+" "+tail))
}

// clauseStart returns the offset of the word LIMIT or OFFSET at or before the offset at.
func (h *habits) clauseStart(at int32) int32 {
	for _, word := range []string{"LIMIT", "OFFSET"} {
		if i := lastWord(h.src[:at], word); i >= 0 && strings.TrimSpace(h.src[i+len(word):at]) == "" {
			return int32(i)
		}
	}
	return at
}

// lastWord returns the offset of the last place where src has word, which is in capitals, in any case; -1 for none.
func lastWord(src, word string) int {
	for i := len(src) - len(word); i >= 0; i-- {
		if strings.EqualFold(src[i:i+len(word)], word) {
			return i
		}
	}
	return -1
}

// qualify knows QUALIFY row_number() OVER (PARTITION BY a ORDER BY b) = n: the first rows for each a.
func (h *habits) qualify(q *Select) {
	b, ok := q.Qualify.(*Binary)
	if !ok || q.OrderBy != nil || q.LimitBy != nil || q.Limit != nil || q.GroupBy != nil || q.Distinct {
		return
	}
	c, ok := b.X.(*Call)
	n, isNumber := b.Y.(*Number)
	if !ok || !isNumber || !strings.EqualFold(c.Name.Name, "row_number") || c.Over == nil || c.Over.Spec == nil {
		return
	}
	w := c.Over.Spec
	if len(w.PartitionBy) == 0 || len(w.OrderBy) == 0 || b.Op != OpLessEq && (b.Op != OpEq || n.Text != "1") {
		return
	}
	orders := make([]string, len(w.OrderBy))
	for i, o := range w.OrderBy {
		orders[i] = h.text(o)
	}
	keys := make([]string, len(w.PartitionBy))
	for i, x := range w.PartitionBy {
		keys[i] = h.text(x)
	}
	word := lastWord(h.src[:b.Start], "QUALIFY")
	h.skip[b] = true
	h.add(Span{int32(word), b.End}, "foreign-dialect", "QUALIFY is not sure to run on PostHog: LIMIT … BY takes the first rows of each group",
		"ORDER BY "+strings.Join(orders, ", ")+" LIMIT "+n.Text+" BY "+strings.Join(keys, ", "))
}

// globalJoin knows t GLOBAL JOIN u.
func (h *habits) globalJoin(j, next *Join) {
	if a := j.Alias; a != nil && !a.Quoted() && strings.EqualFold(a.Name, "global") && strings.HasSuffix(next.Kind, "JOIN") && !next.Comma {
		end := int(a.End)
		for end < len(h.src) && h.src[end] == ' ' {
			end++
		}
		h.add(Span{a.Start, int32(end)}, "foreign-dialect", "GLOBAL is read as an alias of the table", "")
	}
}

// format knows FROM t FORMAT JSON.
func (h *habits) format(j *Join) {
	a := j.Alias
	if a == nil || a.Quoted() {
		return
	}
	before := strings.TrimRight(h.src[:a.Start], " \n\t")
	if start := len(before) - len("FORMAT"); start > 0 && strings.EqualFold(before[start:], "FORMAT") {
		start = len(strings.TrimRight(before[:start], " \n\t"))
		h.add(Span{int32(start), a.End}, "foreign-dialect", "FORMAT is read as an alias of the table", "")
	}
}

// unnest knows FROM t CROSS JOIN UNNEST(list) AS x.
func (h *habits) unnest(q *Select) {
	n := len(q.From) - 1
	if n < 1 || q.ArrayJoin != nil {
		return
	}
	j := q.From[n]
	t, ok := j.Table.(*TableCall)
	if !ok || !strings.EqualFold(t.Name.Name, "unnest") || len(t.Args) != 1 || j.Alias == nil || j.Kind != "CROSS JOIN" {
		return
	}
	alias := j.Alias.Name
	if len(j.Columns) == 1 {
		alias = j.Columns[0].Name
	}
	start := q.From[n-1].End
	h.add(Span{start, j.End}, "foreign-dialect", "UNNEST is no function of PostHog: ARRAY JOIN makes a row of each element",
		" ARRAY JOIN "+h.text(t.Args[0])+" AS "+Print(&Field{Chain: []Ident{{Name: alias}}}))
}
