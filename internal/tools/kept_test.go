package tools_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/tools"
)

var nextPage = regexp.MustCompile(`next page: query_posthog \{\\?"result\\?":\\?"([\w-]{12})\\?",\\?"page\\?":(\d+)\}`)

// next returns what an answer says to call for the rows that follow; "" at the end.
func next(text string) string {
	m := nextPage.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return `{"result":"` + m[1] + `","page":` + m[2] + `}`
}

// records reads the rows of an answer in csv or markdown, without the head.
func records(t *testing.T, text, format string) [][]string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "<<<")
	require.True(t, ok, text)
	fence, table, _ := strings.Cut(rest, "\n")
	table, ok = strings.CutSuffix(table, fence)
	require.True(t, ok)
	if format == "markdown" {
		var out [][]string
		for _, line := range strings.Split(strings.TrimSuffix(table, "\n"), "\n")[2:] {
			out = append(out, strings.Split(strings.Trim(line, "| "), " | "))
		}
		return out
	}
	out, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	require.NoError(t, err)
	return out[1:]
}

// rowsOf reads the rows of an answer in any format; each cell as text.
func rowsOf(t *testing.T, text, format string) [][]string {
	t.Helper()
	if format != "json" {
		return records(t, text, format)
	}
	var v struct{ Rows [][]any }
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	require.NoError(t, d.Decode(&v))
	var out [][]string
	for _, row := range v.Rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = fmt.Sprint(c)
		}
		out = append(out, cells)
	}
	return out
}

// TestPagesOfAKeptResultHaveEachRowOnce reads answers of many shapes to their end: what was asked of PostHog once comes
// whole, in order, and nothing twice.
func TestPagesOfAKeptResultHaveEachRowOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		rows     int
		cell     func(i int) string
		seamless bool // no cell is longer than 500 characters, so the first answer is page 1
	}{
		{"short cells", 5000, func(i int) string { return "row " + strconv.Itoa(i) }, true},
		{"one row beyond the page", 9, func(i int) string { return strings.Repeat("x", 499) + strconv.Itoa(i) }, true},
		{"wide cells", 150, func(i int) string { return strconv.Itoa(i) + strings.Repeat("é", 100+i*17%3000) }, false},
		{"some wide cells at the end", 1000, func(i int) string { return strconv.Itoa(i) + strings.Repeat("w", i/900*4000) }, false},
		{"each row a page", 12, func(i int) string { return strconv.Itoa(i) + strings.Repeat("z", 20_000) }, false},
	} {
		want := make([][]string, c.rows)
		body := make([][]any, c.rows)
		for i := range want {
			want[i] = []string{strconv.Itoa(i), c.cell(i)}
			body[i] = []any{i, c.cell(i)}
		}
		u := newUpstream(t, always("n:UInt64|a:String", string(mustJSON(body))))
		s := newSession(t, u.url, canaryKey, tools.Options{})
		for _, format := range []string{"csv", "json", "markdown"} {
			t.Run(c.name+" "+format, func(t *testing.T) {
				first, result := s.call(t, "query_posthog", `{"query":"SELECT number AS n, toString(number) AS a FROM numbers(5000)","limit":5000,"format":"`+format+`"}`)
				require.False(t, result.IsError)
				shown := rowsOf(t, first, format)
				if c.rows == 9 {
					require.Empty(t, next(first))
					require.Equal(t, want, shown)
					return
				}
				follow := next(first)
				if c.name == "each row a page" { // all rows are shown, cut: only the whole ones are kept
					require.Empty(t, follow)
					require.Len(t, shown, c.rows)
					require.Contains(t, first, "12 cells cut at 500 characters")
				} else {
					require.NotEmpty(t, follow)
				}
				id := regexp.MustCompile(`result\\?":\\?"([\w-]{12})`).FindStringSubmatch(first)[1]

				var all [][]string
				pages, begins := 0, false
				for call := `{"result":"` + id + `"}`; call != ""; pages++ {
					begins = begins || strings.Contains(follow, fmt.Sprintf(`"page":%d}`, pages+1)) && len(all) == len(shown)
					text, result := s.call(t, "query_posthog", call)
					require.False(t, result.IsError, text)
					all = append(all, rowsOf(t, text, format)...)
					call = next(text)
				}
				require.Equal(t, want, all)
				if follow != "" {
					require.True(t, begins, "the page that the first answer names begins with the first row that it does not show")
				}
				if c.seamless {
					require.Contains(t, follow, `"page":2`)
					require.Equal(t, want[:len(shown)], shown)
				}
			})
		}
		require.Len(t, u.sent(), 1, "the pages ask PostHog nothing")
	}
}

