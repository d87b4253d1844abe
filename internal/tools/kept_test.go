package tools_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/tools"
)

var nextPage = regexp.MustCompile(`result=\\?"([\w-]{16})\\?" page=(\d+)`)

// wide is a result of n rows whose first cells count from 0, of which some hundred fit in one answer.
func wide(n int) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf(`[%d,"%s"]`, i, strings.Repeat("x", 300))
	}
	return "[" + strings.Join(rows, ",") + "]"
}

// The pages of a result hold each row once, in order, in every format, and PostHog is asked once.
func TestPagesOfAResult(t *testing.T) {
	t.Parallel()
	const n = 450
	first := map[string]*regexp.Regexp{
		"csv": regexp.MustCompile(`(?m)^(\d+),x`), "markdown": regexp.MustCompile(`(?m)^\| (\d+) \| x`), "json": regexp.MustCompile(`\[(\d+),"x`),
	}
	for format, number := range first {
		u := newUpstream(t, always("n:UInt64|s:String", wide(n)))
		s := newSession(t, u.url, canaryKey, tools.Options{})
		arguments := fmt.Sprintf(`{"query":"SELECT number AS n, 'x' AS s FROM numbers(%d)","format":"%s"}`, n, format)
		var seen []string
		pages := 0
		for arguments != "" {
			text, result := s.call(t, "query_posthog", arguments)
			require.False(t, result.IsError, text)
			require.Equal(t, format == "json", result.StructuredContent != nil)
			for _, m := range number.FindAllStringSubmatch(text, -1) {
				seen = append(seen, m[1])
			}
			pages++
			arguments = ""
			if m := nextPage.FindStringSubmatch(text); m != nil {
				arguments = fmt.Sprintf(`{"result":"%s","page":%s}`, m[1], m[2])
			} else {
				require.Contains(t, text, "to 450 below, the last page")
			}
		}
		require.Greater(t, pages, 3, format)
		require.Len(t, seen, n, format)
		for i, v := range seen {
			require.Equal(t, fmt.Sprint(i), v, format)
		}
		require.Len(t, u.sent(), 1, "one query, whatever the number of pages")
	}
}

func TestKeptResults(t *testing.T) {
	t.Parallel()
	var later atomic.Int64
	u := newUpstream(t, always("n:UInt64|s:String", wide(450)))
	s := newSession(t, u.url, canaryKey, tools.Options{Now: func() time.Time { return noon().Add(time.Duration(later.Load())) }})
	text, _ := s.call(t, "query_posthog", `{"query":"SELECT number AS n, 'x' AS s FROM numbers(450)","format":"json"}`)
	var v struct {
		Result   string `json:"result"`
		RowCount int    `json:"row_count"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &v))
	require.Equal(t, 450, v.RowCount)
	require.Regexp(t, `^posthog://result/[\w-]{16}$`, v.Result)

	second, _ := s.call(t, "query_posthog", `{"result":"`+v.Result+`","page":2}`)
	again, _ := s.call(t, "query_posthog", `{"result":"`+v.Result+`","page":2}`)
	require.Equal(t, second, again)
	one, _ := s.call(t, "query_posthog", `{"result":"`+v.Result+`"}`)
	require.Equal(t, text, one, "page 1 is the answer that was given")

	read := func(uri string) (string, error) {
		var r mcp.ReadResourceRequest
		r.Params.URI = uri
		result, err := s.ReadResource(t.Context(), r)
		if err != nil {
			return "", err
		}
		require.Len(t, result.Contents, 1)
		return result.Contents[0].(mcp.TextResourceContents).Text, nil
	}
	page, err := read(v.Result + "?page=2")
	require.NoError(t, err)
	require.Equal(t, second, steady(page))
	page, err = read(v.Result)
	require.NoError(t, err)
	require.Equal(t, text, steady(page))
	_, err = read(v.Result + "?page=x")
	require.ErrorContains(t, err, "page: must be a whole number from 1")
	_, err = read("posthog://result/nothing")
	require.ErrorContains(t, err, "is no result that is kept here")

	for _, c := range []struct{ arguments, words string }{
		{`{"result":"` + v.Result + `","page":99}`, "page: is 99, but the result has 5 pages"},
		{`{"result":"AAAAAAAAAAAAAAAAAAAAAA"}`, "result: is no result that is kept here: results stay 30 minutes, the youngest longest. Run the query again"},
		{`{"result":"` + v.Result + `","query":"SELECT 1"}`, "result: shows a kept result and query runs one: give one of them"},
	} {
		text, result := s.call(t, "query_posthog", c.arguments)
		require.True(t, result.IsError)
		require.Contains(t, text, c.words)
	}

	later.Store(int64(30*time.Minute - time.Second))
	_, result := s.call(t, "query_posthog", `{"result":"`+v.Result+`","page":2}`)
	require.False(t, result.IsError)
	later.Store(int64(30 * time.Minute))
	_, result = s.call(t, "query_posthog", `{"result":"`+v.Result+`","page":2}`)
	require.True(t, result.IsError)
}

// What is kept is bounded by bytes: the oldest goes first.
func TestKeptResultsAreBounded(t *testing.T) {
	t.Parallel()
	row := `["` + strings.Repeat("x", 400_000) + `"]`
	u := newUpstream(t, always("s:String", "["+strings.Repeat(row+",", 99)+row+"]")) // 40 MB; there is room for 64
	s := newSession(t, u.url, canaryKey, tools.Options{})
	var ids []string
	for i := range 2 {
		text, result := s.call(t, "query_posthog", fmt.Sprintf(`{"query":"SELECT 'x%d' AS s FROM numbers(100)"}`, i))
		require.False(t, result.IsError)
		ids = append(ids, nextPage.FindStringSubmatch(text)[1])
	}
	require.NotEqual(t, ids[0], ids[1])
	_, result := s.call(t, "query_posthog", `{"result":"`+ids[0]+`","page":2}`)
	require.True(t, result.IsError)
	_, result = s.call(t, "query_posthog", `{"result":"`+ids[1]+`","page":2}`)
	require.False(t, result.IsError)
}
