package hogql_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/compile"
)

// repositoryQueries returns the HogQL that stands in the repository: in the tests' string literals, in the compiler's
// examples and in the sample data.
func repositoryQueries(tb testing.TB) []string {
	tb.Helper()
	var texts []string
	add := func(text string) {
		text = strings.TrimSpace(text)
		if first, _, _ := strings.Cut(strings.ToLower(text), " "); first == "select" || first == "with" || strings.HasPrefix(first, "(select") {
			texts = append(texts, text)
		}
	}
	for _, pattern := range []string{"../../cmd/*/*.go", "../*/*.go", "../sandbox/*/*.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(tb, err)
		for _, name := range files {
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			require.NoError(tb, err)
			ast.Inspect(f, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					text, err := strconv.Unquote(lit.Value)
					require.NoError(tb, err)
					add(text)
				}
				return true
			})
		}
	}
	for _, pattern := range []string{"../sandbox/compile/testdata/*.hogql", "../tools/testdata/*/*.golden", "../../cmd/*/testdata/*", "../../cmd/*/testdata/*/*"} {
		files, err := filepath.Glob(pattern)
		require.NoError(tb, err)
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				continue // a folder
			}
			for line := range strings.Lines(string(data)) {
				if i := strings.Index(strings.ToUpper(line), "SELECT "); i >= 0 {
					add(line[i:])
				}
				add(line)
			}
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// What the sandbox runs gets no error, whatever stands in the repository or in the corpus: the sandbox resolves names
// as PostHog does. It leaves aggregates in the wrong place to the engine, so those are not counted here.
func TestCheckSparesWhatRuns(t *testing.T) {
	t.Parallel()
	project := compile.Project{
		ID: 1, TimeZone: "UTC", Now: time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC), GroupTypes: []string{"company"},
		Cohorts: []compile.Cohort{{ID: 1, Name: "Power users"}}, Scopes: func(string) bool { return true },
	}
	texts := repositoryQueries(t)
	for _, c := range corpus(t) {
		if c.Rule == "select" && c.OK {
			texts = append(texts, c.Text)
		}
	}
	ran := 0
	for _, src := range texts {
		q, err := hogql.Parse(src)
		if err != nil {
			continue
		}
		found := hogql.Check(q, hogql.BuiltIn(), hogql.CheckOptions{Source: src, Offset: true, Offline: true})
		for _, f := range found {
			require.LessOrEqual(t, f.Span.Start, f.Span.End, src)
			require.LessOrEqual(t, int(f.Span.End), len(src), src)
			require.Positive(t, f.Line, src)
		}
		if _, err := compile.Compile(q, project, compile.Options{}); err != nil {
			continue
		}
		ran++
		if f, ok := found.Problem(); ok && !strings.HasPrefix(f.Code, "aggregate-in-") {
			t.Errorf("%s\n%v", src, f.Err(src))
		}
	}
	require.Greater(t, ran, 300)
}
