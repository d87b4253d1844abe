package hogql

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// rewording is what to write for a call of a function that only other dialects have. In text, $1 is the
// first argument, $u1 the unit that it names in quotes, $d1 the unit as the end of a function's name (Day), $m1 as
// many months.
// A text that has a $u or $d fits only where that argument is a unit.
type rewording struct {
	args int
	text string
}

// rewordings are by the name in lower case. Of several for one name the first that fits is taken.
var rewordings = map[string][]rewording{
	"dateadd":                {{3, "$3 + INTERVAL $u1"}, {2, "$1 + $2"}},
	"date_add":               {{3, "$3 + INTERVAL $u1"}, {2, "$1 + $2"}},
	"timestampadd":           {{3, "$3 + INTERVAL $u1"}},
	"timestamp_add":          {{2, "$1 + $2"}},
	"datetime_add":           {{2, "$1 + $2"}},
	"adddate":                {{2, "$1 + $2"}},
	"date_sub":               {{3, "$3 - INTERVAL $u1"}, {2, "$1 - $2"}},
	"datesub":                {{3, "$3 - INTERVAL $u1"}, {2, "$1 - $2"}},
	"timestamp_sub":          {{2, "$1 - $2"}},
	"datetime_sub":           {{2, "$1 - $2"}},
	"subdate":                {{2, "$1 - $2"}},
	"datediff":               {{3, "dateDiff($u1, $2, $3)"}, {3, "dateDiff($u3, $2, $1)"}, {2, "dateDiff('day', $2, $1)"}},
	"date_diff":              {{3, "dateDiff($u1, $2, $3)"}, {3, "dateDiff($u3, $2, $1)"}},
	"timestampdiff":          {{3, "dateDiff($u1, $2, $3)"}},
	"timestamp_diff":         {{3, "dateDiff($u3, $2, $1)"}},
	"datetime_diff":          {{3, "dateDiff($u3, $2, $1)"}},
	"date_trunc":             {{2, "dateTrunc($u1, $2)"}, {2, "toStartOf$d2($1)"}},
	"datetrunc":              {{2, "dateTrunc($u1, $2)"}},
	"timestamp_trunc":        {{2, "toStartOf$d2($1)"}},
	"datetime_trunc":         {{2, "toStartOf$d2($1)"}},
	"last_day":               {{1, "toLastDayOfMonth($1)"}},
	"year":                   {{1, "toYear($1)"}},
	"quarter":                {{1, "toQuarter($1)"}},
	"month":                  {{1, "toMonth($1)"}},
	"day":                    {{1, "toDayOfMonth($1)"}},
	"dayofmonth":             {{1, "toDayOfMonth($1)"}},
	"dayofyear":              {{1, "toDayOfYear($1)"}},
	"hour":                   {{1, "toHour($1)"}},
	"minute":                 {{1, "toMinute($1)"}},
	"second":                 {{1, "toSecond($1)"}},
	"unix_timestamp":         {{1, "toUnixTimestamp($1)"}, {0, "toUnixTimestamp(now())"}},
	"from_unixtime":          {{1, "toDateTime($1)"}},
	"convert_timezone":       {{2, "toTimeZone($2, $1)"}},
	"date_format":            {{2, "formatDateTime($1, $2)"}},
	"format_date":            {{2, "formatDateTime($2, $1)"}},
	"format_timestamp":       {{2, "formatDateTime($2, $1)"}},
	"format_datetime":        {{2, "formatDateTime($2, $1)"}},
	"strftime":               {{2, "formatDateTime($2, $1)"}},
	"nvl":                    {{2, "ifNull($1, $2)"}},
	"isnull":                 {{2, "ifNull($1, $2)"}},
	"nvl2":                   {{3, "if($1 IS NULL, $3, $2)"}},
	"zeroifnull":             {{1, "ifNull($1, 0)"}},
	"iff":                    {{3, "if($1, $2, $3)"}},
	"iif":                    {{3, "if($1, $2, $3)"}},
	"safe_divide":            {{2, "$1 / nullIf($2, 0)"}},
	"div0null":               {{2, "$1 / nullIf($2, 0)"}},
	"div0":                   {{2, "if($2 = 0, 0, $1 / $2)"}},
	"len":                    {{1, "length($1)"}},
	"char_length":            {{1, "length($1)"}},
	"character_length":       {{1, "length($1)"}},
	"array_length":           {{1, "length($1)"}},
	"array_size":             {{1, "length($1)"}},
	"cardinality":            {{1, "length($1)"}},
	"array_contains":         {{2, "has($1, $2)"}},
	"charindex":              {{2, "position($2, $1)"}},
	"locate":                 {{2, "position($2, $1)"}},
	"instr":                  {{2, "position($1, $2)"}},
	"strpos":                 {{2, "position($1, $2)"}},
	"contains":               {{2, "position($1, $2) > 0"}},
	"starts_with":            {{2, "startsWith($1, $2)"}},
	"ends_with":              {{2, "endsWith($1, $2)"}},
	"startswith":             {{2, "startsWith($1, $2)"}},
	"endswith":               {{2, "endsWith($1, $2)"}},
	"regexp_replace":         {{3, "replaceRegexpAll($1, $2, $3)"}},
	"regexp_extract":         {{2, "extract($1, $2)"}},
	"regexp_substr":          {{2, "extract($1, $2)"}},
	"regexp_contains":        {{2, "match($1, $2)"}},
	"regexp_like":            {{2, "match($1, $2)"}},
	"split":                  {{2, "splitByString($2, $1)"}},
	"string_to_array":        {{2, "splitByString($2, $1)"}},
	"listagg":                {{2, "arrayStringConcat(groupArray($1), $2)"}, {1, "arrayStringConcat(groupArray($1), '')"}},
	"group_concat":           {{1, "arrayStringConcat(groupArray($1), ',')"}},
	"collect_list":           {{1, "groupArray($1)"}},
	"collect_set":            {{1, "groupUniqArray($1)"}},
	"approx_count_distinct":  {{1, "uniq($1)"}},
	"approx_distinct":        {{1, "uniq($1)"}},
	"hll":                    {{1, "uniq($1)"}},
	"count_if":               {{1, "countIf($1)"}},
	"any_value":              {{1, "any($1)"}},
	"arbitrary":              {{1, "any($1)"}},
	"max_by":                 {{2, "argMax($1, $2)"}},
	"min_by":                 {{2, "argMin($1, $2)"}},
	"bool_or":                {{1, "max($1)"}},
	"bool_and":               {{1, "min($1)"}},
	"percentile":             {{2, "quantile($2)($1)"}},
	"approx_percentile":      {{2, "quantile($2)($1)"}},
	"explode":                {{1, "arrayJoin($1)"}},
	"unnest":                 {{1, "arrayJoin($1)"}},
	"to_number":              {{1, "toFloat($1)"}},
	"try_to_number":          {{1, "toFloat($1)"}},
	"concat_ws":              {{3, "concatWithSeparator($1, $2, $3)"}, {4, "concatWithSeparator($1, $2, $3, $4)"}},
	"substr":                 {{2, "substring($1, $2)"}, {3, "substring($1, $2, $3)"}},
	"mid":                    {{3, "substring($1, $2, $3)"}},
	"date":                   {{1, "toDate($1)"}},
	"try_to_date":            {{1, "toDate($1)"}},
	"try_to_timestamp":       {{1, "toDateTime($1)"}},
	"to_varchar":             {{1, "toString($1)"}},
	"to_string":              {{1, "toString($1)"}},
	"to_json_string":         {{1, "toJSONString($1)"}},
	"timestamp":              {{1, "toDateTime($1)"}},
	"datetime":               {{1, "toDateTime($1)"}},
	"weekday":                {{1, "toDayOfWeek($1) - 1"}},
	"dayname":                {{1, "dateName('weekday', $1)"}},
	"add_months":             {{2, "$1 + INTERVAL $m2"}},
	"now64":                  {{0, "now()"}},
	"typeof":                 {{1, "toTypeName($1)"}},
	"object_keys":            {{1, "JSONExtractKeys($1)"}},
	"json_keys":              {{1, "JSONExtractKeys($1)"}},
	"uniqcombined":           {{1, "uniq($1)"}},
	"uniqcombined64":         {{1, "uniq($1)"}},
	"hll_count_distinct":     {{1, "uniq($1)"}},
	"logical_or":             {{1, "max($1)"}},
	"logical_and":            {{1, "min($1)"}},
	"json_extract_scalar":    {{2, "JSONExtractString($1, $j2)"}},
	"get_json_object":        {{2, "JSONExtractString($1, $j2)"}},
	"json_value":             {{2, "JSONExtractString($1, $j2)"}},
	"json_extract_path_text": {{2, "JSONExtractString($1, $2)"}},
	"parse_json":             {{1, "$1"}},
}

