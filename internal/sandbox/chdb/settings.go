package chdb

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// defaultZone keeps the machine's zone out of every answer.
const defaultZone = "UTC"

// Settings are the conditions one query runs under. Zero values mean no limit,
// all cores, UTC and the database "default".
type Settings struct {
	Database     string        // the database whose tables need no prefix
	TimeZone     string        // IANA name, for columns and functions that name none
	MaxExecution time.Duration // then error 159, TIMEOUT_EXCEEDED; exact to the millisecond
	MaxMemory    int64         // bytes; then error 241, MEMORY_LIMIT_EXCEEDED
	MaxRows      int64         // rows of the result; then error 396, TOO_MANY_ROWS_OR_BYTES
	Threads      int

	// Extra holds further ClickHouse settings by name, e.g. "join_use_nulls": "1".
	// It wins over all others but those that keep the query harmless and the
	// answer decodable.
	Extra map[string]string
}

// fixed are the settings that no query may change: it reads only, and values
// are written as PostHog's JSON has them, as far as ClickHouse can.
func fixed() map[string]string {
	return map[string]string{
		"readonly":                "1",
		"date_time_output_format": "iso",
		"output_format_json_quote_64bit_integers":    "0",
		"output_format_json_quote_64bit_floats":      "0",
		"output_format_json_quote_denormals":         "0",
		"output_format_json_quote_decimals":          "1",
		"output_format_decimal_trailing_zeros":       "1",
		"output_format_json_named_tuples_as_objects": "0",
		"output_format_json_validate_utf8":           "1",
		"output_format_json_escape_forward_slashes":  "0",
	}
}

// arguments returns the connection arguments for a query. known holds the
// names of the engine's settings: the engine itself would silently ignore one
// that it does not know.
func (s Settings) arguments(path string, known map[string]bool) ([]string, error) {
	values := map[string]string{
		"session_timezone":  cmp.Or(s.TimeZone, defaultZone),
		"transform_null_in": "1", // as PostHog sets it
	}
	if s.MaxExecution > 0 {
		values["max_execution_time"] = strconv.FormatFloat(s.MaxExecution.Seconds(), 'f', -1, 64)
	}
	if s.MaxMemory > 0 {
		values["max_memory_usage"] = strconv.FormatInt(s.MaxMemory, 10)
	}
	if s.MaxRows > 0 {
		values["max_result_rows"] = strconv.FormatInt(s.MaxRows, 10)
	}
	if s.Threads > 0 {
		values["max_threads"] = strconv.Itoa(s.Threads)
	}
	frozen := fixed()
	for name, value := range s.Extra {
		if _, is := frozen[name]; is {
			return nil, fmt.Errorf("setting %q is the engine's own and cannot be changed", name)
		}
		if !known[name] {
			return nil, fmt.Errorf("setting %q is not known to the engine", name)
		}
		values[name] = value
	}
	maps.Copy(values, frozen)
	args := []string{"--path=" + path}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		args = append(args, "--"+name+"="+values[name])
	}
	return args, nil
}
