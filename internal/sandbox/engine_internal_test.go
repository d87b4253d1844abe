package sandbox

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/chdb"
)

// Most of ClickHouse's errors cannot be brought about at will, hence this table inside the package.
func TestEngineFailures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code          int
		name, message string
		status        int
		want          string // code and detail
	}{
		{47, "UNKNOWN_IDENTIFIER", "Missing columns", 400, "unknown_identifier: Missing columns"},
		{215, "NOT_AN_AGGREGATE", "Column x", 400, "not_an_aggregate: Column x"},
		{62, "SYNTAX_ERROR", "secret", 500, "error: ClickHouse error while executing query."},
		{394, "QUERY_WAS_CANCELLED", "secret", 500, "error: ClickHouse error while executing query."},
		{0, "", "secret", 500, "error: ClickHouse error while executing query."},
		{202, "TOO_MANY_SIMULTANEOUS_QUERIES", "x", 503, "error: Queries are too busy at the moment. Please try again in a little while."},
		{439, "CANNOT_SCHEDULE_TASK", "x", 503, "error: Queries are too busy at the moment. Please try again in a little while."},
		{159, "TIMEOUT_EXCEEDED", "x", 504, "error: Query has hit the max execution time before completing. Try a shorter time range or a simpler query."},
		{160, "TOO_SLOW", "Estimated query execution time (812.5 seconds) is too long", 512,
			"error: Estimated query execution time (812.5 seconds) is too long. Try reducing its scope by changing the time range."},
		{160, "TOO_SLOW", "x", 512, "error: Estimated query execution time (1000 seconds) is too long. Try reducing its scope by changing the time range."},
		{241, "MEMORY_LIMIT_EXCEEDED", "Memory limit (for query) exceeded", 513,
			"clickhouse_memory_limit_exceeded: Query ran out of memory. Try a shorter time range, fewer groups or smaller joins."},
		{241, "MEMORY_LIMIT_EXCEEDED", "Memory limit (total) exceeded", 513,
			"clickhouse_memory_limit_exceeded: The cluster is under heavy load and has no memory for this query. Please try again in a few minutes."},
	} {
		f := engineFailure(&chdb.Error{Code: c.code, Name: c.name, Message: c.message})
		require.Equal(t, c.status, f.status, c.name)
		require.Equal(t, c.want, f.code+": "+f.detail)
	}
	for _, code := range []int{6, 38, 41, 69, 70, 72, 121, 125, 128, 130, 190, 258, 376, 467} {
		f := engineFailure(&chdb.Error{Code: code, Name: "SOME_NAME", Message: "the value 'secret'"})
		require.Equal(t, http.StatusBadRequest, f.status)
		require.Equal(t, "some_name", f.code)
		require.NotContains(t, f.detail, "secret", "values of the data do not leak by error %d", code)
	}
}

func TestOwnErrorsAreHidden(t *testing.T) {
	t.Parallel()
	f := asFailure(fmt.Errorf("open %q", "/somewhere"))
	require.Equal(t, http.StatusInternalServerError, f.status)
	require.Equal(t, "A server error occurred.", f.detail)
}
