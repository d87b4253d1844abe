package driver

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzDecodeResult: whatever arrives, decoding ends without panic, and a result is rectangular.
func FuzzDecodeResult(f *testing.F) {
	for _, seed := range []string{
		`{"results":[["a",1.50,null]],"columns":["x","y","z"],"types":[["x","String"],["y","Float64"],["z"]],"hasMore":null,"last_refresh":"2026-03-02T09:15:01Z"}`,
		`{"query_status":{"id":"q","complete":false}}`, `{"query_status":{"complete":true,"results":{"results":[],"columns":[]}}}`,
		`{"results":null,"columns":null}`, `{"results":[[1],[2,3]],"columns":["a"]}`, `{"warnings":[{"table_name":1}]}`, `[]`, `{`, `{"a":`, "\xff", `{"results":[{}]}`,
		`{"error":"no","results":[],"columns":[]}`, `{"limit":1e99}`, strings.Repeat(`{"a":`, 2000),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		res, status, err := decodeResult(strings.NewReader(body))
		if err != nil {
			require.Nil(t, res)
			return
		}
		require.NotEqual(t, res == nil, status == nil)
		if status != nil {
			if res, err = status.result(t.Context(), "run query"); err != nil {
				return
			}
		}
		require.Len(t, res.Types, len(res.Columns))
		for _, row := range res.Rows {
			require.Len(t, row.Values(), len(res.Columns))
		}
	})
}
