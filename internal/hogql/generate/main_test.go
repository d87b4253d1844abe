package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWriteIsRepeatable checks that a seed always gives the same texts, and that longer runs begin like shorter ones.
func TestWriteIsRepeatable(t *testing.T) {
	t.Parallel()
	var first, second, other strings.Builder
	require.NoError(t, write(&first, 200, 1))
	require.NoError(t, write(&second, 300, 1))
	require.NoError(t, write(&other, 200, 2))
	require.True(t, strings.HasPrefix(second.String(), first.String()))
	require.NotEqual(t, first.String(), other.String())
}

func TestWriteMakesEveryKind(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	require.NoError(t, write(&b, 500, 1))
	kinds, rules := map[string]int{}, map[string]int{}
	for line := range strings.Lines(b.String()) {
		var one text
		require.NoError(t, json.Unmarshal([]byte(line), &one))
		require.NotEmpty(t, one.ID)
		kinds[one.Kind]++
		rules[one.Rule]++
	}
	require.Equal(t, 250, kinds["valid"])
	for _, kind := range []string{"dropped", "doubled", "swapped", "mistyped"} {
		require.Greater(t, kinds[kind], 20, kind)
	}
	require.Greater(t, rules["expr"], 50)
	require.Greater(t, rules["select"], 250)
}
