package compile

import (
	"slices"
	"strconv"
	"strings"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/schema"
)

// operator is how the engine does a comparison and what PostHog makes of nulls: the answer when one
// side is null, and when both are.
type operator struct {
	format    string // with X and Y
	one, both bool
}

func comparison(op hogql.Op) (operator, bool) {
	switch op {
	case hogql.OpEq:
		return operator{"equals(X, Y)", false, true}, true
	case hogql.OpNotEq:
		return operator{"notEquals(X, Y)", true, false}, true
	case hogql.OpLess:
		return operator{"less(X, Y)", false, false}, true
	case hogql.OpLessEq:
		return operator{"lessOrEquals(X, Y)", false, false}, true
	case hogql.OpGreater:
		return operator{"greater(X, Y)", false, false}, true
	case hogql.OpGreaterEq:
		return operator{"greaterOrEquals(X, Y)", false, false}, true
	case hogql.OpLike:
		return operator{"like(X, Y)", false, true}, true
	case hogql.OpILike:
		return operator{"ilike(X, Y)", false, true}, true
	case hogql.OpNotLike:
		return operator{"notLike(X, Y)", true, false}, true
	case hogql.OpNotILike:
		return operator{"notILike(X, Y)", true, false}, true
	case hogql.OpRegex:
		return operator{"match(X, Y)", false, true}, true
	case hogql.OpNotRegex:
		return operator{"not(match(X, Y))", true, false}, true
	case hogql.OpIRegex:
		return operator{"match(X, concat('(?i)', Y))", false, true}, true
	case hogql.OpNotIRegex:
		return operator{"not(match(X, concat('(?i)', Y)))", true, false}, true
	}
	return operator{}, false
}

func (o operator) apply(x, y string) string {
	// one pass: a text inside x or y is not looked at again
	return strings.NewReplacer("X", x, "Y", y).Replace(o.format)
}

// binary translates a comparison or arithmetic.
func (s *scope) binary(e *hogql.Binary) value {
	if o, ok := comparison(e.Op); ok {
		return s.compare(e.Op, o, s.expr(e.X), s.expr(e.Y))
	}
	switch e.Op {
	case hogql.OpIn, hogql.OpNotIn:
		return s.in(e)
	case hogql.OpInCohort, hogql.OpNotInCohort:
		return s.inCohort(e)
	case hogql.OpDistinct, hogql.OpNotDistinct, hogql.OpSpaceship:
		name := "isNotDistinctFrom("
		if e.Op == hogql.OpDistinct {
			name = "isDistinctFrom("
		}
		return value{sql: name + s.expr(e.X).instant() + ", " + s.expr(e.Y).instant() + ")", kind: schema.Boolean}
	case hogql.OpCoalesce:
		x, y := s.expr(e.X), s.expr(e.Y)
		return value{sql: "ifNull(" + x.sql + ", " + y.sql + ")", kind: x.kind, null: y.null}
	case hogql.OpConcat:
		return s.concat(operands(e, nil))
	}
	return s.arithmetic(e)
}

// operands flattens a || b || c.
func operands(e hogql.Expr, to []hogql.Expr) []hogql.Expr {
	if b, ok := e.(*hogql.Binary); ok && b.Op == hogql.OpConcat {
		return operands(b.Y, operands(b.X, to))
	}
	return append(to, e)
}

func (s *scope) concat(list []hogql.Expr) value {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = asText(s.expr(e))
	}
	return value{sql: "concat(" + strings.Join(parts, ", ") + ")", kind: schema.String}
}

func (s *scope) arithmetic(e *hogql.Binary) value {
	name := map[hogql.Op]string{hogql.OpAdd: "plus", hogql.OpSub: "minus", hogql.OpMul: "multiply", hogql.OpDiv: "divide", hogql.OpMod: "modulo"}[e.Op]
	x, y := s.expr(e.X), s.expr(e.Y)
	out := value{sql: name + "(" + x.sql + ", " + y.sql + ")", null: x.null || y.null}
	switch {
	case y.kind == interval || x.kind == interval:
		out.kind = x.kind
		if x.kind == interval {
			out.kind = y.kind
		}
		if out.kind == schema.Date { // a date moved by hours is a time
			out.kind = ""
		}
	case e.Op == hogql.OpDiv:
		out.kind = schema.Float
	case x.kind == y.kind && (x.kind == schema.Integer || x.kind == schema.Float):
		out.kind = x.kind
	}
	return out
}

