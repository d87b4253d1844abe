package ask

import (
	"cmp"
	"fmt"

	"posthog-mcp/internal/hogql"
)

// Query is the plan as HogQL. Its fixed parts are trees with named holes, which are filled with nodes: no text is pasted
// into SQL. The error tells a fault of this package.
func (p *Plan) Query() (hogql.Query, error) {
	var t tree
	q := p.query(&t)
	if q == nil {
		return nil, fmt.Errorf("no query answers %s", p.Kind)
	}
	return q, t.err
}

func (p *Plan) query(t *tree) hogql.Query {
	switch p.Kind {
	case Total:
		return p.total(t)
	case Trend, ActiveUsers:
		return p.trend(t)
	case TrendBy:
		return p.trendBy(t)
	case Breakdown:
		return p.breakdown(t)
	case TopEvents:
		return p.topEvents(t)
	case Comparison:
		return p.comparison(t)
	case Stickiness:
		return p.stickiness(t)
	case Hours:
		return p.hours(t)
	case Funnel, DroppedOff, Converted:
		return p.funnel(t)
	case Retention:
		return p.retention(t)
	case Lifecycle:
		return p.lifecycle(t)
	case PowerUsers:
		return p.powerUsers(t)
	case Errors:
		return p.errors(t)
	case Journey:
		return p.journey(t)
	case Paths:
		return p.paths(t)
	case Segments:
		return p.segments(t)
	case ChurnRisk:
		return p.churnRisk(t)
	case Impact:
		return p.impact(t)
	case Drivers:
		return p.drivers(t)
	}
	return nil
}

// holes are the nodes that stand for the placeholders of a skeleton.
type holes map[string]hogql.Expr

// tree grows queries from skeletons and keeps the first error, which is a fault of this package.
type tree struct{ err error }

// grow fills the holes of a skeleton, which is constant text of this package.
func (t *tree) grow(skeleton string, h holes) hogql.Query {
	q, err := hogql.Parse(skeleton)
	if err == nil {
		q, err = hogql.FillPlaceholders(q, h)
	}
	if err != nil {
		t.err = cmp.Or(t.err, fmt.Errorf("grow a query: %w", err))
		return &hogql.Select{Columns: []hogql.Expr{&hogql.Null{}}}
	}
	return q
}

// column is the only column of a skeleton.
func (t *tree) column(skeleton string, h holes) hogql.Expr {
	s, _ := t.grow(skeleton, h).(*hogql.Select)
	return s.Columns[0]
}

// sub is a query as a value or table.
func sub(q hogql.Query) *hogql.Subquery { return &hogql.Subquery{Query: q} }

func fn(name string, args ...hogql.Expr) hogql.Expr { return hogql.Fn(name, args...) }

// bucket is the start of the stretch of time that x belongs to: a date, for hours a time.
func bucket(unit string, x hogql.Expr) hogql.Expr {
	switch unit {
	case "hour":
		return fn("toStartOfHour", x)
	case "day":
		return fn("toDate", x)
	case "week":
		return fn("toStartOfWeek", x)
	case "quarter":
		return fn("toStartOfQuarter", x)
	case "year":
		return fn("toStartOfYear", x)
	}
	return fn("toStartOfMonth", x)
}

func step(unit string, n hogql.Expr) hogql.Expr {
	return fn(map[string]string{"hour": "toIntervalHour", "day": "toIntervalDay", "week": "toIntervalWeek", "month": "toIntervalMonth", "quarter": "toIntervalQuarter", "year": "toIntervalYear"}[unit], n)
}

// time is the column that tells when a row happened.
func (p *Plan) time() hogql.Expr {
	if p.Sessions {
		return hogql.Ref("$start_timestamp")
	}
	return hogql.Ref("timestamp")
}

// isEvent is the condition that a row is one of some events; nil for any.
func isEvent(events []string) hogql.Expr {
	switch len(events) {
	case 0:
		return nil
	case 1:
		return hogql.Eq(hogql.Ref("event"), hogql.Str(events[0]))
	}
	list := make([]hogql.Expr, 0, len(events))
	for _, e := range events {
		list = append(list, hogql.Str(e))
	}
	return hogql.In(hogql.Ref("event"), list...)
}

