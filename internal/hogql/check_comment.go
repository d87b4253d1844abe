package hogql

import (
	"strings"
)

// comments warns about comments that are hardly meant as such. The text of templates and tags has none.
func (c *checker) comments(n Node) {
	src := c.o.Source
	if src == "" {
		return
	}
	var texts []Span
	noFrom := false
	Walk(n, func(n Node) bool {
		switch n := n.(type) {
		case *Template, *Tag:
			texts = append(texts, n.Pos())
			return false
		case *Select:
			noFrom = noFrom || len(n.From) == 0
		}
		return true
	})
	closed := lastClose(src)
	for i := 0; i < len(src); {
		if len(texts) > 0 && i >= int(texts[0].Start) {
			i = max(i, int(texts[0].End))
			texts = texts[1:]
			continue
		}
		if end := skipSpaceTo(src, i, closed); end > i {
			c.comment(i, end, noFrom)
			i = end
			continue
		}
		if strings.HasPrefix(src[i:], "/*") && scanTo(src, i, closed).kind == kSlash {
			c.warn("comment", Span{int32(i), int32(i + 2)}, "the comment that begins here has no end: it is read as / and *")
		}
		i = max(int(scanTo(src, i, closed).end), i+1)
	}
}

// comment warns about one that hides FROM from a query without one, and about one that follows its neighbour
// without a blank and has no blank behind its mark. from and to are the ends of blanks and comments.
func (c *checker) comment(from, to int, noFrom bool) {
	text := c.o.Source[from:to]
	blanks := len(text) - len(strings.TrimLeft(text, " \t"))
	mark := ""
	for _, m := range []string{"--", "//", "#"} {
		if strings.HasPrefix(text[blanks:], m) {
			mark = m
		}
	}
	if mark == "" || from == 0 {
		return
	}
	line, _, _ := strings.Cut(text[blanks+len(mark):], "\n")
	span := Span{int32(from + blanks), int32(from + blanks + len(mark))}
	hides := noFrom && strings.Contains(" "+strings.ToUpper(line), " FROM ")
	tight := blanks == 0 && line != "" && strings.IndexByte(" \t\r-/#=*", line[0]) < 0 && strings.IndexByte("\n(,;", c.o.Source[from-1]) < 0
	switch {
	case hides:
		c.warn("comment", span, "%s begins a comment: FROM and what else follows on this line is not read", mark)
	case tight:
		c.warn("comment", span, "%s begins a comment: what follows on this line is not read", mark)
	}
}