// compare never yields null outside the conditions of joins.
func (s *scope) compare(op hogql.Op, o operator, x, y value) value {
	out := value{kind: schema.Boolean}
	if x.isNull || y.isNull {
		other := x
		if x.isNull {
			other = y
		}
		switch op {
		case hogql.OpEq:
			out.sql = "isNull(" + other.instant() + ")"
			return out
		case hogql.OpNotEq:
			out.sql = "isNotNull(" + other.instant() + ")"
			return out
		}
	}
	xs, ys := s.c.moments(op, x, y)
	out.sql = o.apply(xs, ys)
	switch {
	case s.inJoin || !x.null && !y.null:
		out.null = s.inJoin && (x.null || y.null)
	case !x.null || !y.null || o.one == o.both:
		out.sql = "ifNull(" + out.sql + ", " + bit(o.one) + ")"
	case o.both:
		out.sql = "ifNull(" + out.sql + ", and(isNull(" + xs + "), isNull(" + ys + ")))"
	default:
		out.sql = "ifNull(" + out.sql + ", or(isNotNull(" + xs + "), isNotNull(" + ys + ")))"
	}
	return out
}

func bit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// moments prepares the sides of a comparison of times. Two times are compared as instants; a text that
// an order is asked for means a time in the project's zone.
func (c *compiler) moments(op hogql.Op, x, y value) (left, right string) {
	ordered := op == hogql.OpLess || op == hogql.OpLessEq || op == hogql.OpGreater || op == hogql.OpGreaterEq
	switch {
	case x.kind == schema.DateTime && y.kind == schema.DateTime:
		return x.instant(), y.instant()
	case ordered && x.kind == schema.DateTime && y.text != nil:
		return x.instant(), c.constantTime(y)
	case ordered && y.kind == schema.DateTime && x.text != nil:
		return c.constantTime(x), y.instant()
	}
	return x.sql, y.sql
}

func (c *compiler) constantTime(v value) string {
	return "toDateTime64(" + v.sql + ", 6, " + c.tz() + ")"
}

func (s *scope) between(e *hogql.Between) value {
	x, low, high := s.expr(e.X), s.expr(e.Low), s.expr(e.High)
	lx, l := s.c.moments(hogql.OpGreaterEq, x, low)
	hx, h := s.c.moments(hogql.OpLessEq, x, high)
	out := value{sql: "and(greaterOrEquals(" + lx + ", " + l + "), lessOrEquals(" + hx + ", " + h + "))", kind: schema.Boolean}
	if (x.null || low.null || high.null) && !s.inJoin {
		out.sql = "ifNull(" + out.sql + ", 0)"
	}
	if e.Not {
		out.sql = "not(" + out.sql + ")"
	}
	return out
}

// in is IN and NOT IN; the engine runs with transform_null_in, under which null is in (null).
func (s *scope) in(e *hogql.Binary) value {
	name := "in("
	if e.Op == hogql.OpNotIn {
		name = "notIn("
	}
	x := s.expr(e.X)
	right := ""
	if f, ok := e.Y.(*hogql.Field); ok && len(f.Chain) == 1 {
		if w := s.ctes.find(f.Chain[0].Name); w != nil && w.expr == nil {
			right = "(SELECT * FROM " + schema.Ident(w.alias) + ")"
		}
	}
	if right == "" {
		y := s.expr(e.Y)
		right = y.sql
		if y.constant && y.kind != schema.Array && y.kind != "tuple" {
			right = "tuple(" + right + ")"
		}
	}
	return value{sql: name + x.sql + ", " + right + ")", kind: schema.Boolean, null: false}
}

// inCohort is IN COHORT: a person's membership, by the cohort's id or name.
func (s *scope) inCohort(e *hogql.Binary) value {
	x := s.expr(e.X)
	y := s.expr(e.Y)
	if s.c.err != nil {
		return x
	}
	var id int64 = -1
	switch {
	case y.text != nil:
		i := slices.IndexFunc(s.c.project.Cohorts, func(co Cohort) bool { return co.Name == *y.text })
		if i < 0 {
			return s.c.fail(e.Y.Pos(), "Could not find a cohort with the name \"%s\"", *y.text)
		}
		id = s.c.project.Cohorts[i].ID
	case y.constant && y.kind == schema.Integer:
		id, _ = strconv.ParseInt(y.sql, 10, 64)
		if !slices.ContainsFunc(s.c.project.Cohorts, func(co Cohort) bool { return co.ID == id }) {
			return s.c.fail(e.Y.Pos(), "Could not find cohort with ID %s", y.sql)
		}
	default:
		return s.c.fail(e.Y.Pos(), "IN COHORT takes the id or the name of a cohort")
	}
	number := strconv.FormatInt(id, 10)
	members := "(SELECT person_id FROM cohort_people WHERE equals(cohort_id, " + number +
		") UNION ALL SELECT person_id FROM static_cohort_people WHERE equals(cohort_id, " + number + "))"
	name := "in("
	if e.Op == hogql.OpNotInCohort {
		name = "notIn("
	}
	return value{sql: name + x.sql + ", " + members + ")", kind: schema.Boolean}
}