// where is what a row has to be: one of some events, inside a period, past the filters.
func (p *Plan) where(events []string, period Period) hogql.Expr {
	var parts []hogql.Expr
	if x := isEvent(events); x != nil && !p.Sessions {
		parts = append(parts, x)
	}
	parts = append(parts, period.condition(p.time()))
	created := hogql.Ref("person", "created_at")
	switch {
	case p.New && p.Interval != "":
		parts = append(parts, hogql.Eq(bucket(p.Interval, created), bucket(p.Interval, p.time())))
	case p.New:
		parts = append(parts, period.condition(created))
	}
	if x := p.carries(events); x != nil {
		parts = append(parts, x)
	}
	return hogql.And(append(parts, p.filters(period)...)...)
}

// carries is the condition that a row has the number that is asked for, where no event says which rows those are.
func (p *Plan) carries(events []string) hogql.Expr {
	if len(events) > 0 || p.Sessions || len(p.Metrics) != 1 || len(p.Metrics[0].Of) == 0 {
		return nil
	}
	var parts []hogql.Expr
	for _, prop := range p.Metrics[0].Of {
		parts = append(parts, &hogql.IsNull{X: prop.Expr(), Not: true})
	}
	return hogql.Or(parts...)
}

// filters are the conditions of the question. Those on events choose the sessions that have such an event.
func (p *Plan) filters(period Period) []hogql.Expr {
	var parts, events []hogql.Expr
	for _, f := range p.Filters {
		switch {
		case !p.Sessions:
			parts = append(parts, f.expr)
		case f.session != nil:
			parts = append(parts, f.session)
		default:
			events = append(events, f.expr)
		}
	}
	if len(events) > 0 {
		inside := &hogql.Select{Columns: []hogql.Expr{hogql.Ref("properties", "$session_id")}, From: table("events"),
			Where: hogql.And(append([]hogql.Expr{period.condition(hogql.Ref("timestamp"))}, events...)...)}
		parts = append(parts, hogql.Op2(hogql.OpIn, hogql.Ref("session_id"), sub(inside)))
	}
	return parts
}

func table(name string) []*hogql.Join {
	return []*hogql.Join{{Table: &hogql.TableName{Chain: []hogql.Ident{{Name: name}}}}}
}

// source is the table that the plan reads.
func (p *Plan) source() []*hogql.Join {
	if p.Sessions {
		return table("sessions")
	}
	return table("events")
}

func distinct(x hogql.Expr) hogql.Expr {
	return &hogql.Call{Name: hogql.Ident{Name: "count"}, Distinct: true, Args: []hogql.Expr{x}}
}

// value is a metric over the rows of its events. only is the condition that a row is one of them where the query reads
// the rows of other metrics, too; nil where it does not.
func (p *Plan) value(m Metric, only hogql.Expr) hogql.Expr {
	of := m.sum(p.Sessions)
	aggregate := func(name string, args ...hogql.Expr) hogql.Expr {
		if only == nil {
			return fn(name, args...)
		}
		return fn(name+"If", append(args, only)...)
	}
	people := func(column hogql.Expr) hogql.Expr {
		if only == nil {
			return distinct(column)
		}
		return fn("uniqExactIf", column, only)
	}
	switch m.Measure {
	case People:
		return people(hogql.Ref("person_id"))
	case Values:
		return people(of)
	case SessionsN:
		return people(hogql.Ref("properties", "$session_id"))
	case PerPerson:
		return hogql.Op2(hogql.OpDiv, aggregate("count"), fn("nullIf", people(hogql.Ref("person_id")), hogql.Int(0)))
	case Sum:
		return aggregate("sum", of)
	case Average:
		return aggregate("avg", of)
	case Least:
		return aggregate("min", of)
	case Most:
		return aggregate("max", of)
	case Quantile:
		name, args := "quantile", []hogql.Expr{of}
		if only != nil {
			name, args = "quantileIf", append(args, only)
		}
		return &hogql.Call{Name: hogql.Ident{Name: name}, Params: []hogql.Expr{hogql.Float(m.Quantile)}, HasParam: true, Args: args}
	}
	return aggregate("count")
}

