package compile

import (
	"strconv"
	"strings"
	"time"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/schema"
)

// conversion translates functions that change a value's type. In HogQL they give null for what cannot
// be converted.
func (s *scope) conversion(in *invocation) (value, bool) {
	if len(in.args) == 0 {
		return value{}, false
	}
	x := in.args[0]
	switch in.function.Name {
	case "toInt":
		return in.complete(orNull(x, "Int64"), schema.Integer, true)
	case "toFloat":
		return in.complete(orNull(x, "Float64"), schema.Float, true)
	case "toUUID":
		return in.complete(orNull(x, "UUID"), schema.UUID, true)
	case "toBool", "_toNullableBool":
		return in.complete(orNull(x, "Bool"), schema.Boolean, true)
	case "toDecimal":
		scale := "10"
		if len(in.args) > 1 {
			scale = in.args[1].sql
		}
		if _, err := strconv.Atoi(scale); err != nil {
			return s.c.fail(in.call.Args[1].Pos(), "toDecimal takes the number of decimal places as a number"), true
		}
		return in.complete(orNull(x, "Decimal(38, "+scale+")"), schema.Decimal, true)
	case "toNullableString":
		return in.complete("toNullable(toString("+x.sql+"))", schema.String, true)
	case "toFloatOrZero":
		return in.complete("toFloat64OrZero("+uncast(x)+")", schema.Float, x.null)
	case "toIntOrZero":
		return in.complete("toInt64OrZero("+uncast(x)+")", schema.Integer, x.null)
	case "toFloatOrDefault":
		rest := ", 0.0"
		if len(in.args) > 1 {
			rest = ", toFloat64(" + in.args[1].sql + ")"
		}
		return in.complete("toFloat64OrDefault("+uncast(x)+rest+")", schema.Float, false)
	case "toDate", "to_date":
		switch x.kind {
		case schema.DateTime, schema.Date:
			return in.complete("toDate("+x.sql+")", schema.Date, x.null)
		}
		return in.complete("accurateCastOrNull("+x.sql+", 'Date')", schema.Date, true)
	case "toDateTime", "to_timestamp", "toDateTimeUS", "parseDateTimeBestEffort", "toDateTime64", "parseDateTime":
		return s.toTime(in, x)
	}
	return value{}, false
}

func orNull(x value, clickHouse string) string {
	return "accurateCastOrNull(" + x.sql + ", " + quote(clickHouse) + ")"
}

// uncast is a text for a conversion that reads text: a property's before its cast.
func uncast(x value) string {
	if x.uncast != "" {
		return x.uncast
	}
	if x.kind == schema.String {
		return x.sql
	}
	return "toString(" + x.sql + ")"
}

// toTime translates functions that make a time: texts are parsed in the given zone, else the project's.
func (s *scope) toTime(in *invocation, x value) (value, bool) {
	tz := s.c.tz()
	name := in.function.Name
	switch name {
	case "toDateTime64":
		precision := "6"
		if len(in.args) > 1 {
			precision = in.args[1].sql
		}
		if len(in.args) > 2 {
			tz = in.args[2].sql
		}
		return in.complete("toDateTime64("+x.sql+", "+precision+", "+tz+")", schema.DateTime, x.null)
	case "parseDateTime":
		if len(in.args) > 2 {
			tz = in.args[2].sql
		}
		return in.complete("parseDateTimeOrNull("+x.sql+", "+in.args[1].sql+", "+tz+")", schema.DateTime, true)
	}
	if len(in.args) > 1 {
		tz = in.args[1].sql
	}
	parse := "parseDateTime64BestEffortOrNull("
	if name == "toDateTimeUS" {
		parse = "parseDateTime64BestEffortUSOrNull("
	}
	switch x.kind {
	case schema.DateTime, schema.Date, schema.Integer, schema.Float:
		return in.complete("toDateTime("+x.instant()+", "+tz+")", schema.DateTime, x.null)
	case schema.String:
		return in.complete(parse+x.sql+", 6, "+tz+")", schema.DateTime, true)
	}
	return in.complete(parse+"toString("+x.sql+"), 6, "+tz+")", schema.DateTime, true)
}

// clock translates functions that ask for the time: it is one instant for the whole query.
func (s *scope) clock(in *invocation) (value, bool) {
	now := s.c.project.Now
	tz := s.c.tz()
	switch in.function.Name {
	case "now", "nowInBlock", "current_timestamp":
		if len(in.args) > 0 {
			tz = in.args[0].sql
		}
		return in.complete(instant(now, tz), schema.DateTime, false)
	case "today", "current_date":
		return in.complete("toDate("+quote(now.In(s.c.zone).Format(time.DateOnly))+")", schema.Date, false)
	case "yesterday":
		return in.complete("toDate("+quote(now.In(s.c.zone).AddDate(0, 0, -1).Format(time.DateOnly))+")", schema.Date, false)
	}
	return value{}, false
}