// call knows the functions of other dialects, names in the wrong case, and clauses of a call that HogQL
// has a function for.
func (h *habits) call(x *Call) {
	if h.filterClause(x) || h.distinctList(x) || h.jsonPath(x) || h.safeCast(x) || h.conversion(x) || h.exists(x) {
		return
	}
	if now := clock(x.Name.Name); now != "" && len(x.Args) == 0 && x.Name.Name != strings.ToLower(x.Name.Name) {
		h.replace(x, strings.ToUpper(x.Name.Name)+" is no function of PostHog", now)
		return
	}
	fn, known := LookupFunction(x.Name.Name)
	if h.aliases[x.Name.Name] || known && !h.isUnitCall(x) && (fn.MaxArgs < 0 || len(x.Args) <= fn.MaxArgs) {
		return
	}
	if text := h.reworded(x); text != "" {
		message := x.Name.Name + " is no function of PostHog"
		switch {
		case h.isUnitCall(x) && known:
			message = x.Name.Name + " takes its unit as a text"
		case known:
			message = x.Name.Name + " takes other arguments in HogQL"
		}
		h.replace(x, message, text)
		return
	}
	if known {
		return
	}
	if name := functionsInCase()[strings.ToLower(x.Name.Name)]; name != "" && !x.Name.Quoted() {
		h.add(x.Name.Span, "function-case", "names of functions have one spelling: "+x.Name.Name+" is not known", name)
	}
}

