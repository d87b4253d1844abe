package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"posthog-mcp/internal/hogql"
)

// hogql is the group of commands over HogQL texts. They work offline and need no configuration.
func (p *program) hogql() *cobra.Command {
	c := &cobra.Command{
		Use: "hogql", Short: "Parse, check and format HogQL, offline", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var names []string
			for _, sub := range c.Commands() {
				names = append(names, sub.Name())
			}
			return usagef("hogql: say what to do: %s", strings.Join(names, ", "))
		},
	}
	c.AddCommand(
		p.hogqlParse(),
		p.hogqlCheck(),
		p.hogqlFormat(),
	)
	return c
}

// hogqlParse tells whether texts are HogQL.
func (p *program) hogqlParse() *cobra.Command {
	var in hogqlInput
	var ast bool
	c := &cobra.Command{
		Use:   "parse [FILE…]",
		Short: "Tell whether texts are HogQL, and where they are not",
		Long: `Parse each file, or standard input. What is no HogQL is told on stderr, and the exit code is then 1.

With --jsonl each line of the input is one text, {"id":…,"rule":"select"|"expr","text":…}, and each line of the
output says {"id":…,"ok":true} or {"id":…,"ok":false,"error":{"message","line","column","start","end","hint"}}:
columns count from 1, start and end are offsets from 0, all in characters. With --ast, "ast" is the tree in the
JSON form of PostHog's own parser, without positions; without --jsonl it is all that is printed.`,
		RunE: func(_ *cobra.Command, files []string) error {
			out := bufio.NewWriter(p.stdout)
			failed := false
			var unread error
			for t, err := range p.hogqlTexts(in, files) {
				if err != nil {
					unread = alsoUnread(unread, err)
					continue
				}
				tree, err := t.parse()
				failed = failed || err != nil
				var form json.RawMessage
				if ast && err == nil {
					form = hogql.AppendJSON(nil, tree)
				}
				switch {
				case in.jsonl:
					err = writeLine(out, parsed{t.verdict(err), form})
				case err != nil:
					_, err = fmt.Fprintf(p.stderr, "%s: %v\n", t.name, err)
				case ast:
					_, err = fmt.Fprintf(out, "%s\n", form)
				}
				if err != nil {
					return asLocal(err)
				}
			}
			return hogqlEnd(out, failed, unread)
		},
	}
	in.flags(c)
	c.Flags().BoolVar(&ast, "ast", false, "print the syntax tree")
	return c
}

// parsed is one line of output of parse --jsonl.
type parsed struct {
	hogqlVerdict
	AST json.RawMessage `json:"ast,omitempty"`
}

// hogqlInput is how the commands of the group are told what to read.
type hogqlInput struct {
	jsonl bool
	rule  string
}

// flags adds the flags of the input to a command.
func (in *hogqlInput) flags(c *cobra.Command) {
	c.Flags().BoolVar(&in.jsonl, "jsonl", false, "one JSON object per line in and out")
	c.Flags().StringVar(&in.rule, "rule", "select", "what a text is: select (a query) or expr (an expression)")
}

// hogqlText is one text to work on.
type hogqlText struct {
	ID   json.RawMessage `json:"id"` // of a JSON line: given back as it came
	Rule string          `json:"rule"`
	Text string          `json:"text"`
	name string          // of the file, "-" for standard input; with the line's number for a JSON line
}

// hogqlVerdict is one line of output of --jsonl. Commands that have more to say embed it.
type hogqlVerdict struct {
	ID    json.RawMessage `json:"id,omitempty"`
	OK    bool            `json:"ok"`
	Error *hogqlProblem   `json:"error,omitempty"`
}

