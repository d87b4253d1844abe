package hogql

// slab hands out values of one type, several of which were allocated together. They stay alive together,
// so a chunk is no larger than the text makes likely.
type slab[T any] struct {
	free []T
	size int // of a chunk
}

// chunkMax is the size of the largest chunk.
const chunkMax = 64

// expect sets the size of chunks for a text of that many bytes, in which one value in per bytes is usual.
func (s *slab[T]) expect(bytes, per int) { s.size = min(1+bytes/per, chunkMax) }

// one returns a zero value.
func (s *slab[T]) one() *T {
	if len(s.free) == 0 {
		s.more(s.size)
	}
	x := &s.free[0]
	s.free = s.free[1:]
	return x
}

// more begins a chunk of n values.
//
//go:noinline
func (s *slab[T]) more(n int) { s.free = make([]T, n) }

// room returns an empty list to append to. Nothing else may be taken from the slab before take.
func (s *slab[T]) room() []T {
	if len(s.free) < 2 {
		s.more(max(s.size, 2))
	}
	return s.free[:0]
}

// take ends a list that room began.
func (s *slab[T]) take(list []T) []T {
	n := len(list)
	if cap(list) == cap(s.free) { // it did not outgrow the room
		s.free = s.free[n:]
	}
	return list[:n:n]
}

// list returns an empty list that has room for one value and grows by append.
func (s *slab[T]) list() []T {
	if len(s.free) == 0 {
		s.more(s.size)
	}
	l := s.free[:0:1]
	s.free = s.free[1:]
	return l
}

// listBuf is how many members of a list are read into the reader's own frame.
const listBuf = 4

// keep returns list, which may be in the reader's frame, as one that stays; nil for an empty one.
func (s *slab[T]) keep(list []T) []T {
	n := len(list)
	switch {
	case n == 0:
		return nil
	case n > listBuf:
		return append(make([]T, 0, n), list...)
	case n > len(s.free):
		s.more(max(n, s.size))
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	copy(out, list)
	return out
}

// slabs holds what one parse has of the most frequent types.
type slabs struct {
	selects  slab[Select]
	fields   slab[ownField]
	idents   slab[Ident]
	numbers  slab[Number]
	strings  slab[String]
	binaries slab[Binary]
	aliases  slab[Alias]
	calls    slab[Call]
	joins    slab[Join]
	tables   slab[TableName]
	orders   slab[Order]
	logicals slab[Logical]
	exprs    slab[Expr]
	from     slab[*Join]
	order    slab[*Order]
}

// ownField is a field with room for a chain of one name.
type ownField struct {
	Field
	name [1]Ident
}

// expect sizes the slabs for a text of that many bytes, by how often each type occurs in queries.
func (s *slabs) expect(bytes int) {
	s.selects.size, s.calls.size = 1, 1+bytes/500
	switch {
	case bytes < 64:
		s.short(new(short))
	case bytes < 200:
		s.usual(new(usual))
	default:
		s.long(new(long))
	}
	s.fields.expect(bytes, 60)
	s.idents.expect(bytes, 60)
	s.numbers.expect(bytes, 120)
	s.strings.expect(bytes, 300)
	s.binaries.expect(bytes, 150)
	s.aliases.expect(bytes, 400)
	s.calls.expect(bytes, 500)
	s.joins.expect(bytes, 400)
	s.tables.expect(bytes, 400)
	s.orders.expect(bytes, 400)
	s.logicals.expect(bytes, 400)
	s.exprs.expect(bytes, 60)
	s.from.expect(bytes, 300)
	s.order.expect(bytes, 400)
}

// short is what most texts of less than 64 bytes need, in one piece.
type short struct {
	selects [1]Select
	joins   [1]Join
	tables  [1]TableName
	fields  [2]ownField
	idents  [1]Ident
	numbers [1]Number
	exprs   [3]Expr
	from    [1]*Join
}

func (s *slabs) short(c *short) {
	s.selects.free, s.fields.free, s.idents.free, s.numbers.free = c.selects[:], c.fields[:], c.idents[:], c.numbers[:]
	s.joins.free, s.tables.free, s.exprs.free, s.from.free = c.joins[:], c.tables[:], c.exprs[:], c.from[:]
}

// usual is what a longer text needs at least, in one piece.
type usual struct {
	selects  [1]Select
	joins    [1]Join
	tables   [1]TableName
	calls    [1]Call
	aliases  [1]Alias
	binaries [2]Binary
	fields   [4]ownField
	idents   [3]Ident
	numbers  [2]Number
	strings  [1]String
	exprs    [5]Expr
	from     [1]*Join
}

func (s *slabs) usual(c *usual) {
	s.selects.free, s.fields.free, s.idents.free, s.numbers.free = c.selects[:], c.fields[:], c.idents[:], c.numbers[:]
	s.joins.free, s.tables.free, s.exprs.free, s.from.free = c.joins[:], c.tables[:], c.exprs[:], c.from[:]
	s.strings.free, s.binaries.free, s.aliases.free, s.calls.free = c.strings[:], c.binaries[:], c.aliases[:], c.calls[:]
}

// long is what a text of 200 bytes and more needs at least, in one piece.
type long struct {
	selects  [1]Select
	joins    [1]Join
	tables   [1]TableName
	calls    [1]Call
	aliases  [2]Alias
	binaries [4]Binary
	fields   [8]ownField
	idents   [8]Ident
	numbers  [4]Number
	strings  [2]String
	exprs    [8]Expr
	from     [2]*Join
}

func (s *slabs) long(c *long) {
	s.selects.free, s.fields.free, s.idents.free, s.numbers.free = c.selects[:], c.fields[:], c.idents[:], c.numbers[:]
	s.joins.free, s.tables.free, s.exprs.free, s.from.free = c.joins[:], c.tables[:], c.exprs[:], c.from[:]
	s.strings.free, s.binaries.free, s.aliases.free, s.calls.free = c.strings[:], c.binaries[:], c.aliases[:], c.calls[:]
}
