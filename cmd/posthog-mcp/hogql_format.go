package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"posthog-mcp/internal/hogql"
)

// hogqlFormat lays out texts in the one canonical way.
func (p *program) hogqlFormat() *cobra.Command {
	f := formatting{stderr: p.stderr}
	var in hogqlInput
	c := &cobra.Command{
		Use:   "format [FILE…]",
		Short: "Lay out HogQL in one readable way",
		Long: `Format each file, or standard input, and print it. Comments stay where they stood, and only blanks, line
ends and the case of HogQL's own words change. A text that is no HogQL is told on stderr, and the exit code is then 1.

With --jsonl each line of the input is one text, as for parse, and each line of the output has it as "text".`,
		RunE: func(_ *cobra.Command, files []string) error {
			switch {
			case f.write && f.check:
				return usagef("hogql format: --write or --check, not both")
			case f.write && (in.jsonl || len(files) == 0):
				return usagef("hogql format: --write needs files of HogQL")
			}
			out := bufio.NewWriter(p.stdout)
			f.out = out
			failed := false
			var unread error
			for t, err := range p.hogqlTexts(in, files) {
				if err != nil {
					unread = alsoUnread(unread, err)
					continue
				}
				ok, err := f.text(t, in.jsonl)
				if err != nil {
					return errors.Join(asLocal(err), out.Flush())
				}
				failed = failed || !ok
			}
			return hogqlEnd(out, failed, unread)
		},
	}
	in.flags(c)
	c.Flags().BoolVarP(&f.write, "write", "w", false, "write the files instead of printing them")
	c.Flags().BoolVar(&f.check, "check", false, "print the names of texts that would change, exit 1 where there are any")
	return c
}

// formatting is what hogql format was told to do with a text.
type formatting struct {
	write, check bool
	stderr, out  io.Writer
}

// hogqlFormatted is one line of output of --jsonl.
type hogqlFormatted struct {
	hogqlVerdict
	Text *string `json:"text,omitempty"`
}

// text formats one text; false means that it is no HogQL, or would change under --check.
func (f formatting) text(t hogqlText, jsonl bool) (bool, error) {
	format := hogql.Format
	if t.Rule == "expr" {
		format = hogql.FormatExpr
	}
	text, err := format(t.Text)
	if _, wrong := errors.AsType[*hogql.Error](err); err != nil && !wrong {
		return false, fmt.Errorf("%s: %w", t.name, err)
	}
	if jsonl {
		line := hogqlFormatted{hogqlVerdict: t.verdict(err)}
		if err == nil {
			line.Text = &text
		}
		return err == nil && (!f.check || text == t.Text), writeLine(f.out, line)
	}
	if err != nil {
		_, err = fmt.Fprintf(f.stderr, "%s: %v\n", t.name, err)
		return false, err
	}
	text += "\n"
	switch {
	case f.check && text != t.Text:
		_, err = fmt.Fprintln(f.out, t.name)
		return false, err
	case f.check, f.write && text == t.Text:
		return true, nil
	case f.write:
		return true, rewriteFile(t.name, text)
	}
	_, err = io.WriteString(f.out, text)
	return true, err
}

// rewriteFile replaces what a file holds and keeps its permissions.
func rewriteFile(name, text string) error {
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("write the formatted text: %w", err)
	}
	if err := os.WriteFile(name, []byte(text), info.Mode().Perm()); err != nil {
		return fmt.Errorf("write the formatted text: %w", err)
	}
	return nil
}
