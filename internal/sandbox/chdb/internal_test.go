package chdb

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What the pinned library never shows: other versions, other shapes of errors,
// damaged answers.

func TestCheckVersion(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"26.7.3", "26.7.3.1", "26.7.10", "26.10.0", "27.0.0", "26.7.3-stable.1"} {
		require.NoError(t, checkVersion(version), version)
	}
	for _, version := range []string{"26.7.2", "26.6.30", "25.12.9"} {
		require.ErrorContains(t, checkVersion(version), "is too old: 26.7.3 or newer is needed", version)
	}
	for _, version := range []string{"", "main", "26.7"} {
		require.ErrorContains(t, checkVersion(version), "cannot be read", version)
	}
}

func TestParseError(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want Error
	}{
		{"Code: 159. DB::Exception: Timeout exceeded. (TIMEOUT_EXCEEDED)", Error{159, "TIMEOUT_EXCEEDED", "Timeout exceeded"}},
		{"Code: 47. DB::Exception: Code: 46. DB::Exception: No `f(A)`. (UNKNOWN_FUNCTION) (version 26.7.2.1 (official build)). (UNKNOWN_IDENTIFIER) (version 26.7.2.1)\n",
			Error{46, "UNKNOWN_FUNCTION", "No `f(A)`"}},
		{"Code: 60. DB::Exception: Table (T) is missing. Try (B)? (UNKNOWN_TABLE)", Error{60, "UNKNOWN_TABLE", "Table (T) is missing. Try (B)?"}},
		{"DB::NetException: broken", Error{0, "", "broken"}},
		{"out of luck", Error{0, "", "out of luck"}},
	}
	for _, test := range tests {
		require.Equal(t, test.want, *parseError(test.text), test.text)
	}
	require.Equal(t, "out of luck", parseError("out of luck").Error())
}

func TestDecodeRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	tests := []struct{ typ, value, want string }{
		{"Float64", `true`, `row 1: true is not of its column's type`},
		{"Float64", `"1"`, `row 1: "1" is not of its column's type`},
		{"Float32", `true`, `row 1: true is not of its column's type`},
		{"DateTime", `5`, `row 1: 5 is not of its column's type`},
		{"DateTime", `"yesterday"`, `row 1: "yesterday" is not of its column's type`},
		{"DateTime('Nowhere/At')", `null`, `column "c": type DateTime('Nowhere/At'): unknown time zone`},
		{"Array(DateTime('Nowhere/At'))", `null`, `unknown time zone`},
		{"Array(Float64)", `{"a": 1}`, "not of its column's type"},
		{"Map(String, Float64)", `[1]`, "not of its column's type"},
		{"Map(String, Float64)", `{"a": "b"}`, "not of its column's type"},
		{"UInt8", `1, 2`, "not of its column's type"},
		{"UInt8", `1`, ""},
		{"UInt8", `]`, "invalid character"},
	}
	for _, test := range tests {
		text := `{"meta": [{"name": "c", "type": "` + test.typ + `"}], "data": [[` + test.value + "]]}"
		_, err := decode([]byte(text), time.UTC)
		if test.want == "" {
			require.NoError(t, err, text)
			continue
		}
		require.ErrorContains(t, err, test.want, text)
	}
	result, err := decode(nil, time.UTC)
	require.NoError(t, err, "a statement without output")
	require.Empty(t, result.Rows)
}

func TestDecodeTakesAnySpace(t *testing.T) {
	t.Parallel()
	result, err := decode([]byte("{\"meta\": [{\"name\": \"c\", \"type\": \"JSON\"}, {\"name\": \"d\", \"type\": \"Float64\"}],\n"+
		"\"data\": [\n\t[ { \"a b\" : [ 1 , 2 ],\n\"c\":{ } } ,\t3 ]\n]}"), time.UTC)
	require.NoError(t, err)
	//nolint:testifylint // the very bytes: JSONEq would let spaces and 3 for 3.0 pass
	require.Equal(t, `[{"a b":[1,2],"c":{}},3.0]`, string(result.Rows[0]))
}

func TestLeftoversInUseStay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	used, err := newFolder(dir)
	require.NoError(t, err)
	abandoned, err := newFolder(dir)
	require.NoError(t, err)
	require.NoError(t, abandoned.lock.Close(), "as when its process dies")

	removeLeftovers(dir)
	require.DirExists(t, used.path)
	require.NoDirExists(t, abandoned.path)

	require.NoError(t, used.remove())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}
