package hogql

import (
	"math/bits"
	"strings"
	"unicode/utf8"
)

// Classes of ASCII bytes.
const (
	clsSpace uint8 = 1 << iota
	clsIdentStart
	clsDigit
	clsHex
	clsGap // may begin white space or a comment
)

const clsIdent = clsIdentStart | clsDigit

// classes is indexed by byte.
var classes = makeClasses()

func makeClasses() (t [256]uint8) {
	for _, c := range []byte(" \t\n\v\f\r") {
		t[c] |= clsSpace | clsGap
	}
	for _, c := range []byte("-/#") {
		t[c] |= clsGap
	}
	for c := utf8.RuneSelf; c < len(t); c++ {
		t[c] |= clsGap
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c] |= clsIdentStart
		t[c-0x20] |= clsIdentStart
	}
	t['_'] |= clsIdentStart
	t['$'] |= clsIdentStart
	for c := '0'; c <= '9'; c++ {
		t[c] |= clsDigit | clsHex
	}
	for c := 'a'; c <= 'f'; c++ {
		t[c] |= clsHex
		t[c-0x20] |= clsHex
	}
	return t
}

// byteAt returns src[i], or 0 behind the end.
func byteAt(src string, i int) byte {
	if i < len(src) {
		return src[i]
	}
	return 0
}

// skipSpace returns the offset of the first byte at or behind i that is neither white space nor comment.
func skipSpace(src string, i int) int { return skipSpaceTo(src, i, len(src)) }

// skipSpaceTo is skipSpace where the last block comment ends at or before closed.
func skipSpaceTo(src string, i, closed int) int {
	for i < len(src) {
		c := src[i]
		switch {
		case classes[c]&clsSpace != 0:
			i++
		case c == '-' && byteAt(src, i+1) == '-', c == '/' && byteAt(src, i+1) == '/':
			i = lineEnd(src, i)
		case c == '#' && classes[byteAt(src, i+1)]&clsDigit == 0:
			i = lineEnd(src, i)
		case c == '/' && byteAt(src, i+1) == '*':
			if closed < i+4 {
				return i
			}
			end := blockEnd(src, i)
			if end < 0 {
				return i
			}
			i = end
		case c >= utf8.RuneSelf:
			n := unicodeSpace(src[i:])
			if n == 0 {
				return i
			}
			i += n
		default:
			return i
		}
	}
	return i
}

func lineEnd(src string, i int) int {
	for i < len(src) && src[i] != '\n' && src[i] != '\r' {
		i++
	}
	return i
}

// blockEnd returns the offset behind the block comment that begins at i, or -1 where it does not end.
func blockEnd(src string, i int) int {
	if n := strings.Index(src[i+2:], "*/"); n >= 0 {
		return i + 2 + n + 2
	}
	return -1
}

// lastClose returns the offset behind the last thing that can end a block comment. Without it, a text of
// comments that do not end would be searched to its end at each of them.
func lastClose(src string) int {
	if len(src) < 1024 {
		return len(src)
	}
	return strings.LastIndex(src, "*/") + 2
}

// unicodeSpace returns the length of the white space character that s begins with, 0 where it is none.
func unicodeSpace(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	switch {
	case r == 0x85, r == 0xA0, r == 0x1680, r >= 0x2000 && r <= 0x200A, r == 0x2028, r == 0x2029, r == 0x202F,
		r == 0x205F, r == 0x3000, r == 0xFEFF:
		return n
	}
	return 0
}

// scan returns the first token at or behind offset i. It keeps no state, so the parser can look ahead as
// far as it needs and throw away what it saw.
func scan(src string, i int) token { return scanTo(src, i, len(src)) }

// scanTo is scan where the last block comment ends at or before closed.
func scanTo(src string, i, closed int) token {
	if i < len(src) {
		i += int(blank[src[i]]) // most tokens have one or none before them: no branch that would be guessed wrong
	}
	if i < len(src) && classes[src[i]]&clsGap != 0 {
		i = skipSpaceTo(src, i, closed)
	}
	if i >= len(src) {
		return token{kind: kEOF, start: int32(len(src)), end: int32(len(src))}
	}
	c := src[i]
	if classes[c]&clsIdentStart != 0 {
		return scanWord(src, i)
	}
	if k := lone[c]; k != kEOF {
		return token{kind: k, start: int32(i), end: int32(i + 1)}
	}
	if classes[c]&clsDigit != 0 {
		k, end := scanNumber(src, i)
		return token{kind: k, start: int32(i), end: int32(end)}
	}
	switch c {
	case '\'':
		return scanQuoted(src, i, kString)
	case '"', '`':
		return scanQuoted(src, i, kQuoted)
	}
	k, n := scanSymbol(src, i, closed)
	return token{kind: k, start: int32(i), end: int32(i + n)}
}

