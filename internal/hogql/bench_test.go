package hogql_test

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
)

// selects returns the accepted queries of the corpus.
func selects(tb testing.TB) []string {
	tb.Helper()
	var list []string
	for _, c := range corpus(tb) {
		if c.OK && c.Rule == "select" {
			list = append(list, c.Text)
		}
	}
	require.NotEmpty(tb, list)
	return list
}

// netHTTP returns the Go files of net/http.
func netHTTP(tb testing.TB) []string {
	tb.Helper()
	root, err := exec.CommandContext(tb.Context(), "go", "env", "GOROOT").Output()
	require.NoError(tb, err)
	names, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(root)), "src", "net", "http", "*.go"))
	require.NoError(tb, err)
	require.NotEmpty(tb, names)
	var files []string
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(tb, err)
		files = append(files, string(text))
	}
	return files
}

func size(texts []string) (n int64) {
	for _, t := range texts {
		n += int64(len(t))
	}
	return n
}

func parseAll(tb testing.TB, texts []string) {
	tb.Helper()
	for _, t := range texts {
		if _, err := (hogql.Options{MaxBytes: 1 << 20, MaxNodes: 1 << 20}).Parse(t); err != nil {
			require.NoError(tb, err, t)
		}
	}
}

func parseGo(tb testing.TB, files []string) {
	tb.Helper()
	for _, text := range files {
		if _, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution); err != nil {
			require.NoError(tb, err)
		}
	}
}

// BenchmarkParse reads the accepted queries of the corpus.
func BenchmarkParse(b *testing.B) {
	texts := selects(b)
	b.SetBytes(size(texts))
	b.ReportAllocs()
	for b.Loop() {
		parseAll(b, texts)
	}
}

// BenchmarkParseSizes reads queries of about 100 bytes, 1 KB and 50 KB.
func BenchmarkParseSizes(b *testing.B) {
	const small = "SELECT event, count() FROM events WHERE timestamp >= now() - INTERVAL 7 DAY GROUP BY event LIMIT 10"
	middle := "SELECT toStartOfDay(timestamp) AS day, properties.$browser AS browser, count(DISTINCT person_id) AS users,\n" +
		"  countIf(event = '$pageview') AS views, quantile(0.9)(toFloat(properties.duration)) AS p90\n" +
		"FROM events AS e\nLEFT JOIN (SELECT id, properties.email AS email FROM persons WHERE properties.plan IN ('free', 'paid')) AS p ON e.person_id = p.id\n" +
		"WHERE timestamp >= toDateTime('2026-01-01') AND timestamp < now() AND (properties.$os = 'Mac' OR properties.$os ILIKE '%win%')\n" +
		"  AND NOT match(properties.$current_url, '^https://test\\\\.') AND multiIf(length(email) > 3, 1, email IS NULL, 2, 3) IN (1, 2)\n" +
		"GROUP BY day, browser\nHAVING users > 10\nORDER BY day DESC, users DESC\nLIMIT 1000\n"
	middle += "-- " + strings.Repeat("x", max(0, 1000-len(middle)))
	large := "SELECT 1\nFROM (\n" + strings.TrimSuffix(strings.Repeat("("+middle+"\n)\nUNION ALL\n", 50), "UNION ALL\n") + ")"
	for _, c := range []struct{ name, text string }{{"100B", small}, {"1KB", middle}, {"50KB", large}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				parseAll(b, []string{c.text})
			}
		})
	}
}

// BenchmarkGoParser reads the Go files of net/http with the standard library's parser.
func BenchmarkGoParser(b *testing.B) {
	files := netHTTP(b)
	b.SetBytes(size(files))
	b.ReportAllocs()
	for b.Loop() {
		parseGo(b, files)
	}
}

// BenchmarkAgainstGo reads with both in turns, so that both meet the same machine, and reports the best
// pass of each and how many times as fast as Go's parser ours is.
func BenchmarkAgainstGo(b *testing.B) {
	texts, files := selects(b), netHTTP(b)
	ours, theirs := time.Duration(1<<62), time.Duration(1<<62)
	for b.Loop() {
		start := time.Now()
		parseGo(b, files)
		theirs = min(theirs, time.Since(start))
		for range 7 { // about as many bytes
			start = time.Now()
			parseAll(b, texts)
			ours = min(ours, time.Since(start))
		}
	}
	speed := func(texts []string, d time.Duration) float64 { return float64(size(texts)) / d.Seconds() / 1e6 }
	b.ReportMetric(speed(texts, ours), "hogql-MB/s")
	b.ReportMetric(speed(files, theirs), "go-MB/s")
	b.ReportMetric(speed(texts, ours)/speed(files, theirs), "times-go")
}
