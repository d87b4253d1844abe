package hogql

import (
	"regexp"
	"strconv"
	"strings"
)

// sizedTypes are ClickHouse's conversions to a type with a size, and what follows the type's name.
var sizedTypes = regexp.MustCompile(`^to(U?Int|Float)(8|16|32|64|128|256)(OrNull|OrZero|OrDefault)?$|^to(Date|DateTime|DateTime64|UUID|Bool|String|Int|Float)(OrNull)$`)

// conversion knows toInt64(x) and toFloat64OrNull(x): HogQL's own have no size, and give null where nothing fits.
func (h *habits) conversion(x *Call) bool {
	m := sizedTypes.FindStringSubmatch(x.Name.Name)
	if m == nil || h.aliases[x.Name.Name] || x.Name.Quoted() {
		return false
	}
	if _, known := LookupFunction(x.Name.Name); known {
		return false
	}
	name := "to" + strings.TrimPrefix(m[1], "U") + strings.TrimPrefix(m[3], "OrNull") + m[4]
	fn, known := LookupFunction(name)
	if !known || len(x.Args) < fn.MinArgs || fn.MaxArgs >= 0 && len(x.Args) > fn.MaxArgs {
		return false
	}
	h.add(x.Name.Span, "foreign-dialect", x.Name.Name+" is no function of PostHog: "+name+" has no size in its name", name)
	return true
}

// exists knows EXISTS (SELECT 1 FROM u WHERE u.a = t.b), which is t.b IN (SELECT u.a FROM u).
func (h *habits) exists(x *Call) bool {
	if !strings.EqualFold(x.Name.Name, "exists") || len(x.Args) != 1 || h.aliases[x.Name.Name] {
		return false
	}
	sub, ok := x.Args[0].(*Subquery)
	if !ok {
		return false
	}
	q, ok := sub.Query.(*Select)
	if !ok || len(q.From) != 1 || q.GroupBy != nil || q.Having != nil || q.LimitBy != nil || q.ArrayJoin != nil || q.Prewhere != nil || len(q.With) > 0 || q.Where == nil {
		return false
	}
	own := map[string]bool{}
	if q.From[0].Alias != nil {
		own[q.From[0].Alias.Name] = true
	} else if t, ok := q.From[0].Table.(*TableName); ok {
		own[t.Chain[len(t.Chain)-1].Name] = true
	}
	conditions := []Expr{q.Where}
	if l, ok := q.Where.(*Logical); ok && l.Op == OpAnd {
		conditions = l.Exprs
	}
	var inner, outer Expr
	var rest []string
	for _, c := range conditions {
		a, b := joining(c, own)
		switch {
		case a == nil:
			rest = append(rest, h.text(c))
		case inner != nil:
			return false // more than one key
		default:
			inner, outer = a, b
		}
	}
	if inner == nil || strings.Contains(h.text(x), "--") {
		return false
	}
	text := h.text(outer) + " IN (SELECT " + h.text(inner) + " FROM " + h.src[q.From[0].Start:q.From[0].End]
	if len(rest) > 0 {
		text += " WHERE " + strings.Join(rest, " AND ")
	}
	h.skip[sub] = true
	h.replace(x, "EXISTS is no function of PostHog, and a subquery does not see the tables around it", text+")")
	return true
}

// joining returns the two sides of a condition inside.a = outside.b, that of a table of own first; nil for others.
func joining(c Expr, own map[string]bool) (inner, outer Expr) {
	b, ok := c.(*Binary)
	if !ok || b.Op != OpEq {
		return nil, nil
	}
	x, isField := b.X.(*Field)
	y, alsoField := b.Y.(*Field)
	if !isField || !alsoField || len(x.Chain) < 2 || len(y.Chain) < 2 {
		return nil, nil
	}
	switch a, b := own[x.Chain[0].Name], own[y.Chain[0].Name]; {
	case a && !b:
		return x, y
	case b && !a:
		return y, x
	}
	return nil, nil
}

// offsetIndex knows BigQuery's list[OFFSET(0)] and list[ORDINAL(1)].
func (h *habits) offsetIndex(x *Index) {
	c, ok := x.Index.(*Call)
	if !ok || len(c.Args) != 1 {
		return
	}
	n, ok := c.Args[0].(*Number)
	if !ok {
		return
	}
	i, err := strconv.Atoi(n.Text)
	if err != nil || i < 0 {
		return
	}
	switch strings.ToLower(c.Name.Name) {
	case "offset", "safe_offset":
		i++
	case "ordinal", "safe_ordinal":
	default:
		return
	}
	h.skip[c] = true
	h.add(c.Span, "foreign-dialect", "an index is a number, and HogQL counts from 1", strconv.Itoa(i))
}

// unnestTable knows FROM UNNEST(list) AS x.
func (h *habits) unnestTable(j *Join) {
	t, ok := j.Table.(*TableCall)
	if !ok || !strings.EqualFold(t.Name.Name, "unnest") || len(t.Args) != 1 || j.Alias == nil || len(j.Columns) > 1 {
		return
	}
	alias := j.Alias.Name
	if len(j.Columns) == 1 {
		alias = j.Columns[0].Name
	}
	h.add(Span{t.Start, j.End}, "foreign-dialect", "UNNEST is no function of PostHog: arrayJoin makes a row of each element",
		"(SELECT arrayJoin("+h.text(t.Args[0])+") AS "+ident(alias)+") AS "+ident(j.Alias.Name))
}

// selectAll knows SELECT ALL x, which is a column named all.
func (h *habits) selectAll(q *Select) {
	if len(q.Columns) == 0 || q.Distinct {
		return
	}
	a, ok := q.Columns[0].(*Alias)
	if !ok {
		return
	}
	f, ok := a.X.(*Field)
	if !ok || len(f.Chain) > 1 || f.Chain[0].Quoted() || !strings.EqualFold(f.Chain[0].Name, "all") || strings.TrimSpace(h.src[f.End:a.Name.Start]) != "" {
		return
	}
	h.add(Span{f.Start, a.Name.Start}, "foreign-dialect", "SELECT ALL is read as a column named all: HogQL writes SELECT alone", "")
}
