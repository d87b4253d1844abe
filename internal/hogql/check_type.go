package hogql

import (
	"slices"
	"strings"
	"sync"
)

// class is what kind of values an expression has, as far as that is certain.
type class uint8

const (
	classNone class = iota // not known
	classNumber
	classText
	classTime // a date, or a date with a time of day
	classBool
	classArray
)

// String names the values in a message.
func (k class) String() string {
	return [...]string{"values", "numbers", "text", "times", "true and false", "arrays"}[k]
}

// classOf is the class of a type of the catalogue, of a property or of a cast.
func classOf(typ string) class {
	switch typ = strings.ToLower(typ); typ {
	case "numeric", "number", "integer", "int", "bigint", "smallint", "float", "double", "double precision", "real", "decimal":
		return classNumber
	case "string", "text", "varchar", "char":
		return classText
	case "datetime", "date", "timestamp":
		return classTime
	case "boolean", "bool":
		return classBool
	case "array":
		return classArray
	}
	switch {
	case strings.HasPrefix(typ, "uint"), strings.HasPrefix(typ, "int") && typ != "interval", strings.HasPrefix(typ, "float"), strings.HasPrefix(typ, "decimal"):
		return classNumber
	case strings.HasPrefix(typ, "datetime"):
		return classTime
	case strings.HasPrefix(typ, "array("):
		return classArray
	}
	return classNone
}

// class is what is certain of a value. The types of PostHog's system tables are not written down anywhere.
func (v value) class() class {
	k := classOf(v.typ)
	if strings.HasPrefix(v.table, "system.") && (k == classNumber || k == classText) {
		return classNone
	}
	return k
}

// results are functions by what they return, whatever they get.
var results = sync.OnceValue(func() map[string]string {
	table := map[string]string{}
	for typ, names := range map[string]string{
		"number": `toFloat toInt toFloatOrZero toFloatOrDefault toIntOrZero toUnixTimestamp toUnixTimestamp64Milli length lengthUTF8 position
			positionCaseInsensitive dateDiff date_diff toYear toQuarter toMonth toDayOfMonth toDayOfWeek toDayOfYear toHour toMinute toSecond
			toISOWeek toISOYear toYYYYMM toYYYYMMDD count countIf countDistinct countDistinctIf uniq uniqIf uniqExact uniqExactIf uniqHLL12
			sum sumIf round floor ceil sqrt intDiv row_number rank dense_rank JSONExtractInt JSONExtractFloat JSONExtractUInt JSONLength levenshteinDistance`,
		"string": `toString lower upper concat substring substringUTF8 replaceAll replaceOne replaceRegexpAll replaceRegexpOne trim trimLeft trimRight
			formatDateTime JSONExtractString JSONExtractRaw extract domain domainWithoutWWW path pathFull protocol cutQueryString extractURLParameter
			arrayStringConcat monthName dateName leftPad rightPad string_agg splitPart split_part`,
		"datetime": `now toDateTime toDateTime64 parseDateTimeBestEffort parseDateTime64BestEffort toStartOfSecond toStartOfMinute toStartOfFiveMinutes
			toStartOfTenMinutes toStartOfFifteenMinutes toStartOfHour toStartOfDay toStartOfWeek toStartOfMonth toStartOfQuarter toStartOfYear
			toStartOfISOYear toMonday toLastDayOfMonth toTimeZone dateTrunc date_trunc fromUnixTimestamp`,
		"date":    "toDate today yesterday",
		"boolean": "isNull isNotNull empty notEmpty has hasAny hasAll startsWith endsWith match equals notEquals less lessOrEquals greater greaterOrEquals like ilike and or not in notIn",
		"array":   "splitByChar splitByString splitByRegexp groupArray groupArrayIf groupUniqArray groupUniqArrayIf arrayMap arrayFilter arraySort arrayDistinct range extractAll JSONExtractArrayRaw JSONExtractKeys",
	} {
		for name := range strings.FieldsSeq(names) {
			table[name] = typ
		}
	}
	return table
})

// sameAsFirst are functions that return values of their first argument.
var sameAsFirst = []string{"min", "max", "any", "anyLast", "argMin", "argMax", "minIf", "maxIf", "anyIf", "anyLastIf", "argMinIf", "argMaxIf",
	"first_value", "last_value", "lag", "lead", "lagInFrame", "leadInFrame", "nullIf", "assumeNotNull", "toNullable", "abs"}

// maxTypeDepth is how many levels of an expression are looked into for its type.
const maxTypeDepth = 6

