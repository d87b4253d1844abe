package ask

import (
	"posthog-mcp/internal/hogql"
)

// retention follows the people who began in a bucket. Every person of a cohort has a row for each period up to the last
// bucket, so the size of the cohort is the number of rows.
func (p *Plan) retention(t *tree) hogql.Query {
	first, last := p.span()
	back := p.Steps
	if !p.Repeated {
		back = nil
	}
	if p.Return != "" {
		back = []string{p.Return}
	}
	in := holes{"bucket": bucket(p.Interval, hogql.Ref("timestamp")), "where": p.where(back, p.Period), "last": last}
	active := t.grow("SELECT person_id, groupUniqArray({bucket}) AS buckets FROM events WHERE {where} GROUP BY person_id", in)
	begun := hogql.And(append([]hogql.Expr{orTrue(isEvent(p.Steps)), p.Period.ends(hogql.Ref("timestamp"))}, p.filters(p.Period)...)...)
	cohorts := "SELECT person_id, {first_bucket} AS cohort FROM events WHERE {begun} GROUP BY person_id HAVING cohort >= {first}"
	if p.Repeated {
		cohorts = "SELECT DISTINCT person_id, {bucket} AS cohort FROM events WHERE {where}"
		in["where"] = p.where(p.Steps, p.Period)
	}
	in["first_bucket"], in["begun"], in["first"] = bucket(p.Interval, fn("min", hogql.Ref("timestamp"))), begun, first
	began := t.grow(cohorts, in)
	return t.grow("SELECT cohort, count() AS size, period, countIf(period = 0 OR has(buckets, cohort + {step})) AS people, people / size AS rate "+
		"FROM (SELECT began.cohort AS cohort, active.buckets AS buckets, arrayJoin(range(0, dateDiff({unit}, cohort, {last}) + 1)) AS period "+
		"FROM {began} AS began LEFT JOIN {active} AS active ON began.person_id = active.person_id) GROUP BY cohort, period ORDER BY cohort, period",
		holes{"began": sub(began), "active": sub(active), "unit": hogql.Str(p.Interval), "last": last, "step": step(p.Interval, hogql.Ref("period"))})
}

func orTrue(x hogql.Expr) hogql.Expr {
	if x == nil {
		return &hogql.Bool{Value: true}
	}
	return x
}

// lifecycle reads whole buckets, and the one before the first.
func (p *Plan) lifecycle(t *tree) hogql.Query {
	first, last := p.span()
	whole := Period{From: fn("toDateTime", hogql.Op2(hogql.OpSub, first, step(p.Interval, hogql.Int(1)))), To: p.Period.To}
	one := func(x string) hogql.Expr { return hogql.Op2(hogql.OpAdd, hogql.Ref(x), step(p.Interval, hogql.Int(1))) }
	people := t.grow("SELECT person_id, min({created}) AS created, groupUniqArray({bucket}) AS buckets FROM events WHERE {where} GROUP BY person_id",
		holes{"created": bucket(p.Interval, hogql.Ref("person", "created_at")), "bucket": bucket(p.Interval, hogql.Ref("timestamp")), "where": p.where(p.Steps, whole)})
	return t.grow("SELECT bucket, status, count() AS people FROM ("+
		"SELECT arrayJoin(buckets) AS bucket, multiIf(bucket = created, 'new', has(buckets, {previous}), 'returning', 'resurrecting') AS status FROM {people} "+
		"UNION ALL SELECT arrayJoin(arrayFilter(x -> NOT has(buckets, x), arrayMap(x -> {next}, buckets))) AS bucket, 'dormant' AS status FROM {people}) "+
		"WHERE bucket >= {first} AND bucket <= {last} GROUP BY bucket, status ORDER BY bucket, status",
		holes{"people": sub(people), "previous": hogql.Op2(hogql.OpSub, hogql.Ref("bucket"), step(p.Interval, hogql.Int(1))), "next": one("x"), "first": first, "last": last})
}

func (p *Plan) powerUsers(t *tree) hogql.Query {
	return t.grow("SELECT person_id, any(distinct_id) AS distinct_id, any(person.properties.email) AS email, count() AS events FROM events WHERE {where} "+
		"GROUP BY person_id ORDER BY events DESC, person_id LIMIT {top}",
		holes{"where": p.where(p.Steps, p.Period), "top": hogql.Int(int64(p.top(100)))})
}

func (p *Plan) errors(t *tree) hogql.Query {
	order := "occurrences DESC, "
	if p.MostPeople {
		order = "people DESC, occurrences DESC, "
	}
	return t.grow("SELECT properties.$exception_types[1] AS type, properties.$exception_values[1] AS message, count() AS occurrences, count(DISTINCT person_id) AS people, "+
		"max(timestamp) AS last_seen FROM events WHERE {where} GROUP BY type, message ORDER BY "+order+"type, message LIMIT {top}",
		holes{"where": p.where([]string{"$exception"}, p.Period), "top": hogql.Int(int64(p.top(10)))})
}

// journey is what one person did, found by a distinct id or an email.
func (p *Plan) journey(t *tree) hogql.Query {
	who := hogql.Or(hogql.Eq(hogql.Ref("distinct_id"), hogql.Str(p.Person)), hogql.Eq(hogql.Ref("person", "properties", "email"), hogql.Str(p.Person)))
	var place hogql.Expr = &hogql.Null{}
	for _, name := range p.Places {
		x := hogql.Ref("properties", name)
		if _, none := place.(*hogql.Null); none {
			place = x
			continue
		}
		place = fn("ifNull", place, x)
	}
	return t.grow("SELECT timestamp AS time, event, {place} AS place FROM events WHERE {where} ORDER BY time, uuid LIMIT 1000",
		holes{"place": place, "where": hogql.And(who, p.where(nil, p.Period))})
}