func instant(t time.Time, tz string) string {
	return "fromUnixTimestamp64Micro(" + strconv.FormatInt(t.UnixMicro(), 10) + ", " + tz + ")"
}

// dates translates functions on times.
func (s *scope) dates(in *invocation) (value, bool) {
	name := in.function.Name
	switch name {
	case "toTimeZone", "timezone":
		x, tz := in.args[0], s.c.tz()
		if len(in.args) == 2 {
			tz = in.args[1].sql
		}
		return in.complete("toTimeZone("+x.instant()+", "+tz+")", schema.DateTime, x.null)
	case "toStartOfWeek", "toLastDayOfWeek":
		if len(in.args) == 1 {
			mode := "0"
			if s.c.project.WeekStart == 1 {
				mode = "3"
			}
			in.args = append(in.args, value{sql: mode})
		}
	case "fromUnixTimestamp", "fromUnixTimestamp64Milli":
		v := in.args[0]
		if name == "fromUnixTimestamp" {
			name = "toDateTime"
		}
		return in.complete(name+"(toInt64("+v.sql+"), "+s.c.tz()+")", schema.DateTime, v.null)
	case "UUIDv7ToDateTime":
		return in.complete("UUIDv7ToDateTime("+orNull(in.args[0], "UUID")+", "+s.c.tz()+")", schema.DateTime, true)
	case "dateAdd", "date_add", "timeStampAdd", "dateSub", "date_subtract", "timeStampSub":
		return s.moved(in, strings.Contains(strings.ToLower(name), "sub"))
	case "date_part":
		return s.datePart(in)
	case "make_timestamp", "make_timestamptz":
		tz := s.c.tz()
		if len(in.args) == 7 {
			tz = in.args[6].sql
		}
		return in.complete("makeDateTime("+join(in.args[:6])+", "+tz+")", schema.DateTime, false)
	case "date_trunc", "dateTrunc":
		if len(in.args) >= 2 && in.args[1].kind == schema.DateTime && in.args[0].text != nil {
			in.name = "dateTrunc"
			v := in.result()
			switch strings.ToLower(*in.args[0].text) {
			case "second", "minute", "hour", "day":
				v.kind = schema.DateTime
			default:
				v.kind = schema.Date
			}
			return v, true
		}
	}
	return value{}, false
}

// moved is dateAdd('day', 1, t), dateAdd(t, INTERVAL 1 DAY) and their like.
func (s *scope) moved(in *invocation, back bool) (value, bool) {
	op := "plus("
	if back {
		op = "minus("
	}
	switch len(in.args) {
	case 2:
		v := value{kind: in.args[0].kind, null: in.args[0].null || in.args[1].null}
		return in.complete(op+in.args[0].sql+", "+in.args[1].sql+")", v.kind, v.null)
	case 3:
		unit := ""
		if in.args[0].text != nil {
			unit = intervalUnit(*in.args[0].text)
		}
		if unit == "" {
			return s.c.fail(in.call.Args[0].Pos(), "%s takes a unit such as 'day' as its first argument", in.call.Name.Name), true
		}
		x := in.args[2]
		return in.complete(op+x.sql+", toInterval"+unit+"("+in.args[1].sql+"))", x.kind, x.null || in.args[1].null)
	}
	return s.c.fail(in.call.Name.Span, "Function '%s' expects 2 or 3 arguments, found %d", in.call.Name.Name, len(in.args)), true
}

func (s *scope) datePart(in *invocation) (value, bool) {
	parts := map[string]string{
		"year": "toYear", "quarter": "toQuarter", "month": "toMonth", "week": "toISOWeek", "day": "toDayOfMonth", "dow": "toDayOfWeek",
		"doy": "toDayOfYear", "hour": "toHour", "minute": "toMinute", "second": "toSecond", "epoch": "toUnixTimestamp",
	}
	if in.args[0].text != nil {
		if f := parts[strings.ToLower(*in.args[0].text)]; f != "" {
			return in.complete(f+"("+in.args[1].sql+")", schema.Integer, in.args[1].null)
		}
	}
	return s.c.fail(in.call.Args[0].Pos(), "date_part takes a part such as 'year' or 'hour' and a time"), true
}

// texts translates the functions on texts and arrays that the engine calls otherwise.
func (s *scope) texts(in *invocation) (value, bool) {
	a := in.args
	switch in.function.Name {
	case "split_part":
		return in.complete("arrayElement(splitByString("+a[1].sql+", "+a[0].sql+"), "+a[2].sql+")", schema.String, a[0].null)
	case "generateSeries":
		return in.complete("range("+a[0].sql+", plus("+a[1].sql+", 1), "+a[2].sql+")", schema.Array, false)
	case "extractIPv4Substrings":
		return in.complete("extractAll("+a[0].sql+", '\\\\b(?:\\\\d{1,3}\\\\.){3}\\\\d{1,3}\\\\b')", schema.Array, false)
	case "md5":
		return in.complete("lower(hex(MD5("+a[0].sql+")))", schema.String, a[0].null)
	case "array":
		return in.complete("["+join(a)+"]", schema.Array, false)
	}
	return value{}, false
}