// computed returns what is known of an expression that is no column.
func (s *scope) computed(x Expr) value {
	if s.depth >= maxTypeDepth {
		return value{}
	}
	s.depth++
	defer func() { s.depth-- }()
	typ := ""
	switch x := x.(type) {
	case *String, *Template, *Trim:
		typ = "string"
	case *Number:
		typ = "number"
	case *Bool, *Not, *Logical, *IsNull, *Between:
		typ = "boolean"
	case *Array:
		typ = "array"
	case *Neg:
		typ = s.quiet(x.X).typ
	case *Cast:
		typ = x.Type.Text
	case *Ternary:
		return s.common(x.Then, x.Else)
	case *Case:
		var list []Expr
		for _, w := range x.Whens {
			list = append(list, w.Then)
		}
		if x.Else != nil {
			list = append(list, x.Else)
		}
		return s.common(list...)
	case *Binary:
		return s.operation(x)
	case *Call:
		return s.result(x)
	}
	if classOf(typ) == classNone {
		return value{}
	}
	return value{known: true, typ: typ}
}

// operation returns what an operation gives.
func (s *scope) operation(x *Binary) value {
	switch x.Op {
	case OpConcat:
		return value{known: true, typ: "string"}
	case OpCoalesce:
		return s.common(x.X, x.Y)
	case OpAdd, OpSub, OpMul, OpDiv, OpMod:
		a := s.quiet(x.X)
		if _, isSpan := x.Y.(*Interval); isSpan && a.class() == classTime {
			return value{known: true, typ: "datetime"}
		}
		if a.class() == classNumber && s.quiet(x.Y).class() == classNumber {
			return value{known: true, typ: "number"}
		}
		return value{}
	}
	return value{known: true, typ: "boolean"} // a comparison
}

// result returns what a call gives.
func (s *scope) result(x *Call) value {
	if s.isParam(x.Name.Name) || s.named(x.Name.Name) {
		return value{}
	}
	fn, ok := LookupFunction(x.Name.Name)
	if !ok {
		return value{}
	}
	if typ := results()[fn.Name]; typ != "" {
		return value{known: true, typ: typ}
	}
	switch {
	case slices.Contains(sameAsFirst, fn.Name) && len(x.Args) > 0:
		return value{known: true, typ: s.quiet(x.Args[0]).typ}
	case isMean(fn.Name) && len(x.Args) > 0:
		if v := s.quiet(x.Args[0]); v.class() == classNumber {
			return value{known: true, typ: "number"}
		}
	case fn.Name == "if" && len(x.Args) == 3:
		return s.common(x.Args[1:]...)
	case fn.Name == "ifNull", fn.Name == "coalesce":
		return s.common(x.Args...)
	}
	return value{}
}

// isMean tells the aggregates that calculate with numbers and give one.
func isMean(name string) bool {
	name = strings.TrimSuffix(name, "If")
	switch name {
	case "avg", "median", "sum", "stddevPop", "stddevSamp", "varPop", "varSamp", "avgWeighted", "medianExact", "sumWithOverflow":
		return true
	}
	return strings.HasPrefix(name, "quantile")
}

// common is the type of values that are one or the other; NULL is of any.
func (s *scope) common(list ...Expr) value {
	out := value{}
	for _, x := range list {
		if _, null := x.(*Null); null {
			continue
		}
		v := s.quiet(x)
		if k := v.class(); k == classNone || out.known && out.class() != k {
			return value{}
		}
		out = value{known: true, typ: v.typ}
	}
	return out
}

// label names an expression in a message: a property by its name, a column or a calculation by its text.
func label(v value, x Expr) string {
	if v.property != "" {
		return "the property " + quoted(v.property)
	}
	return clip(Print(unaliased(x)), 60)
}

// isStored tells a value that is read from a table, not written in the query.
func isStored(x Expr, v value) bool {
	_, isTemplate := unaliased(x).(*Template)
	return v.known && !isTemplate && !isLiteral(unaliased(x))
}

// mathFunctions need numbers, timeFunctions times and textFunctions texts, at the arguments with these numbers.
var (
	mathFunctions = map[string][]int{"round": {0}, "floor": {0}, "ceil": {0}, "abs": {0}, "sqrt": {0}, "exp": {0}, "log": {0}, "log10": {0}, "log2": {0}, "pow": {0, 1}, "intDiv": {0, 1}}
	timeFunctions = map[string][]int{
		"toStartOfMinute": {0}, "toStartOfFiveMinutes": {0}, "toStartOfTenMinutes": {0}, "toStartOfFifteenMinutes": {0}, "toStartOfHour": {0}, "toStartOfDay": {0},
		"toStartOfWeek": {0}, "toStartOfMonth": {0}, "toStartOfQuarter": {0}, "toStartOfYear": {0}, "toMonday": {0}, "toYear": {0}, "toQuarter": {0}, "toMonth": {0},
		"toDayOfMonth": {0}, "toDayOfWeek": {0}, "toDayOfYear": {0}, "toHour": {0}, "toMinute": {0}, "toSecond": {0}, "toYYYYMM": {0}, "toYYYYMMDD": {0},
		"dateTrunc": {1}, "date_trunc": {1}, "dateDiff": {1, 2}, "date_diff": {1, 2}, "formatDateTime": {0}, "toTimeZone": {0},
	}
	textFunctions = map[string][]int{
		"lower": {0}, "upper": {0}, "trim": {0}, "substring": {0}, "startsWith": {0}, "endsWith": {0}, "match": {0}, "extract": {0}, "position": {0},
		"replaceAll": {0}, "replaceOne": {0}, "replaceRegexpAll": {0}, "replaceRegexpOne": {0}, "splitByChar": {1}, "splitByString": {1}, "length": {0},
	}
)