// TestKeptResultInAnotherFormat reads pages in a format that is not the first answer's.
func TestKeptResultInAnotherFormat(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, always("n:UInt64", numbers(50_000)))
	s := newSession(t, u.url, canaryKey, tools.Options{})
	text, _ := s.call(t, "query_posthog", `{"query":"SELECT number AS n FROM numbers(50000)","limit":50000}`)
	id := nextPage.FindStringSubmatch(text)[1]
	n := 0
	for page := 1; ; page++ {
		text, result := s.call(t, "query_posthog", fmt.Sprintf(`{"result":"posthog://result/%s","page":%d,"format":"json"}`, id, page))
		require.False(t, result.IsError, text)
		var v struct {
			First int `json:"first_row"`
			Shown int `json:"rows_shown"`
			Count int `json:"row_count"`
			Page  int
			Pages int
			Rows  [][]int
		}
		require.NoError(t, json.Unmarshal([]byte(text), &v))
		require.Equal(t, []int{n + 1, len(v.Rows), 50_000, page}, []int{v.First, v.Shown, v.Count, v.Page})
		for _, row := range v.Rows {
			require.Equal(t, n, row[0])
			n++
		}
		if v.Pages == page {
			break
		}
	}
	require.Equal(t, 50_000, n)
}

// TestRowsThatFillMoreThanAPage are cut as little as it takes, and the cut is stated.
func TestRowsThatFillMoreThanAPage(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, always("a:String|b:String", `[["`+strings.Repeat("x", 60_000)+`","short"]]`))
	s := newSession(t, u.url, canaryKey, tools.Options{})
	text, _ := s.call(t, "query_posthog", `{"query":"SELECT 1 AS a, 2 AS b"}`)
	id := regexp.MustCompile(`"result":"([\w-]{12})"`).FindStringSubmatch(text)[1]
	text, result := s.call(t, "query_posthog", `{"result":"`+id+`"}`)
	require.False(t, result.IsError)
	require.Contains(t, text, "1 cell cut at 10000 characters, marked …[+n characters]. substring(column, 10001, 10000) reads on")
	require.Contains(t, text, strings.Repeat("x", 10_000)+"…[+50,000 characters]")
}

// TestAKeptResultEnds says what a result that is gone leaves behind: how to get it again.
func TestAKeptResultEnds(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, always("n:UInt64", numbers(9000)))
	clock := noon()
	s := newSession(t, u.url, canaryKey, tools.Options{Now: func() time.Time { return clock }})
	text, _ := s.call(t, "query_posthog", `{"query":"SELECT number AS n FROM numbers({n})","values":{"n":9000},"limit":9000}`)
	call := next(text)
	require.NotEmpty(t, call)

	clock = clock.Add(29 * time.Minute)
	_, result := s.call(t, "query_posthog", call)
	require.False(t, result.IsError)
	text, result = s.call(t, "query_posthog", strings.Replace(call, `"page":2`, `"page":99`, 1))
	require.True(t, result.IsError)
	require.Contains(t, text, "page: this result has 2 pages")
	text, result = s.call(t, "query_posthog", strings.Replace(call, `}`, `,"project_id":2}`, 1))
	require.True(t, result.IsError)
	require.Contains(t, text, "project_id: this result is of project 1")

	text, _ = s.call(t, "query_posthog", `{"query":"SELECT '`+strings.Repeat("x", 3000)+`' AS n","limit":9000}`)
	long := next(text)
	clock = clock.Add(30 * time.Minute)
	text, result = s.call(t, "query_posthog", long)
	require.True(t, result.IsError)
	require.True(t, strings.HasSuffix(text, "Run the query again"), "a long query is not repeated")
	text, result = s.call(t, "query_posthog", call)
	require.True(t, result.IsError)
	require.Contains(t, text, `result: these rows are no longer kept (30 min, or until newer ones need the room). `+
		`Run the query again: query_posthog {"query":"SELECT number AS n FROM numbers({n})","values":{"n":9000},"limit":9000}`)

	text, result = s.call(t, "query_posthog", `{"result":"AAAAAAAAAAAA"}`)
	require.True(t, result.IsError)
	require.Contains(t, text, "result: nothing is kept under this id here.")
	require.Contains(t, text, "Run the query again")
}

// TestKeptResultsAreGivenBackInTime lets a result end although nobody calls.
func TestKeptResultsAreGivenBackInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := tools.NewKeeper(time.Now, tools.NewResultID)
		_, ok := k.Put("a", 10, 1000)
		require.True(t, ok)
		require.Equal(t, int64(10*1064), k.Bytes())
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		require.Zero(t, k.Bytes())
	})
}

