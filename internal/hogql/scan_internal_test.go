package hogql

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzScan holds the scanner to its contract: tokens follow each other without overlap, none but the end is empty,
// between them stands nothing but white space and comments, and reading on from a token's end gives what reading from
// the beginning of the gap gives.
func FuzzScan(f *testing.F) {
	for _, name := range []string{"wrong.txt", "habits.txt", "format.txt"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		require.NoError(f, err)
		for line := range strings.Lines(string(text)) {
			f.Add(line)
		}
	}
	for _, src := range []string{"SELECT 1", "a/*b*/-- c\n'd\\'' f'{e}' `g`", "1.5e3 0x1F .5 1..2", "/* open", "'open", "\x00\xff{]", "# c\n$a"} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		end := int32(0)
		for {
			tok := scan(src, int(end))
			require.GreaterOrEqual(t, tok.start, end)
			require.Equal(t, int(tok.start), skipSpace(src, int(end)), "a gap holds white space and comments alone")
			require.Equal(t, tok, scan(src, int(tok.start)))
			require.Equal(t, tok, scanTo(src, int(end), lastClose(src)))
			if tok.kind == kEOF {
				require.Equal(t, len(src), int(tok.start))
				return
			}
			require.Greater(t, tok.end, tok.start)
			end = tok.end
		}
	})
}
