package hostile_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql/hostile"
)

func TestText(t *testing.T) {
	a := hostile.Attack{Head: "select ", Repeat: "f(", Tail: "1", Close: ")"}
	require.Equal(t, "select f(f(1))", a.Text(14))
	require.Equal(t, "select f(f(1))", a.Text(16))
	require.Equal(t, "select f(f(f(1)))", a.Text(17))
	require.Equal(t, "select f(1)", a.Text(0), "one at least")
}

func TestAttacks(t *testing.T) {
	seen := map[string]bool{}
	shapes := map[string]string{}
	for _, a := range hostile.Attacks() {
		require.False(t, seen[a.Name], "%s is there twice", a.Name)
		seen[a.Name] = true
		require.NotEmpty(t, a.Repeat, a.Name)
		shape := strings.Join([]string{a.Head, a.Repeat, a.Tail, a.Close}, "\x00")
		require.Empty(t, shapes[shape], "%s is the same attack", a.Name)
		shapes[shape] = a.Name
		for _, size := range []int{4 << 10, 64 << 10} {
			n := len(a.Text(size))
			require.LessOrEqual(t, n, size, a.Name)
			require.Greater(t, n, size-len(a.Repeat)-len(a.Close)-1, a.Name)
		}
	}
	require.Greater(t, len(seen), 300)
}
