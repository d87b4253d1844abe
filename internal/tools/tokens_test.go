package tools_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tiktoken-go/tokenizer"

	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/tools"
)

// o200k counts the tokens of texts as current models do; its vocabulary is compiled in.
func o200k(t *testing.T, texts ...string) int {
	t.Helper()
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	require.NoError(t, err)
	n := 0
	for _, s := range texts {
		ids, _, err := codec.Encode(s)
		require.NoError(t, err)
		n += len(ids)
	}
	return n
}

// resultRows are rows as PostHog gives them, with the tokens that they cost as bare JSON.
type resultRows struct {
	Columns   []string          `json:"columns"`
	Types     [][]string        `json:"types"`
	Results   []json.RawMessage `json:"results"`
	Reference map[string]int    `json:"reference_tokens"`
}

// TestWhatAResultCosts holds the tokens of a table, over all its pages, to 0.93 of its bare JSON, and what stands around
// it to 100 a page; nothing of the rows is lost.
func TestWhatAResultCosts(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../testdata/result-rows.json")
	require.NoError(t, err)
	var data resultRows
	require.NoError(t, json.Unmarshal(text, &data))
	var report strings.Builder
	for _, n := range []int{10, 100, 1000} {
		bare := "[" + joined(data.Results[:n]) + "]"
		reference := data.Reference[fmt.Sprint(n)]
		require.Equal(t, reference, o200k(t, bare), "this is how the reference was counted")

		columns := make([]string, len(data.Types))
		for i, pair := range data.Types {
			columns[i] = pair[0] + ":" + pair[1]
		}
		u := newUpstream(t, always(strings.Join(columns, "|"), bare))
		s := newSession(t, u.url, canaryKey, tools.Options{ResultID: func() string { return "7Qm3xV0bTz81" }})
		call, table, pages := `{"query":"SELECT 1 AS event, 2 AS current_url, 3 AS count, 4 AS revenue, 5 AS timestamp"}`, 0, 0
		var rows [][]string
		for ; call != ""; pages++ {
			text, result := s.call(t, "query_posthog", call)
			require.False(t, result.IsError, text)
			block := text[strings.Index(text, "\nevent:String")+1 : strings.LastIndex(text, "\n")+1]
			around := o200k(t, text) - o200k(t, block)
			require.LessOrEqual(t, around, 100, strings.Replace(text, block, "", 1))
			fmt.Fprintf(&report, "%d rows, page %d: around the table %d\n", n, pages+1, around)
			table += o200k(t, block)
			rows = append(rows, records(t, text, "csv")...)
			call = next(text)
		}
		share := float64(table) / float64(reference)
		if n >= 100 { // the head weighs more on fewer rows
			require.LessOrEqual(t, share, 0.93)
		}
		fmt.Fprintf(&report, "%d rows: table %d tokens on %d pages, bare JSON %d, %.3f\n", n, table, pages, reference, share)
		require.Len(t, rows, n)
		for i, row := range data.Results[:n] {
			require.Equal(t, flat(t, row), rows[i])
		}
	}
	golden.Check(t, "testdata/cost.golden", report.String())
}

func joined(rows []json.RawMessage) string {
	texts := make([]string, len(rows))
	for i, r := range rows {
		texts[i] = string(r)
	}
	return strings.Join(texts, ",")
}

// flat is a row as CSV must give it: a time in UTC without the zeros and the zone that the head names.
func flat(t *testing.T, row json.RawMessage) []string {
	t.Helper()
	var cells []any
	d := json.NewDecoder(strings.NewReader(string(row)))
	d.UseNumber()
	require.NoError(t, d.Decode(&cells))
	out := make([]string, len(cells))
	for i, c := range cells {
		if c != nil {
			out[i] = fmt.Sprint(c)
		}
	}
	last := strings.TrimSuffix(out[4], "Z")
	if strings.Contains(last, ".") {
		last = strings.TrimRight(strings.TrimRight(last, "0"), ".")
	}
	out[4] = last
	return out
}