// sum is what a metric reads of a row.
func (m Metric) sum(sessions bool) hogql.Expr {
	var x hogql.Expr
	for _, prop := range m.Of {
		y := prop.Expr()
		if sessions {
			y = hogql.Ref(prop.Name)
		}
		if len(m.Of) > 1 {
			y = fn("ifNull", y, hogql.Int(0))
		}
		if x == nil {
			x = y
			continue
		}
		x = hogql.Op2(hogql.OpAdd, x, y)
	}
	return x
}

// top is how many rows are asked for.
func (p *Plan) top(usual int) int {
	if p.Top > 0 {
		return p.Top
	}
	return usual
}

// key is the dimension of a row as text; "(none)" where it has none.
func (p *Plan) key() hogql.Expr {
	if p.ByEvent {
		return hogql.Ref("event")
	}
	return fn("ifNull", fn("toString", p.dimension()), hogql.Str("(none)"))
}

func (p *Plan) dimension() hogql.Expr {
	if p.Sessions && p.By.Entity == "session" {
		return hogql.Ref(p.By.Name)
	}
	return p.By.Expr()
}

func (p *Plan) total(_ *tree) hogql.Query {
	q := &hogql.Select{From: p.source(), Where: p.where(p.events(), p.Period)}
	for i, m := range p.Metrics {
		q.Columns = append(q.Columns, hogql.As(p.value(m, p.only(m)), valueName(i, len(p.Metrics))))
	}
	return q
}

// only is the condition that a row is one of a metric's events, where the query reads others, too; nil where it does not.
func (p *Plan) only(m Metric) hogql.Expr {
	if all := p.events(); len(m.Events) < len(all) {
		return isEvent(m.Events)
	}
	return nil
}

func valueName(i, n int) string {
	if n == 1 {
		return "value"
	}
	return fmt.Sprintf("value_%d", i+1)
}

// span is the first and the last bucket of the plan's period.
func (p *Plan) span() (first, last hogql.Expr) {
	from := p.Period.From
	if from == nil { // the first event
		oldest := &hogql.Select{From: p.source(), Where: p.where(p.events(), p.Period),
			Columns: []hogql.Expr{fn("if", hogql.Eq(fn("count"), hogql.Int(0)), fn("now"), fn("min", p.time()))}}
		from = sub(oldest)
	}
	return bucket(p.Interval, from), bucket(p.Interval, p.Period.last())
}

func (p *Plan) trend(t *tree) hogql.Query {
	first, last := p.span()
	numbers := fn("arrayJoin", fn("range", hogql.Int(0), hogql.Op2(hogql.OpAdd, fn("dateDiff", hogql.Str(p.Interval), first, last), hogql.Int(1))))
	rows := &hogql.Select{From: p.source(), Where: p.where(p.events(), p.Period), GroupBy: group("bucket"),
		Columns: []hogql.Expr{hogql.As(bucket(p.Interval, p.time()), "bucket"), hogql.As(p.value(p.Metrics[0], nil), "number")}}
	return t.grow("SELECT bucket, sum(number) AS value FROM ({rows} UNION ALL SELECT {empty} AS bucket, 0 AS number) GROUP BY bucket ORDER BY bucket",
		holes{"rows": sub(rows), "empty": hogql.Op2(hogql.OpAdd, first, step(p.Interval, numbers))})
}

func group(names ...string) *hogql.GroupBy {
	g := &hogql.GroupBy{}
	for _, n := range names {
		g.Exprs = append(g.Exprs, hogql.Ref(n))
	}
	return g
}

// ranked is the dimension with all but the first values as "(other)"; null where a row has none. Booleans stay booleans.
func (p *Plan) ranked(t *tree) hogql.Expr {
	if !p.ByEvent && p.By.Type == "Boolean" {
		return p.dimension()
	}
	ranks := &hogql.Select{From: p.source(), Where: p.where(p.events(), p.Period), GroupBy: group("key"),
		Columns: []hogql.Expr{hogql.As(p.key(), "key"), hogql.As(p.value(p.Metrics[0], p.only(p.Metrics[0])), "number")},
		OrderBy: []*hogql.Order{{X: hogql.Ref("number"), Desc: !p.Least}, {X: fn("nullIf", hogql.Ref("key"), hogql.Str("(none)"))}},
		Limit:   &hogql.Limit{N: hogql.Int(int64(p.top(10)))}}
	best := t.grow("SELECT ranks.key FROM {ranks} AS ranks", holes{"ranks": sub(ranks)})
	named := fn("if", hogql.Op2(hogql.OpIn, p.key(), sub(best)), p.key(), hogql.Str("(other)"))
	return fn("nullIf", named, hogql.Str("(none)"))
}

