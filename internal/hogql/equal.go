package hogql

import "reflect"

// Equal reports whether a and b are the same tree. Spans and marks of mere spelling (OpPos,
// Swapped, Comma) do not count, nor does the difference between no list and an empty one.
func Equal(a, b Node) bool { return equal(reflect.ValueOf(a), reflect.ValueOf(b)) }

func equal(a, b reflect.Value) bool {
	for {
		if a.IsValid() != b.IsValid() {
			return false
		}
		if !a.IsValid() {
			return true
		}
		if a.Type() != b.Type() {
			return false
		}
		switch a.Kind() {
		case reflect.Pointer, reflect.Interface:
			if a.IsNil() || b.IsNil() {
				return a.IsNil() == b.IsNil()
			}
			a, b = a.Elem(), b.Elem()
		case reflect.Slice:
			if a.Len() != b.Len() {
				return false
			}
			for i := 1; i < a.Len(); i++ {
				if !equal(a.Index(i), b.Index(i)) {
					return false
				}
			}
			if a.Len() == 0 {
				return true
			}
			a, b = a.Index(0), b.Index(0)
		case reflect.Struct:
			left, ok := equalFields(a, b)
			if !ok || left < 0 {
				return ok
			}
			a, b = a.Field(left), b.Field(left)
		default:
			return a.Equal(b)
		}
	}
}

// equalFields compares the fields of two structs but for the one that a long chain goes on in, whose number
// it returns; -1 where there is none.
func equalFields(a, b reflect.Value) (left int, same bool) {
	left = -1
	for i := range a.NumField() {
		f := a.Type().Field(i)
		switch f.Name {
		case "X", "Fn", "Cond", "Exprs":
			if left < 0 {
				left = i
				continue
			}
		}
		if f.Type == reflect.TypeFor[Span]() || isSpelling(f.Name) {
			continue
		}
		if !equal(a.Field(i), b.Field(i)) {
			return -1, false
		}
	}
	return left, true
}

func isSpelling(field string) bool {
	return field == "Swapped" || field == "Comma"
}
