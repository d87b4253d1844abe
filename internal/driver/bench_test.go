package driver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
)

// BenchmarkLargeResult reads the largest answer PostHog gives: 50,000 rows, here of five columns.
func BenchmarkLargeResult(b *testing.B) {
	row := `["user_signed_up","https://example.com/pricing?utm_source=x",1204,9.99,"2026-06-14T22:10:03.114000Z"],`
	body := `{"columns":["event","url","n","amount","timestamp"],"results":[` + strings.TrimSuffix(strings.Repeat(row, 50_000), ",") + `]}`
	f := &fake{answer: always(200, jsonType, body)}
	c, err := driver.New(driver.Options{BaseURL: "https://us.posthog.com", Key: func() string { return canary }, ProjectID: 1, PerMinute: 1 << 20, PerHour: 1 << 20, HTTP: &http.Client{Transport: f}})
	require.NoError(b, err)
	defer c.Close()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		res, err := c.Query(b.Context(), driver.QueryRequest{HogQL: "SELECT 1"})
		require.NoError(b, err)
		require.Len(b, res.Rows, 50_000)
	}
}