// blank is 1 for a blank.
var blank = [256]uint8{' ': 1}

func scanWord(src string, i int) token {
	var key uint64
	var j int
	if rest := src[i:]; len(rest) >= 8 {
		key, j = wordHead(rest)
		if j += i; j == i+8 {
			j = digits(src, j, clsIdent)
		}
	} else {
		j = digits(src, i+1, clsIdent)
		key = keywordKey(src[i:j])
	}
	if j == i+1 && src[i] == 'f' && byteAt(src, j) == '\'' {
		return token{kind: kTemplate, start: int32(i), end: int32(j + 1)}
	}
	return token{kind: kIdent, kw: keywordOf(key, src[i:j]), start: int32(i), end: int32(j)}
}

// wordHead returns the key of the word that s begins with and how many of its bytes are among the first eight.
// It looks at all eight at once, because a loop that ends somewhere else at each word stalls the processor.
func wordHead(s string) (key uint64, n int) {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	_ = s[7] // one check for all
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	seven := x &^ high
	lower := seven | 0x20*ones
	// A byte's high bit says: at least the first of the range, and not more than the last.
	letter := (lower + (0x80-'a')*ones) &^ (lower + (0x7F-'z')*ones)
	digit := (seven + (0x80-'0')*ones) &^ (seven + (0x7F-'9')*ones)
	other := (seven ^ '_'*ones + 0x7F*ones) & (seven ^ '$'*ones + 0x7F*ones) // is neither
	ends := (^(letter|digit)&other | x) & high
	if ends == 0 {
		return lower, 8
	}
	n = bits.TrailingZeros64(ends) / 8
	return lower & (1<<(8*n) - 1), n
}

// digits returns the offset of the first byte at or behind i that is not of class.
func digits(src string, i int, class uint8) int {
	for i < len(src) && classes[src[i]]&class != 0 {
		i++
	}
	return i
}

// exponent returns the offset behind an exponent (e+5, or p+5 in hex) at i, or i where there is none.
func exponent(src string, i int, letter byte) int {
	if byteAt(src, i)|0x20 != letter {
		return i
	}
	j := i + 1
	if c := byteAt(src, j); c == '+' || c == '-' {
		j++
	}
	if end := digits(src, j, clsDigit); end > j {
		return end
	}
	return i
}

func scanNumber(src string, i int) (kind, int) {
	if src[i] == '0' {
		switch byteAt(src, i+1) | 0x20 {
		case 'x':
			if end := scanHex(src, i); end > i {
				return kHex, end
			}
		case 'b':
			j := i + 2
			for byteAt(src, j) == '0' || byteAt(src, j) == '1' {
				j++
			}
			if j > i+2 {
				return kBin, j
			}
		case 'o':
			if j := digits(src, i+2, clsDigit); j > i+2 {
				return kBad, j
			}
		}
	}
	j := digits(src, i, clsDigit)
	if end := exponent(src, j, 'e'); end > j {
		return kFloat, end
	}
	if byteAt(src, j) == '.' {
		k := digits(src, j+1, clsDigit)
		if end := exponent(src, k, 'e'); end > k {
			return kFloat, end
		}
	}
	if src[i] == '0' && j > i+1 {
		return kZeroInt, j
	}
	return kInt, j
}

// scanHex returns the offset behind the hexadecimal number at i, or i where there is none.
func scanHex(src string, i int) int {
	j := digits(src, i+2, clsHex)
	k := j
	if j > i+2 && byteAt(src, j) == '.' {
		k = digits(src, j+1, clsHex)
	}
	if k > i+2 {
		if end := exponent(src, k, 'p'); end > k {
			return end
		}
	}
	if j > i+2 {
		return j
	}
	return i
}

// scanQuoted reads a string or a quoted name. One that cannot be read is a kBad of its opening quote.
func scanQuoted(src string, i int, k kind) token {
	quote := src[i]
	for j := i + 1; j < len(src); j++ {
		switch src[j] {
		case quote:
			if byteAt(src, j+1) == quote {
				j++
				continue
			}
			return token{kind: k, start: int32(i), end: int32(j + 1)}
		case '\\':
			n := escapeLen(src[j:], quote)
			if n == 0 {
				return token{kind: kBad, start: int32(i), end: int32(i + 1)}
			}
			j += n - 1
		}
	}
	return token{kind: kBad, start: int32(i), end: int32(i + 1)}
}

