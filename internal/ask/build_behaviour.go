package ask

import (
	"fmt"
	"strings"

	"posthog-mcp/internal/hogql"
)

// pathSteps is how many steps a path has.
const pathSteps = 3

// paths follows each person from the first event of the kind in the period, or back from it, event by event.
func (p *Plan) paths(t *tree) hogql.Query {
	next := "lead"
	if p.Before {
		next = "lag"
	}
	var steps, here, there []hogql.Expr
	rows := &hogql.Select{From: table("events"), Where: p.where(nil, p.Period),
		Columns: []hogql.Expr{hogql.Ref("person_id"), hogql.As(hogql.Ref("timestamp"), "time"), hogql.As(hogql.Ref("event"), "event_0")}}
	for i := 1; i <= pathSteps; i++ {
		over := t.column("SELECT "+next+"(event, {n}) OVER (PARTITION BY person_id ORDER BY timestamp, uuid ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)", holes{"n": hogql.Int(int64(i))})
		rows.Columns = append(rows.Columns, hogql.As(over, fmt.Sprintf("event_%d", i)))
		steps = append(steps, hogql.Int(int64(i)))
		here = append(here, hogql.Ref(fmt.Sprintf("event_%d", i-1)))
		there = append(there, hogql.Ref(fmt.Sprintf("event_%d", i)))
	}
	if p.Before {
		here, there = there, here
	}
	first := t.grow("SELECT * FROM {rows} WHERE event_0 = {start} ORDER BY time LIMIT 1 BY person_id", holes{"rows": sub(rows), "start": hogql.Str(p.Steps[0])})
	return t.grow("SELECT step, source AS `from`, target AS `to`, count() AS people FROM ("+
		"SELECT arrayJoin({steps}) AS step, {here}[step] AS source, {there}[step] AS target FROM {first}) "+
		"WHERE ifNull(source, '') != '' AND ifNull(target, '') != '' GROUP BY step, source, target ORDER BY people DESC, step, source, target LIMIT {top}",
		holes{"steps": &hogql.Array{Elems: steps}, "here": &hogql.Array{Elems: here}, "there": &hogql.Array{Elems: there}, "first": sub(first), "top": hogql.Int(int64(p.top(20)))})
}

// limits are the days of activity in the period from which on a person is regular, and a power user: a tenth and a third of
// the days.
func (p *Plan) limits() (regular, power int) {
	days := 30
	if p.Period.unit == "day" && p.Period.count > 0 {
		days = p.Period.count
	}
	regular = max(days/10, 2)
	return regular, max(days/3, regular+1)
}

func (p *Plan) segments(t *tree) hogql.Query {
	regular, power := p.limits()
	return t.grow("SELECT segment, people, people / sum(people) OVER () AS share FROM ("+
		"SELECT multiIf(days >= {power}, {power_name}, days >= {regular}, {regular_name}, {light_name}) AS segment, count() AS people, max(days) AS most FROM ("+
		"SELECT person_id, count(DISTINCT toDate(timestamp)) AS days FROM events WHERE {where} GROUP BY person_id) GROUP BY segment) ORDER BY most DESC",
		holes{"where": p.where(p.Steps, p.Period), "power": hogql.Int(int64(power)), "regular": hogql.Int(int64(regular)),
			"power_name":   hogql.Str(fmt.Sprintf("power (%d or more active days)", power)),
			"regular_name": hogql.Str(fmt.Sprintf("regular (%s)", dayRange(regular, power-1))),
			"light_name":   hogql.Str(fmt.Sprintf("light (%s)", dayRange(1, regular-1)))})
}

func dayRange(from, to int) string {
	if from == to {
		return plural(from, "active day")
	}
	return fmt.Sprintf("%d to %d active days", from, to)
}

// quietDays is how long before the silence people had to be active.
const quietDays = 30

// churnRisk are the people who were active before the period, and not in it.
func (p *Plan) churnRisk(t *tree) hogql.Query {
	earlier := Period{From: minus(p.Period.From, quietDays, "day"), To: p.Period.To}
	if p.Count {
		return t.grow("SELECT count() AS value FROM (SELECT person_id FROM events WHERE {where} GROUP BY person_id HAVING max(timestamp) < {from})",
			holes{"where": p.where(p.Steps, earlier), "from": p.Period.From})
	}
	return t.grow("SELECT person_id, any(distinct_id) AS distinct_id, any(person.properties.email) AS email, count() AS events_before FROM events WHERE {where} "+
		"GROUP BY person_id HAVING max(timestamp) < {from} ORDER BY events_before DESC, person_id LIMIT {top}",
		holes{"where": p.where(p.Steps, earlier), "from": p.Period.From, "top": hogql.Int(int64(p.top(100)))})
}

