package sandbox_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/schema"
)

// problems returns what the offline checker holds against a query, with the built-in catalogue alone.
func problems(t *testing.T, sql string) []string {
	t.Helper()
	q, err := hogql.Parse(sql)
	require.NoError(t, err, sql)
	var out []string
	for _, f := range hogql.Check(q, hogql.BuiltIn(), hogql.CheckOptions{Source: sql}) {
		if f.Severity == hogql.Problem || strings.HasPrefix(f.Code, "unknown-") && f.Code != "unknown-table" {
			out = append(out, f.Message)
		}
	}
	return out
}

// The offline checker knows every table and field of the sandbox that PostHog has, too.
func TestCheckerKnowsTheSandbox(t *testing.T) {
	t.Parallel()
	for _, table := range schema.Tables() {
		for _, f := range table.Fields {
			name := "`" + f.Name + "`"
			switch {
			case f.Type == schema.LazyTable:
				name += ".`" + f.Join.To + "`"
			case f.Type == schema.VirtualTable:
				name += ".`" + f.Fields[0].Name + "`"
			case f.Type == schema.FieldTraverser && f.Name == "person":
				name += ".id"
			case f.Hidden && (f.Name == "is_deleted" || f.Name == "version"): // stored here, for the raw tables
				continue
			}
			sql := "SELECT " + name + " FROM " + table.Name
			require.Empty(t, problems(t, sql), sql)
		}
	}
	for _, task := range readTasks(t).Tasks {
		if sql := task.query(t); task.Check == "rows" {
			require.Empty(t, problems(t, sql), task.Task)
		}
	}
}
