package driver

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJSONShape(t *testing.T) {
	t.Parallel()
	trace := `[{"type":"TypeError","value":"x","mechanism":{"handled":false},"stacktrace":{"frames":[{"function":"f","lineno":1},{"other":2}],"type":"raw"}},{"cut":1}]`
	for text, want := range map[string]string{
		trace:                       "[{type, value, mechanism {handled}, stacktrace {frames [{function, lineno}], type}}]",
		trace[:100]:                 "[{type, value, mechanism {handled}, stacktrace {frames [{function}]}}]",
		trace[:2]:                   "[{}]",
		`{"a":[1,2],"b":[],"c":{}}`: "{a[], b[], c {}}",
		`["a"]`:                     "",
		`"text"`:                    "",
		"":                          "",
		`{"a":1}}`:                  "{a}",
		`{x`:                        "{}",
	} {
		require.Equal(t, want, jsonShape(text), text)
	}
	require.Equal(t, 12, strings.Count(jsonShape(`{`+strings.Repeat(`"a":1,`, 20)+`"b":2}`), ", "))
}