func (p *Plan) breakdown(t *tree) hogql.Query {
	dimension := p.ranked(t)
	q := &hogql.Select{From: p.source(), Where: p.where(p.events(), p.Period), GroupBy: group("dimension"),
		Columns: []hogql.Expr{hogql.As(dimension, "dimension")},
		OrderBy: []*hogql.Order{{X: hogql.Eq(fn("ifNull", fn("toString", hogql.Ref("dimension")), hogql.Str("")), hogql.Str("(other)"))}}}
	for i, m := range p.Metrics {
		q.Columns = append(q.Columns, hogql.As(p.value(m, p.only(m)), valueName(i, len(p.Metrics))))
	}
	q.OrderBy = append(q.OrderBy, &hogql.Order{X: hogql.Ref(valueName(0, len(p.Metrics))), Desc: !p.Least}, &hogql.Order{X: hogql.Ref("dimension")})
	return q
}

func (p *Plan) trendBy(t *tree) hogql.Query {
	dimension := p.ranked(t)
	return &hogql.Select{From: p.source(), Where: p.where(p.events(), p.Period), GroupBy: group("bucket", "dimension"),
		Columns: []hogql.Expr{hogql.As(bucket(p.Interval, p.time()), "bucket"), hogql.As(dimension, "dimension"), hogql.As(p.value(p.Metrics[0], nil), "value")},
		OrderBy: []*hogql.Order{{X: hogql.Ref("bucket")}, {X: hogql.Ref("value"), Desc: true}, {X: hogql.Ref("dimension")}}}
}

func (p *Plan) topEvents(t *tree) hogql.Query {
	return t.grow("SELECT event, count() AS count, count(DISTINCT person_id) AS people FROM events WHERE {where} GROUP BY event ORDER BY count DESC, event LIMIT {top}",
		holes{"where": p.where(nil, p.Period), "top": hogql.Int(int64(p.top(10)))})
}

func (p *Plan) comparison(t *tree) hogql.Query {
	one := func(name string, period Period) hogql.Query {
		return &hogql.Select{From: p.source(), Where: p.where(p.events(), period),
			Columns: []hogql.Expr{hogql.As(hogql.Str(name), "period"), hogql.As(p.value(p.Metrics[0], nil), "value")}}
	}
	return t.grow("SELECT period, value FROM ({current} UNION ALL {previous}) ORDER BY period",
		holes{"current": sub(one("current", p.Period)), "previous": sub(one("previous", p.Previous))})
}

func (p *Plan) stickiness(t *tree) hogql.Query {
	where := p.where(p.Steps, p.Period)
	if p.Ratio {
		return t.grow("SELECT avg(people) AS daily, (SELECT count(DISTINCT person_id) FROM events WHERE {where}) AS monthly, "+
			"daily / nullIf(monthly, 0) AS ratio FROM (SELECT toDate(timestamp) AS day, count(DISTINCT person_id) AS people FROM events WHERE {where} GROUP BY day)",
			holes{"where": where})
	}
	return t.grow("SELECT days AS active_days, count() AS people FROM (SELECT person_id, count(DISTINCT toDate(timestamp)) AS days FROM events WHERE {where} GROUP BY person_id) "+
		"GROUP BY active_days ORDER BY active_days", holes{"where": where})
}

func (p *Plan) hours(t *tree) hogql.Query {
	return t.grow("SELECT toDayOfWeek(timestamp) AS weekday, toHour(timestamp) AS hour, {value} AS value FROM events WHERE {where} GROUP BY weekday, hour ORDER BY weekday, hour",
		holes{"value": p.value(p.Metrics[0], nil), "where": p.where(p.Metrics[0].Events, p.Period)})
}
