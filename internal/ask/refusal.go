package ask

import (
	"fmt"
	"slices"
	"strings"

	"posthog-mcp/internal/hogql"
)

// Refusal says why a question is not answered, and what is close.
type Refusal struct {
	Why        string   // "I found no event that means \"podcast\""
	Understood string   // what was, in words; ""
	Candidates []string // names of the project that may be meant, best first
	Skeleton   string   // HogQL to begin with; it parses
}

func (p *planner) refuse(format string, args ...any) *Refusal {
	r := &Refusal{Why: fmt.Sprintf(format, args...)}
	var parts []string
	for _, q := range p.periodsSaid {
		parts = append(parts, q.Text)
	}
	for _, e := range p.mentioned {
		parts = append(parts, "event "+e)
	}
	if p.plan.By != nil {
		parts = append(parts, "by "+p.plan.By.String())
	}
	r.Understood = strings.Join(parts, ", ")
	r.Skeleton = p.skeleton()
	return r
}

// skeleton is HogQL of the plan's shape, with what was understood in it.
func (p *planner) skeleton() string {
	name := "EVENT"
	if len(p.mentioned) > 0 {
		name = p.mentioned[0]
	}
	period := lastUnits(7, "day")
	if len(p.periodsSaid) > 0 {
		period = p.periodsSaid[0]
	}
	q := &hogql.Select{
		From:  []*hogql.Join{{Table: &hogql.TableName{Chain: []hogql.Ident{{Name: "events"}}}}},
		Where: hogql.And(hogql.Eq(hogql.Ref("event"), hogql.Str(name)), period.condition(hogql.Ref("timestamp"))),
	}
	value := hogql.As(hogql.Fn("count"), "value")
	switch {
	case p.plan.Interval != "":
		q.Columns = []hogql.Expr{hogql.As(bucket(p.plan.Interval, hogql.Ref("timestamp")), "bucket"), value}
		q.GroupBy = &hogql.GroupBy{Exprs: []hogql.Expr{hogql.Ref("bucket")}}
		q.OrderBy = []*hogql.Order{{X: hogql.Ref("bucket")}}
	case p.plan.By != nil:
		q.Columns = []hogql.Expr{hogql.As(p.plan.By.Expr(), "dimension"), value}
		q.GroupBy = &hogql.GroupBy{Exprs: []hogql.Expr{hogql.Ref("dimension")}}
		q.OrderBy = []*hogql.Order{{X: hogql.Ref("value"), Desc: true}}
	default:
		q.Columns = []hogql.Expr{value}
	}
	return hogql.Print(q)
}

// nearEvents are the events closest to words that mean none.
func (p *planner) nearEvents(said []token) []string {
	var out []string
	add := func(name string) {
		if !slices.Contains(out, name) && len(out) < 5 {
			out = append(out, name)
		}
	}
	for _, c := range p.x.eventsLike(said) {
		add(p.x.events[c.at].name)
	}
	for _, t := range said {
		if hollowVerb(t.stem) {
			continue
		}
		for _, c := range p.x.eventsLike([]token{t}) {
			add(p.x.events[c.at].name)
		}
	}
	return out
}