// TestKeptResultsAreBounded fills the memory: a caller loses its own oldest result first, then the oldest of all goes.
func TestKeptResultsAreBounded(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	k := tools.NewKeeper(noon, tools.NewResultID)
	_, ok := k.Put("a", 49, mb)
	require.False(t, ok, "more than one caller may have")
	a1, _ := k.Put("a", 20, mb)
	a2, _ := k.Put("a", 20, mb)
	b1, _ := k.Put("b", 20, mb)
	require.Equal(t, []bool{true, true, true}, []bool{k.Has("a", a1), k.Has("a", a2), k.Has("b", b1)})
	require.False(t, k.Has("b", a1), "another caller's")
	a3, _ := k.Put("a", 20, mb)
	require.Equal(t, []bool{false, true, true, true}, []bool{k.Has("a", a1), k.Has("a", a2), k.Has("b", b1), k.Has("a", a3)})
	c1, _ := k.Put("c", 40, mb)
	require.Equal(t, []bool{false, true, true, true}, []bool{k.Has("a", a2), k.Has("b", b1), k.Has("a", a3), k.Has("c", c1)},
		"the oldest of all went")
	require.LessOrEqual(t, k.Bytes(), int64(96*mb))
	for range 2000 {
		k.Put("d", 1, 10)
	}
	require.LessOrEqual(t, k.Len(), 1000)
	seen := map[string]bool{}
	for range 1000 {
		id := tools.NewResultID()
		require.Regexp(t, `^[\w-]{12}$`, id)
		require.False(t, seen[id])
		seen[id] = true
	}
}

// TestKeptResultsAreTheCallers keeps the results of callers with different tokens apart.
func TestKeptResultsAreTheCallers(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, always("n:UInt64", numbers(9000)))
	c := newDriver(t, u.url, canaryKey, nil)
	s := tools.NewService(c, tools.Options{Now: noon})
	ann, bob := tools.WithCaller(t.Context(), "ann"), tools.WithCaller(t.Context(), "bob")
	rows, err := s.Query(ann, tools.QueryArgs{Query: "SELECT number AS n FROM numbers(9000)", Limit: 9000})
	require.NoError(t, err)
	id := nextPage.FindStringSubmatch(s.Show(ann, rows, tools.QueryArgs{}).Text)[1]
	answer, err := s.ResultPage(ann, id, 2)
	require.NoError(t, err)
	require.Contains(t, answer.Text, "page 2 of 2")
	for _, other := range []context.Context{bob, t.Context()} {
		_, err = s.ResultPage(other, id, 2)
		require.ErrorContains(t, err, "nothing is kept under this id here")
	}
}

// TestTheKeptResultIsAResource reads it as clients with resources do.
func TestTheKeptResultIsAResource(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, always("n:UInt64", numbers(9000)))
	s := newSession(t, u.url, canaryKey, tools.Options{})
	for _, c := range []struct{ format, kind string }{{"csv", "text/plain"}, {"json", "application/json"}} {
		text, _ := s.call(t, "query_posthog", `{"query":"SELECT number AS n FROM numbers(9000)","limit":9000,"format":"`+c.format+`"}`)
		id := nextPage.FindStringSubmatch(text)[1]
		for page, tail := range map[string]string{"1": "", "2": "?page=2"} {
			var r mcp.ReadResourceRequest
			r.Params.URI = "posthog://result/" + id + tail
			got, err := s.ReadResource(t.Context(), r)
			require.NoError(t, err)
			require.Len(t, got.Contents, 1)
			content, ok := got.Contents[0].(mcp.TextResourceContents)
			require.True(t, ok)
			require.Equal(t, c.kind, content.MIMEType)
			text, _ := s.call(t, "query_posthog", `{"result":"`+id+`","page":`+page+`}`)
			require.Equal(t, text, content.Text, "the resource says what the tool says")
		}
		for _, tail := range []string{"?page=0", "?page=x", "?page=77"} {
			var r mcp.ReadResourceRequest
			r.Params.URI = "posthog://result/" + id + tail
			_, err := s.ReadResource(t.Context(), r)
			require.ErrorContains(t, err, "page:")
		}
	}
	var r mcp.ReadResourceRequest
	r.Params.URI = "posthog://result/AAAAAAAAAAAA"
	_, err := s.ReadResource(t.Context(), r)
	require.ErrorContains(t, err, "Run the query again")
	require.Len(t, u.sent(), 1)
}

// TestTooManyRowsToKeep says what to do where rows cannot be kept.
func TestTooManyRowsToKeep(t *testing.T) {
	t.Parallel()
	row := `["` + strings.Repeat("x", 49_000) + `"]`
	body := rowsBody("a:String", "["+strings.Repeat(row+",", 1049)+row+"]")
	u := newUpstream(t, func(string, string) (int, string) { return http.StatusOK, body })
	text, result := newSession(t, u.url, canaryKey, tools.Options{}).call(t, "query_posthog", `{"query":"SELECT 1 AS a","limit":2000}`)
	require.False(t, result.IsError, text[:200])
	require.Regexp(t, `warning: \d\d rows of 1,050 shown: the others do not fit in one answer of 35,000 characters and are too many to keep`, text)
	require.Contains(t, text, "substring(column, 501, 500) reads on")
	require.Empty(t, next(text))
}
