package compile

import (
	"slices"
	"strconv"
	"strings"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/schema"
)

// special translates the functions whose arguments are no plain values.
func (s *scope) special(e *hogql.Call, f hogql.Function) (value, bool) {
	switch f.Name {
	case "count", "countDistinct":
		if len(e.Args) == 1 {
			if _, star := e.Args[0].(*hogql.Star); star {
				plain := *e
				plain.Args = nil
				return s.known(&plain, f), true
			}
		}
	case "concat":
		if len(e.Args) > 0 {
			return s.concat(e.Args), true
		}
	case "matchesAction":
		return s.matchesAction(e), true
	case "arrayReduce":
		if name, ok := e.Args[0].(*hogql.String); !ok || !reducible(name.Value) {
			return s.c.fail(e.Args[0].Pos(), "arrayReduce takes the name of an aggregate such as 'sum', 'max' or 'uniq' as its first argument"), true
		}
	}
	if op, ok := comparisonCalled(f.Name); ok {
		b := &hogql.Binary{Span: e.Span, Op: op, X: e.Args[0], Y: e.Args[1]}
		return s.binary(b), true
	}
	if strings.HasPrefix(f.Kind, "posthog") || f.Kind == "udf" {
		return s.postHogOnly(e, f), true
	}
	return value{}, false
}

// comparisonCalled is the operator that a function stands for: PostHog treats both alike.
func comparisonCalled(name string) (hogql.Op, bool) {
	op, ok := map[string]hogql.Op{
		"equals": hogql.OpEq, "notEquals": hogql.OpNotEq, "less": hogql.OpLess, "lessOrEquals": hogql.OpLessEq, "greater": hogql.OpGreater,
		"greaterOrEquals": hogql.OpGreaterEq, "like": hogql.OpLike, "ilike": hogql.OpILike, "notLike": hogql.OpNotLike,
		"notILike": hogql.OpNotILike, "in": hogql.OpIn, "notIn": hogql.OpNotIn,
	}[name]
	return op, ok
}

// reducible tells whether PostHog lets arrayReduce call an aggregate.
func reducible(name string) bool {
	for _, base := range []string{"count", "sum", "min", "max", "avg", "uniq"} {
		switch strings.TrimPrefix(name, base) {
		case "", "Map":
			return true
		case "MapState":
			return base != "uniq"
		case "State":
			return base == "avg" || base == "uniq"
		}
	}
	return name == "median"
}

// postHogOnly translates what PostHog adds to the engine. What needs PostHog's own dictionaries or
// data that the sandbox does not have is refused.
func (s *scope) postHogOnly(e *hogql.Call, f hogql.Function) value {
	switch f.Name {
	case "sparkline":
		return value{sql: "tuple('__hx_tag', 'Sparkline', 'data', " + s.items(e.Args) + ")", kind: "tuple"}
	case "recordingButton", "recording_button":
		args := s.arguments(e.Args)
		sql := "tuple('__hx_tag', 'RecordingButton', 'sessionId', " + args[0].sql
		if len(args) > 1 {
			sql += ", 'recordingStatus', " + args[1].sql
		}
		return value{sql: sql + ")", kind: "tuple"}
	case "convertCurrency":
		return converted(s.arguments(e.Args))
	case "lookupDomainType", "hogql_lookupDomainType":
		return channel(schema.ChannelSource(schema.DomainType, s.expr(e.Args[0]).sql))
	case "lookupPaidSourceType", "hogql_lookupPaidSourceType":
		return channel(schema.ChannelSource(schema.IfPaid, s.expr(e.Args[0]).sql))
	case "lookupOrganicSourceType", "hogql_lookupOrganicSourceType":
		return channel(schema.ChannelSource(schema.IfOrganic, s.expr(e.Args[0]).sql))
	case "lookupPaidMediumType", "hogql_lookupPaidMediumType":
		return channel(schema.ChannelMedium(schema.IfPaid, s.expr(e.Args[0]).sql))
	case "lookupOrganicMediumType", "hogql_lookupOrganicMediumType":
		return channel(schema.ChannelMedium(schema.IfOrganic, s.expr(e.Args[0]).sql))
	case "sortableSemVer":
		x := s.expr(e.Args[0])
		p := s.c.unique("part")
		return value{
			sql:  "arrayMap(" + p + " -> toInt64OrZero(" + p + "), splitByChar('.', extract(ifNull(toString(" + x.sql + "), ''), '(\\\\d+(\\\\.\\\\d+)+)')))",
			kind: schema.Array,
		}
	}
	return s.c.fail(e.Name.Span, "Function '%s' is part of PostHog but not of this sandbox", e.Name.Name)
}