// isUnitCall reports whether the call has a bare word as a unit, as in DATE_TRUNC(day, x).
func (h *habits) isUnitCall(x *Call) bool {
	for _, a := range x.Args {
		if f, ok := a.(*Field); ok && unitOf(f) != "" {
			return x.Over == nil && len(x.Args) > 1 && len(rewordings[strings.ToLower(x.Name.Name)]) > 0
		}
	}
	return false
}

// reworded returns the text for a call, "" where there is none.
func (h *habits) reworded(x *Call) string {
	if x.HasParam || x.Distinct || x.OrderBy != nil || x.Within != nil || x.Over != nil {
		return ""
	}
	for _, r := range rewordings[strings.ToLower(x.Name.Name)] {
		if r.args == len(x.Args) {
			if text := h.fill(r.text, x.Args); text != "" {
				return text
			}
		}
	}
	return ""
}

// holes are the places of arguments in a rewording.
var holes = regexp.MustCompile(`\$([udjm]?)([1-9])`)

// fill puts the arguments into a rewording; "" where one does not fit.
func (h *habits) fill(text string, args []Expr) string {
	fits := true
	interval := strings.Contains(text, "INTERVAL $u1")
	text = holes.ReplaceAllStringFunc(text, func(hole string) string {
		m := holes.FindStringSubmatch(hole)
		n, _ := strconv.Atoi(m[2])
		x := args[n-1]
		unit := unitOf(x)
		switch m[1] {
		case "u":
			fits = fits && unit != ""
			if interval {
				return h.operandText(args[1]) + " " + strings.ToUpper(unit)
			}
			return "'" + unit + "'"
		case "d":
			fits = fits && unit != ""
			if unit != "" {
				unit = strings.ToUpper(unit[:1]) + unit[1:]
			}
			return unit
		case "m":
			return h.operandText(x) + " MONTH"
		case "j":
			path, ok := jsonPath(x)
			fits = fits && ok
			for i := range path {
				path[i] = quoteString(path[i])
			}
			return strings.Join(path, ", ")
		}
		for _, op := range []string{" + ", " - ", " / "} {
			if strings.Contains(text, op) {
				return h.operandText(x)
			}
		}
		return h.text(x)
	})
	if !fits {
		return ""
	}
	return text
}

// operandText is the text of x, in parentheses where it is an operation.
func (h *habits) operandText(x Expr) string {
	if precedence(x) < precPostfix {
		return "(" + h.text(x) + ")"
	}
	return h.text(x)
}

// unitOf returns the unit of time that x names, singular and in lower case: a bare word or a text.
func unitOf(x Expr) string {
	name := ""
	switch x := x.(type) {
	case *Field:
		if len(x.Chain) == 1 {
			name = x.Chain[0].Name
		}
	case *String:
		name = x.Value
	}
	name = strings.TrimSuffix(strings.ToLower(name), "s")
	switch name {
	case "dd":
		return "day"
	case "yy", "yyyy":
		return "year"
	case "hh":
		return "hour"
	case "mi":
		return "minute"
	case "wk":
		return "week"
	}
	if _, ok := intervalUnits[lookupKeyword(name)]; ok {
		return name
	}
	return ""
}

// functionsInCase returns the functions by their names in lower case, without those that differ by case alone.
var functionsInCase = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for name := range functions() {
		lower := strings.ToLower(name)
		if _, twice := names[lower]; twice {
			name = ""
		}
		names[lower] = name
	}
	return names
})