// escapeLen returns the length of the escape that s begins with, 0 where it is none that HogQL knows.
func escapeLen(s string, quote byte) int {
	if len(s) < 2 {
		return 0
	}
	switch c := s[1]; c {
	case '\'':
		if quote != '"' {
			return 2
		}
	case '\\', 'n', 't', 'r', 'b', 'f', 'a', 'v', '0', 'N', 'T', 'R', 'B', 'F', 'A', 'V':
		return 2
	case '"':
		if quote == '"' {
			return 2
		}
	case '{':
		if quote == '{' { // inside a template
			return 2
		}
	case 'x', 'X':
		if len(s) >= 4 && classes[s[2]]&clsHex != 0 && classes[s[3]]&clsHex != 0 {
			return 4
		}
	}
	return 0
}

// lone is the kind of the characters that are a token by themselves, whatever follows.
var lone = [256]kind{
	'(': kLParen, ')': kRParen, '[': kLBracket, ']': kRBracket, '{': kLBrace, '}': kRBrace, ',': kComma, ';': kSemi,
	'+': kPlus, '*': kStar, '%': kPercent, '#': kHash,
}

// scanSymbol reads the rest of punctuation: its kind and length.
func scanSymbol(src string, i, closed int) (kind, int) {
	c, d := src[i], byteAt(src, i+1)
	switch c {
	case '.':
		if classes[d]&clsDigit != 0 {
			j := digits(src, i+1, clsDigit)
			if end := exponent(src, j, 'e'); end > j {
				return kFloat, end - i
			}
		}
		return kDot, 1
	case '-':
		return pick(d == '>', kArrow, kMinus)
	case '/':
		return pick(d == '>', kTagEnd, kSlash)
	case '>':
		return pick(d == '=', kGreaterEq, kGreater)
	case '|':
		if d == '|' {
			return kConcat, 2
		}
	}
	return scanSymbolRun(src, i, closed, c, d)
}

// pick returns the two-character token if it was met, else the one-character one.
func pick(met bool, two, one kind) (kind, int) {
	if met {
		return two, 2
	}
	return one, 1
}

// scanSymbolRun reads the punctuation of which one token begins another.
func scanSymbolRun(src string, i, closed int, c, d byte) (kind, int) {
	e := byteAt(src, i+2)
	switch c {
	case ':':
		if d == ':' {
			return kColons, 2
		}
		return pick(d == '=', kAssign, kColon)
	case '?':
		if d == '?' {
			return kCoalesce, 2
		}
		return pick(d == '.', kNullDot, kQuestion)
	case '=':
		switch {
		case d == '=':
			return kEq, 2
		case d == '~' && e == '*':
			return kIRegex, 3
		case d == '~':
			return kRegex, 2
		}
		return kEq, 1
	case '~':
		return pick(d == '*', kIRegex, kRegex)
	case '!':
		switch {
		case d == '=':
			return kNotEq, 2
		case d == '~' && e == '*':
			return kNotIRegex, 3
		case d == '~':
			return kNotRegex, 2
		}
	case '<':
		switch {
		case d == '=' && e == '>':
			return kSpaceship, 3
		case d == '=':
			return kLessEq, 2
		case d == '>':
			return kNotEq, 2
		case d == '/':
			return kTagClose, 2
		case isTagHead(src, i, closed):
			return kTagOpen, 1
		}
		return kLess, 1
	}
	_, n := utf8.DecodeRuneInString(src[i:])
	return kBad, n
}

// isTagHead reports whether the < at i begins a tag: a letter behind it, and behind the name > or / or,
// after a blank, another word. PostHog decides so whatever stands before the <.
func isTagHead(src string, i, closed int) bool {
	c := byteAt(src, i+1)
	if classes[c]&clsIdentStart == 0 || c == '$' {
		return false
	}
	end := tagName(src, i+1)
	next := skipTagSpace(src, end, closed)
	switch c := byteAt(src, next); {
	case c == '>' || c == '/':
		return true
	case next > end:
		return classes[c]&clsIdent != 0 && c != '$'
	}
	return false
}

// tagName returns the offset behind the tag or attribute name at i.
func tagName(src string, i int) int {
	for i < len(src) && (src[i] == '-' || classes[src[i]]&clsIdent != 0 && src[i] != '$') {
		i++
	}
	return i
}

// skipTagSpace is skipSpace for ASCII white space and comments, which is what ends a tag's name.
func skipTagSpace(src string, i, closed int) int {
	for i < len(src) {
		end := skipSpaceTo(src, i, closed)
		if end == i || src[i] >= utf8.RuneSelf {
			return i
		}
		i = end
	}
	return i
}
