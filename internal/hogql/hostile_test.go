package hogql_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
	attack "posthog-mcp/internal/hogql/hostile"
)

// Whatever is nested, repeated or left open: with the limits off it is read or refused, and what is read says the same
// when it is printed; with them on a long text is refused by its length and a deep one by its depth.
func TestHostile(t *testing.T) {
	t.Parallel()
	read := 0
	for _, a := range attack.Attacks() {
		text := a.Text(8 << 10)
		q, err := (hogql.Options{MaxBytes: -1, MaxDepth: -1, MaxNodes: -1}).Parse(text)
		if err == nil {
			read++
			again, err := (hogql.Options{MaxBytes: -1, MaxDepth: -1, MaxNodes: -1}).Parse(hogql.Print(q))
			require.NoError(t, err, a.Name)
			require.True(t, hogql.Equal(q, again), a.Name)
		}
		if _, limited := hogql.Parse(text); err != nil {
			require.Error(t, limited, a.Name)
		}
		_, err = hogql.Parse(a.Text(hogql.DefaultMaxBytes + 4<<10))
		require.ErrorContains(t, err, "at most", a.Name)
	}
	require.Greater(t, read, 150)
}