// hogqlProblem is where and why a text is no HogQL. Offsets count characters from 0, End is exclusive.
type hogqlProblem struct {
	Message string `json:"message"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Start   int    `json:"start"`
	End     int    `json:"end"`
	Hint    string `json:"hint,omitempty"`
}

// parse reads the text by its rule; the error is *hogql.Error.
func (t hogqlText) parse() (hogql.Node, error) {
	if t.Rule == "expr" {
		x, err := hogql.ParseExpr(t.Text)
		return x, err
	}
	q, err := hogql.Parse(t.Text)
	return q, err
}

// verdict is the line of --jsonl for what parse said.
func (t hogqlText) verdict(err error) hogqlVerdict {
	v := hogqlVerdict{ID: t.ID, OK: err == nil}
	if e, ok := errors.AsType[*hogql.Error](err); ok {
		start, end := t.offsets(e.Span)
		v.Error = &hogqlProblem{Message: e.Message, Line: e.Line, Column: e.Column, Start: start, End: end, Hint: e.Hint}
	}
	return v
}

// offsets turns a span of bytes into offsets in characters.
func (t hogqlText) offsets(s hogql.Span) (start, end int) {
	start = utf8.RuneCountInString(t.Text[:s.Start])
	return start, start + utf8.RuneCountInString(t.Text[s.Start:s.End])
}

// hogqlTexts reads the texts of the files, or of standard input where none is named, one after the other; of a
// folder, its files that end with .sql or .hogql. A file that cannot be read is an error, and the others come after it.
func (p *program) hogqlTexts(in hogqlInput, files []string) iter.Seq2[hogqlText, error] {
	if in.rule != "select" && in.rule != "expr" {
		return func(yield func(hogqlText, error) bool) {
			yield(hogqlText{}, usagef("--rule %q: it is select or expr", in.rule))
		}
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	return func(yield func(hogqlText, error) bool) {
		for _, name := range files {
			names, err := hogqlFolder(name)
			if err != nil && !yield(hogqlText{}, err) {
				return
			}
			for _, name := range names {
				if !p.hogqlFile(in, name, yield) {
					return
				}
			}
		}
	}
}

// hogqlFolder returns the names of the files of a folder; of any other name, that name.
func hogqlFolder(name string) ([]string, error) {
	if info, err := os.Stat(name); err != nil {
		return []string{name}, nil //nolint:nilerr // opening it tells what is wrong
	} else if !info.IsDir() {
		return []string{name}, nil
	}
	var names []string
	err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err == nil && !d.IsDir() && (ext == ".sql" || ext == ".hogql") {
			names = append(names, path)
		}
		return err
	})
	switch {
	case err != nil:
		return names, usagef("read the folder: %w", err)
	case len(names) == 0:
		return nil, usagef("%s: the folder holds no .sql or .hogql file", name)
	}
	return names, nil
}

// hogqlFile yields the texts of one file and tells whether to go on.
func (p *program) hogqlFile(in hogqlInput, name string, yield func(hogqlText, error) bool) bool {
	from := p.stdin
	if name != "-" {
		f, err := os.Open(name) //nolint:gosec // the file is the user's choice
		if err != nil {
			return yield(hogqlText{}, usagef("open the text: %w", err))
		}
		defer func() { _ = f.Close() }()
		from = f
	}
	if in.jsonl {
		return hogqlLines(in, name, from, yield)
	}
	text, err := io.ReadAll(from)
	if err != nil {
		return yield(hogqlText{}, usagef("read %s: %w", name, err))
	}
	return yield(hogqlText{Rule: in.rule, Text: strings.TrimPrefix(string(text), byteOrderMark), name: name}, nil)
}

// byteOrderMark is what some editors put before a text; no column counts it.
const byteOrderMark = "\uFEFF"

// alsoUnread adds a text that could not be read to those before it.
func alsoUnread(before, err error) error {
	if before == nil {
		return err
	}
	return usagef("%w\n%w", before, err)
}

// hogqlLines yields the texts of JSON lines and tells whether to go on.
func hogqlLines(in hogqlInput, name string, from io.Reader, yield func(hogqlText, error) bool) bool {
	lines := bufio.NewReader(from)
	for n := 1; ; n++ {
		line, end := lines.ReadBytes('\n')
		if end != nil && !errors.Is(end, io.EOF) {
			return yield(hogqlText{}, usagef("read %s: %w", name, end))
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			t := hogqlText{Rule: in.rule, name: fmt.Sprintf("%s:%d", name, n)}
			if err := json.Unmarshal(line, &t); err != nil {
				return yield(t, usagef("%s: no JSON object with id, rule and text: %w", t.name, err))
			}
			if t.Rule != "select" && t.Rule != "expr" {
				return yield(t, usagef("%s: rule %q: it is select or expr", t.name, t.Rule))
			}
			if !yield(t, nil) {
				return false
			}
		}
		if end != nil {
			return true
		}
	}
}

// writeLine writes v as one line of JSON.
func writeLine(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// hogqlEnd ends a command of the group: what failed is already reported, and the exit code is then 1. What could not
// be read is reported now.
func hogqlEnd(out *bufio.Writer, failed bool, unread error) error {
	if err := out.Flush(); err != nil {
		return asLocal(err)
	}
	if unread != nil {
		return unread
	}
	if failed {
		return errSilent
	}
	return nil
}