// impact compares groups of people: those who saw the variants of a feature flag and did the event after they first saw
// it, or those who were active before and after a date and did the event then. The interval is that of the difference of
// two rates (Wald, 95 %).
func (p *Plan) impact(t *tree) hogql.Query {
	groups := p.variants
	if p.Flag == "" {
		groups = p.beforeAndAfter
	}
	return t.grow("SELECT variant, people, converted, rate, if(variant = control, NULL, rate - base) AS difference, "+
		"if(variant = control, NULL, rate - base - margin) AS low, if(variant = control, NULL, rate - base + margin) AS high FROM ("+
		"SELECT *, 1.959964 * sqrt(rate * (1 - rate) / people + base * (1 - base) / base_people) AS margin FROM ("+
		"SELECT variant, people, converted, converted / people AS rate, argMin(variant, rank) OVER () AS control, argMin(converted / people, rank) OVER () AS base, argMin(people, rank) OVER () AS base_people "+
		"FROM {groups})) ORDER BY variant != control, variant", holes{"groups": sub(groups(t))})
}

func (p *Plan) beforeAndAfter(t *tree) hogql.Query {
	both := Period{From: p.Previous.From, To: p.Period.To}
	return t.grow("SELECT if(timestamp < {since}, 'before', 'after') AS variant, if(variant = 'before', 0, 1) AS rank, count(DISTINCT person_id) AS people, uniqExactIf(person_id, {done}) AS converted "+
		"FROM events WHERE {where} GROUP BY variant", holes{"since": orTrue(p.Period.From), "done": orTrue(isEvent(p.Steps)), "where": p.where(nil, both)})
}

func (p *Plan) variants(t *tree) hogql.Query {
	seen := t.grow("SELECT person_id, argMin(toString(properties.$feature_flag_response), timestamp) AS variant, min(timestamp) AS at FROM events "+
		"WHERE properties.$feature_flag = {flag} AND {where} GROUP BY person_id",
		holes{"flag": hogql.Str(p.Flag), "where": p.where([]string{"$feature_flag_called"}, p.Period)})
	done := t.grow("SELECT person_id, max(timestamp) AS last FROM events WHERE {where} GROUP BY person_id", holes{"where": p.where(p.Steps, p.Period)})
	return t.grow("SELECT seen.variant AS variant, multiIf(variant = 'control', 0, variant = 'false', 1, 2) AS rank, count() AS people, countIf(done.last >= seen.at) AS converted "+
		"FROM {seen} AS seen LEFT JOIN {done} AS done ON seen.person_id = done.person_id GROUP BY variant",
		holes{"seen": sub(seen), "done": sub(done)})
}

// drivers compares, for each earlier event and property value, the people who have it with those who have not: how many of
// them convert. The p-value is that of two proportions (z-test, pooled), times the number of things compared.
func (p *Plan) drivers(t *tree) hogql.Query {
	goal := p.Steps[len(p.Steps)-1]
	begun := hogql.Expr(&hogql.Bool{Value: true})
	skip := []hogql.Expr{hogql.Str(goal)}
	if len(p.Steps) > 1 {
		begun = isEvent(p.Steps[:1])
		skip = append(skip, hogql.Str(p.Steps[0]))
	}
	what := []hogql.Expr{fn("if", hogql.Op2(hogql.OpIn, hogql.Ref("event"), &hogql.Tuple{Elems: skip}), hogql.Str(""), hogql.Ref("event"))}
	for _, name := range p.Traits {
		x := hogql.Ref("properties", name)
		what = append(what, fn("if", &hogql.IsNull{X: x}, hogql.Str(""), fn("concat", hogql.Str(strings.TrimPrefix(name, "$")+" = "), fn("toString", x)))) // concat reads null as ""
	}
	rows := t.grow("SELECT person_id, timestamp, done, traits FROM ("+
		"SELECT *, min(if({goal} AND timestamp >= start, timestamp, NULL)) OVER (PARTITION BY person_id) AS done FROM ("+
		"SELECT person_id, event, timestamp, {what} AS traits, min(if({begun}, timestamp, NULL)) OVER (PARTITION BY person_id) AS start FROM events WHERE {where})) WHERE start IS NOT NULL",
		holes{"what": &hogql.Array{Elems: what}, "goal": isEvent([]string{goal}), "begun": begun, "where": p.where(nil, p.Period)})
	return t.grow("SELECT what, people_with, rate_with, people_without, rate_without, rate_with / nullIf(rate_without, 0) AS lift, p_value FROM ("+
		"SELECT what, people_with, with_done / people_with AS rate_with, everyone - people_with AS people_without, (all_done - with_done) / (everyone - people_with) AS rate_without, "+
		"all_done / everyone AS rate, least(1, erfc(abs(rate_with - rate_without) / sqrt(rate * (1 - rate) * (1 / people_with + 1 / people_without)) / sqrt(2)) * compared) AS p_value FROM ("+
		"SELECT what, people_with, with_done, everyone, all_done, count() OVER () AS compared FROM ("+
		"SELECT arrayJoin(traits) AS what, count(DISTINCT person_id) AS people_with, uniqExactIf(person_id, done IS NOT NULL) AS with_done FROM {rows} "+
		"WHERE done IS NULL OR timestamp < done GROUP BY what HAVING what != '') AS traits "+
		"CROSS JOIN (SELECT count(DISTINCT person_id) AS everyone, uniqExactIf(person_id, done IS NOT NULL) AS all_done FROM {rows}) AS totals "+
		"WHERE people_with >= 5 AND people_with < everyone)) WHERE p_value < 0.05 ORDER BY lift DESC, what LIMIT {top}",
		holes{"rows": sub(rows), "top": hogql.Int(int64(p.top(20)))})
}
