package tools

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"posthog-mcp/internal/driver"
)

// Write writes all rows in full, as a stream: csv, json, markdown, or a table for a terminal. Nothing is
// cut or changed but that csv writes an empty string as "" and null as nothing, that markdown and table
// write what would break a line as text, and that json writes integers beyond ±2^53 as strings.
func (r *Rows) Write(w io.Writer, format string) error {
	b := bufio.NewWriterSize(w, 64<<10)
	cols := columns(r.Columns, r.Types, r.Project.TimeZone)
	k := &cells{}
	switch format {
	case FormatTable:
		writeTable(b, cols, r.Rows)
	case FormatJSON:
		o := r.json()
		before, after, _ := strings.Cut(string(encodeJSON(o)), `"rows":[]`)
		b.WriteString(before + `"rows":[`)
		for i, row := range r.Rows {
			if i > 0 {
				b.WriteString(",\n")
			}
			b.WriteString(rowLine(format, k, cols, row.Values()))
		}
		b.WriteString("]" + after + "\n")
	default:
		b.WriteString(headLine(format, k, cols))
		for _, row := range r.Rows {
			b.WriteString(rowLine(format, k, cols, row.Values()))
		}
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}

// headLine returns the lines above the rows; "" for json.
func headLine(format string, k *cells, cols []column) string {
	heads := make([]string, len(cols))
	for i, c := range cols {
		heads[i] = c.head(k)
	}
	switch format {
	case FormatCSV:
		for i, h := range heads {
			heads[i] = csvCell(h, true)
		}
		return strings.Join(heads, ",") + "\n"
	case FormatMarkdown:
		for i, h := range heads {
			heads[i] = markdownCell(h)
		}
		return "| " + strings.Join(heads, " | ") + " |\n|" + strings.Repeat(" --- |", len(cols)) + "\n"
	default:
		return ""
	}
}

// rowLine returns one row with its line end; in json an array without one.
func rowLine(format string, k *cells, cols []column, row []any) string {
	if format == FormatJSON {
		values := make([]any, len(row))
		for i, v := range row {
			values[i] = k.exact(v)
		}
		return string(encodeJSON(values))
	}
	texts := make([]string, len(row))
	for i, v := range row {
		text, isString := k.text(v, cols[i])
		if format == FormatMarkdown {
			texts[i] = markdownCell(text)
			if isString && text == "" {
				texts[i] = `""`
			}
			continue
		}
		texts[i] = csvCell(text, isString)
	}
	if format == FormatMarkdown {
		return "| " + strings.Join(texts, " | ") + " |\n"
	}
	return strings.Join(texts, ",") + "\n"
}

// csvCell quotes where RFC 4180 demands it, at outer blanks, and at an empty string, which is not null.
func csvCell(s string, isString bool) string {
	if s == "" {
		if isString {
			return `""`
		}
		return ""
	}
	if strings.ContainsAny(s, ",\"\n\r") || s[0] == ' ' || s[len(s)-1] == ' ' {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

// markdownCell writes text so that Markdown shows it as it is: no link, image, tag or emphasis comes out of a cell. A
// line break becomes <br>, for want of another way.
func markdownCell(s string) string {
	if !strings.ContainsAny(s, "\\`*_[]<&|~\r\n") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch c {
		case '\r':
			if i+1 == len(s) || s[i+1] != '\n' {
				b.WriteString("<br>")
			}
			continue
		case '\n':
			b.WriteString("<br>")
			continue
		case '`', '*', '[', ']', '<', '&', '|', '~':
			b.WriteByte('\\')
		case '_': // inside of a word it means nothing
			if i == 0 || i+1 == len(s) || !wordByte(s[i-1]) || !wordByte(s[i+1]) {
				b.WriteByte('\\')
			}
		case '\\': // before a letter it means nothing
			if i+1 == len(s) || !wordByte(s[i+1]) {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// writeTable writes aligned columns for a terminal: numbers to the right, null as NULL, and every
// control character as text, so that no cell can drive the terminal.
func writeTable(b *bufio.Writer, cols []column, rows []driver.Row) {
	if len(cols) == 0 {
		return
	}
	k := &cells{}
	widths := make([]int, len(cols))
	for i, c := range cols {
		widths[i] = utf8.RuneCountInString(visible(c.name))
	}
	texts := make([][]string, len(rows))
	for i, row := range rows {
		values := row.Values()
		texts[i] = make([]string, len(values))
		for j, v := range values {
			text, _ := k.text(v, cols[j])
			if v == nil {
				text = "NULL"
			}
			texts[i][j] = visible(text)
			widths[j] = max(widths[j], utf8.RuneCountInString(texts[i][j]))
		}
	}
	line := func(cell func(j int) string) {
		for j, c := range cols {
			text := cell(j)
			pad := strings.Repeat(" ", widths[j]-utf8.RuneCountInString(text))
			switch {
			case c.number:
				b.WriteString(pad + text)
			case j == len(cols)-1:
				b.WriteString(text)
			default:
				b.WriteString(text + pad)
			}
			if j < len(cols)-1 {
				b.WriteString("  ")
			}
		}
		b.WriteByte('\n')
	}
	line(func(j int) string { return visible(cols[j].name) })
	line(func(j int) string { return strings.Repeat("─", widths[j]) })
	for _, row := range texts {
		line(func(j int) string { return row[j] })
	}
}