// arguments warns about arguments that a function cannot take: ClickHouse refuses them as of an illegal type.
func (s *scope) arguments(x *Call, fn Function) {
	switch {
	case isMean(fn.Name):
		s.needs(x, fn, classNumber, "toFloat", 0)
	case mathFunctions[fn.Name] != nil:
		s.needs(x, fn, classNumber, "toFloat", mathFunctions[fn.Name]...)
	case timeFunctions[fn.Name] != nil:
		s.needs(x, fn, classTime, "toDateTime", timeFunctions[fn.Name]...)
	case textFunctions[fn.Name] != nil:
		s.needs(x, fn, classText, "toString", textFunctions[fn.Name]...)
	case fn.Name == "if", fn.Name == "multiIf":
		for i := 0; i+1 < len(x.Args); i += 2 {
			s.condition(x.Args[i], fn.Name)
		}
	case fn.Aggregate && strings.HasSuffix(fn.Name, "If") && len(x.Args) > 0:
		s.condition(x.Args[len(x.Args)-1], fn.Name)
	}
}

// needs warns about arguments that are of another class. Numbers and times are never taken for one another here:
// some functions take both.
func (s *scope) needs(x *Call, fn Function, want class, convert string, at ...int) {
	for _, i := range at {
		if i >= len(x.Args) {
			return
		}
		arg := x.Args[i]
		v := s.quiet(arg)
		have := v.class()
		wrong := have == classText
		if want == classText {
			wrong = have == classNumber || have == classTime
		}
		if !wrong || !isStored(arg, v) {
			continue
		}
		f := Finding{
			Severity: Warning, Code: "type-mismatch", Span: arg.Pos(),
			Message: fn.Name + " takes " + want.String() + ", and " + label(v, arg) + " holds " + have.String(),
			Hint:    convert + "(" + Print(unaliased(arg)) + ")",
		}
		if _, aliased := arg.(*Alias); !aliased && s.c.text(arg.Pos()) != "" && (v.property != "" || want != classNumber) {
			f.Fix = s.c.edit(arg.Pos(), convert+"("+s.c.text(arg.Pos())+")")
		}
		s.c.add(f)
	}
}

// condition warns about a text or a time where true or false is needed.
func (s *scope) condition(x Expr, where string) {
	if isNil(x) {
		return
	}
	v := s.quiet(x)
	if k := v.class(); isStored(x, v) && (k == classText || k == classTime || k == classArray) {
		s.c.warn("type-mismatch", x.Pos(), "%s takes a condition, and %s holds %s: compare it with something, or write %s IS NOT NULL", where, label(v, x), k, clip(Print(unaliased(x)), 60))
	}
}

// calculation warns about calculating with text.
func (s *scope) calculation(x *Binary) {
	for _, side := range []Expr{x.X, x.Y} {
		v := s.quiet(side)
		if v.class() != classText || !isStored(side, v) {
			continue
		}
		other := x.Y
		if side == x.Y {
			other = x.X
		}
		convert, hint := "toFloat", ""
		if _, isSpan := other.(*Interval); isSpan {
			convert = "toDateTime"
		} else if x.Op == OpAdd && s.quiet(other).class() == classText {
			hint = Print(x.X) + " || " + Print(x.Y)
		}
		f := Finding{Severity: Warning, Code: "type-mismatch", Span: side.Pos(), Hint: hint,
			Message: x.Op.String() + " takes no text, and " + label(v, side) + " holds text"}
		if hint == "" {
			f.Hint = convert + "(" + Print(side) + ")"
			if v.property != "" && s.c.text(side.Pos()) != "" {
				f.Fix = s.c.edit(side.Pos(), convert+"("+s.c.text(side.Pos())+")")
			}
		}
		s.c.add(f)
		return
	}
}

// pattern warns about LIKE and =~ on what is no text.
func (s *scope) pattern(x *Binary) {
	v := s.quiet(x.X)
	if k := v.class(); isStored(x.X, v) && (k == classNumber || k == classTime) {
		f := Finding{Severity: Warning, Code: "type-mismatch", Span: x.X.Pos(), Hint: "toString(" + Print(x.X) + ")",
			Message: x.Op.String() + " takes text, and " + label(v, x.X) + " holds " + k.String()}
		if s.c.text(x.X.Pos()) != "" {
			f.Fix = s.c.edit(x.X.Pos(), "toString("+s.c.text(x.X.Pos())+")")
		}
		s.c.add(f)
	}
}