func channel(sql string) value { return value{sql: sql, kind: schema.String, null: true} }

// converted is an amount of one currency in another. As in PostHog it is exact to ten places, and 0 where the
// rate of the first currency is not known. The day does not matter: the sandbox's rates are the same each day.
func converted(args []value) value {
	var currencies, rates []string
	for _, r := range schema.Rates() {
		currencies, rates = append(currencies, quote(r.Currency)), append(rates, "toDecimal64('"+r.Rate+"', 10)")
	}
	rate := func(currency value) string {
		return "transform(ifNull(toString(" + currency.sql + "), ''), [" + strings.Join(currencies, ", ") + "], [" + strings.Join(rates, ", ") + "], toDecimal64(0, 10))"
	}
	from, to := rate(args[0]), rate(args[1])
	amount := "accurateCastOrNull(" + args[2].sql + ", 'Decimal(18, 10)')"
	return value{
		sql: "multiIf(" + args[0].sql + " = " + args[1].sql + ", toNullable(toDecimal128(" + amount + ", 10)), " + from + " = 0, toDecimal128(0, 10), " +
			"multiplyDecimal(divideDecimal(toDecimal128(" + amount + ", 10), greatest(" + from + ", toDecimal64('0.0000000001', 10)), 10), " + to + ", 10))",
		kind: schema.Decimal, null: true,
	}
}

// matchesAction is true for events that match one step of an action, given by name or id.
func (s *scope) matchesAction(e *hogql.Call) value {
	if len(e.Args) != 1 || s.c.depth > 0 {
		return s.c.fail(e.Span, "matchesAction takes the id or the name of an action")
	}
	arg := s.expr(e.Args[0])
	var id int64 = -1
	switch {
	case arg.text != nil:
	case arg.constant && arg.kind == schema.Integer:
		id, _ = strconv.ParseInt(arg.sql, 10, 64)
	default:
		return s.c.fail(e.Args[0].Pos(), "matchesAction takes the id or the name of an action")
	}
	i := slices.IndexFunc(s.c.project.Actions, func(a Action) bool { return a.ID == id || arg.text != nil && a.Name == *arg.text })
	if i < 0 {
		if arg.text != nil {
			return s.c.fail(e.Args[0].Pos(), "Could not find an action with the name \"%s\"", *arg.text)
		}
		return s.c.fail(e.Args[0].Pos(), "Could not find action with ID %s", arg.sql)
	}
	var steps []hogql.Expr
	for _, step := range s.c.project.Actions[i].Steps {
		steps = append(steps, step.condition())
	}
	if len(steps) == 0 {
		return value{sql: "false", kind: schema.Boolean}
	}
	s.c.depth++
	v := s.expr(hogql.Or(steps...))
	s.c.depth--
	return v
}

// condition is the step as HogQL on events.
func (st Step) condition() hogql.Expr {
	var parts []hogql.Expr
	if st.Event != "" {
		parts = append(parts, hogql.Eq(hogql.Ref("event"), hogql.Str(st.Event)))
	}
	if st.URL != "" {
		url := hogql.Ref("properties", "$current_url")
		switch st.URLMatching {
		case "regex":
			parts = append(parts, hogql.Op2(hogql.OpRegex, url, hogql.Str(st.URL)))
		case "exact":
			parts = append(parts, hogql.Eq(url, hogql.Str(st.URL)))
		default:
			parts = append(parts, hogql.Op2(hogql.OpLike, url, hogql.Str("%"+st.URL+"%")))
		}
	}
	if st.Where != nil {
		parts = append(parts, st.Where)
	}
	if len(parts) == 0 {
		return &hogql.Bool{Value: true}
	}
	return hogql.And(parts...)
}

// rewrite changes a call to what the engine needs and tells what its value is.
func (s *scope) rewrite(in *invocation) value {
	for _, f := range []func(*invocation) (value, bool){s.conversion, s.clock, s.dates, s.texts, s.lagAndLead, s.aggregates} {
		if v, ok := f(in); ok {
			return v
		}
	}
	if name, ok := engineName(in.function.Name); ok {
		in.name = name
	}
	if refusedName(in.function.Name) {
		return s.c.fail(in.call.Name.Span, "Function '%s' is part of PostHog but not of this sandbox", in.call.Name.Name)
	}
	return in.result()
}

