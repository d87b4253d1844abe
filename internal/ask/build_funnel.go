package ask

import (
	"fmt"
	"slices"

	"posthog-mcp/internal/hogql"
)

// funnelPeople has a row for each person who took the first step, with the person's best run through the steps: person_id,
// level (the last step reached, from 1) and time_1, time_2, … (null where the step was not reached). Of runs that get
// equally far the earliest is taken.
//
// For each row the time of the next row of each step at or after it is found by window functions, from the last step
// backwards: that of step n for the rows of step n-1, and so on. So it takes no more room than the events.
func (p *Plan) funnelPeople(t *tree, more ...hogql.Expr) hogql.Query {
	n := len(p.Steps)
	var kept []hogql.Expr // columns that are carried through
	for _, name := range append([]string{"person_id", "time"}, names(more)...) {
		kept = append(kept, hogql.Ref(name))
	}
	rows := &hogql.Select{From: table("events"), Where: p.where(uniq(p.Steps), p.Period),
		Columns: append([]hogql.Expr{hogql.Ref("person_id"), hogql.As(hogql.Ref("timestamp"), "time")}, more...)}
	for i, e := range p.Steps {
		rows.Columns = append(rows.Columns, hogql.As(isEvent([]string{e}), fmt.Sprintf("is_%d", i+1)))
	}
	var q hogql.Query = rows
	for k := n; k >= 2; k-- { // the times of the steps from k on
		columns := slices.Clone(kept)
		for i := 1; i < k; i++ {
			columns = append(columns, hogql.Ref(fmt.Sprintf("is_%d", i)))
		}
		is := hogql.Ref(fmt.Sprintf("is_%d", k))
		for i := k; i <= n; i++ {
			at := hogql.Expr(hogql.Ref("time"))
			name := fmt.Sprintf("time_%d", i)
			if i > k {
				at = hogql.Ref(name)
			}
			next := "SELECT min(if({is}, {at}, NULL)) OVER (PARTITION BY person_id ORDER BY time RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)"
			if p.Steps[k-1] == p.Steps[k-2] { // again, not the same row
				next = "SELECT min(if({is}, {at}, NULL)) OVER (PARTITION BY person_id ORDER BY time ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)"
			}
			over := t.column(next, holes{"is": is, "at": at})
			columns = append(columns, hogql.As(over, name+"_next"))
		}
		q = &hogql.Select{Columns: columns, From: from(q)}
		renamed := slices.Clone(columns[:len(columns)-(n-k+1)])
		for i := k; i <= n; i++ {
			name := fmt.Sprintf("time_%d", i)
			renamed = append(renamed, hogql.As(hogql.Ref(name+"_next"), name))
		}
		q = &hogql.Select{Columns: renamed, From: from(q)}
	}
	inside := slices.Clone(kept)
	var level hogql.Expr = hogql.Int(1)
	for i := 2; i <= n; i++ {
		at := hogql.Ref(fmt.Sprintf("time_%d", i))
		in := hogql.And(&hogql.IsNull{X: at, Not: true}, hogql.LessEq(at, hogql.Op2(hogql.OpAdd, hogql.Ref("time"), p.window())))
		inside = append(inside, at)
		level = hogql.Op2(hogql.OpAdd, level, fn("if", in, hogql.Int(1), hogql.Int(0)))
	}
	runs := &hogql.Select{Columns: append(inside, hogql.As(level, "level")), From: from(q), Where: hogql.Ref("is_1")}
	return &hogql.Select{Columns: append(slices.Clone(inside), hogql.Ref("level")), From: from(runs),
		OrderBy: []*hogql.Order{{X: hogql.Ref("level"), Desc: true}, {X: hogql.Ref("time")}},
		LimitBy: &hogql.LimitBy{N: hogql.Int(1), Exprs: []hogql.Expr{hogql.Ref("person_id")}}}
}

func names(columns []hogql.Expr) []string {
	var out []string
	for _, c := range columns {
		switch x := c.(type) {
		case *hogql.Alias:
			out = append(out, x.Name.Name)
		case *hogql.Field:
			out = append(out, x.Chain[len(x.Chain)-1].Name)
		}
	}
	return out
}

