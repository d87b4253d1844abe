package driver

import (
	"container/list"
	"context"
	"reflect"
	"sync"
	"time"
)

// cache keeps answers and parts of the catalogue, the least recently used go first. It is our own because its bound
// is in bytes: golang-lru bounds the number of entries, and ours differ a million times in size.
type cache struct {
	max int64

	mu   sync.Mutex
	m    map[cacheKey]*list.Element
	list *list.List // of *entry, most recently used first
	used int64
}

// cacheKey names what is kept. Answers of different keys are different, because keys may see different things.
type cacheKey struct {
	owner   owner
	part    string
	project int64
	name    string
}

type entry struct {
	key    cacheKey
	value  any
	at     time.Time // when it was read
	cost   int64
	failed time.Time // when renewing it failed last; zero: not since it was read
}

const (
	keepLife    = 24 * time.Hour // nothing is kept longer, however much room there is
	entryCost   = 200            // bytes beside key and value, about
	staleFactor = 5              // up to so many lives a part is given at once and renewed meanwhile
	renewPause  = 10 * time.Second
)

func newCache(maxBytes int64) *cache {
	return &cache{max: maxBytes, m: map[cacheKey]*list.Element{}, list: list.New()}
}

// get gives a copy of an entry.
func (c *cache) get(k cacheKey) (entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.m[k]
	if !ok {
		return entry{}, false
	}
	e := el.Value.(*entry)
	if time.Since(e.at) > keepLife {
		c.remove(el)
		return entry{}, false
	}
	c.list.MoveToFront(el)
	return *e, true
}

// put keeps a value; one that would take more than a quarter of the room is not kept.
func (c *cache) put(k cacheKey, value any, at time.Time, cost int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.m[k]; ok {
		c.remove(old)
	}
	cost += int64(len(k.part)+len(k.name)) + entryCost
	if cost > c.max/4 {
		return
	}
	c.m[k] = c.list.PushFront(&entry{key: k, value: value, at: at, cost: cost})
	c.used += cost
	for c.used > c.max {
		c.remove(c.list.Back())
	}
	for back := c.list.Back(); back != nil && time.Since(back.Value.(*entry).at) > keepLife; back = c.list.Back() {
		c.remove(back)
	}
}

// fail notes that an entry could not be renewed.
func (c *cache) fail(k cacheKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.m[k]; ok {
		el.Value.(*entry).failed = time.Now()
	}
}

func (c *cache) remove(el *list.Element) {
	e := c.list.Remove(el).(*entry)
	delete(c.m, e.key)
	c.used -= e.cost
}

// stamp is the age of a part of the catalogue.
type stamp struct {
	at    time.Time // when it was read; zero: it is not known
	stale bool      // it is being renewed, or PostHog does not give a newer one
	err   error     // why not
}

// fetch gives a part of the catalogue: one kept that is younger than life; or an older one, at once, while it is
// renewed; or it reads it, together with all who want it now. What PostHog cannot give for the moment (it is down,
// busy or slow) is given from what is kept, however old. Errors are not kept.
func fetch[T any](ctx context.Context, c *Client, part string, project int64, name string, life time.Duration,
	read func(context.Context) (T, error),
) (T, stamp, error) {
	var zero T
	k := cacheKey{c.owner(), part, project, name}
	hooks, kept := c.host.hooks, c.host.cache
	old, found := kept.get(k)
	age := time.Since(old.at)
	if found && age < life {
		hooks.cache(part, "hit")
		return old.value.(T), stamp{at: old.at}, nil
	}
	run := func(ctx context.Context, _ func(Progress)) (any, error) {
		at := time.Now()
		v, err := read(ctx)
		if err != nil {
			kept.fail(k)
			return nil, err
		}
		kept.put(k, v, at, size(reflect.ValueOf(v)))
		return reading{v, at}, nil
	}
	if found && age < staleFactor*life {
		hooks.cache(part, "stale")
		if time.Since(old.failed) > renewPause && !c.flights.running(k) {
			c.inBackground(func(ctx context.Context) {
				_, _, _ = c.flights.do(ctx, "renew "+part, k, nil, run) // who asks next is told if it failed
			})
		}
		return old.value.(T), stamp{at: old.at, stale: true}, nil
	}
	v, shared, err := c.flights.do(ctx, "read "+part, k, nil, run)
	if err == nil {
		hooks.cache(part, outcome(shared))
		r := v.(reading)
		return r.value.(T), stamp{at: r.at}, nil
	}
	if found && passing(err) {
		hooks.cache(part, "stale")
		return old.value.(T), stamp{at: old.at, stale: true, err: err}, nil
	}
	return zero, stamp{}, err
}

// reading is a value and when it was asked for.
type reading struct {
	value any
	at    time.Time
}

func outcome(shared bool) string {
	if shared {
		return "shared"
	}
	return "miss"
}

// passing tells whether a failure says nothing about what was asked, only about the moment.
func passing(err error) bool {
	switch kindOf(err) {
	case Busy, Unavailable, Deadline, Internal:
		return true
	}
	return false
}

// size is about how many bytes a value takes in memory, with all that it points to.
func size(v reflect.Value) int64 {
	switch v.Kind() {
	case reflect.String:
		return 16 + int64(v.Len())
	case reflect.Slice:
		n := int64(24)
		if flat(v.Type().Elem()) {
			return n + int64(v.Len())*int64(v.Type().Elem().Size())
		}
		for i := range v.Len() {
			n += size(v.Index(i))
		}
		return n
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return int64(v.Type().Size())
		}
		n := int64(0)
		for _, f := range v.Fields() {
			n += size(f)
		}
		return n
	case reflect.Map:
		n := int64(48)
		for key, value := range v.Seq2() {
			n += 16 + size(key) + size(value)
		}
		return n
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return 16
		}
		return 16 + size(v.Elem())
	}
	if !v.IsValid() {
		return 0
	}
	return int64(v.Type().Size())
}

// flat tells whether values of a type point to nothing.
func flat(t reflect.Type) bool { return t.Kind() >= reflect.Bool && t.Kind() <= reflect.Complex128 }
