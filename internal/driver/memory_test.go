package driver

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// wideAnswer is an answer of n rows with 40 columns: short and long numbers, texts, nulls, lists.
func wideAnswer(n int) string {
	var columns, cells []string
	for i := range 10 {
		columns = append(columns, fmt.Sprintf(`"event_%d","n_%d","amount_%d","seen_%d"`, i, i, i, i))
		cells = append(cells, fmt.Sprintf(`"$pageview",%d,18446744073709551%d.10,"2026-06-14T22:10:0%d.114000Z"`, i, i, i))
	}
	cells[3], cells[4] = `null,true,[1,"a, \"b\"",{"k":[]}],""`, `0,0,0,0`
	row := "[" + strings.Join(cells, ", ") + "],"
	return `{"results":[` + strings.TrimSuffix(strings.Repeat(row, n), ",") + `],"columns":[` + strings.Join(columns, ",") + `],"types":null}`
}

// The largest answer that PostHog gives takes little more memory than its text: what is allocated in all while
// it is read, garbage included, and what stays. It is no parallel test: it counts what the process allocates.
func TestMemoryOfALargeResult(t *testing.T) {
	body := wideAnswer(50_000)
	for name, text := range map[string]string{"answer": body, "finished run": `{"query_status":{"id":"q","complete":true,"results":` + body + `}}`} {
		var before, after, kept runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		res, status, err := decodeResult(strings.NewReader(text))
		if status != nil {
			res, err = status.result(t.Context(), "run query")
		}
		runtime.ReadMemStats(&after)
		require.NoError(t, err)
		runtime.GC()
		runtime.ReadMemStats(&kept)
		size := float64(len(text))
		total, stays := float64(after.TotalAlloc-before.TotalAlloc)/size, (float64(kept.HeapAlloc)-float64(before.HeapAlloc))/size
		t.Logf("%s: %.1f MB; %.2f times that allocated, %.2f kept", name, size/1e6, total, stays)
		require.Less(t, total, 2.0)
		require.Less(t, stays, 1.5)
		require.Len(t, res.Rows, 50_000)
		require.Equal(t, int64(len(text)), res.Bytes)
		require.Len(t, res.Rows[49_999].Values(), 40)
	}
}

func TestRowWidth(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		`[]`: 0, `[ ]`: 0, `[1]`: 1, `[""]`: 1, `[[]]`: 1, `[{}]`: 1, `[[],[]]`: 2, `[1,2,3]`: 3, `["a,b",[1,2],{"a":1,"b":[2,3]}]`: 3,
		`["\"",1]`: 2, `["\\",1]`: 2, "[\n\t1 ,\r2 ]": 2, `["]",","]`: 2, `{}`: -1, `null`: -1, ``: -1, `"[1]"`: -1,
	} {
		require.Equal(t, want, Row(text).width(), text)
		if want >= 0 {
			require.Len(t, Row(text).Values(), want, text)
		}
	}
	require.Nil(t, Row(`[1`).Values())
	require.Nil(t, Row(`{}`).Values())
}

// Rows of any length, in whatever chunks they come to lie, are those that came.
func TestRowsKeepTheirText(t *testing.T) {
	t.Parallel()
	var rows []string
	for i := range 300 {
		rows = append(rows, fmt.Sprintf(`[%d,%q]`, i, strings.Repeat("x", i*i%(mostChunk/3))))
	}
	res, _, err := decodeResult(strings.NewReader(`{"columns":["n","s"],"results":[` + strings.Join(rows, ",") + `]}`))
	require.NoError(t, err)
	require.Len(t, res.Rows, len(rows))
	for i, r := range res.Rows {
		require.Zero(t, strings.Compare(rows[i], string(r)), "row %d", i) // Equal would print megabytes
		require.Equal(t, len(r), cap(r), "nobody can write into the next row")
	}
}

func TestBadShapes(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"columns":["a"],"results":[[1],[1,2],[1,2,3]]}`:                "row 1 has 2 cells for 1 columns",
		`{"results":[[1],[1,2]],"columns":["a","b"]}`:                    "row 0 has 1 cells for 2 columns",
		`{"columns":["a"],"results":[[1],null]}`:                         "results is no list of lists",
		`{"columns":["a"],"results":[[1],{"a":1}]}`:                      "results is no list of lists",
		`{"columns":["a"],"results":{"a":1}}`:                            "results is no list of lists",
		`{"columns":["a"],"results":[[1]]}{}`:                            "more than one value in the answer",
		`{"columns":["a"],"results":[[1]]} x`:                            "invalid character 'x'",
		`{"columns":["a"],"results":null}`:                               "no results in the answer",
		`null`:                                                           "null instead of an object",
		`7`:                                                              "no object",
		`{"query_status":7}`:                                             "no object",
		`{"query_status":null}`:                                          "no results in the answer",
		`{"query_status":{"complete":"yes"}}`:                            "cannot unmarshal string",
		`{"query_status":{"complete":true,"results":{"results":[[1]`:     "EOF",
		`{"query_status":{"complete":true,"results":[]}}`:                "no object",
		strings.Repeat(`{"query_status":{"results":`, 100_000):           "exceeded max depth",
		`{"results":[` + strings.Repeat(`[`, 100_000):                    "exceeded max depth",
		`{"query_status":{"complete":` + strings.Repeat(`[`, 100_000):    "exceeded max depth",
		`{"columns":["a"],"results":[["` + "\x00" + `"]]}`:               "invalid character",
		`{"columns":["a"],"results":[[1]],"deep":"` + "\x01" + `","x":1`: "invalid character",
	} {
		res, status, err := decodeResult(strings.NewReader(body))
		require.ErrorContains(t, err, want, "%.80s", body)
		require.Nil(t, res)
		require.Nil(t, status)
	}
}

func BenchmarkValues(b *testing.B) {
	res, _, err := decodeResult(strings.NewReader(wideAnswer(1)))
	require.NoError(b, err)
	b.SetBytes(int64(len(res.Rows[0])))
	b.ReportAllocs()
	for b.Loop() {
		require.Len(b, res.Rows[0].Values(), 40)
	}
}
