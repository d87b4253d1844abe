package hogql_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
)

// TestTrees compares our trees, and verdicts, with those that PostHog's own parser gave.
func TestTrees(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/trees.txt")
	require.NoError(t, err)
	n := 0
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		require.Len(t, parts, 3, line)
		var src string
		require.NoError(t, json.Unmarshal([]byte(parts[1]), &src))
		tree, err := parseRule(parts[0], src)
		n++
		if parts[2] == "-" {
			require.Error(t, err, src)
			continue
		}
		require.NoError(t, err, src)
		require.Equal(t, parts[2], string(hogql.AppendJSON(nil, tree)), src)
		requireRoundTrip(t, parts[0], tree)
	}
	require.Greater(t, n, 250)
}

func TestAppendJSONOfWhatWasBuilt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		node hogql.Node
		want string
	}{
		{"nothing", nil, `null`},
		{"text with every kind of character", hogql.Str("a\"\\\x01\b\t\n\v\f\r\x1fé/"), `{"node":"Constant","value":"a\"\\\u0001\b\t\n\u000b\f\r\u001fé/"}`},
		{"whole number", hogql.Int(-3), `{"node":"Constant","value":-3}`},
		{"a query in a call that was built stands in parentheses", hogql.Fn("f", &hogql.Subquery{Query: &hogql.Placeholder{X: hogql.Ref("q")}}),
			`{"args":[{"expr":{"chain":["q"],"node":"Field"},"node":"Placeholder"}],"distinct":false,"filter_expr":null,"name":"f","node":"Call","order_by":null,"params":null}`},
		{"interpolated columns", &hogql.Select{Columns: []hogql.Expr{hogql.Int(1)}, Interpol: &hogql.Interpolate{Items: []hogql.Replacement{{X: hogql.Int(2), Name: hogql.Ident{Name: "a"}}}}},
			`{"ctes":null,"distinct":null,"group_by":null,"having":null,"interpolate":[{"expr":{"chain":["a"],"node":"Field"},"node":"InterpolateExpr","value":{"node":"Constant","value":2}}],"node":"SelectQuery","prewhere":null,"qualify":null,"select":[{"node":"Constant","value":1}],"select_from":null,"where":null}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, string(hogql.AppendJSON([]byte("x"), tt.node)[1:]))
		})
	}
}