// lagAndLead makes lag and lead look at the whole partition, as PostHog does.
func (s *scope) lagAndLead(in *invocation) (value, bool) {
	name := map[string]string{"lag": "lagInFrame", "lead": "leadInFrame"}[in.function.Name]
	if name == "" || len(in.args) == 0 {
		return value{}, false
	}
	in.name, in.frame = name, "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
	kind := in.args[0].kind
	in.args[0].sql = "toNullable(" + in.args[0].sql + ")"
	return value{kind: kind, null: true}, true
}

// aggregates translates the aggregates that need other arguments.
func (s *scope) aggregates(in *invocation) (value, bool) {
	switch in.function.Name {
	case "windowFunnel":
		if t := in.args[0]; t.kind == schema.DateTime || t.kind == "" {
			in.args[0] = value{sql: "toDateTime(" + t.instant() + ")"}
		}
		return value{kind: schema.Integer}, true
	case "string_agg":
		separator := in.args[1].sql
		in.name, in.args = "groupArray", in.args[:1]
		return in.complete("arrayStringConcat("+s.printed(in)+", "+separator+")", schema.String, false)
	case "json_agg":
		in.name = "groupArray"
		return in.complete("toJSONString("+s.printed(in)+")", schema.String, false)
	}
	return value{}, false
}

// cast translates x::type and CAST. TRY_CAST gives null for what cannot be converted, and so do the
// casts of text, as PostHog's functions of the same types do.
func (s *scope) cast(e *hogql.Cast) value {
	x := s.expr(e.X)
	if s.c.err != nil {
		return x
	}
	clickHouse, kind := castType(e.Type.Text)
	if clickHouse == "" {
		return s.c.fail(e.Type.Span, "Unsupported type in a cast: %s", e.Type.Text)
	}
	switch kind {
	case schema.String:
		return value{sql: "toString(" + x.sql + ")", kind: kind, null: x.null}
	case schema.DateTime:
		v, _ := s.toTime(&invocation{call: &hogql.Call{}, function: hogql.Function{Name: "toDateTime"}, args: []value{x}}, x)
		return v
	}
	if strings.HasPrefix(clickHouse, "Array(") { // an array cannot be null
		return value{sql: "accurateCast(" + x.sql + ", " + quote(clickHouse) + ")", kind: schema.Array}
	}
	return value{sql: orNull(x, clickHouse), kind: kind, null: true}
}

// castType is the engine's type for the name in a cast.
func castType(name string) (string, schema.Type) {
	switch name {
	case "int", "integer", "bigint", "int64", "smallint":
		return "Int64", schema.Integer
	case "int8", "int16", "int32", "uint8", "uint16", "uint32", "uint64":
		return strings.Replace(strings.Replace(name, "int", "Int", 1), "u", "U", 1), schema.Integer
	case "float", "double", "real", "double precision", "float64", "numeric":
		return "Float64", schema.Float
	case "float32":
		return "Float32", schema.Float
	case "text", "string", "varchar", "char":
		return "String", schema.String
	case "bool", "boolean":
		return "Bool", schema.Boolean
	case "date":
		return "Date", schema.Date
	case "uuid":
		return "UUID", schema.UUID
	case "datetime", "timestamp", "timestamptz", "timestamp with time zone", "timestamp without time zone":
		return "DateTime64(6)", schema.DateTime
	}
	if rest, ok := strings.CutPrefix(name, "datetime64("); ok && rest != "" {
		return "DateTime64(6)", schema.DateTime
	}
	if rest, ok := strings.CutPrefix(name, "decimal("); ok {
		p, sc, _ := strings.Cut(strings.TrimSuffix(rest, ")"), ",")
		precision, err1 := strconv.Atoi(strings.TrimSpace(p))
		scale, err2 := strconv.Atoi(strings.TrimSpace(sc))
		if err1 == nil && (err2 == nil || sc == "") && precision > 0 && precision <= 76 && scale >= 0 && scale <= precision {
			return "Decimal(" + strconv.Itoa(precision) + ", " + strconv.Itoa(scale) + ")", schema.Decimal
		}
		return "", ""
	}
	if rest, ok := strings.CutPrefix(name, "array("); ok {
		if inner, _ := castType(strings.TrimSuffix(rest, ")")); inner != "" {
			return "Array(" + inner + ")", ""
		}
		return "", ""
	}
	if rest, ok := strings.CutPrefix(name, "nullable("); ok {
		return castType(strings.TrimSuffix(rest, ")"))
	}
	if rest, ok := strings.CutSuffix(name, "[]"); ok {
		if inner, _ := castType(rest); inner != "" {
			return "Array(" + inner + ")", ""
		}
	}
	return "", ""
}