// complete is a finished value.
func (in *invocation) complete(sql string, kind schema.Type, null bool) (value, bool) {
	in.done = true
	return value{sql: sql, kind: kind, null: null}, true
}

// result is what is known of a call that the engine does as it is.
func (in *invocation) result() value {
	v := value{null: strings.Contains(in.name, "OrNull") || fromContainer(in.name)}
	for _, a := range in.args {
		v.null = v.null || a.null
	}
	switch n := in.name; {
	case n == "isNull" || n == "isNotNull" || n == "assumeNotNull" || strings.HasPrefix(n, "count") || strings.HasPrefix(n, "uniq") || n == "groupArray":
		v.null = false
	case n == "coalesce" || n == "ifNull":
		v.null = len(in.args) > 0 && in.args[len(in.args)-1].null
	case n == "nullIf" || n == "toNullable" || n == "transform":
		v.null = true
	}
	v.kind = resultKind(in)
	return v
}

// fromContainer tells whether a function returns what its argument holds: that can be null unseen.
func fromContainer(name string) bool {
	switch name {
	case "arrayJoin", "arrayElement", "arrayFirst", "arrayLast", "arrayMin", "arrayMax", "arraySum", "arrayAvg", "arrayReduce", "arrayFold",
		"tupleElement", "untuple", "first_value", "last_value", "nth_value", "lagInFrame", "leadInFrame", "JSONExtract", "JSON_VALUE":
		return true
	}
	return false
}

// resultKind is the kind of what a function returns; "" where it is not known.
func resultKind(in *invocation) schema.Type {
	var first schema.Type
	if len(in.args) > 0 {
		first = in.args[0].kind
	}
	switch n := in.name; n {
	case "length", "dateDiff", "row_number":
		return schema.Integer
	case "min", "max", "any", "anyLast", "argMin", "argMax", "minIf", "maxIf", "anyIf", "anyLastIf", "argMinIf", "argMaxIf",
		"coalesce", "ifNull", "nullIf", "assumeNotNull", "toNullable", "least", "greatest", "lagInFrame", "leadInFrame", "first_value", "last_value":
		return first
	case "toString", "lower", "upper", "JSONExtractString", "JSONExtractRaw":
		return schema.String
	case "toStartOfSecond", "toStartOfMinute", "toStartOfFiveMinutes", "toStartOfTenMinutes", "toStartOfFifteenMinutes", "toStartOfHour", "toStartOfDay":
		return schema.DateTime
	case "toMonday", "toStartOfWeek", "toStartOfMonth", "toStartOfQuarter", "toStartOfYear", "toStartOfISOYear", "toLastDayOfMonth", "toLastDayOfWeek":
		return schema.Date
	case "groupArray", "groupUniqArray", "topK", "range", "quantiles", "splitByChar", "splitByString", "splitByRegexp", "arrayMap", "arrayFilter",
		"arraySort", "arrayReverseSort", "arrayDistinct":
		return schema.Array
	default:
		switch {
		case strings.HasPrefix(n, "count") || strings.HasPrefix(n, "uniq"):
			return schema.Integer
		case first == schema.DateTime && (strings.HasPrefix(n, "add") || strings.HasPrefix(n, "subtract")):
			return first
		}
	}
	return ""
}

// engineName is the engine's name of a function that HogQL calls otherwise.
func engineName(name string) (string, bool) {
	switch name {
	case "ifnull":
		return "ifNull", true
	case "isnull":
		return "isNull", true
	case "nullif":
		return "nullIf", true
	case "isEmpty":
		return "empty", true
	case "isNotEmpty":
		return "notEmpty", true
	case "btrim":
		return "trim", true
	case "date_trunc":
		return "dateTrunc", true
	case "make_date":
		return "makeDate", true
	case "percentile_cont":
		return "quantileExactInclusive", true
	case "percentile_disc":
		return "quantileExact", true
	case "every":
		return "min", true
	case "array_agg":
		return "groupArray", true
	case "toTime":
		return "toTimeWithFixedDate", true
	case "uniqTheta": // the engine is built without theta sketches; both count nearly exactly
		return "uniq", true
	case "uniqThetaIf":
		return "uniqIf", true
	}
	if rest, ok := strings.CutPrefix(name, "_to"); ok && name != "_toNullableBool" {
		return "to" + rest, true
	}
	return "", false
}

// refusedName tells whether the engine lacks a function.
func refusedName(name string) bool {
	switch name {
	case "JSONExtractKey", "languageCodeToName", "make_interval", "to_char", "untuple", "uniqUpToMerge":
		return true
	}
	return false
}
