package chdb_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/chdb"
)

// Every value must come out as PostHog's API writes it.
func TestValues(t *testing.T) {
	e := open(t)
	tests := []struct{ name, sql, types, want string }{
		{"integers keep their digits", "SELECT toUInt64(18446744073709551615), toInt64(-9223372036854775808), toUInt64(9007199254740993)",
			`["UInt64","Int64","UInt64"]`, `[18446744073709551615,-9223372036854775808,9007199254740993]`},
		{"wide integers", "SELECT toInt128('-170141183460469231731687303715884105728')", `["Int128"]`, `[-170141183460469231731687303715884105728]`},
		{"decimals are strings with their scale", "SELECT toDecimal64(1.5, 3), toDecimal32(0, 2), toDecimal128('12345678901234567890.123456789', 9)",
			`["Decimal(18, 3)","Decimal(9, 2)","Decimal(38, 9)"]`, `["1.500","0.00","12345678901234567890.123456789"]`},
		{"floats have a point", "SELECT toFloat64(2), 0.1, toFloat64(-0.), 1e22, 1e-9, toFloat64(1e16)",
			`["Float64","Float64","Float64","Float64","Float64","Float64"]`, `[2.0,0.1,-0.0,1e22,1e-9,10000000000000000.0]`},
		{"single floats are shown as doubles", "SELECT toFloat32(0.1), toFloat32(3)", `["Float32","Float32"]`, `[0.10000000149011612,3.0]`},
		{"not a number", "SELECT nan, inf, -inf, [1, nan], (inf, 1)", `["Float64","Float64","Float64","Array(Float64)","Tuple(Float64, UInt8)"]`,
			`[null,null,null,[1.0,null],[null,1]]`},
		{"truth", "SELECT true, 1 = 2, toNullable(false)", `["Bool","UInt8","Nullable(Bool)"]`, `[true,0,false]`},
		{"nothing", "SELECT NULL, [], [NULL], toNullable(7)", `["Nullable(Nothing)","Array(Nothing)","Array(Nullable(Nothing))","Nullable(UInt8)"]`,
			`[null,[],[null],7]`},
		{"text", `SELECT 'a\nb\tc\\d"e/f', 'é…𝄞', '\0', unhex('ff41'), char(1), ''`, "",
			`["a\nb\tc\\d\"e/f","é…𝄞","\u0000","` + "\ufffd" + `A","\u0001",""]`},
		{"text with JSON in it", `SELECT '{"a": [1, 2]}'`, `["String"]`, `["{\"a\": [1, 2]}"]`},
		{"names", "SELECT toUUID('61F0C404-5cb3-11e7-907b-a6006ad3dba0'), CAST('x' AS Enum8('x' = 1, 'a,(b' = 2)), toFixedString('ab', 2), toLowCardinality('l')",
			`["UUID","Enum8('x' = 1, 'a,(b' = 2)","FixedString(2)","LowCardinality(String)"]`, `["61f0c404-5cb3-11e7-907b-a6006ad3dba0","x","ab","l"]`},
		{"dates", "SELECT toDate('2026-01-31'), toDate32('1950-12-31')", `["Date","Date32"]`, `["2026-01-31","1950-12-31"]`},
		{"times in the session's zone", "SELECT toDateTime('2026-01-01 00:00:00'), toDateTime64('2026-07-01 12:34:56.789', 3), toNullable(toDateTime('2026-07-01 00:00:00'))",
			`["DateTime","DateTime64(3)","Nullable(DateTime)"]`,
			`["2026-01-01T00:00:00+01:00","2026-07-01T12:34:56.789000+02:00","2026-07-01T00:00:00+02:00"]`},
		{"times in their own zone", "SELECT toDateTime64('2026-07-01 12:00:00.5', 6, 'UTC'), toDateTime64('2026-07-01 12:00:00', 6, 'UTC'), toDateTime('2026-01-01 12:00:00', 'America/St_Johns'), toDateTime('2026-01-01 12:00:00', 'Europe/London')",
			`["DateTime64(6, 'UTC')","DateTime64(6, 'UTC')","DateTime('America/St_Johns')","DateTime('Europe/London')"]`,
			`["2026-07-01T12:00:00.500000Z","2026-07-01T12:00:00Z","2026-01-01T12:00:00-03:30","2026-01-01T12:00:00Z"]`},
		{"the hour that comes twice", "SELECT arrayMap(x -> toDateTime(x), [1792889999, 1792890000])", `["Array(DateTime)"]`,
			`[["2026-10-25T02:59:59+02:00","2026-10-25T02:00:00+01:00"]]`},
		{"finer than microseconds", "SELECT toDateTime64('2026-07-01 12:00:00.000000999', 9, 'UTC'), toDateTime64('2026-07-01 12:00:00.123456789', 9, 'UTC')", "",
			`["2026-07-01T12:00:00Z","2026-07-01T12:00:00.123456Z"]`},
		{"old and far", "SELECT toDateTime64('1910-01-01 00:00:00', 6, 'UTC'), toDateTime64('2299-12-31 00:00:00', 6, 'UTC')", "",
			`["1910-01-01T00:00:00Z","2299-12-31T00:00:00Z"]`},
		{"an empty tuple is an empty array", "SELECT tuple(), [tuple()]", `["Tuple()","Array(Tuple())"]`, `[[],[[]]]`},
		{"tuples are arrays", "SELECT (1, 'a', (2.5, NULL)), CAST((1, toDateTime('2026-01-01 00:00:00', 'UTC')) AS Tuple(`my, (time` UInt8, at DateTime('UTC')))",
			"[\"Tuple(UInt8, String, Tuple(Float64, Nullable(Nothing)))\",\"Tuple(`my, (time` UInt8, at DateTime('UTC'))\"]",
			`[[1,"a",[2.5,null]],[1,"2026-01-01T00:00:00Z"]]`},
		{"maps are objects", "SELECT map('k', 1., 'l', 2.), map(1, toDateTime('2026-01-01 00:00:00', 'UTC')), map('a', 'b'), map()::Map(String, Float64)",
			"", `[{"k":1.0,"l":2.0},{"1":"2026-01-01T00:00:00Z"},{"a":"b"},{}]`},
		{"arrays of everything", "SELECT [[toFloat64(1)], []], [('x', toDecimal32(1, 1))], [1, NULL]", "", `[[[1.0],[]],[["x","1.0"]],[1,null]]`},
		{"a JSON column", `SELECT '{"a": {"b": [1, "c d"]}}'::JSON`, `["JSON"]`, `[{"a":{"b":[1,"c d"]}}]`},
		{"a point", "SELECT (1, 2.5)::Point", `["Point"]`, `[[1.0,2.5]]`},
		{"states", "SELECT sumSimpleState(1.)", `["SimpleAggregateFunction(sum, Float64)"]`, `[1.0]`},
		{"totals come last", "SELECT number % 2 AS k, sum(number) FROM numbers(10) GROUP BY k WITH TOTALS ORDER BY k", `["UInt8","UInt64"]`,
			"[0,20]\n[1,25]\n[0,45]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result, err := e.Query(t.Context(), test.sql, chdb.Settings{TimeZone: "Europe/Berlin"})
			require.NoError(t, err)
			if test.types != "" {
				types, err := json.Marshal(result.Types)
				require.NoError(t, err)
				require.Equal(t, test.types, string(types))
			}
			require.Equal(t, test.want, join(result))
			for _, row := range result.Rows {
				require.True(t, json.Valid(row), "%s", row)
			}
		})
	}
}
