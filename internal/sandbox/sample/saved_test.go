package sample_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/chdb"
	"posthog-mcp/internal/sandbox/compile"
)

func TestSavedHogQLRuns(t *testing.T) {
	w := load(t, small())
	for _, p := range w.Projects[:2] {
		project := compile.Project{ID: p.ID, TimeZone: p.TimeZone, WeekStart: p.WeekStart, GroupTypes: p.GroupTypes, Now: w.Now, Properties: map[compile.PropertyKey]string{}}
		for _, d := range p.Properties {
			project.Properties[compile.PropertyKey{Entity: d.Type, Group: d.GroupTypeIndex, Name: d.Name}] = d.PropertyType
		}
		for line := range strings.Lines(rows(t, p.ID, "SELECT name, JSONExtractString(query, 'source', 'query') AS q FROM system_insights WHERE q != ''")) {
			var name, text string
			require.NoError(t, json.Unmarshal([]byte(line), &[]any{&name, &text}))
			q, err := hogql.Parse(text)
			require.NoError(t, err, name)
			c, err := compile.Compile(q, project, compile.Options{})
			require.NoError(t, err, name)
			r, err := shared.engine.Query(t.Context(), c.SQL, chdb.Settings{Database: p.Database})
			require.NoError(t, err, name)
			require.Greater(t, len(r.Rows), 3, name)
		}
	}
}