// filterClause knows count(*) FILTER (WHERE x), which is countIf(x).
func (h *habits) filterClause(x *Call) bool {
	if x.Filter == nil || x.HasParam || x.Within != nil || x.OrderBy != nil {
		return false
	}
	name := x.Name.Name
	if x.Distinct && strings.EqualFold(name, "count") {
		name = "uniqExact"
	} else if x.Distinct {
		return false
	}
	if fn, ok := LookupFunction(name); ok {
		name = fn.Name
	}
	if fn, ok := LookupFunction(name + "If"); !ok || !fn.Aggregate {
		return false
	}
	var args []string
	for _, a := range x.Args {
		if s, ok := a.(*Star); ok && len(s.Table) == 0 {
			continue
		}
		args = append(args, h.text(a))
	}
	text := name + "If(" + strings.Join(append(args, h.text(x.Filter)), ", ") + ")"
	if x.Over != nil {
		text += " " + h.src[x.Over.Start:x.Over.End]
	}
	h.replace(x, "FILTER (WHERE …) is written as a function that ends with If; before OVER it is dropped", text)
	return true
}

// distinctList knows COUNT(DISTINCT a, b).
func (h *habits) distinctList(x *Call) bool {
	if !x.Distinct || !strings.EqualFold(x.Name.Name, "count") || len(x.Args) < 2 || x.Filter != nil {
		return false
	}
	args := h.src[x.Args[0].Pos().Start:x.Args[len(x.Args)-1].Pos().End]
	h.replace(x, "count takes one argument", "uniqExact("+args+")")
	return true
}

// jsonPath knows JSON_VALUE(properties, '$.plan').
func (h *habits) jsonPath(x *Call) bool {
	switch strings.ToLower(x.Name.Name) {
	case "json_value", "json_extract", "json_extract_scalar", "json_query", "get_json_object", "json_extract_path_text", "json_extract_string",
		"jsonb_extract_path_text", "jsonb_extract_path", "json_extract_path", "visitparamextractstring", "visitparamextractraw", "simplejsonextractstring", "simplejsonextractraw":
	default:
		return false
	}
	f, ok := first(x.Args).(*Field)
	if !ok || len(x.Args) != 2 || f.Chain[len(f.Chain)-1].Name != "properties" {
		return false
	}
	path, ok := jsonPath(x.Args[1])
	if !ok {
		return false
	}
	text := h.text(f)
	for _, name := range path {
		if needsQuotes(name, nameMember) {
			name = quoteName(name)
		}
		text += "." + name
	}
	h.replace(x, "a property is read by its path", text)
	return true
}

func first(list []Expr) Expr {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// jsonPath returns the names of '$.a.b'; false where it is none, or has an index.
func jsonPath(x Expr) ([]string, bool) {
	s, ok := x.(*String)
	if !ok {
		return nil, false
	}
	text := strings.TrimPrefix(s.Value, "$.") // but $browser is a name of PostHog's own
	if text == "" || strings.ContainsAny(text, "[]*\"' ") {
		return nil, false
	}
	return strings.Split(text, "."), true
}

// safeCast knows SAFE_CAST(x AS INT64), and CAST(x, String).
func (h *habits) safeCast(x *Call) bool {
	if strings.EqualFold(x.Name.Name, "cast") && len(x.Args) == 2 && !h.aliases[x.Name.Name] {
		to := ""
		switch t := x.Args[1].(type) {
		case *Field:
			to = h.text(t)
		case *String:
			to = t.Value
		}
		text := "CAST(" + h.text(x.Args[0]) + " AS " + to + ")"
		if _, err := ParseExpr(text); to == "" || err != nil {
			return false
		}
		h.skip[x.Args[1]] = true
		h.replace(x, "CAST takes its type behind AS", text)
		return true
	}
	if !strings.EqualFold(x.Name.Name, "safe_cast") || len(x.Args) != 1 {
		return false
	}
	a, ok := x.Args[0].(*Alias)
	if !ok {
		return false
	}
	to := map[string]string{
		"int64": "toInt", "integer": "toInt", "int": "toInt", "bigint": "toInt", "float64": "toFloat", "numeric": "toFloat",
		"string": "toString", "date": "toDate", "timestamp": "toDateTime", "datetime": "toDateTime",
	}[strings.ToLower(a.Name.Name)]
	if to == "" {
		return false
	}
	h.replace(x, "SAFE_CAST is no function of PostHog; its own conversions give null where nothing fits", to+"("+h.text(a.X)+")")
	return true
}