func uniq(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// from is a query as the only table.
func from(q hogql.Query) []*hogql.Join { return []*hogql.Join{{Table: sub(q)}} }

// window is how long a run through a funnel may take.
func (p *Plan) window() hogql.Expr {
	if p.windowSeconds > 0 {
		return fn("toIntervalSecond", hogql.Int(int64(p.windowSeconds)))
	}
	return fn("toIntervalDay", hogql.Int(int64(p.Window)))
}

func (p *Plan) funnel(t *tree) hogql.Query {
	if p.Kind != Funnel {
		return p.funnelList(t)
	}
	var more []hogql.Expr
	if p.By != nil {
		more = append(more, hogql.As(p.key(), "dimension"))
	}
	people := p.funnelPeople(t, more...)
	reached := func(k int) hogql.Expr { return hogql.GreaterEq(hogql.Ref("level"), hogql.Int(int64(k))) }
	counts, medians, steps, events := &hogql.Array{}, &hogql.Array{}, &hogql.Array{}, &hogql.Array{}
	for i, e := range p.Steps {
		k := i + 1
		counts.Elems = append(counts.Elems, fn("countIf", reached(k)))
		steps.Elems = append(steps.Elems, hogql.Int(int64(k)))
		events.Elems = append(events.Elems, hogql.Str(e))
		if i == 0 {
			medians.Elems = append(medians.Elems, &hogql.Null{})
			continue
		}
		before := "time"
		if i > 1 {
			before = fmt.Sprintf("time_%d", i)
		}
		milli := func(name string) hogql.Expr {
			return fn("toUnixTimestamp64Milli", fn("assumeNotNull", hogql.Ref(name)))
		}
		seconds := hogql.Op2(hogql.OpDiv, hogql.Op2(hogql.OpSub, milli(fmt.Sprintf("time_%d", k)), milli(before)), hogql.Int(1000))
		median := &hogql.Call{Name: hogql.Ident{Name: "quantileIf"}, Params: []hogql.Expr{hogql.Float(0.5)}, HasParam: true, Args: []hogql.Expr{seconds, reached(k)}}
		medians.Elems = append(medians.Elems, fn("if", hogql.Eq(fn("countIf", reached(k)), hogql.Int(0)), &hogql.Null{}, median))
	}
	sums := &hogql.Select{Columns: []hogql.Expr{hogql.As(counts, "counts"), hogql.As(medians, "medians")}, From: from(people)}
	head, order := "", ""
	if p.By != nil {
		head, order = "nullIf(dimension, '(none)') AS dimension, ", "counts[1] DESC, dimension, "
		sums.Columns = append(sums.Columns, hogql.Ref("dimension"))
		sums.GroupBy = group("dimension")
		sums.OrderBy = []*hogql.Order{{X: fn("count"), Desc: true}, {X: hogql.Ref("dimension")}}
		sums.Limit = &hogql.Limit{N: hogql.Int(int64(p.top(10)))}
	}
	return t.grow("SELECT "+head+"step, {events}[step] AS event, counts[step] AS people, if(counts[1] = 0, NULL, people / counts[1]) AS rate_of_first, "+
		"multiIf(step = 1, rate_of_first, counts[step - 1] = 0, NULL, people / counts[step - 1]) AS rate_of_previous, medians[step] AS median_seconds "+
		"FROM (SELECT *, arrayJoin({steps}) AS step FROM {sums}) ORDER BY "+order+"step",
		holes{"events": events, "steps": steps, "sums": sub(sums)})
}

// funnelList names the people who came through, or who did not, or counts them.
func (p *Plan) funnelList(t *tree) hogql.Query {
	people := p.funnelPeople(t, hogql.Ref("distinct_id"), hogql.As(hogql.Ref("person", "properties", "email"), "email"))
	n := int64(len(p.Steps))
	reached := hogql.Expr(hogql.Less(hogql.Ref("level"), hogql.Int(n)))
	at := "time"
	if p.Kind == Converted {
		reached = hogql.Eq(hogql.Ref("level"), hogql.Int(n))
		at = fmt.Sprintf("time_%d", n)
	}
	if p.Count {
		return t.grow("SELECT count() AS value FROM {people} WHERE {reached}", holes{"people": sub(people), "reached": reached})
	}
	return t.grow("SELECT person_id, distinct_id, email, {at} AS last_step_at FROM {people} WHERE {reached} ORDER BY last_step_at DESC, person_id LIMIT {top}",
		holes{"people": sub(people), "reached": reached, "at": hogql.Ref(at), "top": hogql.Int(int64(p.top(100)))})
}
