package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// lint runs hogql with arguments over files, which are made in a folder of their own, and standard input.
func lint(t *testing.T, files map[string]string, stdin string, args ...string) outcome {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	return posthogMCP(t, nil, stdin, append([]string{"hogql"}, args...)...)
}

// A byte order mark and line ends of Windows move no place and no edit.
func TestLintOfWindowsFiles(t *testing.T) {
	files := map[string]string{
		"marked.sql":  "\uFEFFSELECT evnt FROM persons",
		"windows.sql": "SELECT 'é',\r\n  evnt\r\nFROM persons\r\n",
	}
	got := lint(t, files, "", "check", "marked.sql", "windows.sql")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stdout, "marked.sql:1:8: error: ")
	require.Contains(t, got.stdout, "windows.sql:2:3: error: ")
	require.Contains(t, got.stdout, "\n    evnt\n    ^\n")
	require.NotContains(t, got.stdout, "\r")
	got = lint(t, files, "", "check", "--format", "github", "windows.sql")
	require.Contains(t, got.stdout, "::error file=windows.sql,line=2,endLine=2,col=3,endColumn=7,")
}

// The SARIF log has what version 2.1.0 asks for, and its edits are in code points.
func TestLintSARIF(t *testing.T) {
	files := map[string]string{
		"a.sql": "SELECT '😀', tostring(\n1\n) FROM persons LIMIT 60000",
		"b.sql": "SELECT count( FROM",
	}
	got := lint(t, files, "", "check", "--format", "sarif", "b.sql", filepath.Join(".", "a.sql"))
	require.Equal(t, 1, got.code, got.stderr)
	var log sarifLog
	decoder := json.NewDecoder(strings.NewReader(got.stdout))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&log))
	require.Equal(t, "2.1.0", log.Version)
	require.Len(t, log.Runs, 1)
	run := log.Runs[0]
	require.Equal(t, "unicodeCodePoints", run.ColumnKind)
	require.NotEmpty(t, run.Tool.Driver.Name)
	rules := map[string]bool{}
	for _, r := range run.Tool.Driver.Rules {
		require.False(t, rules[r.ID], "a rule is listed once")
		rules[r.ID] = true
	}
	require.Len(t, run.Results, 3)
	for _, r := range run.Results {
		require.True(t, rules[r.RuleID], r.RuleID)
		require.Contains(t, []string{"error", "warning"}, r.Level)
		require.NotEmpty(t, r.Message.Text)
		require.Len(t, r.Locations, 1)
		where := r.Locations[0].Physical
		require.NotEmpty(t, where.Artifact.URI)
		require.Positive(t, where.Region.StartLine)
		require.Positive(t, where.Region.StartColumn)
		require.GreaterOrEqual(t, where.Region.EndLine, where.Region.StartLine)
		if where.Region.EndLine == where.Region.StartLine {
			require.GreaterOrEqual(t, where.Region.EndColumn, where.Region.StartColumn)
		}
	}
	require.Equal(t, "syntax", run.Results[0].RuleID)
	name := run.Results[1]
	require.Equal(t, "unknown-function", name.RuleID)
	require.Equal(t, sarifRegion{StartLine: 1, StartColumn: 13, EndLine: 1, EndColumn: 21}, name.Locations[0].Physical.Region)
	require.Equal(t, sarifReplacement{Deleted: sarifChars{12, 8}, Inserted: sarifText{"toString"}}, name.Fixes[0].Changes[0].Replacements[0])
}

// Every exit code, and that wrong usage wins over errors in texts.
func TestLintExitCodes(t *testing.T) {
	files := map[string]string{"good.sql": "SELECT 1;\n", "slow.sql": "SELECT count() FROM events", "bad.sql": "SELECT evnt FROM persons"}
	for _, c := range []struct {
		code  int
		stdin string
		args  []string
	}{
		{0, "", []string{"check", "good.sql"}},
		{0, "", []string{"check", "slow.sql"}},
		{1, "", []string{"check", "--strict", "slow.sql"}},
		{1, "", []string{"check", "bad.sql"}},
		{1, "SELECT (", []string{"check", "-"}},
		{2, "", []string{"check", "bad.sql", "none.sql"}},
		{2, "", []string{"parse", "none.sql", "good.sql"}},
		{2, "", []string{"format", "none.sql", "good.sql"}},
		{2, "{", []string{"check", "--jsonl"}},
		{2, "", []string{"check", "--rule", "x", "good.sql"}},
		{2, "", []string{"check", "--format", "xml"}},
		{2, "", []string{"check", "."}},
	} {
		if c.args[1] == "." {
			files = nil
		}
		got := lint(t, files, c.stdin, c.args...)
		require.Equal(t, c.code, got.code, "%q: %s%s", c.args, got.stdout, got.stderr)
	}
}
